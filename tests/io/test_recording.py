"""What flows through a module is recorded as rows, bit for bit, and opens as the rows of the KAN in it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import kanviz
from kanviz.core.layer import EdgeId
from kanviz.edit.edits import MoveControlPoint
from kanviz.edit.history import History
from kanviz.errors import TableError, UserError
from tests.io.gpt import GPT, TOKENS, model_of

BATCH = torch.randn(5, 4, 2, generator=torch.Generator().manual_seed(0))
LAYER = kanviz.KANLayer(2, 3, seed=1)


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 2), nn.Sequential(kanviz.KANLayer(2, 4), kanviz.KANLayer(4, 3)), nn.Linear(3, 1))


@pytest.mark.parametrize("ending", ["npz", "parquet"])
def test_the_rows_of_a_block_are_what_goes_in_and_comes_out(ending: str, tmp_path: Path) -> None:
    whole = model()
    with kanviz.record(whole[1], out=tmp_path / f"rows.{ending}"):
        whole(BATCH)
    rows = kanviz.load_rows(tmp_path / f"rows.{ending}")
    before = whole[0](BATCH).reshape(-1, 2)
    assert torch.equal(rows.x, before.double())
    assert torch.equal(rows.y, whole[1](before).double())
    assert [v.name for v in (*rows.inputs, *rows.outputs)] == ["x1", "x2", "y1", "y2", "y3"]


def test_inputs_that_are_given_are_recorded_at_once() -> None:
    rows = kanviz.record(LAYER, BATCH)
    assert torch.equal(rows.y, LAYER(rows.x))
    assert not rows.y.requires_grad


def test_calls_are_appended_also_in_a_second_statement() -> None:
    with kanviz.record(LAYER) as rows:
        LAYER(BATCH[0])
        LAYER(BATCH[1:3])
    with rows:
        LAYER(BATCH[3:])
    assert torch.equal(rows.x, BATCH.reshape(-1, 2))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 25), st.lists(st.integers(0, 20), max_size=4), st.integers(0, 3))
def test_a_sample_depends_on_the_seed_and_not_on_the_batches(most: int, cuts: list[int], seed: int) -> None:
    x = BATCH.reshape(-1, 2)
    with kanviz.record(LAYER, most=most, seed=seed) as rows:
        for part in torch.tensor_split(x, sorted(cuts)):
            LAYER(part)
    whole = kanviz.record(LAYER, x, most=most, seed=seed)
    assert torch.equal(rows.x, whole.x)
    assert (len(rows), rows.seen) == (min(most, 20), 20)


def test_a_sample_is_in_the_order_of_its_rows_and_says_of_how_many() -> None:
    rows = kanviz.record(nn.Identity(), torch.arange(100.0)[:, None], most=10)
    assert bool((rows.x.diff(dim=0) > 0).all())
    assert str(rows) == "10 rows of 1 inputs and 1 outputs, a sample of 100 rows"


def test_a_wide_module_is_recorded_in_as_many_rows_as_the_app_takes() -> None:
    rows = kanviz.record(nn.Identity(), torch.zeros(2_000, 3_000))
    assert len(rows) == 1_000


def test_a_module_that_changes_its_input_is_recorded_as_it_was_before() -> None:
    x = torch.tensor([[-1.0, 2.0]])
    rows = kanviz.record(nn.ReLU(inplace=True), x.clone())
    assert torch.equal(rows.x, x)


@pytest.mark.parametrize(("kind", "found"), [("float16", "float32"), ("bfloat16", "float32"), ("float64", "float64")])
def test_rows_are_float32_or_float64(kind: str, found: str) -> None:
    assert kanviz.record(nn.Identity(), BATCH.to(getattr(torch, kind))).x.dtype == getattr(torch, found)


def test_nothing_stays_on_the_module_and_nothing_is_written_when_the_model_fails(tmp_path: Path) -> None:
    failing = nn.Sequential(LAYER, nn.Linear(7, 1))
    with pytest.raises(RuntimeError, match="shapes"), kanviz.record(LAYER, out=tmp_path / "rows.npz"):
        failing(BATCH)
    assert not LAYER._forward_hooks
    assert not LAYER._forward_pre_hooks
    assert not list(tmp_path.iterdir())


class Odd(nn.Module):
    """Gives what it was made with, whatever it takes."""

    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result

    def forward(self, *given: Tensor) -> object:
        return self.result


@pytest.mark.parametrize(
    ("module", "given", "words"),
    [
        (Odd((BATCH, BATCH)), [BATCH], "Odd gives a tuple"),
        (Odd(None), [BATCH], "Odd gives a NoneType"),
        (Odd(BATCH), [], "Odd takes no tensors"),
        (Odd(BATCH), [BATCH, BATCH], "Odd takes 2 tensors"),
        (nn.Embedding(3, 2), [torch.tensor([1])], "Embedding takes a tensor of int64"),
        (Odd(torch.tensor(1.0)), [BATCH], r"gives a tensor of float32 with the shape \(\)"),
        (Odd(BATCH[0]), [BATCH], "Odd makes 4 rows of 20"),
    ],
)
def test_modules_that_are_no_function_of_one_row_are_refused(
    module: nn.Module, given: list[Tensor], words: str
) -> None:
    with pytest.raises(UserError, match=rf"{words}.*Record a module"), kanviz.record(module):
        module(*given)


def test_a_width_that_changes_is_refused() -> None:
    rows = kanviz.record(module := nn.Identity(), torch.ones(1, 2))
    with pytest.raises(UserError, match="called with 3 inputs and 3 outputs, and before with 2 and 2"), rows:
        module(torch.ones(1, 3))


def test_a_module_that_is_not_called_is_refused() -> None:
    with pytest.raises(UserError, match="Linear was not called"), kanviz.record(nn.Linear(1, 1)):
        pass


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: kanviz.record("ffn"), "takes a module"),  # pyright: ignore[reportArgumentType]
        (lambda: kanviz.record(LAYER, "rows.npz"), "Name a file as out="),  # pyright: ignore[reportArgumentType]
        (lambda: kanviz.record(LAYER, out="rows.csv"), r"\.npz or \.parquet\. Name the file rows\.npz"),
        (lambda: kanviz.record(LAYER, most=0), "at least one row"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_the_model_runs(ask, words: str) -> None:
    with pytest.raises(UserError, match=words):
        ask()


def test_a_block_is_edited_with_its_rows_and_the_model_gives_the_edited_result(tmp_path: Path) -> None:
    """The whole way: record, open, edit, write back, and the model's own code computes what the edit promised."""
    name, old = "blocks.1.ffn", model_of()
    with torch.no_grad(), kanviz.record(old.get_submodule(name), out=tmp_path / "block1.npz"):
        before = old(TOKENS)
    rows, kan = kanviz.load_rows(tmp_path / "block1.npz"), kanviz.load(GPT, block=name)
    history = History.start(kan).apply(MoveControlPoint(EdgeId(0, 2, 3), 3, 2.5), rows.matching(kan))

    kanviz.replace(GPT, name, history.present, tmp_path / "edited.pt")

    new = model_of(tmp_path / "edited.pt")
    with torch.no_grad(), kanviz.record(new.get_submodule(name)) as after:
        logits = new(TOKENS)
    assert torch.equal(after.x.double(), rows.x)
    assert float((after.y.double() - history.present(rows.x)).abs().max()) < 1e-6
    assert float((kan(rows.x) - rows.y).abs().max()) < 1e-6
    assert float((logits - before).abs().max()) > 1e-3


def test_rows_with_missing_values_are_left_out_with_a_note(tmp_path: Path) -> None:
    x = np.array([[1.0], [np.nan], [3.0]])
    np.savez(tmp_path / "rows.npz", x=x, y=x)
    rows = kanviz.load_rows(tmp_path / "rows.npz")
    assert rows.x.tolist() == [[1.0], [3.0]]
    assert "1 of 3 rows have missing or infinite values" in rows.notes[-1]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.ones((3, 2)), "y": np.ones(4)}, "y has 4 rows and x has 3"),
        ({"x": np.ones((3, 2)), "z": np.ones(3)}, "no array y"),
        ({"x": np.ones((3, 2)), "y": np.float64(1)}, "y has no rows"),
        ({"x": np.full((3, 2), np.nan), "y": np.ones(3)}, "No row"),
        ({"x": np.array([None]), "y": np.ones(1)}, "Python objects"),
        ({"x": np.zeros((11_000_000, 1), "u1"), "y": np.zeros(1)}, "limit is 10,000,000"),
    ],
)
def test_arrays_that_are_no_rows_are_refused(arrays: dict[str, np.ndarray], words: str, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "rows.npz", allow_pickle=True, **arrays)
    with pytest.raises(TableError, match=words):
        kanviz.load_rows(tmp_path / "rows.npz")


def test_arrays_of_numpy_are_a_table_everywhere(tmp_path: Path) -> None:
    rows = kanviz.record(LAYER, BATCH, tmp_path / "rows.npz")
    table = kanviz.read_table(tmp_path / "rows.npz")
    data = table.dataset(["y1", "y2", "y3"], ["x1", "x2"])
    assert torch.equal(data.y, rows.y.double())
