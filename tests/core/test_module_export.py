"""A model with KANLayers leaves torch: by `torch.export`, and as ONNX by both of torch's exporters, run."""

import io
import warnings
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from kanviz.core.module import KANLayer
from kanviz.core.spline import uniform_knots
from tests.helpers import random_layer


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    """Even and uneven knots, products, formulas, pruned edges, both continuations, within another model."""
    rng = torch.Generator().manual_seed(3)
    first = random_layer(rng, 3, (1, 2, 1), uniform=False, outside="linear", mixed=True)
    first = replace(first, formulas=tuple((i, j, "tanh") for i, j, _ in first.formulas))
    second = replace(random_layer(rng, 3, (1, 1), order=2), knots=uniform_knots(-2, 2, 4, 2, 3))
    parts = [KANLayer.from_layer(layer).float() for layer in (first, second)]
    return torch.nn.Sequential(parts[0], torch.nn.Tanh(), parts[1]).eval()


def rows(count: int, seed: int) -> torch.Tensor:
    return 2 * torch.randn(count, 3, generator=torch.Generator().manual_seed(seed))


def agrees(model: torch.nn.Module, data: bytes) -> None:
    """The graph computes what the model does, for another number of rows."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    for count in (1, 40):
        x = rows(count, count)
        found = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
        wanted = model(x).detach().numpy()
        assert np.abs(found - wanted).max() <= 1e-5 * max(1.0, np.abs(wanted).max())


def test_torch_export_computes_the_same(model: torch.nn.Module):
    dynamic = {"input": {0: torch.export.Dim("rows")}}
    program = torch.export.export(model, (rows(7, 0),), dynamic_shapes=dynamic)
    for count in (2, 40):
        x = rows(count, count)
        assert torch.allclose(program.module()(x), model(x), rtol=1e-5, atol=1e-6)


def test_onnx_by_torchs_exporter(model: torch.nn.Module):
    dynamic = {"input": {0: torch.export.Dim("rows")}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own parts
        program = torch.onnx.export(model, (rows(7, 0),), dynamo=True, dynamic_shapes=dynamic, verbose=False)
    assert program is not None
    agrees(model, program.model_proto.SerializeToString())


@pytest.mark.usefixtures("unchecked")  # sizes are tensors while it traces
def test_onnx_by_torchs_old_exporter_is_no_graph_of_zeros(model: torch.nn.Module):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and says so
        axes = {"x": {0: "rows"}}
        torch.onnx.export(model, (rows(7, 0),), file, dynamo=False, input_names=["x"], dynamic_axes=axes)  # pyright: ignore
    agrees(model, file.getvalue())
