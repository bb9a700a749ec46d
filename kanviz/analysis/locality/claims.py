"""Define the records of a certificate, their text and their JSON."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from kanviz.errors import LoadError
from kanviz.json_reader import JsonReader, JsonValue
from kanviz.text import counted, shown

FORMAT = "kanviz certificate 1"
MOST = 2**53  # largest count in JSON
LONGEST = 10_000  # characters of the longest name
LARGEST = 1e308
CERTIFICATE = JsonReader("The certificate cannot be read: {why}. Write it again with kanviz certify.")


@dataclass(frozen=True)
class ChangedEdge:
    """An edge whose function changed. points: the control points that moved; None where more than those changed."""

    source: int
    target: int
    points: tuple[int, ...] | None

    @staticmethod
    def read(found: JsonValue) -> "ChangedEdge":
        points = found.get("points").maybe(lambda value: value.each(_count))
        return ChangedEdge(_count(found["source"]), _count(found["target"]), points)


@dataclass(frozen=True)
class LayerClaim:
    """The numbers of edges, coefficients (of edges with a spline) and node constants of a layer.

    The fields with `_same` count those with the same bits as before.
    """

    edges: int
    edges_same: int
    coefficients: int
    coefficients_same: int
    constants: int
    constants_same: int
    changed: tuple[ChangedEdge, ...]

    @staticmethod
    def read(found: JsonValue) -> "LayerClaim":
        counts = []
        for part in ("edges", "coefficients", "constants"):
            total = _count(found[part])
            counts += [total, found[f"{part}_same"].whole(0, total)]
        return LayerClaim(*counts, changed=found["changed"].each(ChangedEdge.read))


@dataclass(frozen=True)
class RowsClaim:
    """The changes of the predictions on given rows.

    rows, digest: how many, and SHA-256 of their values · chunk: rows run through both networks at once · kept: rows
    with the same bits in every output · largest: |after - before| of each output, table units, over the rows at which
    both are finite; missing: the rows at which they are not, and whose bits changed · used: per layer, numbers that
    these rows use, and how many of them are unchanged · certain: all of these and all settings are unchanged, so the
    rows keep their bits wherever both networks are computed in the same way · x: the rows, in table units, where they
    are few.
    """

    rows: int
    digest: str
    chunk: int
    kept: int
    largest: tuple[float, ...]
    missing: int
    used: tuple[tuple[int, int], ...]
    certain: bool
    x: tuple[tuple[float, ...], ...] | None

    @property
    def holds(self) -> bool:
        """Whether every row kept its prediction."""
        return self.kept == self.rows

    @staticmethod
    def read(found: JsonValue, inputs: int, outputs: int, layers: int) -> "RowsClaim":
        rows = found["rows"].whole(1, MOST)
        kept = found["kept"].whole(0, rows)
        return RowsClaim(
            rows, found["digest"].digest(), found["chunk"].whole(1, MOST), kept,
            found["largest"].each(_size, outputs, outputs), found["missing"].whole(0, rows - kept),
            found["used"].each(_used, layers, layers), found["certain"].truth(),
            found.get("x").maybe(lambda x: x.each(lambda row: row.each(_number, inputs, inputs), rows, rows)),
        )  # fmt: skip


@dataclass(frozen=True)
class RegionClaim:
    """The changes of the predictions at all points of a box, (least, greatest) per input in table units.

    used: per layer, numbers that some point may use, and how many of them are unchanged · certain: all of these and all
    settings are unchanged, so every point keeps its bits wherever both networks are computed in the same way · bound:
    upper bound of |after - before| of each output, table units, infinite where none is known, 0 where certain · boxes:
    boxes evaluated for the bound · sampled: the largest difference found at `points` points, which proves nothing.
    """

    box: tuple[tuple[float, float], ...]
    used: tuple[tuple[int, int], ...]
    certain: bool
    bound: tuple[float, ...]
    boxes: int
    sampled: tuple[float, ...]
    points: int

    @property
    def holds(self) -> bool:
        """Whether every point is known to keep its prediction."""
        return self.certain

    @staticmethod
    def read(found: JsonValue, inputs: int, outputs: int, layers: int) -> "RegionClaim":
        return RegionClaim(
            found["box"].each(_side, inputs, inputs), found["used"].each(_used, layers, layers),
            found["certain"].truth(), found["bound"].each(_size, outputs, outputs), _count(found["boxes"]),
            found["sampled"].each(_size, outputs, outputs), _count(found["points"]),
        )  # fmt: skip


@dataclass(frozen=True)
class Certificate:
    """A record of what a change of a network left unchanged, bit by bit, and a bound of the rest.

    version: of kanviz · before, after: digests of the networks · inputs, outputs: names of the columns · layers: the
    changes of each layer's numbers · claim: the changes of the predictions · seal: SHA-256 of all that, which reveals
    an edit; a forged seal is found only by computing the claims again, as `verify` does.

    >>> import kanviz
    >>> kan = kanviz.init([1, 1])
    >>> found = kanviz.certify(kan, kan, rows=[[0.5], [0.6]])
    >>> found.holds, kanviz.Certificate.from_json(found.to_json()) == found == found.sealed()
    (True, True)
    >>> found.summary()[0]
    '2 of 2 rows have bit-identical predictions.'
    """

    version: str
    before: str
    after: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[LayerClaim, ...]
    claim: RowsClaim | RegionClaim
    seal: str = ""

    @property
    def holds(self) -> bool:
        """Whether all certified predictions kept their bits."""
        return self.claim.holds

    def summary(self) -> tuple[str, ...]:
        """Return a summary in a few sentences."""
        edges, same = (sum(getattr(v, name) for v in self.layers) for name in ("edges", "edges_same"))
        points, kept = (sum(getattr(v, name) for v in self.layers) for name in ("coefficients", "coefficients_same"))
        claim = self.claim
        return (
            *(_of_rows(self, claim) if isinstance(claim, RowsClaim) else _of_region(self, claim)),
            f"{same:,} of {counted(edges, 'edge')} and {kept:,} of {counted(points, 'coefficient')} are bit-identical.",
        )

    def sealed(self) -> "Certificate":
        """Return the certificate with the seal of its content."""
        text = json.dumps(self.to_json() | {"seal": ""}, sort_keys=True, allow_nan=False)
        return replace(self, seal=hashlib.sha256(text.encode()).hexdigest())

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; an infinite number becomes null."""
        return {"format": FORMAT, **_plain(self)}

    @staticmethod
    def from_json(record: Any) -> "Certificate":
        """Read the certificate that `to_json` wrote. Raises LoadError, which states the fault, for anything else."""
        found = CERTIFICATE.value(record)
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise LoadError(f"This is not a certificate that this kanviz reads: its format is not {FORMAT!r}.")
        version = _name(found["version"])
        inputs, outputs = (found[part].each(_name, least=1) for part in ("inputs", "outputs"))
        layers, claim = found["layers"].each(LayerClaim.read, least=1), found["claim"]
        if ("rows" in claim) == ("box" in claim):
            claim.refuse("is neither of rows nor of a region")
        kind = RowsClaim if "rows" in claim else RegionClaim
        return Certificate(
            version, found["before"].digest(), found["after"].digest(), inputs, outputs, layers,
            kind.read(claim, len(inputs), len(outputs), len(layers)), found["seal"].digest(),
        )  # fmt: skip


def _count(found: JsonValue) -> int:
    return found.whole(0, MOST)


def _name(found: JsonValue) -> str:
    return found.text(LONGEST)


def _number(found: JsonValue) -> float:
    return found.number(-LARGEST, LARGEST)


def _size(found: JsonValue) -> float:
    """Read a size, null for an infinite one."""
    return math.inf if found.value is None else found.number(0, LARGEST)


def _side(found: JsonValue) -> tuple[float, float]:
    low, high = found.items(2, 2)
    return _number(low), high.number(_number(low), LARGEST)


def _used(found: JsonValue) -> tuple[int, int]:
    total, same = found.items(2, 2)
    return _count(total), same.whole(0, _count(total))


def _of_rows(certificate: Certificate, claim: RowsClaim) -> list[str]:
    sentences = [f"{claim.kept:,} of {counted(claim.rows, 'row')} have bit-identical predictions."]
    if claim.certain:
        sentences.append("Every number they use is the same, so this holds if both are computed the same way.")
    elif claim.kept < claim.rows:
        sentences.append(f"The largest change of {_figures(certificate, claim.largest)}.")
    if claim.missing:
        sentences.append(f"{counted(claim.missing, 'changed row')} have a prediction that is NaN or infinite.")
    return sentences


def _of_region(certificate: Certificate, claim: RegionClaim) -> list[str]:
    where = ", ".join(
        f"{shown(n)} from {a:g} to {b:g}" for n, (a, b) in zip(certificate.inputs, claim.box, strict=True)
    )
    if claim.certain:
        return [
            f"Every point with {where} has a bit-identical prediction: every number that one can use is the same, so "
            "this holds if both are computed the same way."
        ]
    used, same = (sum(part) for part in zip(*claim.used, strict=True))
    return [
        f"Predictions of points with {where} may have changed: {used - same:,} of the {counted(used, 'number')} that "
        "they can use were changed.",
        f"Proven for every point of the region: the change of {_figures(certificate, claim.bound, 'at most ')}.",
        f"Found at {claim.points:,} points, which proves nothing: the change of "
        f"{_figures(certificate, claim.sampled, 'up to ')}.",
    ]


def _figures(certificate: Certificate, values: Iterable[float], word: str = "") -> str:
    few = [
        f"{shown(name)} is {word}{value:.4g}" if math.isfinite(value) else f"{shown(name)} is not bounded"
        for name, value in zip(certificate.outputs, values, strict=True)
    ]
    return ", of ".join(few[:8]) + (f", and of {len(few) - 8:,} more" if len(few) > 8 else "")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    return value
