"""Shows a gate as records: where both texts lie on its axis, how soon it opens, and whether the texts separate at
all."""

from dataclasses import dataclass
from enum import Enum

import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor

from kanviz.language.corpus import Corpus
from kanviz.language.symbols import encode
from kanviz.language.teaching.gate import SPAN, Gate, gate_between, openings, places_on, windows
from kanviz.language.teaching.policy import CELLS, REACH
from kanviz.text import percent, shown

BINS = 80  # of a nat each
AFTER = (4, 8, 16, 32)  # characters
APART, SOME = 0.5, 0.2  # share of the new text's predictions with an open gate


class Separation(Enum):
    """Whether a gate can open for the new text; the value is what that means."""

    APART = "The texts are apart on this axis: the gate is open for most of the new text."
    PARTLY = (
        "The texts overlap on this axis: the gate is open for some of the new text, and only there something can be "
        'learned. Compare it with how="replay", which learns everywhere.'
    )
    NOT = (
        "The texts do not separate on this axis: the gate stays closed for almost all of the new text, so next to "
        'nothing can be learned behind it. Use how="replay" instead, and look at what it forgets: texts that overlap '
        "often help each other."
    )

    @staticmethod
    def of(opened: float) -> "Separation":
        """Return the verdict on a share of the new text's predictions for which the gate is open."""
        if opened >= APART:
            return Separation.APART
        return Separation.PARTLY if opened >= SOME else Separation.NOT

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, eq=False)
class GateView:
    """A gate, and where two held-out texts lie on its axis.

    edges: of the bins of the histograms, in nats; what lies beyond counts in the outermost · old, new: share of each
    text's places in each bin · opens_after: characters of a window, with the share of the new text's windows in which
    the gate is then open · opened: share of the new text's predictions for which it is · closed: share of the old
    text's predictions with a gate closed over their whole window, which cannot change.

    >>> from kanviz.language import Corpus, gate_view
    >>> old, new = (Corpus.from_text(text * 70) for text in ("To be, or not to be. ", "x = f(y) + g[z]\\n"))
    >>> print(gate_view(new, old, context=32).summary()[0])
    The texts are apart on this axis: the gate is open for most of the new text.
    """

    gate: Gate
    edges: Float32[Tensor, "edge"]
    old: Float64[Tensor, "bin"]
    new: Float64[Tensor, "bin"]
    opens_after: tuple[tuple[int, float], ...]
    opened: float
    closed: float
    old_name: str
    new_name: str

    @property
    def separation(self) -> Separation:
        """Whether the texts are apart."""
        return Separation.of(self.opened)

    @property
    def overlap(self) -> float:
        """Share of the places that both histograms have in common, 0 to 1."""
        return float(torch.minimum(self.old, self.new).sum())

    def summary(self) -> tuple[str, ...]:
        """Return in sentences what the gate does to both texts."""
        soon = ", ".join(f"{share:.0%} after {count}" for count, share in self.opens_after)
        where = (
            f"The gate is 0 below z = {self.gate.closed_until:.1f} nats. For {percent(self.closed)}% of the "
            f"predictions of {shown(self.old_name)} it is closed at all characters that the model "
            "reads: these cannot change."
        )
        opens = f"In {shown(self.new_name)} it is open for {soon} characters."
        return (self.separation.value, where, opens) if soon else (self.separation.value, where)


@torch.no_grad()
def view_gate(gate: Gate, new: Corpus, old: Corpus, context: int) -> GateView:
    """Look where the held-out parts of two texts lie on the axis of a gate, in windows of `context` characters.

    >>> from kanviz.language import Corpus
    >>> from kanviz.language.teaching.gate import gate_between
    >>> from kanviz.language.teaching.view import view_gate
    >>> old, new = (Corpus.from_text(text * 70) for text in ("To be, or not to be. ", "x = f(y) + g[z]\\n"))
    >>> found = view_gate(gate_between(new, old, context=32), new, old, context=32)
    >>> found.separation.name, found.closed > 0.9, round(float(found.old.sum()), 6)
    ('APART', True, 1.0)
    """
    here, there = (places_on(gate.ratios, windows(encode(part.held_out), context)) for part in (new, old))
    open_here, open_there = (openings(gate.heights, z) != 0 for z in (here, there))
    edges = torch.linspace(-SPAN, SPAN, BINS + 1)
    return GateView(
        gate, edges, _shares(there, edges), _shares(here, edges),
        tuple((n, float(open_here[:, n].double().mean())) for n in AFTER if n < here.shape[1]),
        float(open_here.double().mean()), float((~open_there).cummin(1).values.double().mean()), old.name, new.name,
    )  # fmt: skip


def gate_view(new: Corpus, old: Corpus, context: int = 64, cells: int = CELLS, reach: float = REACH) -> GateView:
    """Make the gate between two texts, and look where they lie on its axis. Raises as `gate_between` does.

    >>> from kanviz.language import Corpus
    >>> from kanviz.language.teaching.view import gate_view
    >>> one, two = Corpus.named("documentation"), Corpus.named("code")
    >>> gate_view(two, one).separation.name
    'APART'
    """
    return view_gate(gate_between(new, old, context, cells, reach), new, old, context)


def _shares(z: Float32[Tensor, "row place"], edges: Float32[Tensor, "edge"]) -> Float64[Tensor, "bin"]:
    counts: Int64[Tensor, "bin"] = torch.bincount(
        torch.bucketize(z.flatten().contiguous(), edges[1:-1].contiguous(), right=True), minlength=len(edges) - 1
    )
    return counts.double() / counts.sum()
