"""Offer a KAN layer as a `torch.nn.Module`, for use inside other torch models."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from kanviz.core import engine
from kanviz.core.extra_state import DescribedModule, version
from kanviz.core.families import SPLINE
from kanviz.core.init import init
from kanviz.core.layer import Layer
from kanviz.core.layer_record import SETTINGS, from_tensor, to_bytes
from kanviz.core.spline import ascending
from kanviz.core.torch_modes import can_be_read
from kanviz.errors import LayerError, LoadError

# Up to so many coefficients, `coef` is contiguous in memory, so that code that flattens parameters works
# (torch.optim.LBFGS, parameters_to_vector). The kernel then transposes it: a step costs 1.0 to 1.14 times as much.
# With more coefficients a step would cost up to 1.75 times as much.
FLAT = 2**18


class _Facts(NamedTuple):
    """The facts that decide how a layer is computed, with the buffers they were read from and the buffers' versions.

    sound: the knots are finite and ascend. all_active: no edge is pruned; False where the buffer cannot be read.
    """

    knots: Tensor
    active: Tensor
    versions: tuple[int, int]
    sound: bool
    all_active: bool
    kind: engine.Kind

    @classmethod
    def of(cls, knots: Tensor, active: Tensor, rest: dict[str, Any]) -> "_Facts":
        sound = not can_be_read(knots) or ascending(knots)
        even = engine.evenly_spaced(knots) if sound and can_be_read(knots) else None
        all_active = can_be_read(active) and bool(active.all())
        kind = engine.Kind(rest["base"], rest["outside"], even)
        return cls(knots, active, (version(knots), version(active)), sound, all_active, kind)

    def still_of(self, knots: Tensor, active: Tensor) -> bool:
        """Return whether these are the same buffers, unchanged."""
        return self.knots is knots and self.active is active and self.versions == (version(knots), version(active))


class KANLayer(DescribedModule):
    """A torch module with a learned function of one variable on every edge from `in_features` to `out_features` values.

    x: (..., in) gives (..., out); a layer with product nodes gives (..., nodes). Trains with any optimiser, in float32
    or float64, on the CPU or a GPU. Parameters are coef (source, target, basis), base_weight (source, target), bias
    (target) and, where there are any, offset (node) of products and affine (formula, 4). Knots, `active` and `frozen`
    are buffers. `state_dict` holds only tensors; `_extra_state` among them is a text of JSON as bytes, with the base
    function, the continuation outside the knots, product nodes and the names of formulas, so that `kanviz.load` opens
    what `torch.save(model.state_dict(), ...)` wrote. `frozen` does not stop a torch optimiser from changing an edge.
    The curves are exact B-splines; `kanviz.core.engine` chooses how they are computed. Raises UserError for sizes that
    are not possible. Source: de Boor, A Practical Guide to Splines, ch. IX-X.

    >>> import kanviz, torch
    >>> model = torch.nn.Sequential(kanviz.KANLayer(2, 5, seed=0), kanviz.KANLayer(5, 1, seed=1))
    >>> model(torch.zeros(8, 2)).shape, [name for name, _ in model[0].named_parameters()][:3]
    (torch.Size([8, 1]), ['coef', 'base_weight', 'bias'])
    >>> kanviz.KANLayer.from_layer(kanviz.init([2, 5], grid=20).layers[0])
    KANLayer(2, 5, grid=20, order=3, base='silu')
    >>> model[0].forward(torch.zeros(8, 2)).shape, model[0].to_layer().coef.shape
    (torch.Size([8, 5]), torch.Size([2, 5, 8]))
    """

    may_lack_description = True  # files of earlier kanviz have none: the layer stays of its own kind
    knots: Tensor
    active: Tensor
    frozen: Tensor
    coef: nn.Parameter
    base_weight: nn.Parameter
    bias: nn.Parameter
    offset: nn.Parameter
    affine: nn.Parameter

    def __init__(
        self,
        in_features: int,
        out_features: int,
        grid: int = 5,
        order: int = 3,
        dtype: torch.dtype | None = None,
        *,
        path: engine.Path | None = None,
        **how: Any,
    ):
        """Make a new layer; `how` has further arguments of `kanviz.init`: seed, base, outside, low, high, noise.

        dtype: None takes torch's default. path: the way to compute it, "native", "dense" or "local"; None lets kanviz
        choose.
        """
        super().__init__()
        kan = init([in_features, out_features], grid=grid, order=order, dtype=dtype or torch.get_default_dtype(), **how)
        self.path: engine.Path | None = path
        self._take(kan.layers[0])

    @classmethod
    def from_layer(cls, layer: Layer) -> "KANLayer":
        """Return a module with the functions of a `Layer` and its own copy of the numbers."""
        module = cls.__new__(cls)
        nn.Module.__init__(module)
        module.path = None
        module._take(layer)
        return module

    def _take(self, layer: Layer) -> None:
        if layer.family != SPLINE or layer.step:
            raise LayerError(
                "A KANLayer has splines, and nothing before them. Convert other curves first (kanviz.to_splines), and "
                "put torch's own LayerNorm or Tanh in front of the layer."
            )
        for name in ("coef", "base_weight", "bias", "offset", "affine"):
            self.register_parameter(name, nn.Parameter(getattr(layer, name).detach().clone()))
        if self.coef.numel() > FLAT:  # laid out (source, basis, target) in memory, as the kernel reads it
            self.coef.data = self.coef.data.transpose(1, 2).contiguous().transpose(1, 2)
        for name in ("knots", "active", "frozen"):
            self.register_buffer(name, getattr(layer, name).clone())
        self.offset.requires_grad_(any(k > 1 for k in layer.arity))  # a sum node has no offset to learn
        self.affine.requires_grad_(bool(layer.formulas))
        self.base_weight.requires_grad_(layer.base != "zero")
        self._rest = {name: getattr(layer, name) for name in SETTINGS}
        self._look()

    def _look(self) -> None:
        """Read from the buffers what decides how the layer is computed; called when they change, not at every call."""
        self._facts = _Facts.of(self.knots, self.active, self._rest)
        self._plain = not self._rest["formulas"] and set(self._rest["arity"]) == {1}

    def _seen(self, knots: Tensor, active: Tensor) -> _Facts:
        """Return the facts of the buffers as they are now, even if they were replaced or changed in place."""
        if torch.compiler.is_compiling() or self._facts.still_of(knots, active):
            return self._facts
        return _Facts.of(knots, active, self._rest)

    @property
    def _kind(self) -> engine.Kind:
        return self._seen(self.knots, self.active).kind

    def get_extra_state(self) -> Tensor:
        """Return base, outside, arity and formulas as the bytes of a JSON text; torch puts them into `state_dict`."""
        text = torch.frombuffer(bytearray(to_bytes(self._rest)), dtype=torch.uint8).clone()
        return text if self.coef.is_meta else text.to(self.coef.device)

    def set_extra_state(self, state: Any) -> None:
        """Take over base, outside, arity and formulas of another layer.

        Bytes without values (meta device), and those of states that were averaged, change nothing. Raises LayerError
        where the bytes cannot be read, or do not fit the sizes of this layer.
        """
        if not isinstance(state, Tensor):
            raise LayerError("The description of a layer is not a tensor of bytes. Save the model's state_dict again.")
        if not can_be_read(state):
            return
        try:
            sources, targets, _ = self.coef.shape
            settings = from_tensor(state, sources, targets, "0")
        except LoadError as problem:
            raise LayerError(str(problem)) from None
        if settings is None:
            return
        nodes, formulas = len(settings["arity"]), len(settings["formulas"])
        if (nodes, formulas) != (len(self.offset), len(self.affine)):
            raise LayerError(
                f"The saved layer has {nodes} nodes and {formulas} formulas, this one has {len(self.offset)} and "
                f"{len(self.affine)}. Make the layer with KANLayer.from_layer, from one that has the same."
            )
        before, self._rest = self._rest, settings
        if (before["base"] == "zero") != (settings["base"] == "zero"):
            self.base_weight.requires_grad_(settings["base"] != "zero")

    def _layer(self) -> Layer:
        parts = dict(self.named_parameters()) | dict(self.named_buffers())
        return Layer(**parts, **self._rest)

    def to_layer(self) -> Layer:
        """Return the layer as a value: a copy that later training does not change."""
        parts = {name: part.detach().clone() for name, part in (*self.named_parameters(), *self.named_buffers())}
        return Layer(**parts, **self._rest)

    def forward(self, x: Tensor) -> Tensor:
        """Compute (..., node) from x (..., source). Raises LayerError (a RuntimeError) where x does not fit."""
        if not isinstance(x, Tensor):
            raise LayerError(
                f"The layer takes a tensor, not {type(x).__name__}. Give it torch.as_tensor(..., dtype=torch.float32)."
            )
        if x.ndim == 0:
            raise LayerError("The layer takes rows of values, and x is a single number. Give it x.reshape(1, 1).")
        knots, active = self.knots, self.active
        facts = self._seen(knots, active)
        if not facts.sound:
            raise LayerError("The layer's knots are not finite numbers in ascending order; load or set them again.")
        rows = x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
        if self._plain:
            coef, weight = self.coef, self.base_weight
            if not facts.all_active:  # pruned edges count as 0
                coef, weight = torch.where(active[..., None], coef, 0.0), torch.where(active, weight, 0.0)
            out = engine.sums(rows, engine.Parts(knots, coef, weight), self.bias, facts.kind, self.path)
        else:
            out = self._layer()(rows)
        return out if x.ndim == 2 else out.reshape(*x.shape[:-1], out.shape[-1])

    def extra_repr(self) -> str:
        layer = self._layer()
        text = f"{layer.sources}, {layer.targets}, grid={layer.grid}, order={layer.order}, base={layer.base!r}"
        return f"{text}, path={self.path!r}" if self.path else text
