"""The samples are what their index and README say, and come out of make_samples.py."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
import torch

import kanviz
from kanviz.core.data.dataset import Dataset
from kanviz.core.layer import EdgeId
from kanviz.core.spline import domain
from kanviz.edit.history import replay
from kanviz.io.native import recipe_of
from kanviz.ui.state.session import Session
from kanviz.ui.widgets.samples import Sample, open_sample, rows_of, samples
from tests.helpers import not_none

FOLDER = Path(__file__).parents[1] / "sample_models"
ROWS = json.loads((FOLDER / "samples.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """make_samples.py as a module."""
    spec = importlib.util.spec_from_file_location("make_samples", FOLDER / "make_samples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def opened(sample: Sample) -> Session:
    s = Session()
    open_sample(s, sample)
    return s


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.file.stem)
def test_a_sample_opens_with_its_table_and_its_telling_edge(sample: Sample):
    s = opened(sample)
    assert s.data is not None
    assert sample.edge is not None
    assert s.edge == EdgeId(*sample.edge)
    assert s.present.edge(not_none(s.edge)).state != "pruned"
    assert sample.file.stat().st_size < 100_000
    assert not_none(sample.table).stat().st_size < 200_000


@pytest.mark.parametrize(("sample", "row"), list(zip(samples(), ROWS, strict=True)), ids=[row["title"] for row in ROWS])
@torch.no_grad()
def test_a_sample_has_the_errors_that_are_said_of_it(sample: Sample, row: dict):
    s = opened(sample)
    for part in ("train", "test"):
        x, y = not_none(s.data).rows(part)
        error = float(((s.present(x) - y) ** 2).mean().sqrt())
        assert error == pytest.approx(row["rmse"][part], rel=5e-3)
    said = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"| {row['rmse']['train']:.3g}" in said
    assert row["unit"] == s.present.outputs[0].unit


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["title"])
def test_thumbnails_are_heights_from_0_to_1(row: dict):
    assert 1 <= len(row["thumbnail"]) <= 3
    heights = [y for curve in row["thumbnail"] for y in curve]
    assert all(0 <= y <= 1 for y in heights)
    assert max(row["thumbnail"][0]) - min(row["thumbnail"][0]) > 0.1, "the first curve tells something"


def test_what_the_samples_show_is_there():
    unpruned, fitted, gravity, peaks, pendulum, hills = (opened(sample).present for sample in samples())
    assert {unpruned.edge(e).state for e in unpruned.edges()} == {"spline"}
    assert sum(1 for _ in unpruned.edges()) == 15
    assert [not_none(fitted.edge(e).formula).primitive for e in fitted.edges()] == ["sin", "x^2", "exp"]
    assert gravity.layers[0].arity == (3,)
    assert [str(v) for v in (*gravity.inputs, *gravity.outputs)] == ["m1 (kg)", "m2 (kg)", "r (m)", "F (pN)"]
    assert peaks.layers[0].grid == 200
    mass = pendulum.edge((0, 2, 0))
    length = pendulum.edge((0, 0, 0))
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)
    assert float(mass(x).std()) < 0.01 * float(length(x).std()), "the mass plays no part"
    assert hills.layers[0].base == "zero"


def test_the_fitted_sample_composes_to_the_law_it_was_made_from():
    s = opened(samples()[1])
    assert kanviz.compose(s.present, s.data).text(4) == ("f = exp(y**2 + sin(3.142*x))",)


def test_the_recipe_leads_from_the_unpruned_sample_to_the_fitted_one():
    start, end = samples()[:2]
    s = opened(start)
    made = replay(s.present, not_none(recipe_of(end.file.read_bytes())), s.data)
    x = not_none(s.data).rows("all")[0]
    assert float((made.present(x) - kanviz.load(end.file)(x)).abs().max()) < 1e-5  # last bits may differ by machine


def test_the_tables_come_out_of_the_script(maker: ModuleType):
    for name, make in maker.TABLES.items():
        assert make().to_csv(index=False, lineterminator="\n") == (FOLDER / name).read_text(encoding="utf-8"), name


def test_index_and_readme_come_out_of_the_script(maker: ModuleType):
    rows = [maker.index_row(s, kanviz.load(FOLDER / s.file), maker.dataset(s)) for s in maker.SAMPLES]
    assert [row["file"] for row in rows] == [row["file"] for row in ROWS]
    for made, kept in zip(rows, ROWS, strict=True):
        assert made["thumbnail"] == [pytest.approx(curve, abs=0.011) for curve in kept["thumbnail"]]
        assert {k: v for k, v in made.items() if k not in ("thumbnail", "rmse")} == {
            k: v for k, v in kept.items() if k not in ("thumbnail", "rmse")
        }
    assert maker.readme(ROWS) == (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_script_trains_the_smallest_sample_as_well(maker: ModuleType):
    sample = next(s for s in maker.SAMPLES if s.file == "pendulum.safetensors")
    data: Dataset = maker.dataset(sample)
    made, kept = sample.make(data).present, kanviz.load(FOLDER / sample.file)
    x, y = data.rows("all")
    # not the same network: line searches take another CPU's last bits elsewhere
    assert float((made(x) - y).square().mean().sqrt()) < 1.2 * float((kept(x) - y).square().mean().sqrt())


def test_the_new_rows_of_a_sample_fit_it_and_are_unknown_to_it():
    brings = [sample for sample in samples() if sample.new is not None]
    assert brings
    for sample in brings:
        s = opened(sample)
        new = rows_of(sample, not_none(sample.new), s.present)
        error = (s.present(new.x) - new.y).square().mean().sqrt()
        assert float(error) > 100 * next(r for r in ROWS if r["file"] == sample.file.name)["rmse"]["test"]
        low, high = domain(s.present.layers[0].knots, s.present.layers[0].order)
        inside = s.present.normalise(new.x)
        assert bool(((low <= inside) & (inside <= high)).all()), "within its grids"
