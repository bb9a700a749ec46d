"""KANs of polynomials, Fourier series and wavelets open with the numbers that their libraries compute."""

import io
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import kanviz
from kanviz.core.kan import KAN
from kanviz.errors import LoadError
from kanviz.io import native, open_model
from kanviz.io.questions import Answers
from tests.io.families import Library, Weights
from tests.io.inside import under
from tests.io.test_families import EXACT, FLOAT32, FORMATS, X, gap
from tests.io.waves import PSI, WAVES, ikan_jacobi_computes, jacobi_computes, wav_kan_computes, with_wavelet


def opened(weights: Weights, **answers: object) -> KAN:
    file = io.BytesIO()
    torch.save(weights, file)
    return open_model({"m.pt": file.getvalue()}, answers=Answers(answers))  # pyright: ignore[reportArgumentType]


def far(kan: KAN, library: Library, state: Weights) -> float:
    """The largest gap, as a share of the largest output."""
    right = library.outputs(state, X)
    return gap(kan, X, right) / float(right.abs().max())


FILES = ["chebykan", "chebykan_ln", "fourierkan", "wavkan", *(f"ikan_{kind}KAN" for kind in (
    "Cheby", "Fourier", "Jacobi", "Taylor", "Wavelet"))]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_library_gives_the_librarys_own_outputs(name: str) -> None:
    numbers = np.load(FORMATS / f"{name}.npz")
    x, y = (torch.from_numpy(numbers[part]) for part in "xy")
    kan = kanviz.load(FORMATS / f"{name}.pt")
    assert gap(kan, x, y.double()) <= FLOAT32 * float(y.abs().max())
    assert kan.run(x) == pytest.approx(kan(x), rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", WAVES)
def test_other_sizes_give_what_the_librarys_formula_gives(name: str, dtype: torch.dtype) -> None:
    library = WAVES[name]
    state = library.weights(3, 5, 2, dtype=dtype)
    kan = opened(state)
    assert kan.shape == (3, 5, 2)
    assert kan.dtype == dtype
    assert far(kan, library, state) <= (EXACT if dtype == torch.float64 else 2 * FLOAT32)


@pytest.mark.parametrize("name", WAVES)
def test_a_network_is_saved_and_read_again_bit_by_bit(name: str) -> None:
    kan = opened(WAVES[name].weights(3, 5, 2))
    again = open_model({"n.safetensors": native.to_bytes(kan)})
    assert again.digest == kan.digest
    assert torch.equal(again(X), kan(X))


@pytest.mark.parametrize("wavelet", PSI)
@pytest.mark.parametrize("name", ["Wav-KAN", "ikan WaveletKAN"])
def test_the_wavelet_that_the_caller_names_is_used(name: str, wavelet: str) -> None:
    library = with_wavelet(name, wavelet)
    state = library.weights(3, 4, 2)
    kan = opened(state, wavelet=wavelet)
    assert far(kan, library, state) <= EXACT
    x = X[:20]
    slopes, h = kan.layers[0].activations(x, 1), 1e-6
    found = (kan.layers[0].activations(x + h) - kan.layers[0].activations(x - h)) / (2 * h)
    assert slopes == pytest.approx(found, rel=1e-5, abs=1e-5)


def test_the_weights_that_wav_kan_does_not_use_weigh_a_base_function_where_the_caller_says_so() -> None:
    state = WAVES["Wav-KAN"].weights(3, 4, 2)
    assert (
        far(opened(state, base="silu"), Library(WAVES["Wav-KAN"].layer, partial(wav_kan_computes, base=True)), state)
        <= EXACT
    )
    without = {name: part for name, part in state.items() if "weight1" not in name}
    assert torch.equal(opened(without)(X), opened(state)(X))


@pytest.mark.parametrize(("a", "b"), [(0.5, -0.25), (0.0, 0.75), (2.0, 2.0)])
@pytest.mark.parametrize(
    ("name", "computes"), [("JacobiKAN", jacobi_computes), ("ikan JacobiKAN", ikan_jacobi_computes)]
)
def test_the_parameters_of_jacobi_polynomials_are_the_callers(name: str, computes, a: float, b: float) -> None:
    library = Library(WAVES[name].layer, partial(computes, a=a, b=b), WAVES[name].list)
    state = library.weights(3, 4, 2)
    assert far(opened(state, a=a, b=b), library, state) <= EXACT


ASKED = {
    "ChebyKAN": [], "JacobiKAN": ["a", "b"], "FourierKAN": [], "ikan ChebyKAN": ["base"],
    "ikan JacobiKAN": ["a", "b", "base"], "ikan TaylorKAN": ["base"], "ikan FourierKAN": ["base"],
    "Wav-KAN": ["wavelet", "base"], "ikan WaveletKAN": ["wavelet", "base"],
}  # fmt: skip


@pytest.mark.parametrize("name", WAVES)
def test_what_the_file_does_not_say_is_asked_and_a_caution(name: str) -> None:
    file = io.BytesIO()
    torch.save(WAVES[name].weights(3, 2), file)
    answers = Answers()
    kan = open_model({"m.pt": file.getvalue()}, answers=answers)
    assert [one.question.name for one in answers.asked] == ASKED[name]
    assert len([note for note in kan.cautions if "is assumed" in note]) == len(ASKED[name])


@pytest.mark.parametrize("name", WAVES)
def test_blocks_inside_a_model_are_listed_and_open_by_their_names(name: str, tmp_path: Path) -> None:
    state = WAVES[name].weights(3, 5, 2)
    model = {
        **under("enc.kan.", state),
        "enc.norm.weight": torch.ones(3).double(),
        **under("dec.1.ff.", state),
        "head.weight": torch.ones(4, 2),
        "position_ids": torch.arange(9),
    }
    torch.save({"model": model, "step": 3}, path := tmp_path / "model.pt")
    blocks = kanviz.blocks(path)
    assert {(block.prefix, block.kind) for block in blocks} == {("enc.kan", name), ("dec.1.ff", name)}
    for block in blocks:
        kan = kanviz.load(path, block=block.prefix)
        assert kan.digest == opened(state).digest
        functions = 1 if "av" in name else kan.layers[0].coef.shape[2]
        assert (block.shape, block.grid, block.order) == ((3, 5, 2), functions, 0)


@pytest.mark.parametrize("name", WAVES)
def test_a_tensor_in_a_layer_that_no_reader_uses_refuses_the_file_by_its_name(name: str) -> None:
    extra = WAVES[name].list.format(0) + "layer_norm.weight"
    for prefix in ("", "module.", "kan1."):
        with pytest.raises(LoadError, match=rf"{prefix}{extra} is not part of"):
            opened(under(prefix, {**WAVES[name].weights(3, 5, 2), extra: torch.ones(3)}))


@pytest.mark.parametrize("name", WAVES)
def test_a_single_layer_without_a_prefix_opens(name: str) -> None:
    state = WAVES[name].weights(3, 2)
    alone = {key.removeprefix(WAVES[name].list.format(0)): part for key, part in state.items()}
    assert opened(alone).digest == opened(state).digest


def test_a_wavelet_layer_with_many_edges_is_saved_in_a_short_description() -> None:
    kan = opened(WAVES["Wav-KAN"].weights(60, 30), wavelet="meyer")
    data = native.to_bytes(kan)
    assert len(data) < 600_000
    again = open_model({"n.safetensors": data})
    assert again.digest == kan.digest
    pruned = kan.with_layers({0: kan.layers[0].with_formulas({(3, 4): None, (59, 29): kanviz.Formula("sin")})})
    assert open_model({"n.safetensors": native.to_bytes(pruned)}).digest == pruned.digest


def _changed(name: str, change: Weights, drop: str = "") -> Weights:
    return {key: part for key, part in {**WAVES[name].weights(3, 5, 2), **change}.items() if key != drop}


WAV = WAVES["Wav-KAN"].weights(3, 5, 2)
SCALE = WAV["layers.0.scale"].clone()
SCALE[2, 1] = 0
DAMAGE = {
    "degrees that are none": (_changed("ChebyKAN", {"0.arange": torch.arange(7) * 2}), r"0\.arange is not 0 to 6"),
    "another number of degrees": (_changed("ChebyKAN", {"1.arange": torch.arange(5)}), r"1\.arange is not 0 to 6"),
    "layers that do not meet": (_changed("ChebyKAN", {"1.cheby_coeffs": torch.ones(4, 2, 7)}), "gives 5 values"),
    "orders that are none": (
        _changed("ikan ChebyKAN", {"layers.0.cheby_orders": torch.arange(6) + 0.5}), "is not 0 to 5"
    ),
    "a base of another shape": (
        _changed("ikan TaylorKAN", {"layers.1.base_weight": torch.ones(5, 2)}), r"has shape \(5, 2\)"
    ),
    "a bias of another shape": (_changed("ikan TaylorKAN", {"layers.1.bias": torch.ones(3)}), r"has shape \(3\)"),
    "three waves": (_changed("FourierKAN", {"0.fouriercoeffs": torch.ones(3, 5, 3, 4)}), r"has shape \(3, 5"),
    "no wave": (_changed("FourierKAN", {"0.fouriercoeffs": torch.ones(2, 5, 3, 0)}), "has shape"),
    "a bias of one axis": (_changed("FourierKAN", {"0.bias": torch.ones(5)}), r"0\.bias has shape \(5,\)"),
    "a wavelet without width": (_changed("Wav-KAN", {"layers.0.scale": SCALE}), "is 0 on edge 0,1,2"),
    "places of another shape": (_changed("Wav-KAN", {"layers.0.translation": torch.ones(3, 5)}), "has shape"),
    "a norm of another width": (_changed("Wav-KAN", {"layers.0.bn.weight": torch.ones(4)}), r"has shape \(4\)"),
    "a negative variance": (_changed("Wav-KAN", {"layers.1.bn.running_var": -torch.ones(2)}), "is negative"),
    "half a norm": (_changed("Wav-KAN", {}, "layers.1.bn.running_mean"), r"bn\.running_mean is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_refused_in_words(case: str) -> None:
    state, words = DAMAGE[case]
    with pytest.raises(LoadError, match=words):
        opened(state)


@pytest.mark.parametrize(
    ("name", "answers", "words"),
    [
        ("Wav-KAN", {"wavelet": "haar"}, "wavelet=haar does not say"),
        ("Wav-KAN", {"base": "haar"}, "base=haar does not say"),
        ("JacobiKAN", {"a": -1.5}, "both must be above -1"),
        ("ikan JacobiKAN", {"a": 0, "b": 0}, "divides by zero"),
        ("JacobiKAN", {"b": float("nan")}, "b=nan"),
        ("ChebyKAN", {"a": 1}, "not asked by this file"),
    ],
)
def test_answers_that_do_not_fit_are_refused(name: str, answers: dict[str, object], words: str) -> None:
    with pytest.raises(LoadError, match=words):
        opened(WAVES[name].weights(3, 2), **answers)
