"""Writes the tables of docs/language.md and the words under them, all computed from the runs."""

from collections.abc import Iterator

from benchmarks.language_results import BySeed, Mean, Record, Results, bits, forgotten, mean
from benchmarks.language_runs import ALIKE, FIRST, LESSONS, REST
from benchmarks.tables import prose, table
from kanviz.language.teaching.verdict import GAINS
from kanviz.text import counted, listing

NAMES = {
    "gelu": "MLP, GELU", "curves": "**curves** (a B-spline for each unit)", "swiglu": "SwiGLU",
    "gr-kan": "GR-KAN (quotients)", "kan": "KAN (curves on the edges)",
}  # fmt: skip
WAYS = {
    "plain": "plain", "replay": "replay, a quarter of old passages", "ewc": "EWC", "ewc+replay": "EWC and replay",
    "units": "32 new units, the rest frozen", "gate": "**32 new units behind the gate**",
    "gate of 256 units": "256 new units behind the gate", "lock": "most-used control points locked",
    "random-lock": "control points locked at random (control)",
}  # fmt: skip


def block_tables(results: Results) -> Iterator[str]:
    """Write bits per character of all blocks at all rates, and what follows from them."""
    yield from ("## Which feed-forward block", "")
    others = listing([f"{factor:g}" for factor in results.rates("gelu") if factor != 1], 9)
    yield from prose(
        f"A transformer of about 115,000 parameters (width 64, 2 blocks, 4 heads, 64 characters of context) learns "
        f"Python's documentation for {results.record['length']['seconds']:g} CPU seconds of one thread; the time of "
        "measuring is not counted. All blocks have as many parameters (32,600 at most, each of the two). Each runs "
        f"at its usual learning rate and at {others} times it. *Bits*: bits per character of the held-out tenth, "
        "mean over seeds with its standard error. *Difference*: to GELU at GELU's own best rate, seed by "
        "seed; below 0 needs fewer bits. The verdict is *better* or *worse* where the difference is more "
        "than two standard errors over three seeds or more, else *within the spread*; with so few seeds that is a "
        "lenient test. On a shared machine neighbours slow one run more than another: the steps show it."
    )
    reference, rows = bits(results.best("gelu")), []
    for kind in _kinds(results):
        better = results.best(kind)
        for runs in results.rates(kind).values():
            one, gap = next(iter(runs.values())), Mean.paired(bits(runs), reference)
            itself = kind == "gelu" and runs == better
            rows.append([
                NAMES[kind], f"{one['rate']:g}", str(len(runs)), Mean.of(bits(runs).values()).shown(),
                f"{mean(runs, 'steps').value:,.0f}", f"{mean(runs, 'seconds').value:.1f}",
                "-" if itself else gap.shown(sign=True), "the measure" if itself else gap.words(),
            ])  # fmt: skip
    head = ["block", "rate", "seeds", "bits", "steps", "CPU seconds", "difference", "verdict"]
    yield from table(head, rows)
    yield from prose(f"{contest(results)} {_rates(results)}")
    yield from _seeds(results)


def contest(results: Results) -> str:
    """Say which blocks need fewer bits than GELU, and which more, each at its best rate."""
    reference = bits(results.best("gelu"))
    found: dict[str, list[str]] = {"better": [], "worse": [], "within the spread": [], "too few seeds": []}
    for kind in _kinds(results)[1:]:
        found[Mean.paired(bits(results.best(kind)), reference).words()].append(kind)
    words = "; ".join(f"{verdict}: {listing(names, 9)}" for verdict, names in found.items() if names)
    wins = [kind for kind in found["better"] if kind != "swiglu"]
    learned = f" Blocks with learned functions that beat the MLP here: {listing(wins, 9) if wins else 'none'}."
    head = f"Each at its best rate, against GELU at its own: {words}.{'' if found['too few seeds'] else learned}"
    return f"{head}{_gated(results)}"


def _gated(results: Results) -> str:
    """Compare with SwiGLU, an MLP that is often better than one with GELU."""
    if not results.rates("swiglu"):
        return ""
    gated = bits(results.best("swiglu"))
    gaps = {kind: Mean.paired(bits(results.best(kind)), gated) for kind in ("curves", "gr-kan") if results.rates(kind)}
    return (
        f" Against SwiGLU: {'; '.join(f'{kind} {gap.words()} ({gap.shown(sign=True)})' for kind, gap in gaps.items())}."
    )


def _kinds(results: Results) -> list[str]:
    return [kind for kind in (*FIRST, *REST) if results.rates(kind)]


def _rates(results: Results) -> str:
    """Say what the rate does, next to what the block does, and where a rate that was not tried may be better yet."""
    moved, edge = {}, []
    for kind in _kinds(results):
        rates, best = results.rates(kind), results.best_factor(kind)
        moved[kind] = max(
            abs(Mean.paired(bits(runs), bits(rates[best])).value) for runs in results.enough(kind).values()
        )
        edge += (
            [f"{kind} ({'lowest' if best == min(rates) else 'highest'})"] if best in (min(rates), max(rates)) else []
        )
    block = abs(Mean.paired(bits(results.best("curves")), bits(results.best("gelu"))).value)
    more = "more" if moved["gelu"] > block else "less"
    most = max(moved, key=lambda kind: moved[kind])
    found = (
        f"Another of these rates costs GELU up to {moved['gelu']:.3f} bits, {more} than the difference between curves "
        f"and GELU ({block:.3f}); it costs {most} most, {moved[most]:.3f}. The best rate was chosen on the same "
        "held-out text, for every block alike; rates with fewer than three seeds are shown, but not chosen."
    )
    return found + (
        f" At the edge of what was tried, so that another rate may be better yet: {listing(edge, 9)}." if edge else ""
    )


def _seeds(results: Results) -> Iterator[str]:
    """Write GELU and curves seed by seed, at equal factors of the rate and at the best of each."""
    gelu, curves = results.rates("gelu"), results.rates("curves")
    lines = {f"{factor:g} times the usual rate": (curves[factor], gelu[factor]) for factor in curves if factor in gelu}
    lines["the best rate of each"] = results.best("curves"), results.best("gelu")
    every = sorted({seed for one, other in lines.values() for seed in set(one) & set(other)})
    yield from prose("Curves minus GELU, seed by seed:")
    rows = []
    for name, (one, other) in lines.items():
        gap = Mean.paired(bits(one), bits(other))
        rows.append([name, *(_less(one.get(n), other.get(n)) for n in every), gap.shown(sign=True),
                     gap.words()])  # fmt: skip
    yield from table(["", *(f"seed {n}" for n in every), "mean", "verdict"], rows)


def _less(one: Record | None, other: Record | None) -> str:
    return f"{one['bits'] - other['bits']:+.3f}" if one and other else "-"


def lesson_tables(results: Results) -> Iterator[str]:
    """Write forgetting at equal gain for all ways to teach, on both kinds of models."""
    steps = results.record["length"]["steps"]
    yield from ("## Teach it something new", "")
    yield from prose(
        f"A model that learned the documentation ({steps:,} steps) is taught Python code. *Gain*: by how many bits per "
        "character code became cheaper; *forgetting*: by how many the documentation became dearer, both on held-out "
        "text. Ways are compared where they reach the same gain, on the way. *Identical*: share of the predictions of "
        "held-out documentation whose bits are the same at the end. *Against the gate*: forgetting at a gain of "
        f"{GAINS[1]:g} minus that of the 32 gated units on the same model, seed by seed, and whether that is more than "
        "two standard errors. Mean over seeds with its standard error; a number of seeds in brackets where the others "
        "do not reach the gain."
    )
    for kind, ways in LESSONS.items():
        found = {way: results.of("lesson", kind, way) for way in ways}
        found = {way: runs for way, runs in found.items() if runs}
        if not found:
            continue
        known = {seed: run["model_bits"] for runs in found.values() for seed, run in runs.items()}
        yield from (f"### {'Curves' if kind == 'curves' else 'The same on an MLP with GELU'}", "")
        yield from prose(
            f"Documentation before: {Mean.of(known.values()).shown()} bits, {counted(len(known), 'seed')}."
        )
        gate = forgotten(found.get("gate", {}), GAINS[1])
        head = ["way", *(f"forgetting at {gain:g}" for gain in GAINS), "end: forgetting", "end: gain", "identical",
                "steps", "CPU seconds", "against the gate"]  # fmt: skip
        yield from table(head, (_way(way, runs, gate) for way, runs in found.items()))
    yield from prose(_gates(results))


def _way(way: str, runs: BySeed, gate: dict[int, float]) -> list[str]:
    reached = [forgotten(runs, gain) for gain in GAINS]
    return [
        WAYS[way], *(_reached(one, len(runs)) for one in reached), mean(runs, "forgetting").shown(),
        mean(runs, "gain").shown(2), f"{mean(runs, 'identical').value:.1%}", str(next(iter(runs.values()))["steps"]),
        mean(runs, "seconds").shown(1), "the measure" if way == "gate" else _against(reached[1], gate),
    ]  # fmt: skip


def _reached(values: dict[int, float], of: int) -> str:
    if not values:
        return "not reached"
    return Mean.of(values.values()).shown() + ("" if len(values) == of else f" ({len(values)} of {of})")


def _against(values: dict[int, float], gate: dict[int, float]) -> str:
    if not set(values) & set(gate):
        return "-"
    gap = Mean.paired(values, gate)
    return f"{gap.shown(sign=True)}: {gap.words('forgets less', 'forgets more')}"


def _gates(results: Results) -> str:
    """Compare the gate, and plain learning, on curves and on an MLP."""
    found = []
    for way, name in (("gate", "The gate"), ("plain", "Plain learning")):
        for gain in GAINS:
            one, other = (forgotten(results.of("lesson", kind, way), gain) for kind in ("curves", "gelu"))
            if set(one) & set(other):
                gap = Mean.paired(one, other)
                verdict = gap.words("the curves forget less", "the curves forget more")
                found.append(
                    f"{name} on curves against {name[0].lower()}{name[1:]} on an MLP, at a gain of {gain:g}: "
                    f"{gap.shown(4, sign=True)} bits, {verdict}."
                )
    return " ".join(found)


def overlap_tables(results: Results) -> Iterator[str]:
    """Write what the gate's axis separates, and what is learned where it separates nothing."""
    looked = next(iter(results.of("halves").values()), None)
    if not looked:
        return
    yield from ("## Where it fails: texts that overlap", "")
    rows = []
    for name, words in (("texts", "documentation, then code"), ("halves", "the documentation's halves")):
        one = looked[name]
        soon = ", ".join(f"{share:.0%} after {count}" for count, share in one["after"].items())
        verdict = {"APART": "apart", "PARTLY": "partly apart", "NOT": "not apart"}[one["verdict"]]
        rows.append([words, f"{one['overlap']:.0%}", f"{one['opened']:.0%}", f"{one['closed']:.1%}", soon, verdict])
    head = ["texts", "overlap on the axis", "open for the new text", "cannot change", "open so soon, characters",
            "verdict"]  # fmt: skip
    yield from table(head, rows)
    lessons = {way: results.of("alike", "curves", way) for way in ALIKE}
    lessons = {way: runs for way, runs in lessons.items() if runs}
    if not lessons:
        return
    yield from prose("The first half was learned, the second half is taught (curves, 200 steps):")
    rows = (
        [WAYS[way], str(len(runs)), mean(runs, "gain").shown(), mean(runs, "forgetting").shown(sign=True),
         f"{mean(runs, 'identical').value:.1%}"]
        for way, runs in lessons.items()
    )  # fmt: skip
    yield from table(["way", "seeds", "gain", "forgetting", "identical"], rows)
    if not {"gate", "plain"} <= set(lessons):
        return
    gain = {way: mean(lessons[way], "gain").value for way in lessons}
    kept = Mean.of(run["forgetting"] for run in lessons["plain"].values())
    helps = kept.words(
        "the old half gets cheaper, too: the halves help each other", "the old half is forgotten",
        "the old half stays as it is", "too few seeds tell what becomes of the old half",
    )  # fmt: skip
    yield from prose(
        f"Behind the gate the model gains {gain['gate']:.3f} bits where plain learning gains {gain['plain']:.3f}, "
        f"{gain['gate'] / gain['plain']:.0%} of it. With plain learning {helps} ({kept.shown(sign=True)} bits). The "
        "gate needs an axis on which the texts are apart; where there is none it learns next to nothing, and kanviz "
        "says so before the lesson."
    )


def letters_tables(results: Results) -> Iterator[str]:
    """Write what Letters comes to, and what teaching it a word moves."""
    runs = results.of("letters")
    if not runs:
        return
    one = next(iter(runs.values()))
    yield from ("## Letters: the model one can read", "")
    yield from prose(
        f"An additive KAN over the last six characters with a knot on every character: {one['numbers']:,} numbers, "
        f"{one['steps']} steps, {counted(len(runs), 'seed')}. Then it is taught the word `{one['word']}`."
    )
    moved, before, after = (mean(runs, name) for name in ("moved", "before", "after"))
    yield from table(["", "mean over seeds"], (
        ["bits per character, held out", mean(runs, "bits").shown()],
        ["CPU seconds", mean(runs, "seconds").shown(2)],
        ["bits a character of the word costs, before", mean(runs, "word_before").shown(2)],
        ["after", mean(runs, "word_after").shown(2)],
        ["control points that moved", f"{moved.value:,.0f} of {one['points']:,} ({moved.value / one['points']:.1%})"],
        ["functions' values with the same bits", f"{mean(runs, 'functions_kept').value:.1%}"],
        ["held-out predictions with the same bits", f"{mean(runs, 'predictions_kept').value:.1%}"],
        ["bits per character, held out, after the word", after.shown()],
    ))  # fmt: skip
    others = all(set(run["letters"]) <= set(f" {run['word']}") for run in runs.values())
    functions, predictions = mean(runs, "functions_kept").value, mean(runs, "predictions_kept").value
    part = "only " if predictions < functions else ""
    yield from prose(
        ("Every function of a character that is not in the word keeps its bits" if others else
         "Functions of characters that are not in the word changed, too")
        + f": {functions:.0%} of all values do, but {part}{predictions:.0%} of the predictions, and the held-out text "
        f"costs {after.value - before.value:+.3f} bits per character. That functions are preserved does not mean that "
        "behaviour is."
    )  # fmt: skip
