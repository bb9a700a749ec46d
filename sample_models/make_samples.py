"""Makes all samples again: tables from fixed seeds, networks trained on those tables, the index and the README.

    python sample_models/make_samples.py

Everything follows from the seeds below; two runs on one machine give the same files, byte for byte.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import kanviz
from kanviz.analysis.symbolic import fit_edge
from kanviz.analysis.thumbnails import all_curves
from kanviz.core.data.dataset import Dataset
from kanviz.core.kan import KAN
from kanviz.core.layer import EdgeId, Variable
from kanviz.core.training.train import TrainConfig, trained
from kanviz.edit.edits import Batch, Edit, FixFormula, RefineGrid, Retrain
from kanviz.edit.history import History
from kanviz.edit.proposals import prune
from kanviz.io.tables import read_table
from kanviz.writing import write

HERE = Path(__file__).parent
GRAVITY = 66.743  # gravitational constant, pN m²/kg²
FREE_FALL = 9.80665  # m/s²
TIMING = 0.005  # s, standard deviation of the stopwatch of the pendulum table
POINTS = 41  # heights of a curve in a thumbnail


# --- the tables -------------------------------------------------------------------------------------------------


def two_variables() -> pd.DataFrame:
    """Sample exp(sin(pi x) + y^2) at 1,000 random points: the example of Liu et al. 2024, KAN, section 2.5.2."""
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 1000)).round(4)
    return pd.DataFrame({"x": x, "y": y, "f": np.exp(np.sin(np.pi * x) + y**2).round(6)})


def gravity() -> pd.DataFrame:
    """Sample Newton's law for two masses: I.9.18 of the Feynman set (Udrescu & Tegmark 2020) with one distance."""
    rng = np.random.default_rng(2)
    m1, m2 = rng.uniform(1, 5, (2, 1000)).round(3)
    r = rng.uniform(0.5, 2, 1000).round(4)
    return pd.DataFrame({"m1": m1, "m2": m2, "r": r, "F": (GRAVITY * m1 * m2 / r**2).round(5)})


def five_peaks() -> pd.DataFrame:
    """Sample five equal peaks at 0.1, 0.3, ... 0.9: the example for locality of Liu et al. 2024, KAN, section 3.5."""
    x = np.linspace(0, 1, 1001).round(4)
    peaks = np.exp(-(((x[:, None] - np.arange(0.1, 1, 0.2)) / 0.03) ** 2)).sum(1)
    return pd.DataFrame({"x": x, "f": peaks.round(6)})


def pendulum() -> pd.DataFrame:
    """Simulate a measurement: the period of a rigid pendulum in vacuum, for any amplitude, with a stopwatch's noise.

    The equation of motion integrated exactly: T = 2 pi sqrt(L / g) / agm(1, cos(amplitude / 2)), agm the
    arithmetic-geometric mean (Carvalhaes & Suppes 2008). The table contains the bob's mass, which has no influence.
    """
    rng = np.random.default_rng(3)
    length, amplitude = rng.uniform(0.2, 2, 500).round(3), rng.uniform(2, 130, 500).round(1)
    mass = rng.uniform(20, 200, 500).round(0)
    a, b = np.ones(500), np.cos(np.radians(amplitude) / 2)
    for _ in range(8):  # quadratic convergence: equal to the last bit long before the end
        a, b = (a + b) / 2, np.sqrt(a * b)
    period = 2 * np.pi * np.sqrt(length / FREE_FALL) / a + rng.normal(0, TIMING, 500)
    return pd.DataFrame({"length": length, "amplitude": amplitude, "mass": mass, "period": period.round(3)})


def first_hill() -> pd.DataFrame:
    """Sample one quarter of a square with two hills: all that the network of `hills` is trained on."""
    return _hills(4, -1.0, -0.1)


def second_hill() -> pd.DataFrame:
    """Sample the opposite quarter, as new rows."""
    return _hills(5, 0.1, 1.0)


def _hills(seed: int, low: float, high: float) -> pd.DataFrame:
    """Sample equal hills at (-0.5, -0.5) and (0.5, 0.5), at 500 random points; both coordinates from low to high."""
    x, y = np.random.default_rng(seed).uniform(low, high, (2, 500)).round(4)
    height = sum(np.exp(-((x - at) ** 2 + (y - at) ** 2) / 0.08) for at in (-0.5, 0.5))
    return pd.DataFrame({"x": x, "y": y, "f": np.round(height, 6)})


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "two_variables.csv": two_variables,
    "gravity.csv": gravity,
    "five_peaks.csv": five_peaks,
    "pendulum.csv": pendulum,
    "hills.csv": first_hill,
    "hills_new.csv": second_hill,
}


# --- the networks -----------------------------------------------------------------------------------------------


def unpruned(data: Dataset) -> History:
    """Train [2, 5, 1] with L1 and entropy, so that one hidden node is used and four are idle."""
    start = kanviz.init([2, 5, 1], seed=0, inputs=data.inputs, outputs=data.outputs)
    return History.start(_learned(start, data, TrainConfig(steps=60, l1=5e-3, entropy=1e-2, follow=3)))


def pruned_and_fitted(data: Dataset) -> History:
    """Turn `unpruned` into exp(sin(pi x) + y^2): prune, retrain, fix three formulas, retrain their constants."""
    history = History.start(kanviz.load(HERE / "exp_sin_unpruned.safetensors"))
    kept = _busiest(history.present, data)
    idle = [e for e in history.present.edges() if (e.target if e.layer == 0 else e.source) != kept]
    history = history.apply(prune(history.present, idle, data))
    history = _retrain(history, data, TrainConfig(steps=40, follow=2))
    wanted = {EdgeId(0, 0, kept): "sin", EdgeId(0, 1, kept): "x^2", EdgeId(1, kept, 0): "exp"}
    return _fixed(history, data, wanted).named("Found: exp(sin(pi x) + y^2)")


def product(data: Dataset) -> History:
    """Train [3, one product of three sums, 1], pruned to one variable per factor, with a straight line after the
    product.

    The first steps decide which factor takes which variable, so six starts are tried and the best is saved.
    """
    found = [history for seed in range(6) if (history := _factored(data, seed))]
    return min(found, key=lambda history: rmse(history.present, data)["train"])


def _factored(data: Dataset, seed: int) -> History | None:
    """Train one start of `product`; None when two variables end up in one factor."""
    factors = kanviz.init([3, 3], seed=seed, inputs=data.inputs).layers[0]
    factors = replace(factors, arity=(3,), offset=torch.zeros(1, dtype=factors.coef.dtype))
    behind = kanviz.init([1, 1], seed=100 + seed).layers[0]
    sparse = TrainConfig(steps=60, l1=1e-2, entropy=2e-2, follow=3)
    start = _learned(KAN((factors, behind), data.inputs, data.outputs), data, sparse)
    sizes = _sizes(start, data)[0]
    if len(set(sizes.argmax(1).tolist())) < 3:
        return None
    idle = [e for e in start.edges() if e.layer == 0 and sizes[e.source, e.target] < sizes[e.source].max()]
    history = History.start(start).apply(prune(start, idle, data)).apply(RefineGrid(0, 10))
    last = EdgeId(1, 0, 0)
    history = history.apply(FixFormula(last, fit_edge(history.present, last, "x", data).formula))
    return _retrain(history, data, TrainConfig(steps=150, follow=3))


def peaks(data: Dataset) -> History:
    """Train [1, 1] with 200 intervals and no base function: a control point changes only its own neighbourhood."""
    start = kanviz.init([1, 1], grid=200, base="zero", noise=0.0, inputs=data.inputs, outputs=data.outputs)
    return History.start(_learned(start, data, TrainConfig(steps=60)))


def measured(data: Dataset) -> History:
    """Train [3, 1, 1] on the pendulum: two curves that matter, and a flat one for the mass."""
    start = kanviz.init([3, 1, 1], grid=4, seed=0, inputs=data.inputs, outputs=data.outputs)
    return History.start(_learned(start, data, TrainConfig(steps=80, follow=3)))


def hills(data: Dataset) -> History:
    """Train [2, 5, 1] without a base function on one quarter; its grids cover the whole square."""
    square = tuple(Variable(v.name, v.unit) for v in data.inputs)
    start = kanviz.init([2, 5, 1], grid=16, base="zero", seed=2, inputs=square, outputs=data.outputs)
    return History.start(_learned(start, data, TrainConfig(solver="lm", steps=60, smooth=1e-5)))


def _learned(kan: KAN, data: Dataset, config: TrainConfig) -> KAN:
    return trained(kan, data, config).best


def _retrain(history: History, data: Dataset, config: TrainConfig) -> History:
    last = trained(history.present, data, config)
    return history.record(Retrain.of(config, data, last), last.best)


def _fixed(history: History, data: Dataset, formulas: dict[EdgeId, str]) -> History:
    """Fix the best fit of the given primitive on each edge as one step each, then train all constants together."""
    found: list[Edit] = [FixFormula(e, fit_edge(history.present, e, f, data).formula) for e, f in formulas.items()]
    history = history.apply(Batch(tuple(found), f"Fix {', '.join(formulas.values())}"))
    return _retrain(history, data, TrainConfig(steps=60))


@torch.no_grad()
def _sizes(kan: KAN, data: Dataset) -> list[torch.Tensor]:
    """Compute, for each layer, the mean distance of each activation from its mean over the training rows."""
    activations = kan.trace(data.rows("train")[0]).activations
    return [(a - a.mean(0)).abs().mean(0) for a in activations]


def _busiest(kan: KAN, data: Dataset) -> int:
    """Find the hidden node that carries most."""
    into, out = _sizes(kan, data)
    return int((into.sum(0) * out.sum(1)).argmax())


# --- the samples ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """A row of the index: title, source, and the edges of its thumbnail, the most telling one first.

    to_one_scale: curves of one layer have a common scale, so that a small one looks flat. new: rows to learn next.
    """

    file: str
    title: str
    shows: str
    data: str
    target: str
    make: Callable[[Dataset], History]
    curves: Sequence[EdgeId]
    units: dict[str, str] = field(default_factory=dict)
    to_one_scale: bool = False
    new: str = ""


SAMPLES = (
    Sample(
        "exp_sin_unpruned.safetensors",
        "Five hidden nodes, one at work",
        "Four of the five hidden nodes idle: look at their flat curves, then prune them.",
        "two_variables.csv",
        "f",
        unpruned,
        (EdgeId(0, 0, 2), EdgeId(0, 0, 0), EdgeId(0, 0, 4)),
        to_one_scale=True,
    ),
    Sample(
        "exp_sin_fitted.safetensors",
        "From curves to a formula",
        "The same network pruned to one hidden node, its three curves fixed as a sine, a square and an exponential.",
        "two_variables.csv",
        "f",
        pruned_and_fitted,
        (EdgeId(0, 0, 2), EdgeId(0, 1, 2), EdgeId(1, 2, 0)),
    ),
    Sample(
        "gravity.safetensors",
        "Newton's law as a product",
        "One node multiplies three sums, each with one variable left: two straight lines and a fall as 1/r².",
        "gravity.csv",
        "F",
        product,
        (EdgeId(0, 2, 2), EdgeId(0, 0, 0), EdgeId(0, 1, 1)),
        {"m1": "kg", "m2": "kg", "r": "m", "F": "pN"},
    ),
    Sample(
        "five_peaks.safetensors",
        "Five peaks, one curve",
        "One spline with 203 control points: move one, and only its own peak changes.",
        "five_peaks.csv",
        "f",
        peaks,
        (EdgeId(0, 0, 0),),
    ),
    Sample(
        "pendulum.safetensors",
        "A pendulum, measured",
        "The period follows length and amplitude; the curve of the mass is flat, as it should be.",
        "pendulum.csv",
        "period",
        measured,
        (EdgeId(0, 1, 0), EdgeId(0, 0, 0), EdgeId(0, 2, 0)),
        {"length": "m", "amplitude": "deg", "mass": "g", "period": "s"},
        to_one_scale=True,
    ),
    Sample(
        "hills.safetensors",
        "Two hills, one learned",
        "It knows one hill. On the Retrain page it learns the other, and keeps every bit of what it knew.",
        "hills.csv",
        "f",
        hills,
        (EdgeId(0, 0, 0), EdgeId(0, 1, 0), EdgeId(1, 0, 0)),
        new="hills_new.csv",
    ),
)


def dataset(sample: Sample) -> Dataset:
    """Read the sample's table as the app does, split by seed 0."""
    table = read_table((HERE / sample.data).read_bytes(), sample.data)
    inputs = [name for name in table.frame.columns if name != sample.target]
    return Dataset.from_frame(table.frame, sample.target, inputs, units=sample.units)


@torch.no_grad()
def rmse(kan: KAN, data: Dataset) -> dict[str, float]:
    """Compute the root mean square error on training rows and on held-out rows, in the target's unit."""
    errors = {}
    for part in ("train", "test"):
        x, y = data.rows(part)
        errors[part] = float(f"{float(((kan(x) - y) ** 2).mean().sqrt()):.3g}")
    return errors


def index_row(sample: Sample, kan: KAN, data: Dataset) -> dict[str, Any]:
    """Make a sample's row of samples.json; thumbnails are heights from 0 to 1."""
    curves = {c.id: c.heights for c in all_curves(kan, data, POINTS, shared=sample.to_one_scale)}
    new = {"new": sample.new} if sample.new else {}
    return {
        "title": sample.title,
        "shows": sample.shows,
        "file": sample.file,
        "data": sample.data,
        **new,
        "target": sample.target,
        "edge": list(sample.curves[0]),
        "shape": kan.shape_text,
        "rmse": rmse(kan, data),
        "unit": kan.outputs[0].unit,
        "thumbnail": [((curves[edge] + 1) / 2).round(2).tolist() for edge in sample.curves],
    }


def readme(rows: Sequence[dict[str, Any]]) -> str:
    """Write the table of README.md."""
    lines = [
        "# Samples",
        "",
        "Written by `make_samples.py` (`make samples`), which trains every network on the table beside it and says",
        "where the table comes from. `samples.json` is the index that the app shows.",
        "",
        "| file | network | table | what it shows | RMSE train | RMSE test |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        unit = f" {row['unit']}" if row["unit"] else ""
        errors = " | ".join(f"{row['rmse'][part]:.3g}{unit}" for part in ("train", "test"))
        lines.append(f"| `{row['file']}` | {row['shape']} | `{row['data']}` | {row['shows']} | {errors} |")
    return "\n".join(lines) + f"\n\nThe stopwatch of the pendulum's table has a standard deviation of {TIMING} s.\n"


def make_tables() -> None:
    for name, make in TABLES.items():
        write(HERE / name, make().to_csv(index=False, lineterminator="\n"))


def main() -> None:
    torch.set_num_threads(1)
    make_tables()
    rows = []
    for sample in SAMPLES:
        data = dataset(sample)
        history = sample.make(data)
        kan = history.present
        kanviz.save(kan, HERE / sample.file, history.recipe() if history.at else None)
        rows.append(index_row(sample, kan, data))
        print(f"{sample.file}: {kan.shape_text}, RMSE {rows[-1]['rmse']}, digest {kan.digest[:12]}")
    write(HERE / "samples.json", json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    write(HERE / "README.md", readme(rows))


if __name__ == "__main__":
    main()
