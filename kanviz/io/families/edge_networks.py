"""Reads layers whose edges are small neural networks of their own: mlp-kan's KANLayer, and kan-lm-study's edges.

mlp-kan: W2 silu(W1 (x, sin x, sin 2x, .., cos x, cos 2x, ..) + B1) + B2 for every edge. Source: mlp-kan 0.1.0 on PyPI
(kan_layer.py); its earlier code began at sin 2x. kan-lm-study: silu(W1 x + b1) of each source, summed with weights of
each edge. Source: github.com/ACS-USP/kan-lm-study, MLPEdgeLinear.
"""

import torch

from kanviz.core.kan import Caution
from kanviz.core.layer import Layer
from kanviz.errors import LoadError
from kanviz.io.families.family import Family, Parts, Shapes
from kanviz.io.foreign import expect
from kanviz.io.outline import LayerSizes
from kanviz.io.questions import Question
from kanviz.text import size_words

FREQUENCY = Question("frequency", "the lowest frequency of the sines on its edges, 1 or 2", assumed=1.0)
MOST = 50_000_000  # coefficients of a layer, with those of every target for every function: 200 MB


def _net_sizes(shapes: Shapes) -> LayerSizes | None:
    sources, targets, hidden, features = shapes["W1"]
    rest = {"W2": (sources, targets, 1, hidden), "B1": (sources, targets, hidden), "B2": (sources, targets, 1)}
    fits = features % 2 == 1 and all(shapes.get(name) == shape for name, shape in rest.items())
    return LayerSizes(sources, targets, hidden, 0) if fits and 0 not in shapes["W1"] else None


def _net_layer(parts: Parts) -> Layer:
    """Read a layer of mlp-kan. The functions of a source are the hidden units of all its edges; each edge uses its own.

    The constants B2 of the edges are added to the nodes.
    """
    first = parts.weight("W1", 4)
    sources, targets, hidden, features = first.shape
    if features % 2 == 0:
        raise LoadError(
            f"{parts.name('W1')} has {features} features for each edge; mlp-kan has x and pairs of sine and cosine, an "
            "odd number. Save the whole state_dict."
        )
    if sources * targets**2 * hidden > MOST:
        raise LoadError(
            f"The {targets} small networks of each input would take {size_words(4 * sources * targets**2 * hidden)} of "
            f"coefficients in layer {parts.n}; refused. Open a narrower layer, or train a KAN on what it computes."
        )
    second = expect(parts.name("W2"), parts.weight("W2", 4), sources, targets, 1, hidden)[:, :, 0]
    _check_finite(parts, "W1", "B1")
    bias = expect(parts.name("B1"), parts.weight("B1", 3), sources, targets, hidden)
    last = expect(parts.name("B2"), parts.weight("B2", 3), sources, targets, 1)
    waves = (features - 1) // 2
    sin, cos = first[..., 1 : 1 + waves], first[..., 1 + waves :]
    if waves and parts.answers.whole(FREQUENCY, 1, 2) == 2:
        none = torch.zeros_like(first[..., :1])
        sin, cos = torch.cat([none, sin], -1), torch.cat([none, cos], -1)
    units = torch.cat([bias[..., None], first[..., :1], sin, cos], -1)
    own = torch.eye(targets, dtype=second.dtype)[None, :, :, None]  # an edge uses the units of its own target
    return parts.curves(
        units.flatten(1), (own * second[:, :, None]).flatten(2), bias=last[..., 0].sum(0), family="units"
    )


def _shared_sizes(shapes: Shapes) -> LayerSizes | None:
    targets, sources, hidden = shapes["W2"]
    rest = {"W1": (sources, hidden), "b1": (sources, hidden), "b_out": (targets,)}
    fits = all(shapes.get(name) == shape for name, shape in rest.items())
    return LayerSizes(sources, targets, hidden, 0) if fits and 0 not in shapes["W2"] else None


def _shared_layer(parts: Parts) -> Layer:
    """Read a layer of kan-lm-study: the edges of a source share their hidden units."""
    second = parts.weight("W2", 3)
    targets, sources, hidden = second.shape
    first, bias = (expect(parts.name(name), parts.weight(name, 2), sources, hidden) for name in ("W1", "b1"))
    last = expect(parts.name("b_out"), parts.weight("b_out", 1), targets)
    _check_finite(parts, "W1", "b1")
    return parts.curves(torch.stack([bias, first], 2).flatten(1), second.transpose(0, 1), bias=last, family="units")


def _check_finite(parts: Parts, *names: str) -> None:
    """Refuse hidden units that are no functions. Raises LoadError."""
    for name in names:
        found = parts.opened.tensors.get(parts.head + name)
        if found is not None and not bool(found.isfinite().all()):
            raise LoadError(f"{parts.name(name)} holds NaN or infinity. Save the network before that.")


def _net_notes(layers: list[Layer]) -> list[str]:
    return [
        "Read as mlp-kan's small networks: the functions of a source are the hidden units of all its edges, and each "
        "edge has weights other than 0 for its own. What an edge adds at every x is in the bias of its node."
    ]


def _shared_notes(layers: list[Layer]) -> list[str]:
    words = "Read as kan-lm-study's edges; the activation of their small networks is not stored, silu is assumed."
    return [Caution(words)]


EDGE_NETWORKS = Family(
    name="mlp-kan's networks",
    marks={"W1": 4, "W2": 4, "B1": 3, "B2": 3},
    parts=("W1", "W2", "B1", "B2"),
    sizes=_net_sizes,
    layer=_net_layer,
    notes=_net_notes,
)
SHARED_NETWORKS = Family(
    name="kan-lm-study's edges",
    marks={"W1": 2, "b1": 2, "W2": 3, "b_out": 1},
    parts=("W1", "b1", "W2", "b_out"),
    sizes=_shared_sizes,
    layer=_shared_layer,
    notes=_shared_notes,
)
