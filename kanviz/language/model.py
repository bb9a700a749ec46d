"""Defines the language model: a small transformer over 96 symbols, with any feed-forward block."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from kanviz.core.curves.feed_forward import KINDS, FeedForward, Kind
from kanviz.errors import UserError
from kanviz.language.symbols import SYMBOLS
from kanviz.text import shown

START = 0.2  # standard deviation of new numbers of symbols and places
MOST = {"width": 1_024, "blocks": 24, "heads": 32, "context": 2_048, "parameters": 4_000_000}


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of a language model. kind: of its feed-forward blocks · parameters: of each of them, at most.

    width: numbers for each symbol inside · heads: of attention · context: characters that it sees. Raises UserError for
    sizes that are not possible.

    >>> from kanviz.language import Sizes
    >>> Sizes("curves", width=32).heads
    4
    """

    kind: Kind = "curves"
    width: int = 64
    blocks: int = 2
    heads: int = 4
    context: int = 64
    parameters: int = 32_600

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"There is no block {shown(str(self.kind))!r}; choose {', '.join(KINDS)}.")
        for name, most in MOST.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                raise UserError(f"{name} of a language model is a whole number from 1 to {most:,}, not {value!r:.20}.")
        if self.width % self.heads:
            raise UserError(f"The width {self.width} must be a multiple of the {self.heads} heads of attention.")

    def to_json(self) -> dict[str, Any]:
        """Return the sizes by name.

        >>> from kanviz.language import Sizes
        >>> Sizes().to_json()["context"]
        64
        """
        return asdict(self)


SIZES = tuple(field.name for field in fields(Sizes))


class Block(nn.Module):
    """One block: attention to earlier characters, then a feed-forward block, each behind a LayerNorm and added."""

    def __init__(self, sizes: Sizes, seed: int, generator: torch.Generator):
        super().__init__()
        width, usual = sizes.width, sizes.width**-0.5
        self.heads = sizes.heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Parameter(_drawn((3 * width, width), usual, generator))  # queries, keys, values
        self.projection = nn.Parameter(_drawn((width, width), usual / math.sqrt(2 * sizes.blocks), generator))
        self.forward_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, parameters=sizes.parameters, kind=sizes.kind, seed=seed)

    def forward(self, x: Float[Tensor, "row place width"]) -> Float[Tensor, "row place width"]:
        """Return the numbers of each place after this block."""
        x = x + self.attended(x)
        return x + self.feed_forward(self.forward_norm(x))

    def attended(self, x: Float[Tensor, "row place width"]) -> Float[Tensor, "row place width"]:
        """Compute what attention adds: each place asks itself and those before it."""
        rows, places, width = x.shape
        qkv = F.linear(self.attention_norm(x), self.qkv)
        query, key, value = qkv.view(rows, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return F.linear(found.transpose(1, 2).reshape(rows, places, width), self.projection)


class LanguageModel(nn.Module):
    """A transformer that reads characters and predicts the next one, with feed-forward blocks of a chosen kind.

    Numbers of symbols (row, place), at most `sizes.context` places, give the logits of the next symbol (row, place,
    96). seed: of its first weights; the same seed gives the same attention for every kind. Raises UserError for a kind
    or sizes that are not possible.

    >>> from kanviz.language import LanguageModel, symbols
    >>> model = LanguageModel("gelu", seed=0)
    >>> model(symbols.encode("To be, or not")[None]).shape, model.parameter_count
    (torch.Size([1, 13, 96]), 114816)
    """

    def __init__(self, sizes: Sizes | Kind | None = None, *, seed: int = 0):
        super().__init__()
        self.sizes = sizes = sizes if isinstance(sizes, Sizes) else Sizes(sizes or "curves")
        generator = torch.Generator().manual_seed(seed)
        self.symbol_embedding = nn.Parameter(_drawn((len(SYMBOLS), sizes.width), START, generator))
        self.place_embedding = nn.Parameter(_drawn((sizes.context, sizes.width), START, generator))
        self.blocks = nn.ModuleList(Block(sizes, seed + n, generator) for n in range(sizes.blocks))
        self.norm = nn.LayerNorm(sizes.width)
        self.head = nn.Parameter(_drawn((len(SYMBOLS), sizes.width), sizes.width**-0.5, generator))

    def forward(self, numbers: Int64[Tensor, "row place"]) -> Float[Tensor, "row place symbol"]:
        """Return the logits of the symbol after each place.

        >>> import torch
        >>> from kanviz.language import LanguageModel
        >>> LanguageModel("gelu").forward(torch.zeros(1, 2, dtype=torch.int64)).shape
        torch.Size([1, 2, 96])
        """
        x = self.first(numbers)
        for block in self.blocks:
            x = block(x)
        return self.last(x)

    def first(self, numbers: Int64[Tensor, "row place"]) -> Float[Tensor, "row place width"]:
        """Return the numbers of each place before the first block: those of its symbol plus those of its place.

        >>> import torch
        >>> from kanviz.language import LanguageModel
        >>> LanguageModel("gelu").first(torch.zeros(1, 2, dtype=torch.int64)).shape
        torch.Size([1, 2, 64])
        """
        return F.embedding(numbers, self.symbol_embedding) + self.place_embedding[: numbers.shape[1]]

    def last(self, x: Float[Tensor, "row place width"]) -> Float[Tensor, "row place symbol"]:
        """Return the logits of what the last block gave.

        >>> import torch
        >>> from kanviz.language import LanguageModel
        >>> LanguageModel("gelu").last(torch.zeros(1, 2, 64)).shape
        torch.Size([1, 2, 96])
        """
        return F.linear(self.norm(x), self.head)

    @property
    def kind(self) -> str:
        """The kind of its feed-forward blocks."""
        return self.sizes.kind

    @property
    def parameter_count(self) -> int:
        """How many numbers it learns."""
        return sum(parameter.numel() for parameter in self.parameters())


def _drawn(shape: tuple[int, int], deviation: float, generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator) * deviation
