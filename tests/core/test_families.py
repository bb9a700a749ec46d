"""Basis functions other than B-splines: values, slopes, refusals, and layers that use them."""

import math
from dataclasses import replace

import pytest
import torch

import kanviz
from kanviz.core.families import FAMILIES, functions
from kanviz.core.layer import Layer, Variable
from kanviz.errors import UserError
from kanviz.io import native, open_model

X = torch.linspace(-1.7, 1.6, 40, dtype=torch.float64)
ROWS = {  # parameters of one source, and the number of functions
    "gaussian": ([-1.0, 0.0, 0.5, 0.7], 3),
    "sech2": ([-1.0, 0.0, 0.5, 0.7], 3),
    "chebyshev": ([], 6),
    "jacobi": ([0.5, -0.25], 6),
    "chebyshev_tanh": ([], 6),
    "chebyshev_clamped": ([], 6),
    "jacobi_tanh": ([0.5, -0.25], 6),
    "power": ([0.3], 5),
    "fourier": ([1.5], 6),
    "quotient": ([0.5, 1.0, -0.3, 0.1, 0.2, 0.05], 1),
    "quotient_abs": ([0.5, 1.0, -0.3, 0.1, -0.7, 0.4], 1),
    "quotient_sum": ([0.5, 1.0, -0.3, 0.1, -0.7, 0.4], 1),
    "units": ([0.5, 1.0, -0.3, 0.1, 0.2, 0.7, -1.0, 0.5, 0.4, -0.2, 0.9, 0.3], 2),
}


def by_definition(family: str, x: float, row: list[float], m: int) -> float:
    """Compute function m of a family at x from its textbook definition."""
    n = m
    if family in ("chebyshev_tanh", "jacobi_tanh"):
        return by_definition(family.removesuffix("_tanh"), math.tanh(x), row, m)
    if family == "chebyshev_clamped":
        return by_definition("chebyshev", math.tanh(max(-1, min(x, 1))), row, m)
    match family:
        case "gaussian":
            return math.exp(-(((x - row[m]) / row[-1]) ** 2))
        case "sech2":
            return 1 / math.cosh((x - row[m]) / row[-1]) ** 2
        case "chebyshev":
            return math.cos(n * math.acos(x)) if abs(x) <= 1 else math.copysign(1, x) ** n * math.cosh(
                n * math.acosh(abs(x))
            )  # fmt: skip
        case "jacobi":  # the explicit sum, Abramowitz and Stegun 22.3.1
            a, b = row

            def choose(top: float, k: int) -> float:
                return math.prod((top - j) / (k - j) for j in range(k))

            return sum(
                choose(n + a, n - s) * choose(n + b, s) * ((x - 1) / 2) ** s * ((x + 1) / 2) ** (n - s)
                for s in range(n + 1)
            )
        case "power":
            return (x - row[0]) ** n
        case "fourier":
            half = ROWS["fourier"][1] // 2
            k = m % half + 1
            return (math.cos if m < half else math.sin)(k * row[0] * x)
        case "units":
            share = len(row) // 2
            b, w, *waves = row[m * share : (m + 1) * share]
            sines, cosines = waves[: len(waves) // 2], waves[len(waves) // 2 :]
            pairs = enumerate(zip(sines, cosines, strict=True))
            u = b + w * x + sum(s * math.sin(2**k * x) + c * math.cos(2**k * x) for k, (s, c) in pairs)
            return u / (1 + math.exp(-u))
    above = sum(c * x**k for k, c in enumerate(row[: len(row) // 2]))
    parts = [c * x ** (k + 1) for k, c in enumerate(row[len(row) // 2 :])]
    under = {"quotient": sum(parts), "quotient_abs": abs(sum(parts)), "quotient_sum": sum(map(abs, parts))}
    return above / (1 + under[family])


def layer(family: str, *, sources: int = 2, targets: int = 3, dtype=torch.float64, **parts) -> Layer:
    row, count = ROWS[family]
    draw = torch.Generator().manual_seed(1)
    numbers = {
        "knots": torch.tensor(row, dtype=dtype).repeat(sources, 1),
        "coef": torch.randn(sources, targets, count, generator=draw, dtype=torch.float64).to(dtype),
        "base_weight": torch.randn(sources, targets, generator=draw, dtype=torch.float64).to(dtype),
        "active": torch.ones(sources, targets, dtype=torch.bool),
        "bias": torch.randn(targets, generator=draw, dtype=torch.float64).to(dtype),
        "offset": torch.zeros(targets, dtype=dtype),
        "affine": torch.empty(0, 4, dtype=dtype),
        "frozen": torch.zeros(sources, targets, dtype=torch.bool),
    }
    return Layer(**{**numbers, "family": family, **parts})


def test_each_family_has_a_case():
    assert set(ROWS) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_the_values_of_its_definition(family):
    row, count = ROWS[family]
    values = functions(family, X[:, None], torch.tensor([row], dtype=torch.float64), count, 0)[:, 0]
    expected = [[by_definition(family, x, row, m) for m in range(count)] for x in X.tolist()]
    assert values == pytest.approx(torch.tensor(expected, dtype=torch.float64), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_the_slopes_that_autograd_finds(family):
    row, count = torch.tensor([ROWS[family][0]], dtype=torch.float64), ROWS[family][1]
    x = X[:, None].clone().requires_grad_(True)
    slopes = functions(family, x, row, count, 1)[:, 0].detach()
    values = functions(family, x, row, count, 0)[:, 0]
    found = [torch.autograd.grad(values[:, m].sum(), x, retain_graph=True)[0][:, 0] for m in range(count)]
    assert slopes == pytest.approx(torch.stack(found, 1), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("family", FAMILIES)
def test_sums_are_the_activations_of_the_edges_added(family, dtype):
    one, x = layer(family, dtype=dtype), torch.stack([X, X.flip(0)], 1).to(dtype)
    kan = kanviz.KAN((one,), *_names(2, 3))
    acts = one.activations(x)
    near = 1e-12 if dtype == torch.float64 else 2e-5
    assert one.sums(x) == pytest.approx(acts.sum(1) + one.bias, rel=near, abs=near)
    for i, j in ((0, 0), (1, 2)):
        edge = kan.edge([0, i, j])
        assert acts[:, i, j] == pytest.approx(edge(x[:, i]), rel=near, abs=near)
        assert one.activations(x, 1)[:, i, j] == pytest.approx(edge(x[:, i], 1), rel=near, abs=near)
    alone = one.alone([(1, 2)]).activations(x[:, 1:])[..., 0]
    assert alone == pytest.approx(acts[:, 1, 2:], rel=near, abs=near)
    parts = torch.cat([part.activations(x[:, at]) for at, part in one.parts(1)], 1)
    assert parts == pytest.approx(acts, rel=near, abs=near)


def _names(ins: int, outs: int) -> tuple[tuple[Variable, ...], tuple[Variable, ...]]:
    return (
        tuple(Variable(f"x{i + 1}") for i in range(ins)),
        tuple(Variable(f"y{j + 1}") for j in range(outs)),
    )


@pytest.mark.parametrize("step", ["", "tanh", "norm", "raw and norm"])
@pytest.mark.parametrize("family", ["spline", "gaussian", "chebyshev"])
def test_a_file_gives_back_families_and_steps_bit_by_bit(family, step):
    sources = 4 if step == "raw and norm" else 2
    norm = torch.tensor([[0.5, 2.0], [0.1, -1.0]], dtype=torch.float64)[:, : 0 if step in ("", "tanh") else 2]
    plain = kanviz.init([sources, 3], seed=3).layers[0]
    one = (
        replace(plain, step=step, norm=norm)
        if family == "spline"
        else layer(family, sources=sources, step=step, norm=norm)
    )
    kan = kanviz.KAN((one,), *_names(2, 3))
    again = open_model({"network.safetensors": native.to_bytes(kan)})
    assert again.digest == kan.digest
    x = torch.stack([X, X.flip(0)], 1)
    assert torch.equal(again(x), kan(x))


def test_a_network_of_splines_keeps_the_digest_and_the_bytes_it_had():
    kan = kanviz.init([2, 3, 1], seed=0)
    data = native.to_bytes(kan)
    assert kan.digest == "36f514e65b614694066f373596aba9fdeec0843136fabd8ec0d63a4a09df73d9"
    assert rb"\"format\":1" in data
    assert b"family" not in data
    assert b"norm" not in data


def test_what_needs_splines_is_refused_in_words():
    kan = kanviz.KAN((layer("gaussian"),), *_names(2, 3))
    for ask in (
        lambda: kan.layers[0].order,
        lambda: kan.layers[0].grid,
        lambda: kanviz.KANLayer.from_layer(kan.layers[0]),
    ):
        with pytest.raises(UserError, match="onvert"):
            ask()


@pytest.mark.parametrize(
    ("family", "row"),
    [
        ("gaussian", [math.nan, 0.0, 0.5, 0.7]),
        ("gaussian", [-1.0, 0.0, 0.5, 0.0]),
        ("sech2", [-1.0, 0.0, 0.5, math.inf]),
        ("jacobi", [-1.0, 0.5]),
        ("fourier", [0.0]),
        ("power", [math.nan]),
    ],
)
def test_parameters_without_functions_are_refused(family, row):
    knots = torch.tensor([row, row], dtype=torch.float64)
    with pytest.raises(UserError, match="define no"):
        layer(family, knots=knots)


def test_a_number_of_parameters_that_does_not_fit_is_refused():
    with pytest.raises(UserError, match="family"):
        layer("gaussian", knots=torch.zeros(2, 3, dtype=torch.float64))
