"""A model that was taught a second text, small enough for tests."""

from functools import cache

from kanviz.language import Corpus, LanguageModel
from kanviz.language.teaching.policy import TeachPolicy
from kanviz.language.teaching.teach import TeachProgress, teach
from tests.language.tiny import TEXT, trained

CODE = Corpus.from_text(
    "".join(f"{name}[{n}] = f_{n}({arg}) ** {n};\n" for n in range(9) for name in ("xs", "q_q", "zz")
            for arg in ("*k", "{j}", "$v")), name="code"
)  # fmt: skip


@cache
def old_model(kind: str = "gelu") -> LanguageModel:
    return trained(30, kind).model


@cache
def lesson(how: str = "gate", kind: str = "gelu", steps: int = 12) -> tuple[TeachProgress, ...]:
    policy = TeachPolicy(how, units=4)
    return tuple(teach(old_model(kind), CODE, keep=TEXT, how=policy, steps=steps, seed=1))
