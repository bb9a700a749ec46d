"""Tests of sampling: the cache computes what the model computes, and a seed gives a text."""

import itertools

import numpy as np
import pytest
import torch

from kanviz.core.curves.feed_forward import KINDS
from kanviz.errors import UserError
from kanviz.language import characters_of, sample
from kanviz.language.sampling import Reader
from tests.language.tiny import tiny, trained

NUMBERS = torch.randint(0, 96, (40,), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at_once", [1, 5, 16])
def test_the_cache_gives_the_logits_of_the_model(kind: str, at_once: int):
    model, reader = tiny(kind), Reader(tiny(kind))
    for end in range(at_once, 17, at_once):
        with torch.inference_mode():
            whole = model(NUMBERS[None, :end])[0, -1].numpy()
        assert np.abs(reader.read(NUMBERS[end - at_once : end].numpy()) - whole).max() < 1e-5


def test_a_full_context_drops_its_older_half():
    model, reader = tiny().double(), Reader(tiny().double())
    for end in range(1, 40):
        logits = reader.read(NUMBERS[end - 1 : end].numpy())
        seen = end if end <= 16 else 8 + (end - 17) % 9
        with torch.inference_mode():
            whole = model(NUMBERS[None, end - seen : end])[0, -1].numpy()
        assert np.abs(logits - whole).max() < 1e-12


def test_a_seed_gives_a_text():
    model = trained(5).model
    assert sample(model, "The ", 60, seed=4) == sample(model, "The ", 60, seed=4)
    assert sample(model, "The ", 60, seed=4) != sample(model, "The ", 60, seed=5)


def test_characters_come_one_by_one_and_are_those_of_the_sample():
    model = tiny()
    first = "".join(itertools.islice(characters_of(model, "The ", 50, seed=2), 20))
    assert first == sample(model, "The ", 50, seed=2)[:20]


def test_without_temperature_the_seed_decides_nothing():
    model = trained(5).model
    assert sample(model, "The ", 30, temperature=0, seed=1) == sample(model, "The ", 30, temperature=0, seed=2)


def test_the_share_of_a_symbol_in_samples_is_its_probability():
    model = tiny().double()
    probability = model(torch.zeros(1, 1, dtype=torch.int64))[0, -1].softmax(-1)
    likeliest = int(probability.argmax())
    first = sample(model, " ", 1, temperature=0)
    share = np.mean([sample(model, " ", 1, seed=seed, temperature=1) == first for seed in range(400)])
    assert share == pytest.approx(float(probability[likeliest].detach()), abs=0.06)


def test_nothing_to_start_from_and_nothing_to_write_are_fine():
    assert len(sample(tiny(), "", 3)) == 3
    assert sample(tiny(), "The", 0) == ""
    assert len(sample(tiny(), "A prompt of more characters than the model sees at once", 3)) == 3


@pytest.mark.parametrize(
    ("how", "words"),
    [({"characters": -1}, "0 to 1,000,000"), ({"temperature": -0.5}, "temperature"),
     ({"temperature": float("nan")}, "temperature")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_words(how: dict[str, float], words: str):
    with pytest.raises(UserError, match=words):
        sample(tiny(), "The", **how)  # pyright: ignore[reportArgumentType]
