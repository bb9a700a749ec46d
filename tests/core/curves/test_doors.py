"""Curves take what torch's own activations and layers take, and refuse in words what they cannot compute."""

import copy
import json
import subprocess
import sys
from inspect import unwrap  # from the tests' own check of types

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses import FakeTensorMode
from torch.func import functional_call, grad, hessian, jacrev, jvp, stack_module_state, vmap

from kanviz.core.curves import checks
from kanviz.core.curves.module import Curves
from kanviz.core.extra_state import EXTRA
from kanviz.core.formulas.formula import Formula
from kanviz.core.init import init
from kanviz.errors import LayerError, UserError
from tests.core.curves.test_curves import random_curves, rows_over
from tests.helpers import not_none

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.[a-z_]+. is deprecated:DeprecationWarning")
X = torch.linspace(-6, 6, 60).reshape(20, 3)


def changed(**parts: Tensor) -> Curves:
    """Curves of 3 units, with some parts replaced by hand."""
    curves = Curves(3)
    for name, value in parts.items():
        setattr(curves, name, value if name == "knots" else torch.nn.Parameter(value))
    return curves


UNEVEN = torch.linspace(-7, 7, 15)
UNEVEN[5] += 0.1
REFUSED = {
    "an array": (lambda: unwrap(Curves.forward)(Curves(3), np.zeros((4, 3))), "not ndarray"),
    "too few columns": (lambda: Curves(3)(X[:, :2]), "take 3 values a row"),
    "no columns": (lambda: Curves(3)(X[:, :0]), "take 3 values a row"),
    "a wrong width under vmap": (lambda: vmap(Curves(3))(X.reshape(5, 6, 2)), "take 3 values"),
    "half precision": (lambda: Curves(3)(X.half()), "float32 and x in float16"),
    "complex numbers": (lambda: Curves(3)(X.to(torch.complex64)), "complex64"),
    "compressed sparse rows": (lambda: Curves(3)(X.to_sparse_csr()), r"x.to_dense\(\)"),
    "knots that fall": (lambda: changed(knots=torch.linspace(7, -7, 15))(X), "evenly spaced"),
    "uneven knots": (lambda: changed(knots=UNEVEN)(X), "evenly spaced"),
    "knots that are no numbers": (lambda: changed(knots=torch.full((15,), torch.nan))(X), "evenly spaced"),
    "knots of another precision": (lambda: changed(knots=torch.linspace(-7, 7, 15).double())(X), "knots in float64"),
    "fewer knots": (lambda: changed(knots=torch.linspace(-7, 7, 9))(X), r"knots \(9,\), coef \(3, 11\)"),
    "knots for each unit": (lambda: changed(knots=torch.linspace(-7, 7, 15).repeat(3, 1))(X), r"knots \(3, 15\)"),
    "curves that the units cannot share": (lambda: changed(coef=torch.zeros(2, 11))(X), r"coef \(2, 11\), 3 units"),
    "no curves": (lambda: changed(coef=torch.zeros(0, 11))(X), r"coef \(0, 11\)"),
    "points of another precision in a functional call": (
        lambda: functional_call(Curves(3), {"coef": torch.zeros(3, 11).double()}, (X,)),
        "knots in float32",
    ),
    "uneven knots in a functional call": (lambda: functional_call(Curves(3), {"knots": UNEVEN}, (X,)), "evenly"),
}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("case", REFUSED)
def test_curves_refuse_in_words(case):
    call, words = REFUSED[case]
    with pytest.raises(LayerError, match=words) as refusal:
        call()
    assert isinstance(refusal.value, RuntimeError)


def test_what_changed_since_the_values_is_refused_on_the_way_back():
    curves = Curves(3)
    y = curves(X).sum()
    curves.double()
    with pytest.raises(LayerError, match="knots in"):
        y.backward()
    with pytest.raises(LayerError, match="gradient"):
        checks.check_gradient(X.double(), X, Curves(3).knots, Curves(3).coef, by_unit=False)


def test_knots_changed_in_place_are_noticed():
    curves = Curves(3)
    curves.knots[5] += 0.5
    with pytest.raises(LayerError, match="evenly"):
        curves(X)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("cells", [5, 8])
def test_half_precision_is_computed_in_float32_and_rounded_once(dtype, cells):
    curves = Curves(3, cells).to(dtype)
    wider = copy.deepcopy(curves).float()
    assert torch.equal(curves(X.to(dtype)), wider(X.to(dtype).float()).to(dtype))
    curves(X.to(dtype)).float().sum().backward()
    assert not_none(curves.coef.grad).dtype == dtype


def test_under_autocast_curves_take_what_comes_and_stay_in_float32():
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), Curves(3), torch.nn.Linear(3, 1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model[0](X)
        assert hidden.dtype == torch.bfloat16
        assert torch.equal(model[1](hidden), model[1](hidden.float()))
        model(X).float().sum().backward()
    assert not_none(model.get_parameter("1.coef").grad).dtype == torch.float32


def test_without_numbers_curves_tell_their_shapes():
    with torch.device("meta"):
        curves = Curves(3)
        assert curves(torch.empty(7, 3)).is_meta
        assert "cells=8" in repr(curves)
    source = random_curves(5, 3, torch.float32)
    curves.to_empty(device="cpu").load_state_dict(source.state_dict())
    assert torch.equal(curves(X), source(X))
    with FakeTensorMode():
        curves = Curves(3)
        x = torch.randn(5, 3, requires_grad=True)
        curves(x).sum().backward()
        assert (not_none(x.grad).shape, not_none(curves.coef.grad).shape) == ((5, 3), (3, 11))


def test_transforms_of_torch_func_go_through():
    curves = random_curves(1, 4, share=2)
    x = rows_over(curves, 6, 3)
    parameters = {"coef": curves.coef.detach()}

    def run(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(curves, parameters, (x,))

    slopes = grad(lambda parameters, x: run(parameters, x).sin().sum())
    by_row = vmap(slopes, in_dims=(None, 0))(parameters, x)["coef"]
    assert torch.allclose(by_row.sum(0), slopes(parameters, x)["coef"])
    curves(x).sin().sum().backward()
    assert torch.allclose(by_row.sum(0), not_none(curves.coef.grad))
    ahead = jvp(lambda x: run(parameters, x), (x,), (torch.ones_like(x),))[1]
    back = vmap(jacrev(lambda row: run(parameters, row)))(x)
    assert torch.allclose(ahead, back.sum(-1))
    bend = torch.autograd.functional.hessian(lambda row: curves(row).sum(), x[0])
    assert isinstance(bend, Tensor)
    assert torch.allclose(hessian(lambda row: run(parameters, row).sum())(x[0]), bend)
    many = [random_curves(n, 4, low=-4 - n) for n in range(2)]
    both = vmap(lambda p, b: functional_call(many[0], (p, b), (x,)))(*stack_module_state(many))
    assert torch.allclose(both, torch.stack([one(x) for one in many]))


COMPILED = """
import kanviz, torch
curves, x = kanviz.Curves(4, dtype=torch.float64), torch.randn(7, 4, dtype=torch.float64)
torch.compile(curves, backend="aot_eager", fullgraph=True)(x).sin().sum().backward()
gradient, curves.coef.grad = curves.coef.grad, None
curves(x).sin().sum().backward()
assert torch.allclose(gradient, curves.coef.grad, atol=1e-12)
"""


def test_compiled_curves_are_the_same_curves_in_one_graph():
    # in a process of its own: the shape checks of the tests cannot be compiled
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_trace_is_the_same_curves_on_other_rows_too():
    curves = random_curves(0, 3, torch.float32)
    traced = torch.jit.trace(curves, 0.1 * X[:4])
    assert isinstance(traced, torch.nn.Module)
    assert torch.allclose(traced(X), curves(X), atol=1e-5)


def test_a_tensor_of_known_zeros_and_one_with_a_pending_sign_are_read_right():
    curves = random_curves(0, 3, torch.float32)
    # torch makes both inside its derivatives; no public function does
    zeros = torch._efficientzerotensor((4, 3))  # pyright: ignore[reportPrivateImportUsage]
    assert torch.equal(curves(zeros), curves(torch.zeros(4, 3)))
    for negative in (torch._neg_view(X), torch._neg_view(X.T.contiguous().T)):  # pyright: ignore
        assert torch.equal(curves(negative), curves(-X))


GOOD = {"curves": 1, "start": "gelu", "units": 3}
FORGED = {
    "a start nobody knows": {**GOOD, "start": "os.system"},
    "other units": {**GOOD, "units": 6},
    "a newer format": {**GOOD, "curves": 2},
    "an unknown field": {**GOOD, "code": "print(1)"},
    "no record": [1, 2],
}


@pytest.mark.parametrize("case", FORGED)
def test_a_description_that_does_not_fit_is_refused_and_changes_nothing(case):
    curves = Curves(3, start="sin")
    text = torch.tensor(list(json.dumps(FORGED[case]).encode()), dtype=torch.uint8)
    with pytest.raises(RuntimeError, match=rf"{EXTRA}: "):
        curves.load_state_dict({**curves.state_dict(), EXTRA: text})
    assert (curves.units, curves.start) == (3, "sin")


def test_states_that_were_averaged_by_hand_load_and_leave_the_description_alone():
    one, two, mean = Curves(3, start="sin"), Curves(3), Curves(3, start="tanh")
    a, b = one.state_dict(), two.state_dict()
    mean.load_state_dict({name: (a[name].double() + b[name].double()) / 2 for name in a})
    assert mean.start == "tanh"
    assert torch.allclose(mean(X), (one(X) + two(X)) / 2, atol=1e-5)


def test_a_pruned_edge_with_its_bias_is_a_constant_curve():
    layer = random_curves(0, 3).to_layer()
    layer.active[1, 1] = False
    layer.bias[1] = 0.7
    assert torch.allclose(Curves.from_layer(layer)(X.double()), layer(X.double()))


OTHER_LAYERS = {
    "edges between units": lambda: init([3, 3], base="zero").layers[0],
    "not square": lambda: init([3, 2]).layers[0],
    "a base": lambda: init([1, 1]).layers[0],
    "a formula": lambda: Curves(3).to_layer().with_formula(1, 1, Formula("sin")),
    "zero outside": lambda: init([1, 1], base="zero", outside="zero").layers[0],
}


@pytest.mark.parametrize("case", OTHER_LAYERS)
def test_a_layer_of_another_kind_is_not_taken_for_curves(case):
    with pytest.raises(UserError, match=r"cannot be the curves of units: .*KANLayer"):
        Curves.from_layer(OTHER_LAYERS[case]())


def test_a_layer_too_large_is_refused_and_some_units_of_it_are_not():
    curves = random_curves(3, 2000, torch.float32)
    with pytest.raises(UserError, match="units=range"):
        curves.to_layer()
    assert torch.equal(curves.to_layer([7, 1990]).coef[1, 1], curves.coef[1990])
    with pytest.raises(UserError, match="0 to 1999"):
        curves.to_layer([2000])
