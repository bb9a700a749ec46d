"""Writes docs/language.md from the results of `language.py`: the machine, what came out, tables, literature."""

from collections.abc import Iterator

from benchmarks.language_costs import cost_tables
from benchmarks.language_results import ENOUGH, Mean, Record, Results, bits, forgotten, mean
from benchmarks.language_tables import (
    block_tables,
    contest,
    lesson_tables,
    letters_tables,
    overlap_tables,
)
from benchmarks.report import machine_words
from benchmarks.tables import bullets, prose, table
from kanviz.text import counted

LITERATURE = (
    ("ACS-USP, kan-lm-study: BabyLM, 10 seeds, cross-entropy",
     "SwiGLU 3.770, Chebyshev 3.781, GR-KAN 3.800, GELU 3.820; their benchmarks overlap; B-splines on edges are worse "
     "and take twice the time"),
    ("AdityaNG/kan-gpt, loss", "KAN 6.42, MLP 6.40: the figure does not bear out the claim made with it"),
    ("a prototype of kanviz, before this code: 1,500 steps, 3 seeds, bits per character",
     "GELU 1.879, curves 1.866, KAN on the edges about .13 more than GELU"),
)  # fmt: skip
COMMANDS = """```sh
OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE python -m benchmarks.language       # goes on where it stopped
python -m benchmarks.language --seconds 60 --json longer.json                 # other lengths, in a file of their own
python -m benchmarks.language --page > docs/language.md
```
"""
FORGETS, GAIN, IDENTICAL, LESSON_SECONDS, HIGHEST_GAIN = 0.01, 1.2, 0.9, 6, 1.6
LETTERS_BITS, LETTERS_SECONDS, LEVEL, WRITES, STEP, OPERATION = 2.82, 5, 0.01, 1_500, 1.1, 1.5


def page(record: Record) -> str:
    """Write the whole page."""
    return "\n".join(_lines(Results(record))).rstrip() + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield from ("# Language models with learned functions", "")
    yield from prose(
        "What a KAN does in a language model, and what not, measured with `kanviz.language`. Made by "
        "`benchmarks/language.py` from `benchmarks/results/language.json`: no number here was typed, except those from "
        "the literature at the end, and every verdict is computed from the runs. Measured on:"
    )
    here = results.record["machine"]
    yield from bullets([f"{machine_words(here, here['note'])}; C kernel: {here['kernel'] or 'none'}"])
    yield from prose(
        f"All runs together took {results.seconds:,.0f} CPU seconds. Runs of seconds differ a little from one time to "
        "the next, those of steps do not. These are small models, short trainings and two texts: what holds here need "
        "not hold in a large model."
    )
    yield from ("## In short", "")
    yield from table(["aim", "measured", "reached"], aims(results), words=3)
    yield from prose(f"{contest(results)} {_as_well(results)}")
    yield from block_tables(results)
    yield from lesson_tables(results)
    yield from _whose(results)
    yield from overlap_tables(results)
    yield from letters_tables(results)
    yield from cost_tables(results)
    yield from ("## What others found", "")
    yield from prose("Read, not measured here (the last line is our own, and older than this code):")
    yield from table(["where", "what"], LITERATURE, words=2)
    yield from prose("We know of no language model with KANs that beats a well-tuned MLP consistently.")
    yield from ("## Measure again", "")
    yield from COMMANDS.splitlines()


def aims(results: Results) -> Iterator[list[str]]:
    """Yield what was aimed at before anything was measured, what came out, and whether that is reached."""
    gap = Mean.paired(bits(results.best("curves")), bits(results.best("gelu")))
    shown = f"{gap.shown(sign=True)} bits, {counted(gap.count, 'seed')}"
    yield ["curves within .01 bits of the tuned MLP, or better", shown, _reached(gap.value <= LEVEL, gap.count)]
    yield ["curves better by more than two standard errors, 5 seeds", shown,
           _reached(gap.words() == "better" and gap.count >= 5, gap.count)]  # fmt: skip
    for kind, words in (("curves", "curves"), ("gelu", "an MLP")):
        yield from _gate(results, kind, words)
    letters = results.of("letters")
    if letters:
        found, seconds = mean(letters, "bits"), mean(letters, "seconds")
        yield [f"Letters: at most {LETTERS_BITS} bits in {LETTERS_SECONDS} CPU s",
               f"{found.shown()} in {seconds.shown(1)} s",
               _reached(found.value <= LETTERS_BITS and seconds.value <= LETTERS_SECONDS, found.count)]  # fmt: skip
    if cost := results.cost:
        step, speed = cost["training"]["curves"]["ratio"], cost["characters"]["curves"]
        both = [
            row["ratio"]
            for row in cost["operations"]
            if (row["layout"], row["direction"]) == ("unit by unit", "both") and row["contender"] != "GELU"
        ]
        yield [
            f"a training step with curves at most {STEP} times that of the MLP",
            f"{step:.2f}",
            _reached(step <= STEP),
        ]
        yield [f"curves forward and backward at most {OPERATION} times GELU, 8 and 16 cells",
               " and ".join(f"{ratio:.2f}" for ratio in both), _reached(max(both) <= OPERATION)]  # fmt: skip
        yield [f"writes at least {WRITES:,} characters a second", f"{speed:,.0f}", _reached(speed >= WRITES)]


def _gate(results: Results, kind: str, words: str) -> Iterator[list[str]]:
    lessons = {way: results.of("lesson", kind, way) for way in ("gate", "gate of 256 units")}
    if usual := lessons["gate"]:
        at, alike, cost = forgotten(usual, GAIN), mean(usual, "identical").value, mean(usual, "seconds")
        every = len(at) == len(usual) and max(at.values()) <= FORGETS
        what = Mean.of(at.values()).shown() if at else "not reached"
        yield [
            f"gate on {words}: forgets at most {FORGETS} at a gain of {GAIN}, {IDENTICAL:.0%} of the predictions "
            f"identical, {LESSON_SECONDS} CPU s",
            f"{what} at {GAIN}; {alike:.1%}; {cost.shown(1)} s",
            _reached(every and alike >= IDENTICAL and cost.value <= LESSON_SECONDS, len(usual)),
        ]
    if large := lessons["gate of 256 units"]:
        gain, lost = mean(large, "gain"), max(run["forgetting"] for run in large.values())
        yield [
            f"gate of 256 units on {words}: gains {HIGHEST_GAIN}, forgets at most {FORGETS}",
            f"gains {gain.shown()}, forgets {mean(large, 'forgetting').shown()}",
            _reached(gain.value >= HIGHEST_GAIN and lost <= FORGETS, len(large)),
        ]


def _reached(reached: bool, seeds: int = ENOUGH) -> str:
    return ("yes" if reached else "no") + (", but too few seeds" if seeds < ENOUGH else "")


def _whose(results: Results) -> Iterator[str]:
    """Say whether the gate needs a KAN."""
    one, other = (forgotten(results.of("lesson", kind, "gate"), GAIN) for kind in ("curves", "gelu"))
    if not set(one) & set(other):
        return
    gap = Mean.paired(one, other)
    does = abs(gap.value) <= FORGETS
    yield from ("## Is it the KAN?", "")
    yield from prose(
        ("No." if does else "In part.")
        + f" The same gate on an MLP forgets {Mean.of(other.values()).shown(4)} bits at a gain of {GAIN}, on curves "
        f"{Mean.of(one.values()).shown(4)}: a difference of {gap.shown(4, sign=True)}, "
        f"{'less' if does else 'more'} than the aim of {FORGETS}. What keeps the old predictions is a local function "
        "on an axis that separates the texts, locked at 0 where the old text lives. That function is a B-spline, as on "
        "an edge of a KAN; the network whose units it multiplies may be any."
    )
    yield from prose(_locks(results))


def _as_well(results: Results) -> str:
    """Say in one sentence whether an MLP forgets as little behind the gate."""
    one, other = (forgotten(results.of("lesson", kind, "gate"), GAIN) for kind in ("curves", "gelu"))
    if not set(one) & set(other):
        return ""
    gap = Mean.paired(one, other)
    if abs(gap.value) > FORGETS:
        return (
            f"Behind the same gate an MLP forgets otherwise than curves do (curves minus MLP: {gap.shown(sign=True)})."
        )
    return "Behind the same gate an MLP forgets as little as curves do: the gate does it, not the kind of network."


def _locks(results: Results) -> str:
    """Compare the lock of the most-used control points with a random one, at the highest gain that all seeds reach."""
    ways = {way: results.of("lesson", "curves", way) for way in ("lock", "random-lock", "ewc")}
    if not all(ways.values()):
        return ""
    tops = [max(point[1] for point in run["trajectory"]) for runs in ways.values() for run in runs.values()]
    gain = int(10 * min(tops)) / 10
    found = {way: forgotten(runs, gain) for way, runs in ways.items()}
    named = ", ".join(f"{way} {Mean.of(values.values()).shown()}" for way, values in found.items())
    gap = Mean.paired(found["lock"], found["random-lock"])
    return (
        "Locks of control points inside the blocks act where the two texts overlap (by 85 to 92% in each coordinate, "
        f"in the prototype). Forgetting at a gain of {gain:g}: {named}. Against locks at random, locking what the old "
        f"text uses most {gap.words('forgets less', 'forgets more', 'is within the spread')} "
        f"({gap.shown(sign=True)})."
    )
