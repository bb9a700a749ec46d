"""Certify which predictions a change of a network provably left unchanged, and verify certificates."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from kanviz.analysis.diff import same_bits
from kanviz.analysis.locality.claims import Certificate, ChangedEdge, LayerClaim, RegionClaim, RowsClaim
from kanviz.analysis.locality.difference_bound import apart
from kanviz.analysis.locality.lock_check import bits_certain, numbers_kept
from kanviz.analysis.locality.supports import where_changed
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer
from kanviz.core.locks import certified_lock, data_lock
from kanviz.core.needs import need_no_steps, need_splines
from kanviz.errors import UserError
from kanviz.text import shown
from kanviz.version import VERSION

__all__ = ["Certificate", "RegionClaim", "RowsClaim", "certify", "verify"]

CHUNK = 1_024  # rows run through both networks at once; the order of sums may depend on it
EMBEDDED = 20_000  # most numbers of rows that are stored in the certificate itself
CLOSE = 1e-6  # relative tolerance of recomputed figures

Box = Sequence[tuple[float, float]]


@torch.no_grad()
def certify(before: KAN, after: KAN, *, rows: Any = None, box: Box | None = None) -> Certificate:
    """Certify what `after` left unchanged of `before`: on given rows, or on every point of a box.

    rows: (row, input) in table units, or a table with columns named like the inputs. box: (least, greatest) per input
    in table units. Raises UserError for networks of different shapes or columns, and for invalid rows or an invalid
    box.

    >>> import kanviz
    >>> from kanviz.edit import MoveControlPoint
    >>> before = kanviz.init([1, 1], grid=20)
    >>> after = MoveControlPoint(kanviz.EdgeId(0, 0, 0), 0, 9.0).apply(before)
    >>> kanviz.certify(before, after, box=[(0.0, 1.0)]).holds
    True
    >>> kanviz.certify(before, after, rows=[[-0.95], [0.5]]).summary()[0]
    '1 of 2 rows have bit-identical predictions.'
    """
    if (rows is None) == (box is None):
        raise UserError("A certificate covers either rows or a region; give one of the two.")
    _comparable(before, after)
    claim = _of_rows(before, after, before.rows(rows)) if rows is not None else _of_region(before, after, box or ())
    names = [tuple(v.name for v in variables) for variables in (before.inputs, before.outputs)]
    one, two = (before, after) if before.dtype == after.dtype else (kan.to(torch.float64) for kan in (before, after))
    layers = tuple(map(_layer, one.layers, two.layers))
    return Certificate(VERSION, before.digest, after.digest, names[0], names[1], layers, claim).sealed()


def verify(certificate: Certificate, before: KAN, after: KAN, rows: Any = None) -> tuple[str, ...]:
    """Recompute a certificate, and return in sentences what is wrong with it; none where it holds.

    rows: the certified rows, in table units, where the certificate does not store them. Raises UserError where they are
    missing.

    >>> import kanviz
    >>> kan = kanviz.init([1, 1])
    >>> found = kanviz.certify(kan, kan, rows=[[0.5], [0.6]])
    >>> kanviz.verify(found, kan, kan)
    ()
    >>> len(kanviz.verify(found, kan, kanviz.init([1, 1], seed=1)))
    1
    """
    wrong = [
        f"It was written for another network {word} the change: digest {claimed[:12]}..., not {kan.digest[:12]}...."
        for word, claimed, kan in (("before", certificate.before, before), ("after", certificate.after, after))
        if claimed != kan.digest
    ]
    if wrong:
        return tuple(wrong)
    if certificate.seal != certificate.sealed().seal:
        wrong.append("It was edited after it was written: its seal (a checksum) does not match its content.")
    claim = certificate.claim
    if isinstance(claim, RowsClaim):
        rows = None if rows is None else before.rows(rows)
        x = rows if claim.x is None else torch.tensor(claim.x, dtype=torch.float64)
        if x is None:
            raise UserError(f"The certificate covers {claim.rows:,} rows that are not stored in it; give their table.")
        digests = [_digest(part) for part in (x, rows) if part is not None]
        if any(digest != claim.digest for digest in digests):
            return (*wrong, "It was written for other rows than these: their digests differ.")
        found = certify(before, after, rows=x)
    else:
        found = certify(before, after, box=claim.box)
    return (*wrong, *_apart(certificate, found, other=certificate.version != VERSION))


def _comparable(before: KAN, after: KAN) -> None:
    for kan in (before, after):
        need_no_steps(kan, "A certificate")
        need_splines(kan)
    if [(v.sources, v.arity) for v in before.layers] != [(v.sources, v.arity) for v in after.layers]:
        raise UserError(f"Networks of different shapes cannot be compared: {before.shape_text} and {after.shape_text}.")
    for kind in ("inputs", "outputs"):
        names = [[v.name for v in getattr(kan, kind)] for kan in (before, after)]
        for one, two in zip(*names, strict=True):
            if one != two:
                raise UserError(
                    f"The {kind} differ: {shown(one)} before, {shown(two)} after. Certify networks of the same columns."
                )


def _layer(old: Layer, new: Layer) -> LayerClaim:
    there = old.present | new.present
    changed = where_changed(old, new)
    points = int(old.active.sum()) * old.coef.shape[2]
    same = 0
    if old.coef.shape == new.coef.shape and old.outside == new.outside:
        counted = old.active & new.active & same_bits(old.knots, new.knots).all(1)[:, None]
        same = int((same_bits(old.coef, new.coef) & counted[..., None]).sum())
    constants = [
        (len(one), int(same_bits(one, two).sum())) for one, two in ((old.bias, new.bias), (old.offset, new.offset))
    ]
    return LayerClaim(
        int(there.sum()), int(there.sum()) - len(changed), points, same, *map(sum, zip(*constants, strict=True)),
        changed=tuple(ChangedEdge(i, j, act.points) for (i, j), act in sorted(changed.items())),
    )  # fmt: skip


def _of_rows(before: KAN, after: KAN, rows: Tensor) -> RowsClaim:
    x = rows.double()
    if not len(x):
        raise UserError("There are no rows to certify; give at least one.")
    lock = data_lock(before, x)
    kept, missing = 0, 0
    largest = torch.zeros(len(before.outputs), dtype=torch.float64)
    for part in x.split(CHUNK):
        one, two = before(part), after(part)
        same = torch.zeros(len(part), dtype=torch.bool)
        if one.dtype == two.dtype:
            same = same_bits(one, two).all(1)
        change = (two.double() - one.double()).abs()
        known = change.isfinite().all(1)
        kept += int(same.sum())
        missing += int((~known & ~same).sum())
        if bool(known.any()):
            largest = torch.maximum(largest, change[known].amax(0))
    return RowsClaim(
        len(x), _digest(x), CHUNK, kept, tuple(largest.tolist()), missing, numbers_kept(lock, before, after),
        bits_certain(lock, before, after),
        tuple(map(tuple, x.tolist())) if x.numel() <= EMBEDDED else None,
    )  # fmt: skip


def _of_region(before: KAN, after: KAN, box: Box) -> RegionClaim:
    found = certified_lock(before, box)
    used = numbers_kept(found.lock, before, after)
    if bits_certain(found.lock, before, after):
        nothing = (0.0,) * len(before.outputs)
        return RegionClaim(found.box, used, True, nothing, 0, nothing, 0)
    far = apart(before, after, found.box)
    return RegionClaim(found.box, used, False, far.bound, far.boxes, far.attained, far.points)


def _digest(x: Tensor) -> str:
    """Return the SHA-256 of the rows in float64 and of their number and columns."""
    values = torch.as_tensor(x).double().contiguous()
    return hashlib.sha256(f"{tuple(values.shape)}:".encode() + values.numpy().tobytes()).hexdigest()


def _apart(claimed: Any, found: Any, *, other: bool, where: str = "") -> Iterator[str]:
    """Generate sentences on the fields in which a certificate and the recomputed one differ."""
    for part in fields(claimed):
        one, two = getattr(claimed, part.name), getattr(found, part.name)
        name = f"{where}{part.name}"
        if name in ("version", "seal") or _equal(one, two) or (other and _weaker(name, one, two)):
            continue
        if isinstance(one, RowsClaim | RegionClaim) and type(one) is type(two):
            yield from _apart(one, two, other=other, where=f"{name}.")
        elif name == "layers" and len(claimed.layers) == len(found.layers):
            for n, (layer, anew) in enumerate(zip(claimed.layers, found.layers, strict=True)):
                yield from _apart(layer, anew, other=other, where=f"layers.{n}.")
        else:
            yield f"Its {name} is given as {shown(str(one), 120)}, but is computed as {shown(str(two), 120)}."


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, tuple) and isinstance(two, tuple):
        return len(one) == len(two) and all(map(_equal, one, two))
    if isinstance(one, float) and isinstance(two, float):
        return one == two or math.isclose(one, two, rel_tol=CLOSE)
    return one == two


def _weaker(name: str, claimed: Any, found: Any) -> bool:
    """Return whether a figure of another version's certificate claims no more than ours; its bound may be looser."""
    if name == "claim.bound":
        return len(claimed) == len(found) and all(a >= b * (1 - CLOSE) for a, b in zip(claimed, found, strict=True))
    return name in ("claim.boxes", "claim.points", "claim.sampled", "claim.chunk")
