"""Protects what a network knows in `kanviz train --start` while it learns new rows: locks, replay, EWC."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanviz.cli.console import UsageError, finite, say
from kanviz.cli.tables import input_rows, read_rows, reading, region, table_for
from kanviz.text import counted

if TYPE_CHECKING:
    from kanviz.continual.known import Known
    from kanviz.continual.protection import Protected, Protection
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.core.locks import Lock

OF_A_NEW_NETWORK = ("shape", "grid", "order", "finest")
LITTLE = 0.75  # share of locked control points above which a finer grid is advised


@dataclass(frozen=True)
class ProtectedTraining:
    """The protections of a training: what they give to the training, and the known rows of each, by option."""

    held: "Protected"
    known: "dict[str, Known]"


def check(options: argparse.Namespace) -> None:
    """Refuse options for a new network together with --start, and protections without it."""
    if options.block is not None and not options.start:
        raise UsageError("--block names a KAN inside the model of --start; give that.")
    if options.answers and not options.start:
        raise UsageError("--base and --answer are about the model of --start; give that.")
    given = [name for name in (OF_A_NEW_NETWORK if options.start else OPTIONS) if getattr(options, name) is not None]
    if given and options.start:
        raise UsageError(f"{_option(given[0])} shapes a new network; --start goes on with one as it is.")
    if given:
        raise UsageError(f"{_option(given[0])} keeps what a network has learned; name the network with --start.")
    if options.ewc_strength is not None and options.ewc is None:
        raise UsageError("--ewc-strength is the strength of --ewc; add --ewc OLD.")


def apply_protections(options: argparse.Namespace, start: "KAN", data: "Dataset") -> ProtectedTraining:
    """Apply all requested protections, and report their cost on stderr; several locks are joined."""
    from kanviz.continual.protection import protect

    chosen = {name: ask(options, start) for name, ask in OPTIONS.items() if getattr(options, name) is not None}
    held = protect(start, list(chosen.values()), data)
    if held.lock is not None:
        _say_capacity(capacity(held.lock, start))
    if held.data is not data:
        say(f"note: {held.data.notes[-1]}")
    return ProtectedTraining(held, {name: known for name, (_, known) in chosen.items()})


def _lock_rows(options: argparse.Namespace, start: "KAN") -> "tuple[Protection, Known]":
    from kanviz.continual.protection import LockRows

    return LockRows(), _inputs(options, start, options.lock_rows)


def _lock_box(options: argparse.Namespace, start: "KAN") -> "tuple[Protection, Known]":
    from kanviz.continual.known import Known
    from kanviz.continual.protection import LockRegion

    return LockRegion(), Known.region(region(start, options.lock_box))


def _ewc(options: argparse.Namespace, start: "KAN") -> "tuple[Protection, Known]":
    from kanviz.continual.protection import ElasticWeights

    strength = 1.0 if options.ewc_strength is None else options.ewc_strength
    return ElasticWeights(strength), _inputs(options, start, options.ewc)


def _replay(options: argparse.Namespace, start: "KAN") -> "tuple[Protection, Known]":
    from kanviz.continual.known import Known
    from kanviz.continual.protection import Replay

    table = read_rows(options.replay, reading(options))
    again = table_for(start, table, [options.target], options.inputs, test=0.0, seed=options.seed)
    return Replay(seed=options.seed), Known.rows(again, Path(options.replay).name)


def _inputs(options: argparse.Namespace, start: "KAN", path: str) -> "Known":
    """Read the inputs of old rows; their targets are not needed."""
    from kanviz.continual.known import Known

    return Known(Path(path).name, input_rows(start, path, options.inputs, reading(options, least=1)))


OPTIONS: "dict[str, Callable[[argparse.Namespace, KAN], tuple[Protection, Known]]]" = {
    "lock_rows": _lock_rows, "lock_box": _lock_box, "ewc": _ewc, "replay": _replay
}  # fmt: skip


def capacity(lock: "Lock", kan: "KAN") -> list[dict[str, Any]]:
    """Count, for each layer and for JSON: control points, how many of them are locked, and their share."""
    return [
        {"points": int(left.points.sum()), "locked": int(left.locked.sum()), "share": left.share}
        for left in lock.capacity(kan)
    ]


def preserved_rows(protected: ProtectedTraining, before: "KAN", after: "KAN") -> dict[str, dict[str, Any]]:
    """Compare the old rows of each option, for JSON: how many predictions kept their bits, and the largest change of
    each output in its unit.
    """
    from kanviz.analysis.locality.observed_change import lamps

    found = {name: lamps(before, after, known.x) for name, known in protected.known.items() if known.box is None}
    return {
        name: {
            "rows": len(v.kept),
            "bit_identical": int(v.kept.sum()),
            "largest_change": list(map(finite, v.largest)),
        }
        for name, v in found.items()
    }


def say_preserved(record: dict[str, dict[str, Any]], names: list[str]) -> None:
    for option, found in record.items():
        largest = ", ".join(f"{name} {value:.4g}" for name, value in zip(names, found["largest_change"], strict=True))
        say(
            f"Old rows of {_option(option)}: {found['bit_identical']:,} of {counted(found['rows'], 'prediction')} "
            f"bit-identical, largest change {largest}."
        )


def _say_capacity(layers: list[dict[str, Any]]) -> None:
    for n, layer in enumerate(layers):
        free = layer["points"] - layer["locked"]
        say(f"layer {n}: {layer['share']:.1%} of {layer['points']:,} control points locked, {free:,} free")
    if any(layer["share"] > LITTLE for layer in layers):
        say("note: little is left to learn with; a network trained on a finer grid (--grid 30 --finest 0) has more.")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
