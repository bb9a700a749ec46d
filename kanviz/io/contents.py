"""Defines what a model file holds: named tensors, declared and checked, whose numbers are read when they are needed."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from kanviz.errors import LoadError
from kanviz.text import listing, shown, size_words

BYTE_LIMIT = 512_000_000
MOST_AXES = 8
LONGEST_AXIS = 10_000_000_000  # what is larger than a file allows is refused when it is read

FLOATS = ("float32", "float64", "float16", "bfloat16")
# How NumPy reads the numbers: it has no bfloat16, whose bits are read as uint16; a truth value is any byte but 0.
NUMPY_TYPES = {
    "float32": "<f4", "float64": "<f8", "float16": "<f2", "bfloat16": "<u2", "bool": "u1",
    "int64": "<i8", "int32": "<i4", "int16": "<i2", "int8": "i1", "uint8": "u1",
}  # fmt: skip
NO_WEIGHTS = "The file holds no weights. Save a trained model with torch.save(model.state_dict(), ...)."


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the numbers of a tensor stand.

    at: position in the file of its storage · member: the part of an archive that is its storage, or "" · offset,
    strides: of the first number and between numbers, counted in numbers; strides of None are those of a dense array.
    """

    at: int = 0
    member: str = ""
    offset: int = 0
    strides: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A dense tensor of a file, checked against the file; `read` returns its numbers, with memory of their own.

    dtype: torch's name, a key of NUMPY_TYPES; half precision is read as float32 · why: why it can be no weight,
    completing a sentence that begins with its name; empty for floating point · storage: the bytes that it may share
    with others · place: the device that it was saved on · spot: where its numbers stand in the file.
    """

    dtype: str
    shape: tuple[int, ...]
    read: Callable[[], torch.Tensor]
    why: str = ""
    storage: str = ""
    place: str = "cpu"
    spot: Spot = field(default_factory=Spot)

    @property
    def is_weight(self) -> bool:
        return self.dtype in FLOATS

    @property
    def numbers(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Tensors:
    """The tensors of a file, names and order unchanged, each contiguous, on the CPU, with its own memory.

    tensors: every weight, float32 or float64 · kind: "torch" or "safetensors" · notes: what was assumed or repaired ·
    others: tensors of whole numbers or truth values, to be read by who needs them · odd: why an entry is no dense
    tensor, by its name · block: the part of a larger model that was chosen, or "". A reader uses an entry of `others`
    or `odd`, notes that it is left out, or refuses the file.
    """

    tensors: dict[str, torch.Tensor]
    metadata: dict[str, str]
    kind: str
    notes: tuple[str, ...]
    others: dict[str, Part] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    block: str = ""

    def why_not(self, name: str) -> str | None:
        """Return why an entry is no weight, to complete a sentence that begins with its name; None for a weight."""
        return self.others[name].why if name in self.others else self.odd.get(name)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every entry, () for what is no dense tensor."""
        found = {name: tuple(values.shape) for name, values in self.tensors.items()}
        return found | {name: part.shape for name, part in self.others.items()} | dict.fromkeys(self.odd, ())

    def __contains__(self, name: object) -> bool:
        return name in self.tensors or name in self.others or name in self.odd

    def __iter__(self) -> Iterator[str]:
        """Iterate over all names: weights, other tensors, odd entries."""
        yield from self.tensors
        yield from self.others
        yield from self.odd


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file declares: tensors that are not read yet, and the names of entries that are no dense tensors.

    size: bytes of the file · block: the part of a larger model that was chosen, or "" · around: the names outside it.
    """

    parts: dict[str, Part]
    odd: dict[str, str]
    metadata: dict[str, str]
    kind: str
    notes: tuple[str, ...]
    size: int
    block: str = ""
    around: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        yield from self.parts
        yield from self.odd

    def within(self, block: str) -> "Contents":
        """Select what is inside a module of the model, named without the name of that module.

        Raises LoadError where there is no such module.
        """
        if not block:
            return self
        head = f"{block}."
        inside = [name for name in self if name.startswith(head)]
        if not inside:
            tops = listing(list(dict.fromkeys(name.partition(".")[0] for name in self)), 6)
            raise LoadError(
                f"The file has no block {shown(block)}; its parts are {tops}. kanviz.blocks lists the KANs in a file."
            )
        return replace(
            self,
            parts={name.removeprefix(head): part for name, part in self.parts.items() if name.startswith(head)},
            odd={name.removeprefix(head): why for name, why in self.odd.items() if name.startswith(head)},
            metadata={},
            block=block,
            around=tuple(name for name in self if not name.startswith(head)),
        )

    def read(self) -> Tensors:
        """Read every weight; tensors that are no weights are read when a reader asks for them.

        Raises LoadError where there is none, or where they take more memory than the file justifies.
        """
        weights = {name: part for name, part in self.parts.items() if part.is_weight}
        if not weights:
            why = next((f"{shown(name)} {why}" for name, why in self._whys()), "")
            raise LoadError(why or NO_WEIGHTS)
        _check_total(self.parts, self.size)
        tensors = {name: part.read() for name, part in weights.items()}
        others = {name: part for name, part in self.parts.items() if name not in weights}
        notes = (*self.notes, *_storage_notes(self.parts), *half_notes({n: p.dtype for n, p in weights.items()}))
        return Tensors(tensors, self.metadata, self.kind, notes, others, self.odd, self.block)

    def _whys(self) -> Iterator[tuple[str, str]]:
        yield from ((name, part.why) for name, part in self.parts.items())
        yield from self.odd.items()


def check_shape(label: str, size: tuple[int, ...]) -> None:
    """Refuse shapes that no network has; an axis of 2^40 is dangerous even when another has length 0."""
    if len(size) > MOST_AXES:
        raise LoadError(f"Tensor {label} has {len(size):,} axes; the limit is {MOST_AXES}.")
    if any(length < 0 for length in size):
        raise LoadError(f"Tensor {label} has a negative size and does not fit its own storage; the file is damaged.")
    if any(length > LONGEST_AXIS for length in size):
        raise LoadError(f"Tensor {label} declares an axis longer than {LONGEST_AXIS:,}; refused. Save a smaller model.")


def _check_total(parts: Mapping[str, Part], file_size: int) -> None:
    """Bound the size of all copied views by the file's size: views may repeat the same bytes."""
    limit = min(BYTE_LIMIT, 64_000_000 + 4 * file_size)
    total = 0
    for name, part in parts.items():
        total += part.numbers * max(np.dtype(NUMPY_TYPES[part.dtype]).itemsize, 4)
        if total > limit:
            shape = " x ".join(f"{length:,}" for length in part.shape)
            raise LoadError(
                f"With the tensor {shown(name)} ({shape}) the weights take {size_words(total)}, and the file has "
                f"{size_words(file_size)}; refused (limit {size_words(limit)}). Save the weights contiguous, or open "
                "one block of the model."
            )


def own_tensor(numbers: np.ndarray, dtype: str) -> torch.Tensor:
    """Convert numbers read from a file to a contiguous tensor with its own memory; half precision becomes float32."""
    copy = torch.from_numpy(np.array(numbers, order="C", copy=True))
    if dtype == "bfloat16":
        return copy.view(torch.bfloat16).to(torch.float32)
    if dtype == "bool":
        return copy != 0
    return copy.to(torch.float32) if dtype == "float16" else copy


def _storage_notes(parts: Mapping[str, Part]) -> list[str]:
    users: dict[str, list[str]] = {}
    for name, part in parts.items():
        if part.storage:
            users.setdefault(part.storage, []).append(name)
    shared = [names for names in users.values() if len(names) > 1]
    notes = [f"{listing(names)} share memory in this file; kanviz made separate copies." for names in shared[:5]]
    if len(shared) > 5:
        notes.append(f"{len(shared) - 5:,} more groups of tensors share memory; kanviz made separate copies.")
    places = sorted({part.place for part in parts.values()} - {"cpu"})
    return [*notes, *([f"Saved on {listing(places)}; opened on the CPU."] if places else [])]


def half_notes(dtypes: Mapping[str, str]) -> list[str]:
    """Note, for each half-precision type, which tensors were widened to float32."""
    notes = []
    for dtype, words in (("float16", "half precision (float16)"), ("bfloat16", "bfloat16")):
        names = [name for name, found in dtypes.items() if found == dtype]
        if names:
            notes.append(f"{listing(names)}: {words}; converted to float32.")
    return notes
