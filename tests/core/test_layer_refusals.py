"""What a layer cannot compute it refuses in words, as torch.nn.Linear does; nothing dies or is made up."""

import copy
import threading
from inspect import unwrap  # from the tests' own check of types

import numpy as np
import pandas as pd
import pytest
import torch
from torch._subclasses import FakeTensorMode
from torch.func import functional_call, hessian, jacfwd, jacrev, jvp, stack_module_state

import kanviz
from kanviz.core import engine
from kanviz.core.engine import Parts, native, reference
from kanviz.errors import LayerError, UserError
from tests.core.engine.test_engine import WAYS
from tests.helpers import not_none

# torch calls its tracer deprecated, and uses it itself for forward-mode derivatives
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.[a-z_]+. is deprecated:DeprecationWarning")
NARROW = kanviz.KANLayer(3, 1)
ROWS = torch.linspace(-1.5, 1.5, 60).reshape(20, 3)


def changed(**parts) -> kanviz.KANLayer:
    """A layer of 3 sources and 2 targets with some parts replaced by hand."""
    layer = kanviz.KANLayer(3, 2)
    for name, value in parts.items():
        setattr(layer, name, value if name in ("knots", "active") else torch.nn.Parameter(value))
    return layer


def emptied(name: str) -> kanviz.KANLayer:
    layer = kanviz.KANLayer(3, 2)
    getattr(layer, name).untyped_storage().resize_(0)
    return layer


REFUSED = {
    "rows of numpy's precision": (lambda: kanviz.KANLayer(3, 2)(ROWS.double()), "float32 and x in float64"),
    "a frame's values": (
        lambda: kanviz.KANLayer(2, 1)(torch.tensor(pd.DataFrame({"a": [0.1, 0.2], "b": [1.0, 2.0]}).to_numpy())),
        r"x.to\(torch.float32\), or change the layer",
    ),
    "float32 in a network's float64 layer": (
        lambda: kanviz.init([3, 1]).layers[0](ROWS),
        "float64 and x in float32",
    ),
    "whole numbers": (lambda: kanviz.KANLayer(3, 2)(ROWS.long()), r"int64. Give it x.to\(torch.float32\)\."),
    "complex numbers": (lambda: kanviz.KANLayer(3, 2)(ROWS.to(torch.complex64)), "complex64"),
    "half precision in a float32 layer": (lambda: kanviz.KANLayer(3, 2)(ROWS.half()), "float16"),
    "too few columns": (lambda: kanviz.KANLayer(3, 2)(ROWS[:, :2]), "takes 3 values a row"),
    "too many columns": (lambda: kanviz.KANLayer(3, 2)(ROWS.repeat(1, 2)), r"shape \(20, 6\)"),
    "no columns": (lambda: kanviz.KANLayer(3, 2)(ROWS[:, :0]), "takes 3 values"),
    "one column": (lambda: kanviz.KANLayer(3, 2)(ROWS[:, :1]), "takes 3 values"),
    "a wrong width inside a model": (
        lambda: torch.nn.Sequential(kanviz.KANLayer(3, 16), kanviz.KANLayer(8, 1))(ROWS),
        r"takes 8 values a row, and x has shape \(20, 16\)",
    ),
    "a wrong width under vmap": (lambda: torch.vmap(kanviz.KANLayer(3, 2))(ROWS.reshape(5, 6, 2)), "takes 3 values"),
    "a single number": (lambda: kanviz.KANLayer(1, 2)(torch.tensor(0.3)), "single number"),
    "an array": (lambda: unwrap(kanviz.KANLayer.forward)(kanviz.KANLayer(3, 2), np.zeros((4, 3))), "not ndarray"),
    "sparse rows": (lambda: kanviz.KANLayer(3, 2)(ROWS.to_sparse()), r"x.to_dense\(\)"),
    "compressed sparse rows": (lambda: kanviz.KANLayer(3, 2)(ROWS.to_sparse_csr()), r"x.to_dense\(\)"),
    "rows in mkldnn's layout": (lambda: kanviz.KANLayer(3, 2)(ROWS.to_mkldnn()), r"x.to_dense\(\)"),
    "rows on another device": (lambda: kanviz.KANLayer(3, 2)(ROWS.to("meta")), "on cpu and x on meta"),
    "fewer coefficients": (lambda: changed(coef=torch.zeros(3, 2, 2))(ROWS), r"coef \(3, 2, 2\)"),
    "coefficients of more sources": (lambda: changed(coef=torch.zeros(99, 2, 8))(ROWS), "do not fit each other"),
    "coefficients of fewer sources": (lambda: changed(coef=torch.zeros(1, 2, 8))(ROWS), "do not fit each other"),
    "coefficients in float64": (lambda: changed(coef=torch.zeros(3, 2, 8).double())(ROWS), "different precisions"),
    "coefficients in half precision": (lambda: changed(coef=torch.zeros(3, 2, 8).half())(ROWS), "coef float16"),
    "a smaller base weight": (lambda: changed(base_weight=torch.zeros(1, 1))(ROWS), r"base_weight \(1, 1\)"),
    "a single bias": (lambda: changed(bias=torch.zeros(1))(ROWS), r"bias \(1,\)"),
    "knots of one source": (lambda: changed(knots=torch.linspace(-1, 1, 12)[None])(ROWS), r"knots \(1, 12\)"),
    "fewer knots than coefficients": (lambda: changed(knots=torch.zeros(3, 5))(ROWS), r"knots \(3, 5\)"),
    "no knots": (lambda: changed(knots=torch.zeros(0, 12))(ROWS), r"knots \(0, 12\)"),
    "knots in float64": (lambda: changed(knots=torch.linspace(-1, 1, 12).double().repeat(3, 1))(ROWS), "knots float64"),
    "knots that fall": (lambda: changed(knots=torch.linspace(1, -1, 12).repeat(3, 1))(ROWS), "ascending"),
    "knots that are no numbers": (lambda: changed(knots=torch.full((3, 12), float("nan")))(ROWS), "finite"),
    "parameters of another precision in a functional call": (
        lambda: functional_call(
            layer := kanviz.KANLayer(3, 2), {name: p.double() for name, p in layer.named_parameters()}, (ROWS,)
        ),
        "knots float32, coef float64",
    ),
    "coefficients whose memory was given back": (lambda: emptied("coef")(ROWS), "no memory behind it"),
    "a base weight whose memory was given back": (lambda: emptied("base_weight")(ROWS), "no memory behind it"),
    "a bias whose memory was given back": (lambda: emptied("bias")(ROWS), "no memory behind it"),
    "knots whose memory was given back": (lambda: emptied("knots")(ROWS), "no memory behind it"),
    "second derivatives of rows of another precision": (
        lambda: hessian(lambda x: NARROW(x).sum())(ROWS.double()),
        "float64",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_layer_refuses_in_words(case):
    call, words = REFUSED[case]
    with pytest.raises(LayerError, match=words) as refusal:
        call()
    assert isinstance(refusal.value, RuntimeError)
    assert isinstance(refusal.value, UserError)


@pytest.mark.parametrize("path", WAYS)
def test_memory_given_back_is_noticed_by_every_way(path):
    for strided in (False, True):
        x = torch.zeros(3, 20).T if strided else torch.zeros(20, 3)
        x.untyped_storage().resize_(0)
        with pytest.raises(LayerError, match="no memory behind it"):
            kanviz.KANLayer(3, 2, path=path)(x)


def test_what_changed_since_the_sums_is_refused_on_the_way_back():
    layer = kanviz.KANLayer(3, 2)
    sums = layer(ROWS).sum()
    layer.double()
    with pytest.raises(LayerError, match="different precisions"):
        sums.backward()
    layer = kanviz.KANLayer(3, 2)
    sums = layer(ROWS).sum()
    layer.coef.untyped_storage().resize_(0)
    with pytest.raises(LayerError, match="no memory behind it"):
        sums.backward()


def test_a_gradient_that_does_not_fit_is_refused():
    layer = kanviz.KANLayer(3, 2)
    parts = Parts(layer.knots, layer.coef, layer.base_weight)
    for grad in (torch.ones(20, 3), torch.ones(20, 2).double(), torch.ones(19, 2)):
        with pytest.raises(LayerError, match="gradient"):
            engine._backward(grad, ROWS, parts, layer._kind, None, of_x=True, of_parts=True)


@pytest.mark.skipif("native" not in WAYS, reason="no C kernel was built here")
def test_the_kernel_itself_refuses_arrays_shorter_than_they_should_be():
    x = torch.zeros(4, 1)
    y, knots, coef, weight = torch.zeros(4, 1), torch.linspace(0, 1, 6)[None], torch.ones(1, 1, 4), torch.ones(1, 1)
    arrays = (x, knots, coef, weight, torch.zeros(1), y)
    spans = [native._span(one) for one in arrays]
    rest = [(0, 0)] * 4
    numbers = (0, False, 4, 1, 1, 4, 1, 0, False, 1, False)
    not_none(native._kernel).run(*numbers, *spans, *rest)
    for n, name in enumerate(("x", "knots", "coef", "base_weight", "bias", "y")):
        short = [(at, bytes - 1) if k == n else (at, bytes) for k, (at, bytes) in enumerate(spans)]
        with pytest.raises(ValueError, match=f"^{name} "):
            not_none(native._kernel).run(*numbers, *short, *rest)
    for wrong in ((0, False, 2**62, *numbers[3:]), (0, False, 4, 2**31 - 1, *numbers[4:])):
        with pytest.raises(ValueError, match=r"shorter|at least"):
            not_none(native._kernel).run(*wrong, *spans, *rest)


# --- what goes through ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_a_layer_of_half_precision_is_computed_in_float32_and_rounded_once(dtype):
    layer = kanviz.KANLayer(3, 2).to(dtype)
    wider = copy.deepcopy(layer).float()
    assert torch.equal(layer(ROWS.to(dtype)), wider(ROWS.to(dtype).float()).to(dtype))
    layer(ROWS.to(dtype)).float().sum().backward()
    assert not_none(layer.coef.grad).dtype == dtype


@pytest.mark.parametrize("path", [None, *WAYS])
def test_under_autocast_a_layer_takes_what_comes_and_stays_in_float32(path):
    torch.manual_seed(0)
    layer = kanviz.KANLayer(3, 2, path=path)
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), layer, torch.nn.Linear(2, 1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model[0](ROWS)
        assert hidden.dtype == torch.bfloat16
        assert torch.equal(layer(hidden), layer(hidden.float()))
        model(ROWS).float().sum().backward()
    with_grad = not_none(layer.coef.grad).clone()
    model.zero_grad()
    model[2](layer(hidden.float())).sum().backward()
    assert torch.allclose(with_grad, not_none(layer.coef.grad), rtol=0.05, atol=0.05)


def test_without_numbers_a_layer_tells_its_shapes():
    with torch.device("meta"):
        layer = kanviz.KANLayer(3, 2)
        assert layer(torch.empty(7, 3)).shape == (7, 2)
        assert layer(torch.empty(7, 3)).is_meta
    source = kanviz.KANLayer(3, 2, seed=5)
    layer.to_empty(device="cpu").load_state_dict(source.state_dict())
    assert torch.equal(layer(ROWS), source(ROWS))
    with FakeTensorMode():
        layer = kanviz.KANLayer(3, 2, outside="zero")
        x = torch.randn(5, 3, requires_grad=True)
        y = layer(x)
        y.sum().backward()
        assert (y.shape, not_none(x.grad).shape, not_none(layer.coef.grad).shape) == ((5, 2), (5, 3), (3, 2, 8))


def test_forward_mode_derivatives_are_those_of_the_backward_pass():
    layer = kanviz.KANLayer(3, 2, dtype=torch.float64)
    rows = ROWS.double()
    along = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)).double()
    found = jvp(layer, (rows,), (along,))[1]
    jacobian = torch.autograd.functional.jacobian(lambda x: layer(x).sum(0), rows)
    assert torch.allclose(found.sum(0), torch.einsum("trs,rs->t", jacobian, along), atol=1e-12)
    assert torch.allclose(jacfwd(layer)(rows[0]), jacrev(layer)(rows[0]), atol=1e-12)
    twice = torch.autograd.functional.hessian(lambda x: layer(x).sum(), rows[0])
    assert isinstance(twice, torch.Tensor)
    assert torch.allclose(hessian(lambda x: layer(x).sum())(rows[0]), twice, atol=1e-11)
    parameters = {name: one.detach() for name, one in layer.named_parameters()}

    def of_coef(coef):
        return functional_call(layer, {**parameters, "coef": coef}, (rows,)).sin().sum()

    rate = jvp(of_coef, (parameters["coef"],), (torch.ones_like(parameters["coef"]),))[1]
    layer(rows).sin().sum().backward()
    assert torch.allclose(rate, not_none(layer.coef.grad).sum(), atol=1e-11)


def test_pruned_edges_stay_pruned_however_the_mask_comes():
    active = torch.tensor([[True, False], [False, True], [True, True]])
    wanted = kanviz.KANLayer.from_layer(kanviz.KANLayer(3, 2).to_layer())
    wanted.load_state_dict({**wanted.state_dict(), "active": active})
    replaced, in_place = kanviz.KANLayer(3, 2), kanviz.KANLayer(3, 2)
    replaced.active = active.clone()
    in_place.active.copy_(active)
    called = functional_call(kanviz.KANLayer(3, 2), {"active": active}, (ROWS,))
    for y in (replaced(ROWS), in_place(ROWS), called):
        assert torch.equal(y, wanted(ROWS))
    many = [kanviz.KANLayer(3, 2), wanted]
    parameters, buffers = stack_module_state(many)
    both = torch.vmap(lambda p, b: functional_call(many[0], (p, b), (ROWS,)))(parameters, buffers)
    assert torch.allclose(both, torch.stack([one(ROWS) for one in many]), atol=1e-6)


@pytest.mark.parametrize("outside", ["zero", "linear"])
def test_a_trace_is_the_layer_on_other_rows_too(outside):
    model = torch.nn.Sequential(*(kanviz.KANLayer(3, 3, outside=outside, seed=n) for n in range(2)))
    traced = torch.jit.trace(model, 0.1 * ROWS[:4])  # all inside the grid, where nothing is continued
    assert isinstance(traced, torch.nn.Module)
    x = 3 * torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(traced(x), model(x), atol=1e-5)


def test_a_tensor_of_known_zeros_and_one_with_a_pending_sign_are_read_right():
    layer = kanviz.KANLayer(3, 2)
    # torch makes both inside its derivatives; no public function does
    zeros = torch._efficientzerotensor((4, 3))  # pyright: ignore[reportPrivateImportUsage]
    assert torch.equal(layer(zeros), layer(torch.zeros(4, 3)))
    negative = torch._neg_view(ROWS)  # pyright: ignore[reportPrivateImportUsage]
    assert negative.is_neg()
    assert torch.equal(layer(negative), layer(-ROWS))


def test_parameters_replaced_by_another_thread_end_in_a_refusal_or_right_numbers():
    layer, x = kanviz.KANLayer(64, 64, grid=20), torch.zeros(400, 64)
    zeros, replaced, stop = torch.zeros(64, 64, 23), threading.Event(), threading.Event()

    def replace():
        while not stop.is_set():
            layer.coef.data = zeros.clone()
            replaced.set()

    thread = threading.Thread(target=replace)
    thread.start()
    assert replaced.wait(600)  # on a busy machine the thread may begin late
    try:
        results = [layer(x) for _ in range(20)]
    finally:
        stop.set()
        thread.join()
    assert all(torch.equal(y, results[0]) for y in results)


@pytest.mark.parametrize("path", WAYS)
def test_all_ways_refuse_alike_and_agree_where_they_do_not(path):
    layer = kanviz.KANLayer(3, 2, path=path)
    with pytest.raises(LayerError, match="takes 3 values"):
        layer(ROWS[:, :2])
    parts = Parts(layer.knots, layer.coef, layer.base_weight)
    assert torch.allclose(layer(ROWS), reference.sums(ROWS, parts, layer.bias, layer._kind), atol=1e-5)
