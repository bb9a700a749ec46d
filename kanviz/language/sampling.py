"""Lets a model write: one character after another, with the keys and values of attention cached, in numpy."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import nn

from kanviz.core.threads import in_steps
from kanviz.errors import UserError
from kanviz.language.model import Block, LanguageModel
from kanviz.language.symbols import SYMBOLS, encode
from kanviz.language.teaching.model import Addition, TaughtModel

MOST = 1_000_000  # characters
TEMPERATURE = 0.8


def sample(
    model: LanguageModel, prompt: str = "", characters: int = 400, *, seed: int = 0, temperature: float = TEMPERATURE
) -> str:
    """Return the characters that the model writes after a prompt; the same seed gives the same text.

    temperature: 1 draws from the model's own probabilities, less from the likelier characters, 0 takes the likeliest.
    The model sees the last half of its context to the whole of it: when that is full, the older half is dropped. Raises
    UserError for a number of characters or a temperature that is not possible.

    >>> from kanviz.language import LanguageModel, sample
    >>> len(sample(LanguageModel("gelu"), "To be, ", characters=12, seed=1))
    12
    """
    return "".join(characters_of(model, prompt, characters, seed=seed, temperature=temperature))


def characters_of(
    model: LanguageModel, prompt: str = "", characters: int = 400, *, seed: int = 0, temperature: float = TEMPERATURE
) -> Iterator[str]:
    """Yield the characters of `sample` one after another, each as soon as it is written. Raises UserError as it does.

    >>> from kanviz.language import LanguageModel, characters_of, sample
    >>> model = LanguageModel("gelu")
    >>> "".join(characters_of(model, "To be", 10)) == sample(model, "To be", 10)
    True
    """
    if type(characters) is not int or not 0 <= characters <= MOST:
        raise UserError(f"A sample has 0 to {MOST:,} characters, not {characters!r:.20}.")
    if not (isinstance(temperature, int | float) and 0 <= temperature <= 100):
        raise UserError(f"A temperature is a number from 0 to 100, as 0.8, not {temperature!r:.20}.")
    return in_steps(_characters(model, encode(prompt or "\n").numpy(), characters, seed, temperature))


def _characters(
    model: LanguageModel, prompt: Int64[np.ndarray, "characters"], count: int, seed: int, temperature: float
) -> Iterator[str]:
    chances = torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).tolist()
    reader = Reader(model)
    numbers = prompt
    for chance in chances:
        number = _drawn(reader.read(numbers), chance, temperature)
        yield SYMBOLS[number]
        numbers = np.array([number])


def _drawn(logits: Float[np.ndarray, "symbol"], chance: float, temperature: float) -> int:
    if temperature == 0:
        return int(logits.argmax())
    sums = np.exp((logits - logits.max()).astype(np.float64) / temperature).cumsum()
    return int(np.searchsorted(sums, chance * sums[-1], side="right"))


class Reader:
    """A model that reads characters as they come, and gives the logits of the next symbol.

    It computes what the model computes, up to rounding, but only for the new characters.

    >>> import numpy as np
    >>> from kanviz.language.model import LanguageModel
    >>> from kanviz.language.sampling import Reader
    >>> Reader(LanguageModel("gelu")).read(np.array([3, 4])).shape
    (96,)
    """

    def __init__(self, model: LanguageModel):
        self._context = model.sizes.context
        self._symbols, self._places = _array(model.symbol_embedding), _array(model.place_embedding)
        self._blocks = [
            _CachedBlock(n, block, self._context) for n, block in enumerate(model.blocks) if isinstance(block, Block)
        ]
        self._norm, self._head = _Norm(model.norm), _array(model.head).T
        self._additions = model.all_additions if isinstance(model, TaughtModel) else []
        self._seen = np.zeros(0, dtype=np.int64)

    def read(self, numbers: Int64[np.ndarray, "characters"]) -> Float[np.ndarray, "symbol"]:
        """Read one or more symbols and return the logits of the one after them.

        >>> import numpy as np
        >>> from kanviz.language.model import LanguageModel
        >>> from kanviz.language.sampling import Reader
        >>> reader = Reader(LanguageModel("gelu"))
        >>> bool(np.isfinite(reader.read(np.arange(90))).all())  # more than the model sees at once
        True
        """
        start = len(self._seen)
        self._seen = np.concatenate([self._seen, numbers])
        if len(self._seen) > self._context:
            self._seen, start = self._seen[-max(self._context // 2, 1) :], 0
        x = self._symbols[self._seen[start:]] + self._places[start : len(self._seen)]
        opened = self._opened(start)
        for block in self._blocks:
            x = block.read(x, start, opened)
        return self._norm(x[-1:])[0] @ self._head

    def _opened(self, start: int) -> list[tuple[Addition, torch.Tensor | None]]:
        """Return what was added to the model, with how far its gate is open at each new place."""
        seen = torch.from_numpy(self._seen)[None]
        found = [(addition, addition.opening(seen)) for addition in self._additions]
        return [(addition, None if opening is None else opening[0, start:]) for addition, opening in found]


class _CachedBlock:
    """A block of the model with the keys and values of the places that it has read."""

    def __init__(self, number: int, block: Block, context: int):
        self._number = number
        self._before, self._between = _Norm(block.attention_norm), _Norm(block.forward_norm)
        self._qkv, self._projection = _array(block.qkv).T, _array(block.projection).T
        self._feed_forward = block.feed_forward
        self._heads = block.heads
        width = self._projection.shape[0]
        self._keys = np.zeros((block.heads, context, width // block.heads), dtype=self._qkv.dtype)
        self._values = np.zeros_like(self._keys)

    def read(
        self, x: Float[np.ndarray, "place width"], start: int, opened: list[tuple[Addition, torch.Tensor | None]]
    ) -> Float[np.ndarray, "place width"]:
        """Return the numbers of new places, the first of which is `start`, after this block."""
        places, width = x.shape
        end = start + places
        qkv = (self._before(x) @ self._qkv).reshape(places, 3, self._heads, -1).transpose(1, 2, 0, 3)
        self._keys[:, start:end], self._values[:, start:end] = qkv[1], qkv[2]
        scores = qkv[0] @ self._keys[:, :end].transpose(0, 2, 1) / math.sqrt(width // self._heads)
        if places > 1:
            scores += np.triu(np.full((places, end), -np.inf, dtype=x.dtype), start + 1)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        found = (weights @ self._values[:, :end]).transpose(1, 0, 2).reshape(places, width)
        x = x + found @ self._projection
        with torch.inference_mode():
            before = torch.from_numpy(self._between(x))
            after = torch.from_numpy(x) + self._feed_forward(before)
            for addition, opening in opened:
                after = addition.added(self._number, opening, before, after)
            return after.numpy()


class _Norm:
    """A LayerNorm in numpy."""

    def __init__(self, norm: nn.LayerNorm):
        self._weight, self._bias, self._eps = _array(norm.weight), _array(norm.bias), norm.eps

    def __call__(self, x: Float[np.ndarray, "place width"]) -> Float[np.ndarray, "place width"]:
        centred = x - x.mean(-1, keepdims=True)
        variance = np.square(centred).mean(-1, keepdims=True)
        return centred / np.sqrt(variance + self._eps) * self._weight + self._bias


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
