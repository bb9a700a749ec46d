"""A language model with added units: the old numbers stay as they are, and units behind a gate learn the new text."""

import copy
from collections.abc import Iterable

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from kanviz.core.curves.feed_forward import FeedForward
from kanviz.errors import UserError
from kanviz.language.model import Block, LanguageModel, Sizes
from kanviz.language.teaching.gate import Gate, openings, places_on

KINDS = {"curves": 11, "gelu": 0}  # of added units, with the numbers that each has besides its weights
MOST_UNITS = 4_096


class Addition(nn.Module):
    """Units added to each feed-forward block, behind a gate or without one. They add nothing before they learn."""

    ratios: Tensor
    heights: Tensor
    reach: Tensor

    def __init__(self, sizes: Sizes, units: int, kind: str, gate: Gate | None, seed: int = 0):
        super().__init__()
        if type(units) is not int or not 1 <= units <= MOST_UNITS:
            raise UserError(f"So many units cannot be added: {units!r:.20}. Choose 1 to {MOST_UNITS:,}.")
        if kind not in KINDS:
            raise UserError(f"Units of kind {kind!r:.20} cannot be added; choose {' or '.join(KINDS)}.")
        self.kind, self.gated = kind, gate is not None
        parameters = units * (2 * sizes.width + KINDS[kind])
        self.blocks = nn.ModuleList(
            FeedForward(sizes.width, parameters, kind, seed=seed + n)  # pyright: ignore[reportArgumentType]
            for n in range(sizes.blocks)
        )
        for block in self.blocks:
            nn.init.zeros_(block.down.weight)  # pyright: ignore
        if gate is not None:
            self.put_gate(gate)

    def put_gate(self, gate: Gate) -> None:
        """Take over the numbers of a gate."""
        self.register_buffer("ratios", gate.ratios.clone())
        self.register_buffer("heights", gate.heights.clone())
        self.register_buffer("reach", torch.tensor(gate.reach, dtype=torch.float32))

    @property
    def units(self) -> int:
        """How many units each block got."""
        return self.blocks[0].hidden  # pyright: ignore[reportReturnType]

    @property
    def gate(self) -> Gate | None:
        """The gate as a value; None where there is none."""
        return Gate(self.ratios, self.heights, float(self.reach)) if self.gated else None

    def opening(self, numbers: Int64[Tensor, "row place"]) -> Float[Tensor, "row place 1"] | None:
        """Compute how far the gate is open at each place; None without a gate."""
        return openings(self.heights, places_on(self.ratios, numbers))[..., None] if self.gated else None

    def added(self, block: int, opening: Tensor | None, before: Tensor, after: Tensor) -> Tensor:
        """Return what a block gives with these units; where the gate is 0, `after` itself, bit for bit.

        before: what goes into the block's units · after: what comes out without these.
        """
        found = self.blocks[block](before)
        if opening is None:
            return after + found
        return torch.where(opening == 0, after, after + opening * found)


class TaughtModel(LanguageModel):
    """A language model to whose blocks units were added, once or several times.

    old: the model without them, whose numbers are copied · additions: in the order in which they were taught. Where
    every gate is 0 over a whole window, its predictions are those of the old model, bit for bit, at every depth. Raises
    UserError for units that cannot be added.

    >>> import torch
    >>> from kanviz.language import LanguageModel, Sizes, symbols
    >>> from kanviz.language.teaching.model import Addition, TaughtModel
    >>> old = LanguageModel(Sizes("gelu", width=16, parameters=1_000))
    >>> taught = TaughtModel(old, [Addition(old.sizes, 8, "curves", gate=None)])
    >>> numbers = symbols.encode("To be, or not to be")[None]
    >>> torch.equal(taught.forward(numbers), old(numbers)), taught.parameter_count - old.parameter_count
    (True, 688)
    """

    def __init__(self, old: LanguageModel, additions: Iterable[Addition]):
        super().__init__(old.sizes)
        names = set(self.state_dict())
        self.load_state_dict({name: value for name, value in old.state_dict().items() if name in names})
        earlier = old.additions if isinstance(old, TaughtModel) else []
        self.additions = nn.ModuleList([*copy.deepcopy(list(earlier)), *additions])

    @property
    def all_additions(self) -> list[Addition]:
        """What was added, in the order in which it was taught."""
        return list(self.additions)  # pyright: ignore[reportReturnType]

    def forward(self, numbers: Int64[Tensor, "row place"]) -> Float[Tensor, "row place symbol"]:
        """Return the logits of the symbol after each place."""
        opened = [(addition, addition.opening(numbers)) for addition in self.all_additions]
        x = self.first(numbers)
        for n, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            x = x + block.attended(x)
            before = block.forward_norm(x)
            x = x + block.feed_forward(before)
            for addition, opening in opened:
                x = addition.added(n, opening, before, x)
        return self.last(x)

    def with_gate(self, gate: Gate, number: int = -1) -> "TaughtModel":
        """Return a model with another gate in front of what was added last, or as `number`; all else is the same.

        Raises UserError where nothing of that number was added behind a gate.
        """
        found = copy.deepcopy(self)
        if not -len(found.additions) <= number < len(found.additions) or not found.all_additions[number].gated:
            raise UserError("Nothing was added behind a gate there. Choose an addition that has one.")
        found.all_additions[number].put_gate(gate)
        return found
