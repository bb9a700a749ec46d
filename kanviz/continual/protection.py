"""Protect what a network knows while it learns new rows; each protection is a value with the method `apply`.

Only locks guarantee equal bits. Replay and elastic weights give up some accuracy on old rows for some on new ones.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

from kanviz.continual.known import Box, Known
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.locks import Lock, certified_lock, data_lock
from kanviz.core.training.ewc import Anchor
from kanviz.core.training.forgetting import anchor, with_replay
from kanviz.core.training.train import TrainConfig
from kanviz.errors import TableError, TrainError, UserError

STEPS = 60  # enough to learn well under a lock; a run ends earlier when it gains nothing
# Smoothing under a lock: free control points must bridge the gaps between locked ones. The weight that the data would
# choose, for free and locked points together, is too large for the free ones.
SMOOTH = 1e-5


class Protected(NamedTuple):
    """The inputs of a protected training, as (data, lock, anchor).

    data: the rows to learn, under replay with old ones among them · lock: numbers that must not change, or None ·
    anchor: penalty that pulls the other numbers back to their old values, or None.

    >>> import kanviz
    >>> from kanviz.continual.protection import Protected
    >>> data, kan = kanviz.Dataset.from_arrays([[1.0], [2.0]], [3.0, 4.0]), kanviz.init([1, 1])
    >>> held = Protected(data).joined(Protected(data, kanviz.Lock.of(kan, held=True, name="old rows")))
    >>> held.lock.name, held.config(steps=5).lock is held.lock, held.config().smooth
    ('old rows', True, 1e-05)
    """

    data: Dataset
    lock: Lock | None = None
    anchor: Anchor | None = None

    def config(self, **other: Any) -> TrainConfig:
        """Make the settings to train with: `TrainConfig.for_trained`, and under a lock smoothing fixed at `SMOOTH`.

        other: settings of `TrainConfig`, which override these. `anchor` is a separate argument of `train`.
        """
        held = {} if self.lock is None else {"lock": self.lock, "smooth": SMOOTH}
        return TrainConfig.for_trained(**held | other)

    def joined(self, later: "Protected") -> "Protected":
        """Combine with a later protection: the locks and anchors of both, and the rows of `later`.

        Two anchors become one at the newest network, with the sum of their weights (Huszár, Note on the quadratic
        penalties in elastic weight consolidation, PNAS 2018). Raises TrainError for anchors of different strengths.
        """
        return Protected(later.data, _both(self.lock, later.lock), _summed(self.anchor, later.anchor))


@dataclass(frozen=True)
class Protection(ABC):
    """The base class of the protections in `PROTECTIONS`.

    kind: its name there · aid: its name in the `aid` of `Retrain`, "" if it is only a lock · keeps_bits: whether
    predictions on what is known stay bit-identical · holds_grids: grids must not change · needs_rows: it needs rows, a
    region is not enough.
    """

    kind: ClassVar[str]
    aid: ClassVar[str] = ""
    keeps_bits: ClassVar[bool] = False
    holds_grids: ClassVar[bool] = False
    needs_rows: ClassVar[bool] = False

    @abstractmethod
    def apply(self, kan: KAN, known: Known, new: Dataset) -> Protected:
        """Prepare a training of `kan` on the rows `new` that protects `known`.

        Raises UserError if that is not possible: rows are needed and a region was given, the tables have different
        columns, the box is not valid, or values are not finite.
        """
        ...

    def region(self, known: Known) -> Box | None:
        """Return the box in which every prediction stays bit-identical; None if there is no such guarantee."""
        return None


@dataclass(frozen=True)
class NoProtection(Protection):
    """The protection that does nothing: every number may change.

    >>> import kanviz
    >>> from kanviz.continual.known import Known
    >>> from kanviz.continual.protection import NoProtection
    >>> data = kanviz.Dataset.from_arrays([[1.0], [2.0]], [3.0, 4.0])
    >>> NoProtection().apply(kanviz.init([1, 1]), Known.rows(data, "old.csv"), data).lock is None
    True
    """

    kind: ClassVar[str] = "none"

    def apply(self, kan: KAN, known: Known, new: Dataset) -> Protected:
        """Return the new rows unchanged."""
        return Protected(new)


@dataclass(frozen=True)
class LockRows(Protection):
    """The protection that locks every number the known rows use, so that their predictions stay bit-identical.

    Nothing is guaranteed between the rows; control points that they use cannot learn any more. See `data_lock`.

    >>> import kanviz, torch
    >>> from kanviz.continual.known import Known
    >>> from kanviz.continual.protection import LockRows
    >>> x = torch.linspace(-1, 0, 40, dtype=torch.float64)[:, None]
    >>> old, new = (kanviz.Dataset.from_arrays(part, part[:, 0] ** 2) for part in (x, x + 1))
    >>> before = kanviz.init([1, 2, 1], grid=20)
    >>> data, lock, anchor = held = LockRows().apply(before, Known.rows(old, "old rows"), new)
    >>> *_, last = kanviz.train(before, data, held.config(steps=3), anchor=anchor)
    >>> torch.equal(last.best(old.x), before(old.x)), last.best.digest == before.digest
    (True, False)
    """

    kind: ClassVar[str] = "rows"
    keeps_bits: ClassVar[bool] = True
    holds_grids: ClassVar[bool] = True
    needs_rows: ClassVar[bool] = True

    def apply(self, kan: KAN, known: Known, new: Dataset) -> Protected:
        """Lock the numbers that the rows use, held-out rows included; no targets are needed.

        Raises UserError for a region.
        """
        if known.box is not None:
            raise UserError("A lock of rows holds no region: give rows, or lock the region.")
        return Protected(new, data_lock(kan, known.x, f"rows of {known.name}"[:200]))


@dataclass(frozen=True)
class LockRegion(Protection):
    """The protection that locks every number a point of a box can use: all predictions there are proven bit-identical.

    box: (least, greatest) of each input in table units; None takes the known region, or the bounding box of the known
    rows. It locks more control points than `LockRows`. Source: interval arithmetic (see `certified_lock`).

    >>> import kanviz
    >>> from kanviz.continual.known import Known
    >>> from kanviz.continual.protection import LockRegion
    >>> new = kanviz.Dataset.from_arrays([[0.6], [0.7], [0.8]], [1.0, 2.0, 3.0], test=0)
    >>> held = LockRegion().apply(kan := kanviz.init([1, 1], grid=20), Known.region(((-1.0, 0.0),)), new)
    >>> [part.free for part in held.lock.capacity(kan)]
    [9]
    """

    box: Box | None = None
    kind: ClassVar[str] = "region"
    keeps_bits: ClassVar[bool] = True
    holds_grids: ClassVar[bool] = True

    def region(self, known: Known) -> Box:
        """Return the box that is locked."""
        return self.box or known.box or tuple(zip(known.x.amin(0).tolist(), known.x.amax(0).tolist(), strict=True))

    def apply(self, kan: KAN, known: Known, new: Dataset) -> Protected:
        """Lock the numbers that points of the box can use."""
        return Protected(new, certified_lock(kan, self.region(known)).lock)


@dataclass(frozen=True)
class Replay(Protection):
    """The protection that learns known rows again among the new ones: old errors stay small, but bits may change.

    share: share of old rows among the training rows, above 0 and below 1 · seed: for the sampling of old rows. Source:
    Robins, Catastrophic forgetting, rehearsal and pseudorehearsal, Connection Science 1995. See `with_replay`.

    >>> import kanviz
    >>> from kanviz.continual.known import Known
    >>> from kanviz.continual.protection import Replay
    >>> old, new = (kanviz.Dataset.from_arrays([[a], [a + 1.0]], [a, a], test=0) for a in (0.0, 5.0))
    >>> Replay(share=0.5).apply(kanviz.init([1, 1]), Known.rows(old, "old.csv"), new).data.x[:, 0].tolist()
    [5.0, 6.0, 0.0, 1.0]
    """

    share: float = 0.5
    seed: int = 0
    kind: ClassVar[str] = "replay"
    aid: ClassVar[str] = "replay"
    needs_rows: ClassVar[bool] = True

    def apply(self, kan: KAN, known: Known, new: Dataset) -> Protected:
        """Mix the known training rows in. Raises TableError if they have no targets."""
        if known.data is None:
            raise TableError("Replay learns old rows again, so it needs their table, with targets.")
        return Protected(with_replay(new, known.data, self.share, self.seed))


@dataclass(frozen=True)
class ElasticWeights(Protection):
    """The protection that pulls each number back to its old value, as strongly as the known rows depend on it (EWC).

    strength: with 1 the old loss counts as much as the new, to second order; 0 has no effect. Bits may change. Source:
    Kirkpatrick et al., Overcoming catastrophic forgetting in neural networks, PNAS 2017. See `Anchor`.

    >>> import kanviz
    >>> from kanviz.continual.known import Known
    >>> from kanviz.continual.protection import ElasticWeights
    >>> new = kanviz.Dataset.from_arrays([[0.6], [0.7], [0.8]], [1.0, 2.0, 3.0], test=0)
    >>> held = ElasticWeights(2.0).apply(kanviz.init([1, 1]), Known.region(((-1.0, 0.0),)), new)
    >>> held.data is new, held.lock, held.anchor.strength
    (True, None, 2.0)
    """

    strength: float = 1.0
    kind: ClassVar[str] = "ewc"
    aid: ClassVar[str] = "ewc"
    holds_grids: ClassVar[bool] = True

    def apply(self, kan: KAN, known: Known, new: Dataset) -> Protected:
        """Anchor the network at its current numbers; grids must not change then, and no targets are needed."""
        return Protected(new, None, anchor(kan, known.x, self.strength) if self.strength else None)


PROTECTIONS: dict[str, type[Protection]] = {
    one.kind: one for one in (LockRows, LockRegion, Replay, ElasticWeights, NoProtection)
}


def protect(kan: KAN, given: Sequence[tuple[Protection, Known]], new: Dataset) -> Protected:
    """Apply several protections at once, each to its own `Known`; their locks are combined.

    Raises UserError where one cannot be applied.

    >>> import kanviz
    >>> from kanviz.continual.known import Known
    >>> from kanviz.continual.protection import LockRows, Replay, protect
    >>> old, new = (kanviz.Dataset.from_arrays([[a], [a + 1.0]], [a, a], test=0) for a in (0.0, 5.0))
    >>> known = Known.rows(old, "old.csv")
    >>> data, lock, anchor = protect(kanviz.init([1, 1]), [(LockRows(), known), (Replay(), known)], new)
    >>> len(data), lock.name, anchor
    (4, 'rows of old.csv', None)
    """
    held = Protected(new)
    for protection, known in given:
        held = held.joined(protection.apply(kan, known, held.data))
    return held


def _both(one: Lock | None, two: Lock | None) -> Lock | None:
    return one or two if one is None or two is None else one | two


def _summed(before: Anchor | None, now: Anchor | None) -> Anchor | None:
    if before is None or now is None:
        return now or before
    if before.strength != now.strength:
        raise TrainError("Elastic weights of different strengths cannot be added; use one strength.")
    both = zip(before.weights, now.weights, strict=True)
    return replace(now, weights=tuple({part: a[part] + b[part] for part in b} for a, b in both))
