"""Describe a network as plain numbers and text that JSON can store."""

from typing import Any

import torch

from kanviz.core.families import SPLINE
from kanviz.core.kan import KAN
from kanviz.core.layer import Layer, Variable


def describe(kan: KAN) -> dict[str, Any]:
    """Return shape, names, units, formulas, notes, and per layer its grid and the number of edges in each state."""
    return {
        "shape": list(kan.shape),
        "shape_text": kan.shape_text,
        "task": kan.task,
        "precision": str(kan.dtype).removeprefix("torch."),
        "inputs": [_variable(v) for v in kan.inputs],
        "outputs": [_variable(v) for v in kan.outputs],
        "edges": sum(int(layer.present.sum()) for layer in kan.layers),
        "layers": [_layer(layer) for layer in kan.layers],
        "formulas": [
            {"edge": [n, i, j], "formula": str(layer.formula(i, j))}
            for n, layer in enumerate(kan.layers)
            for i, j, _ in layer.formulas
        ],
        "digest": kan.digest,
        "notes": list(kan.notes),
        "cautions": list(kan.cautions),
    }


def _layer(layer: Layer) -> dict[str, Any]:
    fitted = torch.zeros_like(layer.active)
    for i, j, _ in layer.formulas:
        fitted[i, j] = True
    states = {
        "spline": layer.active & ~fitted,
        "formula": fitted & ~layer.active,
        "both": fitted & layer.active,
        "pruned": ~layer.present,
    }
    return {
        "sources": layer.sources,
        "nodes": layer.nodes,
        "arity": list(layer.arity),
        "grid": layer.grid if layer.family == SPLINE else None,
        "order": layer.order if layer.family == SPLINE else None,
        "family": layer.family,
        "step": layer.step,
        "base": layer.base,
        "outside": layer.outside,
        "edges": {state: int(mask.sum()) for state, mask in states.items()},
        "frozen": int((layer.frozen & layer.present).sum()),
    }


def _variable(v: Variable) -> dict[str, Any]:
    return {"name": v.name, "unit": v.unit, "shift": v.shift, "scale": v.scale}
