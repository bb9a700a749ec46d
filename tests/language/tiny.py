"""A text and models small enough for tests."""

from kanviz.language import Corpus, LanguageModel, LanguageProgress, LanguageState, LanguageTraining, Sizes, train

TEXT = Corpus.from_text(
    "".join(f"The {noun} is {how}, and {n} of them are. " for n in range(9) for noun in ("cat", "Sun", "kiwi")
            for how in ("warm", "quick", "yellow")), name="tiny"
)  # fmt: skip


def tiny(kind: str = "gelu", context: int = 16, seed: int = 0) -> LanguageModel:
    return LanguageModel(Sizes(kind, width=16, blocks=2, heads=2, context=context, parameters=1_500), seed=seed)  # pyright: ignore[reportArgumentType]


def trained(
    steps: int, kind: str = "gelu", *, seed: int = 0, resume: LanguageState | None = None, stop: int = 0
) -> LanguageProgress:
    """The progress after some steps, or after `stop` of them."""
    found = None
    for found in train(tiny(kind), TEXT, LanguageTraining(steps=steps, seed=seed, batch=4), resume=resume):
        if found.step == stop:
            break
    assert found is not None
    return found
