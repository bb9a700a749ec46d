"""Tests of comparisons: every run is fair, and the verdict follows from the runs on the screen."""

from dataclasses import replace
from typing import Any

import pytest

from kanviz.errors import UserError
from kanviz.language import Comparison, Contest, Run, Sizes, compare
from tests.language.tiny import TEXT

SIZES = Sizes(width=16, heads=2, context=16, parameters=1_500)


def found(**bits: tuple[float, ...]) -> Comparison:
    """A comparison in which these blocks came to these bits, one for each seed."""
    runs = [
        Run(kind, seed, value, 400, 6.0, 0.01, 114_816, ((6.0, 400, value),))  # pyright: ignore[reportArgumentType]
        for kind, values in bits.items()
        for seed, value in enumerate(values)
    ]
    return Comparison("documentation", "0" * 64, None, 400, tuple(runs))


def test_a_block_is_better_where_all_seeds_agree():
    words = found(gelu=(1.88, 1.87, 1.89), curves=(1.86, 1.85, 1.87)).verdict
    assert words == (
        "curves needs the fewest bits per character, 1.860 on average of 3 seeds. "
        "It is better than gelu (1.880, by 0.020)."
    )


def test_seeds_are_paired():
    """The spread of each block is large, that of the differences is small."""
    assert "better than gelu" in found(gelu=(1.92, 1.72, 1.82), curves=(1.91, 1.71, 1.811)).verdict


def test_a_lead_within_two_standard_errors_is_within_the_spread():
    words = found(gelu=(1.88, 1.87, 1.89), curves=(1.86, 1.88, 1.87)).verdict
    assert words.endswith("Its lead over gelu (1.880, by 0.010) is within the spread.")


def test_equal_blocks_are_within_the_spread():
    assert "within the spread" in found(gelu=(1.9, 1.9, 1.9), curves=(1.9, 1.9, 1.9)).verdict


def test_better_and_level_blocks_are_named_apart():
    words = found(
        gelu=(2.0, 2.01, 2.02), curves=(1.9, 1.91, 1.92), swiglu=(1.89, 1.93, 1.92), kan=(2.4, 2.4, 2.41)
    ).verdict
    assert "better than gelu (2.010, by 0.100) and kan (2.403, by 0.493)." in words
    assert "lead over swiglu (1.913, by 0.003) is within the spread." in words


def test_few_seeds_are_no_proof():
    words = found(gelu=(1.9, 1.9), curves=(1.5, 1.5)).verdict
    assert "better than" not in words
    assert "run at least 3" in words


def test_seeds_that_a_block_has_not_run_do_not_count():
    whole = found(gelu=(1.9, 1.91, 1.92), curves=(1.8, 1.81, 1.82))
    more = replace(whole, runs=(*whole.runs, replace(whole.runs[0], seed=3, bits=0.5)))
    assert more.verdict == whole.verdict


def test_one_block_has_nothing_to_be_compared_with():
    assert "nothing to compare" in found(gelu=(1.9, 1.9, 1.9)).verdict
    assert "nothing to compare" in found().verdict


@pytest.fixture(scope="module")
def items() -> list[Any]:
    contest = Contest(("gelu", "curves"), seeds=2, steps=4, sizes=SIZES, batch=2, rates={"gelu": 0.02}, seed=5)
    return list(compare(TEXT, contest))


def test_blocks_take_turns_with_the_same_seeds(items: list[Any]):
    assert [(run.kind, run.seed) for run in items[-1].found.runs] == [
        ("gelu", 5), ("curves", 5), ("gelu", 6), ("curves", 6)
    ]  # fmt: skip


def test_runs_are_there_as_soon_as_they_end(items: list[Any]):
    assert [len(item.found.runs) for item in items] == [n // 4 for n in range(1, 17)]


def test_a_run_has_its_rate_and_how_it_learned(items: list[Any]):
    run = items[-1].found.runs[0]
    assert run.rate == 0.02
    assert run.curve[-1] == (run.seconds, run.steps, run.bits)


def test_the_json_has_every_run_and_the_verdict(items: list[Any]):
    record = items[-1].found.to_json()
    assert [block["block"] for block in record["blocks"]] == ["gelu", "curves"]
    assert record["blocks"][0]["bits"] == [run.bits for run in items[-1].found.runs if run.kind == "gelu"]
    assert record["verdict"] == items[-1].found.verdict


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"kinds": ("mlp",)}, "no block 'mlp'"),
        ({"kinds": ()}, "at least one block"),
        ({"kinds": ("gelu", "gelu")}, "each once"),
        ({"seeds": 0}, "1 to 100 seeds"),
        ({"rates": {"mlp": 0.1}}, "no block 'mlp'"),
        ({"steps": None}, "either"),
    ],
)
def test_a_contest_that_is_not_possible_is_refused_in_words(how: dict[str, Any], words: str, unchecked: None):
    with pytest.raises(UserError, match=words):
        next(compare(TEXT, replace(Contest(steps=2, sizes=SIZES), **how)))
