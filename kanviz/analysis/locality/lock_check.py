"""Check whether a network still has the same bits in all numbers that a lock of an earlier network holds."""

from collections.abc import Sequence

import torch

from kanviz.analysis.diff import same_bits
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable
from kanviz.core.locks.lock import LayerLock, Lock

Count = tuple[int, int]  # locked numbers, and how many of them have the same bits


def numbers_kept(lock: Lock, before: KAN, after: KAN) -> tuple[Count, ...]:
    """Return, per layer, how many numbers the lock holds and how many are unchanged; 0 where knots or shape differ.

    Numbers of pruned parts are left out. Raises UserError where the lock is not for `before`.
    """
    lock.check(before)
    return tuple(map(_count, lock.layers, before.layers, after.layers))


def bits_certain(lock: Lock, before: KAN, after: KAN) -> bool:
    """Return whether every prediction that uses only locked numbers has the same bits, if computed in the same way.

    Locked numbers must be unchanged, and so must grids, parts and scaling. Free numbers are multiplied by 0, so they
    must be finite; and a bias must not be -0, since an added 0 would change its sign.
    """
    alike = len(before.layers) == len(after.layers) and all(map(_alike, before.layers, after.layers))
    return (
        alike
        and _scaling(before.inputs) == _scaling(after.inputs)
        and _scaling(before.outputs) == _scaling(after.outputs)
        and all(held == same for held, same in numbers_kept(lock, before, after))
        and all(bool(torch.isfinite(layer.coef[layer.active]).all()) for layer in after.layers)
        and not any(bool(((layer.bias == 0) & layer.bias.signbit()).any()) for layer in before.layers)
    )


def _scaling(variables: Sequence[Variable]) -> list[str]:
    return [repr((v.shift, v.scale)) for v in variables]  # repr tells -0 from 0


def _alike(old: Layer, new: Layer) -> bool:
    """Return whether two layers are computed in the same way, apart from their numbers."""
    parts = ("arity", "base", "outside", "formulas")
    return (
        all(getattr(old, part) == getattr(new, part) for part in parts)
        and old.coef.shape == new.coef.shape
        and old.coef.dtype == new.coef.dtype
        and old.active.equal(new.active)
        and bool(same_bits(old.knots, new.knots).all())
    )


def _count(lock: LayerLock, old: Layer, new: Layer) -> Count:
    rows = torch.tensor([bool(lock.affine[i, j]) for i, j, _ in old.formulas], dtype=torch.bool)
    held = {
        "coef": lock.coef & old.active[..., None],
        "base_weight": lock.base_weight & old.active,
        "bias": lock.bias,
        "offset": lock.offset & torch.tensor([k > 1 for k in old.arity]),
        "affine": rows[:, None].expand_as(old.affine),
    }
    total = sum(int(mask.sum()) for mask in held.values())
    if not _alike(old, new):
        return total, 0
    same = sum(int((same_bits(getattr(old, name), getattr(new, name)) & mask).sum()) for name, mask in held.items())
    return total, same
