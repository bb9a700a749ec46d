"""Hold the language model that is looked into, with the curves that were moved and what was computed of it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from kanviz.errors import EditError, UserError
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.language.changes import Change, Pruning
    from kanviz.language.corpus import Corpus
    from kanviz.language.inside import End, Recorded, Unit
    from kanviz.language.model import LanguageModel
    from kanviz.language.saved import SavedModel
    from kanviz.ui.state.holder import Holder

T = TypeVar("T")
LARGEST = 1e6  # heights of control points
ROWS = 4_000  # inputs of a unit that its curve is shown with
SEEN = 64  # passages whose predictions are compared


class Inside(Part):
    """The model that is looked into. name: where it is from · saved: as it was opened · text: what it is looked at on.

    number: how many were opened before it · moved: control points that were moved, by block and unit.
    """

    page = "Language"

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.name, self.number = "", 0
        self.saved: SavedModel | None = None
        self.text: Corpus | None = None
        self.moved: dict[tuple[int, int], Tensor] = {}
        self._found: dict[object, Any] = {}
        self._version = 0  # of `moved`
        self._model: tuple[int, LanguageModel] | None = None

    def open(self, saved: "SavedModel", name: str, text: "Corpus") -> None:
        """Look into another model. Raises UserError where it has no curves, or the text is too short for it."""
        from kanviz.language.inside import record

        last = saved.model.sizes.blocks - 1
        found = record(saved.model, text.held_out, last)
        with self._holder.lock:
            self.name, self.saved, self.text, self.moved = name, saved, text, {}
            self._found, self._version = {}, self._version + 1
            self._found["recorded", last] = found
            self.number += 1

    @property
    def opened(self) -> "SavedModel":
        """The model as it was opened. Raises UserError if there is none."""
        if self.saved is None:
            raise UserError("No language model is open to look into. Open or train one first.")
        return self.saved

    @property
    def model(self) -> "LanguageModel":
        """The model with the curves that were moved."""
        from kanviz.language.changes import with_curve

        with self._holder.lock:
            if self._model is None or self._model[0] != self._version:
                found = self.opened.model
                for (block, unit), coef in self.moved.items():
                    found = with_curve(found, block, unit, coef)
                self._model = self._version, found
            return self._model[1]

    def recorded(self, block: int) -> "Recorded":
        """Return what a block's units get and give, as the model was opened."""
        from kanviz.language.inside import record

        assert self.text is not None
        text = self.text.held_out
        return self._once(("recorded", block), lambda: record(self.opened.model, text, block))

    def units(self, block: int) -> "tuple[Unit, ...]":
        from kanviz.language.inside import units

        return self._once(("units", block), lambda: units(self.recorded(block)))

    def ends(self, block: int, unit: int) -> "tuple[End, End]":
        from kanviz.language.inside import ends

        return self._once(("ends", block, unit), lambda: ends(self.recorded(block), unit))

    def pruning(self, block: int) -> "Pruning":
        from kanviz.language.changes import pruning

        return self._once(("pruning", block), lambda: pruning(self.recorded(block)))

    @property
    def pruned(self) -> "Pruning | None":
        """What the removal of units came to, in the last block where it was looked at."""
        found = [value for key, value in self._found.items() if isinstance(key, tuple) and key[0] == "pruning"]
        return found[-1] if found else None

    def change(self) -> "Change":
        """Return what the moved curves do to predictions of the held-out part."""
        from kanviz.language.changes import change

        block, model = self.opened.model.sizes.blocks - 1, self.model
        numbers = self.recorded(block).numbers[:SEEN]
        return self._once(("change", self._version), lambda: change(self.opened.model, model, numbers))

    def _once(self, key: object, make: Callable[[], T]) -> T:
        """Compute it, unless that was done before for this model; of changes only the last one stays."""
        found = self._found
        if key not in found:
            value = make()
            if isinstance(key, tuple) and key[0] == "change":
                for old in [old for old in found if isinstance(old, tuple) and old[0] == "change"]:
                    del found[old]
            found[key] = value
        return found[key]

    # --- a unit's curve as a network of one edge, which the curve editor shows -----------------------------------

    def curve(self, block: int, unit: int, *, start: bool = False) -> "KAN":
        """Return a unit's curve as a network. start: as it was before any training."""
        import torch

        from kanviz.core.curves.module import Curves
        from kanviz.core.kan import KAN
        from kanviz.core.layer import Variable
        from kanviz.language.inside import curves_of

        curves = curves_of(self.model, block)
        if start:
            low, high = curves.borders()
            first = Curves(1, cells=curves.cells, order=curves.order, low=low, high=high, start=curves.start)
            layer = first.to_layer()
        else:
            layer = curves.to_layer([unit])
        return KAN((layer,), (Variable("input"),), (Variable("output"),)).to(torch.float64)

    def rows(self, block: int, unit: int) -> "Dataset":
        """Return a unit's inputs and outputs on the text."""
        from kanviz.core.data.dataset import Dataset

        found = self.recorded(block)
        every = -(-len(found.inputs) // ROWS)
        x, y = (part[::every, unit : unit + 1].double() for part in (found.inputs, found.values))
        return self._once(
            ("rows", block, unit),
            lambda: Dataset.from_arrays(x, y, test=0.0, inputs=["input"], outputs=["output"]),
        )

    def move(self, block: int, unit: int, points: Sequence[tuple[int, float]]) -> None:
        """Move control points of a unit. Raises EditError for points that it has not, and for heights too large."""
        from kanviz.language.inside import curves_of

        curves = curves_of(self.model, block)
        coef = curves.coef.detach()[unit // curves.share].clone()
        for point, height in points:
            if not (0 <= point < len(coef) and abs(height) <= LARGEST):
                raise EditError(f"A control point has a number from 0 to {len(coef) - 1} and a height within 1e6.")
            coef[point] = height
        with self._holder.lock:
            self.moved, self._version = {**self.moved, (block, unit): coef}, self._version + 1

    def put_back(self, block: int, unit: int) -> None:
        """Put a unit's curve back as it was opened."""
        with self._holder.lock:
            self.moved = {place: coef for place, coef in self.moved.items() if place != (block, unit)}
            self._version += 1

    def to_bytes(self) -> bytes:
        """Return the model with its moved curves as the bytes of a file; its bits are those before they were moved."""
        from dataclasses import replace

        from kanviz.io.language_file import to_bytes

        bits = self.opened.bits if not self.moved else None
        return to_bytes(replace(self.opened, model=self.model, state=None, bits=bits))
