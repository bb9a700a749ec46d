"""What `kanviz train --start` is asked to keep while a trained network learns new rows: locks, replay, an anchor."""

import argparse
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from kanviz.cli.console import UsageError, finite, say
from kanviz.cli.tables import input_rows, read_rows, reading, region, table_for
from kanviz.text import counted

if TYPE_CHECKING:
    from torch import Tensor

    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.locks import Lock
    from kanviz.core.training.ewc import Anchor

OF_A_START = ("lock_rows", "lock_box", "replay", "ewc")
OF_A_NEW_NETWORK = ("shape", "grid", "order", "finest")
SMOOTH = 1e-5  # under a lock: what the data would choose for free and locked points together is too much for the free

LITTLE = 0.75  # share locked above which a finer grid is advised


@dataclass(frozen=True)
class Keeping:
    """data: the table to learn from, with old rows if they are replayed · lock, anchor: None where there is none ·
    old: inputs of the old rows by the option that named them.
    """

    data: "Dataset"
    lock: "Lock | None"
    anchor: "Anchor | None"
    old: dict[str, "Tensor"]


def check(options: argparse.Namespace) -> None:
    """Refuses options that go with a network that is given, or with a new one, but not with the other."""
    given = [name for name in (OF_A_NEW_NETWORK if options.start else OF_A_START) if getattr(options, name) is not None]
    if given and options.start:
        raise UsageError(f"{_option(given[0])} shapes a new network; --start goes on with one as it is.")
    if given:
        raise UsageError(f"{_option(given[0])} keeps what a network has learned; name the network with --start.")
    if options.ewc_strength is not None and options.ewc is None:
        raise UsageError("--ewc-strength is the strength of --ewc; give that.")


def keeping(options: argparse.Namespace, start: "KAN", data: "Dataset") -> Keeping:
    """All that was asked for, said on stderr: locks together hold what any of them holds."""
    from kanviz.core.locks import certified_lock, data_lock
    from kanviz.core.training.forgetting import anchor, with_replay

    old = {
        name: input_rows(start, path, options.inputs, reading(options, least=1))
        for name in ("lock_rows", "ewc")
        if (path := getattr(options, name)) is not None
    }
    locks = [data_lock(start, old["lock_rows"])] if "lock_rows" in old else []
    if options.lock_box is not None:
        locks.append(certified_lock(start, region(start, options.lock_box)).lock)
    lock = reduce(lambda one, two: one | two, locks) if locks else None
    if lock is not None:
        _say_capacity(capacity(lock, start))
    if options.replay is not None:
        table = read_rows(options.replay, reading(options))
        again = table_for(start, table, [options.target], options.inputs, test=0.0, seed=options.seed)
        data = with_replay(data, again, seed=options.seed)
        old["replay"] = again.x
        say(f"note: {data.notes[-1]}")
    held = None
    if options.ewc is not None:
        held = anchor(start, old["ewc"], 1.0 if options.ewc_strength is None else options.ewc_strength)
    return Keeping(data, lock, held, old)


def capacity(lock: "Lock", kan: "KAN") -> list[dict[str, Any]]:
    """Per layer, for JSON: control points, how many of them are locked, and the share of these."""
    return [
        {"points": int(left.points.sum()), "locked": int(left.locked.sum()), "share": left.share}
        for left in lock.capacity(kan)
    ]


def kept(keeping: Keeping, before: "KAN", after: "KAN") -> dict[str, dict[str, Any]]:
    """Of the old rows by the option that named them, for JSON: how many kept the bits of their prediction, and the
    largest change of each output in its unit.
    """
    from kanviz.analysis.locality.observed_change import lamps

    found = {name: lamps(before, after, x) for name, x in keeping.old.items()}
    return {
        name: {"rows": len(v.kept), "bit_identical": int(v.kept.sum()), "largest_change": list(map(finite, v.largest))}
        for name, v in found.items()
    }


def say_kept(record: dict[str, dict[str, Any]], names: list[str]) -> None:
    for option, found in record.items():
        largest = ", ".join(f"{name} {value:.4g}" for name, value in zip(names, found["largest_change"], strict=True))
        say(
            f"Old rows of {_option(option)}: {found['bit_identical']:,} of {counted(found['rows'], 'prediction')} "
            f"bit-identical, largest change {largest}."
        )


def settings(keeping: Keeping, **given: Any) -> dict[str, Any]:
    """Training settings for a network that goes on: smoothing is fixed under a lock, chosen by the data without."""
    return given if keeping.lock is None else {"smooth": SMOOTH, "lock": keeping.lock} | given


def _say_capacity(layers: list[dict[str, Any]]) -> None:
    for n, layer in enumerate(layers):
        free = layer["points"] - layer["locked"]
        say(f"layer {n}: {layer['share']:.1%} of {layer['points']:,} control points locked, {free:,} free")
    if any(layer["share"] > LITTLE for layer in layers):
        say("note: little is left to learn with; a network trained on a finer grid (--grid 30 --finest 0) has more.")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
