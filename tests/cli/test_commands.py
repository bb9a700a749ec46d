"""Every command by its arguments: what it prints, what it writes, and how it refuses."""

import json
import shutil
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import kanviz
from kanviz.bench import short
from kanviz.cli import main
from kanviz.cli.commands import COMMANDS
from kanviz.core.layer import EdgeId
from kanviz.core.training import train as training
from kanviz.edit.edits import FixFormula, FreezeEdge, Retrain
from kanviz.io.native import recipe_of
from kanviz.ui.server import start as serve
from tests.cli.conftest import Run
from tests.helpers import not_none


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """60 rows of s = v t in words a person would choose."""
    speed, time = np.random.default_rng(0).uniform(1, 3, (2, 60)).round(3)
    path = tmp_path / "trips.csv"
    pd.DataFrame({"speed": speed, "time": time, "way": speed * time}).to_csv(path, index=False)
    return path


@pytest.fixture
def model(tmp_path: Path, table: Path) -> Path:
    """[2, 1] for the table, one edge a formula and frozen, the other a spline."""
    frame = pd.read_csv(table)
    data = kanviz.Dataset.from_frame(frame, "way", units={"speed": "m/s", "time": "s", "way": "m"})
    kan = kanviz.init([2, 1], grid=4, inputs=data.inputs, outputs=data.outputs)
    edge = EdgeId(0, 0, 0)
    kan = FreezeEdge((edge,)).apply(FixFormula(edge, kanviz.Formula("x^2", c=0.5)).apply(kan))
    path = tmp_path / "trips.safetensors"
    kanviz.save(kan, path)
    return path


def refused(run: Run, *arguments: object) -> tuple[int, str]:
    """Status and sentence of a refusal: one line on stderr, nothing on stdout."""
    status, out, err = run(*arguments)
    assert out == ""
    assert err.startswith("kanviz: ")
    assert err.count("\n") == 1, err
    assert status != 0
    return status, err


# --- show -------------------------------------------------------------------------------------------------------


def test_show_says_what_is_in_a_file(run: Run, model: Path):
    status, out, err = run("show", model)
    assert (status, err) == (0, "")
    assert out.splitlines()[:4] == [
        "[2, 1], 2 edges, regression, float64",
        "inputs:  speed (m/s), time (s)",
        "outputs: way (m)",
        "layer 0: 2 to 1 nodes, grid 4, order 3, base silu; edges: 1 spline, 1 formula, 1 frozen",
    ]
    assert "edge 0,0,0: 0.5 x^2" in out
    assert kanviz.load(model).digest in out


def test_show_names_the_functions_and_the_step_of_a_layer_without_splines(run: Run):
    out = run("show", Path(__file__).parents[1] / "checkpoints" / "formats" / "fast_kan.pt")[1]
    words = "layer 1: 3 to 1 nodes, as they are and after LayerNorm, sums of Gaussians (8 functions), base silu; edges"
    assert f"{words}: 6 curve" in out


def test_show_as_json_agrees_with_the_network(run: Run, model: Path):
    record = json.loads(run("show", model, "--json")[1])
    kan = kanviz.load(model)
    assert record["shape"] == list(kan.shape)
    assert record["digest"] == kan.digest
    assert record["outputs"][0]["unit"] == "m"
    assert record["layers"][0]["edges"] == {"spline": 1, "formula": 1, "both": 0, "pruned": 0}


def test_a_name_from_a_file_cannot_steer_the_terminal(run: Run, tmp_path: Path):
    kan = kanviz.init([1, 1], inputs=[kanviz.core.layer.Variable("\x1b[2Jx")])
    kanviz.save(kan, tmp_path / "sly.safetensors")
    for how in ("show", "formula"):
        assert "\x1b" not in "".join(map(str, run(how, tmp_path / "sly.safetensors")))


# --- train ------------------------------------------------------------------------------------------------------


def test_train_learns_saves_and_says_the_error_with_its_unit(run: Run, table: Path, tmp_path: Path):
    found = tmp_path / "found.safetensors"
    status, out, err = run(
        "train", table, "--target", "way", "--unit", "way=m", "--shape", "0+1", "--grid", 3, "--steps", 30, "-o", found
    )
    assert (status, err) == (0, "")
    kan = kanviz.load(found)
    assert kan.shape_text == "[2, 0+1×, 1]"
    assert kan.outputs[0].unit == "m"
    frame = pd.read_csv(table)
    data = kanviz.Dataset.from_frame(frame, "way")
    x, y = data.rows("test")
    error = float(((kan(x) - y) ** 2).mean().sqrt())
    assert f"test RMSE {error:.4g} m (12 rows)" in out
    assert error < 0.1 * float(y.std()), "it learned something"
    assert not_none(recipe_of(found.read_bytes()))["end"] == kan.digest


def test_train_as_json_says_what_came_of_it_in_the_targets_units(run: Run, table: Path, tmp_path: Path):
    found = tmp_path / "k.safetensors"
    status, out, err = run(
        "train", table, "--target", "way", "--unit", "way=m", "--shape", "[2,5,1]", "--json", "-o", found
    )
    record = json.loads(out)
    assert (status, err) == (0, "")
    kan = kanviz.load(found)
    x, y = kanviz.Dataset.from_frame(pd.read_csv(table), "way").rows("test")
    assert record["test_rmse"] == pytest.approx(float(((kan(x) - y) ** 2).mean().sqrt()))
    assert record["train_rmse"] < 0.01
    assert record["cpu_seconds"] > 0
    assert record["solver"] == "lm"
    assert record["grid"] == [layer.grid for layer in kan.layers]
    assert record["stopped_because"]
    assert (record["shape"], record["unit"], record["digest"]) == ([2, 5, 1], "m", kan.digest)
    assert record["rows"] == {"train": 48, "test": 12}
    assert record["test_accuracy"] is None
    assert not record["interrupted"]


@pytest.mark.parametrize(
    ("shape", "width"),
    [("5,3", [2, 5, 3, 1]), ("0", [2, 1]), ("4+2", [2, [4, 2], 1]), ("[2, [0, 1], 1]", [2, [0, 1], 1])],
)
def test_a_shape_may_be_hidden_columns_or_the_whole_width(run: Run, table: Path, tmp_path: Path, shape, width):
    found = tmp_path / "k.safetensors"
    record = json.loads(
        run("train", table, "--target", "way", "--shape", shape, "--steps", 2, "--json", "-o", found)[1]
    )
    assert record["shape"] == width
    assert kanviz.load(found).shape_text == kanviz.init(width).shape_text


@pytest.mark.parametrize(
    ("solver", "grid", "steps"), [("lbfgs", 5, 100), ("adam", 5, 100), ("lm", 3, 300), ("auto", 3, 300)]
)
def test_each_solver_has_its_own_grid_and_steps_to_begin_with(
    run: Run, table: Path, tmp_path: Path, solver, grid, steps
):
    found = tmp_path / "k.safetensors"
    arguments = ("train", table, "--target", "way", "--shape", "1", "--solver", solver, "--json", "-o", found)
    record = json.loads(run(*arguments)[1])
    config = not_none(recipe_of(found.read_bytes()))["edits"][0]["config"]
    assert record["start_grid"] == [grid, grid]
    assert config["steps"] == steps
    assert record["solver"] == config["solver"] == {"auto": "lm"}.get(solver, solver)


def test_a_grid_that_may_not_grow_stays(run: Run, table: Path, tmp_path: Path):
    arguments = (
        "train",
        table,
        "--target",
        "way",
        "--grid",
        4,
        "--finest",
        0,
        "--json",
        "-o",
        tmp_path / "k.safetensors",
    )
    assert json.loads(run(*arguments)[1])["grid"] == [4, 4]


def test_train_says_which_solver_was_picked_and_why_it_stopped(run: Run, table: Path, tmp_path: Path):
    out = run("train", table, "--target", "way", "--steps", 2, "-o", tmp_path / "k.safetensors")[1]
    assert "Levenberg-Marquardt (picked: the network is small enough): all steps done" in out
    assert "grid intervals 3" in out
    assert "s of CPU time" in out


def test_without_held_out_rows_their_error_is_null(run: Run, table: Path, tmp_path: Path):
    arguments = (
        "train",
        table,
        "--target",
        "way",
        "--test",
        0,
        "--steps",
        2,
        "--json",
        "-o",
        tmp_path / "k.safetensors",
    )
    record = json.loads(run(*arguments)[1])
    assert record["test_rmse"] is None
    assert record["rows"] == {"train": 60}


def test_a_sample_is_learned_to_a_thousandth(run: Run, tmp_path: Path):
    table = Path(__file__).parents[2] / "sample_models" / "two_variables.csv"
    arguments = ("train", table, "--target", "f", "--shape", "[2,5,1]", "--json", "-o", tmp_path / "k.safetensors")
    assert json.loads(run(*arguments)[1])["test_rmse"] < 1e-3


def test_the_same_seed_gives_the_same_network(run: Run, table: Path, tmp_path: Path):
    digests = []
    for seed in (1, 1, 2):
        run("train", table, "--target", "way", "--steps", 3, "--seed", seed, "-o", tmp_path / "k.safetensors")
        digests.append(kanviz.load(tmp_path / "k.safetensors").digest)
    assert digests[0] == digests[1] != digests[2]


def test_train_classifies_a_target_of_words(run: Run, tmp_path: Path):
    x = np.linspace(-1, 1, 80)
    frame = pd.DataFrame({"x": x, "kind": np.where(x > 0.1, "warm", "cold")})
    frame.to_csv(tmp_path / "kinds.csv", index=False)
    status, out, _ = run(
        "train",
        tmp_path / "kinds.csv",
        "--target",
        "kind",
        "--shape",
        0,
        "--steps",
        15,
        "-o",
        tmp_path / "k.safetensors",
    )
    assert status == 0
    assert kanviz.load(tmp_path / "k.safetensors").task == "classification"
    assert "train accuracy 100.0% (64 rows)" in out
    arguments = ("--target", "kind", "--shape", "[1,2]", "--json", "-o", tmp_path / "k.safetensors")
    record = json.loads(run("train", tmp_path / "kinds.csv", *arguments)[1])
    assert record["task"] == "classification"
    assert (record["train_rmse"], record["test_rmse"]) == (None, None)
    assert record["train_accuracy"] == 1.0
    assert record["test_accuracy"] >= 0.9


def test_control_c_keeps_the_best_so_far(run: Run, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = training.train

    def interrupted(*arguments, **more):
        for item in whole(*arguments, **more):
            yield item
            if item.step == 4:
                raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", interrupted)
    arguments = ("train", table, "--target", "way", "--steps", 50, "-o", tmp_path / "k.safetensors")
    status, out, err = run(*arguments)
    assert status == 130
    assert "Stopped at step 4 of 50; the best network so far is kept." in err
    assert "best of 4 steps" in out
    assert kanviz.load(tmp_path / "k.safetensors").shape == (2, 5, 1)
    record = json.loads(run(*arguments, "--json")[1])
    assert (record["interrupted"], record["stopped_because"]) == (True, "stopped with Ctrl-C")


def test_a_progress_bar_is_drawn_only_for_a_terminal(run: Run, table: Path, tmp_path: Path, monkeypatch):
    arguments = ("train", table, "--target", "way", "--steps", 2, "-o", tmp_path / "k.safetensors")
    assert run(*arguments)[2] == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "2/2" in run(*arguments)[2]


# --- formula ----------------------------------------------------------------------------------------------------


@pytest.fixture
def law(tmp_path: Path) -> Path:
    """y = 3 x^2 + 1, in table units."""
    kan = kanviz.init([1, 1], noise=0.0, base="zero")
    kanviz.save(
        FixFormula(EdgeId(0, 0, 0), kanviz.Formula("x^2", c=3.0, d=1.0)).apply(kan), tmp_path / "law.safetensors"
    )
    return tmp_path / "law.safetensors"


def test_formula_writes_the_law(run: Run, law: Path):
    assert run("formula", law)[1] == "y = 3*x1**2 + 1\n"
    assert "x_{1}^{2}" in run("formula", law, "--latex")[1]
    record = json.loads(run("formula", law, "--json")[1])
    assert record["formulas"] == ["y = 3*x1**2 + 1"]
    assert record["spline_edges"] == []
    assert record["largest_gap"] < 1e-12


def test_a_spline_that_remains_is_said(run: Run, model: Path):
    status, out, err = run("formula", model)
    assert status == 0
    assert "phi_{0,1,0}" in out
    assert "1 edge is still a spline" in err


@pytest.fixture
def learned(run: Run, table: Path, tmp_path: Path) -> Path:
    """A network without hidden nodes that has learned way = speed + time**2; the table has that column now."""
    frame = pd.read_csv(table).assign(way=lambda t: t.speed + t.time**2)
    frame.to_csv(table, index=False)
    path = tmp_path / "m.safetensors"
    run("train", table, "--target", "way", "--shape", 0, "--steps", 60, "-o", path)
    return path


def test_fit_fixes_the_curves_and_reports(run: Run, table: Path, learned: Path, tmp_path: Path):
    fitted = tmp_path / "f.safetensors"
    status, out, err = run("formula", learned, "--table", table, "--fit", "--digits", 3, "-o", fitted)
    assert status == 0
    assert out == "way = speed + time**2\n"
    assert err.count("% of the spread)") == 2
    assert "RMSE on the table" in err
    kan = kanviz.load(fitted)
    assert [kan.edge(e).state for e in kan.edges()] == ["formula", "formula"]
    assert [e["kind"] for e in not_none(recipe_of(fitted.read_bytes()))["edits"]] == ["fix formula"] * 2


def test_all_edges_are_read_together(run: Run, table: Path, learned: Path, tmp_path: Path):
    kept = tmp_path / "f.safetensors"
    status, out, err = run("formula", learned, "--table", table, "--together", "--digits", 3, "-o", kept)
    assert status == 0
    assert out == "way = speed + time**2\n"
    assert "With exact constants: way = speed + time**2" in err
    assert "Ended because: all curves read." in err
    assert not any(bool(layer.active.any()) for layer in kanviz.load(kept).layers)
    recipe = recipe_of(kept.read_bytes())
    assert recipe is not None
    assert [e["kind"] for e in recipe["edits"]] == ["rewrite"]
    record = json.loads(run("formula", learned, "--table", table, "--together", "--json")[1])
    assert record["law"]["expression"] == "speed + time**2"
    assert record["spline_edges"] == []


def test_within_leaves_curves_alone_that_no_formula_fits(run: Run, model: Path):
    _, out, err = run("formula", model, "--fit", "--within", 1e-9)
    assert "Left as it is." in err
    assert "phi_{0,1,0}" in out


# --- script ---------------------------------------------------------------------------------------------------


@pytest.fixture
def changed(model: Path, tmp_path: Path) -> Path:
    """The model after one step, saved with the step."""
    history = kanviz.History.start(kanviz.load(model)).apply(FixFormula(EdgeId(0, 1, 0), kanviz.Formula("sin", 0.1)))
    path = tmp_path / "changed.safetensors"
    kanviz.save(history.present, path, recipe=history.recipe())
    return path


def test_script_writes_the_steps_that_a_file_tells(run: Run, model: Path, changed: Path, tmp_path: Path):
    steps = tmp_path / "steps.py"
    status, out, err = run("script", changed, "--start", model, "-o", steps)
    assert (status, out, err) == (0, "", "")
    assert run("script", changed, "--start", model)[1] == steps.read_text()
    wanted = kanviz.load(changed).digest
    changed.unlink()
    done = subprocess.run([sys.executable, steps], capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert "the same, bit for bit" in done.stdout, done.stderr
    assert kanviz.load(changed).digest == wanted


def test_script_says_where_it_ends(run: Run, model: Path, tmp_path: Path):
    kan = kanviz.load(model)
    step = Retrain(kanviz.TrainConfig("adam", steps=1), "0" * 64, 1)
    history = kanviz.History.start(kan).record(step, FreezeEdge((EdgeId(0, 1, 0),)).apply(kan))
    path = tmp_path / "trained.safetensors"
    kanviz.save(history.present, path, recipe=history.recipe())
    status, out, err = run("script", path, "--start", model)
    assert status == 0
    assert err.startswith("The script ends before step 1: it was a training on a table that is not loaded")
    assert "raise SystemExit(" in out


def test_script_refuses_a_file_without_steps_and_another_start(run: Run, model: Path, changed: Path):
    assert "does not tell the steps" in refused(run, "script", model, "--start", model)[1]
    assert "not the network that these steps began with" in refused(run, "script", changed, "--start", changed)[1]


# --- plot -------------------------------------------------------------------------------------------------------


def test_bench_prints_one_json_object_or_a_table(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(short, "solver_time", partial(short.solver_time, seeds=1, goal=1.0))
    monkeypatch.setattr(short, "layer_rows", partial(short.layer_rows, ("a1",), repeat=1))
    status, out, _ = run("bench", "--json")
    record = json.loads(out)
    assert status == 0
    assert set(record) == {"machine", "threads", "paths", "layers", "solver"}
    assert {row["contender"] for row in record["layers"]} >= {"plain recursion", "kanviz", "MLP (equal parameters)"}
    status, out, _ = run("bench")
    assert status == 0
    assert "a1 [2,5,1] N=1000 G=5" in out
    assert "path native:" in out


def test_plot_draws_an_edge_or_the_network(run: Run, model: Path, table: Path, tmp_path: Path):
    edge, network = tmp_path / "edge.json", tmp_path / "network.html"
    assert run("plot", model, "--edge", "0,1,0", "--table", table, "-o", edge) == (0, "", "")
    assert any(trace.get("x") for trace in json.loads(edge.read_text())["data"])
    assert run("plot", model, "--dark", "-o", network)[0] == 0
    assert "plotly" in network.read_text(encoding="utf-8").lower()


def test_plot_writes_figures_for_paper(run: Run, model: Path, tmp_path: Path):
    svg, pdf = tmp_path / "edge.svg", tmp_path / "network.pdf"
    assert run("plot", model, "--edge", "0,1,0", "--width", "6cm", "--grey", "-o", svg) == (0, "", "")
    assert 'width="170.07874pt"' in svg.read_text(encoding="utf-8")
    assert run("plot", model, "-o", pdf)[0] == 0
    assert pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    "command", [["plot", "{model}", "-o", "old.html"], ["script", "{changed}", "--start", "{model}", "-o", "old.py"]]
)
def test_a_full_disk_leaves_the_old_file_whole(
    run: Run, model: Path, changed: Path, tmp_path: Path, full_disk, command
):
    old = tmp_path / command[-1]
    old.write_text("what was there")
    with full_disk(100):
        err = refused(run, *(part.format(model=model, changed=changed) for part in command[:-1]), old)[1]
    assert f"{old.name} cannot be written: file too large" in err
    assert old.read_text() == "what was there"


# --- app --------------------------------------------------------------------------------------------------------


def test_the_app_gets_its_own_settings_whatever_the_environment_says(tmp_path: Path, model: Path, monkeypatch):
    from streamlit import config
    from streamlit.web import bootstrap

    seen = {}

    def started(script, is_hello, arguments, flags):
        names = ("server.address", "server.port", "client.showErrorDetails", "browser.gatherUsageStats")
        seen.update({name: config.get_option(name) for name in names}, script=script)

    monkeypatch.setattr(bootstrap, "run", started)
    monkeypatch.setattr(serve, "_preload", lambda: None)
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    monkeypatch.setenv("STREAMLIT_CLIENT_SHOW_ERROR_DETAILS", "full")
    monkeypatch.setenv("KANVIZ_MODEL", "")
    monkeypatch.setenv("KANVIZ_BLOCK", "")
    monkeypatch.setenv("KANVIZ_ANSWERS", "")
    monkeypatch.setattr(config, "_main_script_path", None)
    monkeypatch.chdir(tmp_path)
    port = _free_port()
    try:
        assert main(["app", model.name, "--block", "ffn", "--base", "gelu", "--port", str(port), "--no-browser"]) == 0
        opens = [serve.os.environ[f"KANVIZ_{name}"] for name in ("MODEL", "BLOCK", "ANSWERS")]
    finally:
        config.get_config_options(force_reparse=True)
    assert seen == {
        "server.address": "127.0.0.1",
        "server.port": port,
        "client.showErrorDetails": "none",
        "browser.gatherUsageStats": False,
        "script": str(serve.app_folder() / "app.py"),
    }
    assert opens == [str(model.resolve()), "ffn", '{"base": "gelu"}']


def test_a_port_in_use_is_one_clear_line(run: Run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, said = refused(run, "app", "--port", port, "--no-browser")
    assert f"Port {port} cannot be used" in said
    assert "--port" in said


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "COMMAND"),
        (["frobnicate"], "frobnicate"),
        (["show"], "MODEL"),
        (["app", "--port", "99999"], "65535"),
        (["train", "{table}", "-o", "k.safetensors"], "--target"),
        (["train", "{table}", "--target", "way", "-o", "k.safetensors", "--grid", "0"], "--grid"),
        (["train", "{table}", "--target", "way", "-o", "k.safetensors", "--shape", "1+2+3"], "4+2"),
        (["train", "{table}", "--target", "way", "-o", "k.safetensors", "--shape", "[2,[5,1],1"], "[2,[4,2],1]"),
        (["train", "{table}", "--target", "way", "-o", "k.safetensors", "--shape", "[2,2.5,1]"], "[2,[4,2],1]"),
        (["train", "{table}", "--target", "way", "-o", "k.safetensors", "--shape", "[" * 5_000], "[2,[4,2],1]"),
        (["train", "{table}", "--target", "way", "-o", "k.safetensors", "--solver", "luck"], "lbfgs"),
        (
            ["train", "{table}", "--target", "way", "-o", "k.safetensors", "--solver", "adam", "--finest", "9"],
            "--finest",
        ),
        (["plot", "{model}", "--edge", "0,1", "-o", "e.html"], "layer,source,target"),
        (["plot", "{model}", "-o", "e.gif"], ".svg"),
        (["plot", "{model}", "--grey", "-o", "e.html"], "for paper"),
        (["plot", "{model}", "--width", "89", "-o", "e.pdf"], "89mm"),
        (["plot", "{model}", "--target", "way", "-o", "e.html"], "--table"),
        (["formula", "{model}", "-o", "k.safetensors"], "--fit"),
        (["formula", "{model}", "--json", "--latex"], "not allowed"),
    ],
)
def test_arguments_that_are_none_get_status_2(run: Run, model: Path, table: Path, arguments: list[str], says: str):
    status, said = refused(run, *(a.format(model=model, table=table) for a in arguments))
    assert status == 2
    assert says in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "{tmp}/nowhere.safetensors"], "no such file"),
        (["show", "{table}"], "trips.csv"),
        (["app", "{tmp}/nowhere.safetensors"], "nowhere.safetensors"),
        (["train", "{tmp}/nowhere.csv", "--target", "way", "-o", "{tmp}/k.safetensors"], "No such file"),
        (["train", "{tmp}", "--target", "way", "-o", "{tmp}/k.safetensors"], "directory"),
        (["train", "{table}", "--target", "weigh", "-o", "{tmp}/k.safetensors"], "weigh"),
        (["train", "{table}", "--target", "way", "-o", "{tmp}/none/k.safetensors"], "no folder"),
        (["train", "{table}", "--target", "way", "-o", "{tmp}/k.pt"], ".safetensors"),
        (["train", "{table}", "--target", "way", "-o", "{tmp}/k.safetensors", "--unit", "weigh=m"], "weigh"),
        (["train", "{table}", "--target", "way", "-o", "{tmp}/k.safetensors", "--shape", "[3,5,1]"], "speed and time"),
        (["train", "{table}", "--target", "way", "-o", "{tmp}/k.safetensors", "--shape", "[2,5,2]"], "2 outputs"),
        (
            ["train", "{table}", "--target", "way", "-o", "{tmp}/k.safetensors", "--shape", "[2,0,1]"],
            "at least one node",
        ),
        (["plot", "{model}", "--edge", "3,0,0", "-o", "{tmp}/e.html"], "no layer 3"),
        (["plot", "{model}", "-o", "{tmp}"], "is a folder"),
        (["plot", "{model}", "--table", "{other}", "-o", "{tmp}/e.html"], "--target"),
    ],
)
def test_what_cannot_be_done_gets_status_1(run: Run, model: Path, table: Path, tmp_path: Path, arguments, says):
    other = tmp_path / "other.csv"
    pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 4.0, 9.0]}).to_csv(other, index=False)
    before = set(tmp_path.iterdir())
    status, said = refused(run, *(a.format(model=model, table=table, tmp=tmp_path, other=other) for a in arguments))
    assert status == 1
    assert says in said
    assert set(tmp_path.iterdir()) == before, "nothing is left behind"


def test_help_and_version_do_not_wait_for_torch():
    script = "import sys, kanviz.cli\nkanviz.cli.parser().format_help()\n"
    script += "print('torch' in sys.modules, 'streamlit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]


def test_python_m_kanviz_is_the_command():
    done = subprocess.run([sys.executable, "-m", "kanviz", "--version"], check=True, capture_output=True, text=True)
    assert done.stdout == f"kanviz {kanviz.__version__}\n"
    done = subprocess.run([sys.executable, "-m", "kanviz", "show", "nowhere"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_is_told_every_command_and_option(run: Run, shell: str):
    status, out, err = run("completion", shell)
    assert (status, err) == (0, "")
    assert all(command.name in out for command in COMMANDS)
    assert "--lock-box" in out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=out, text=True, check=True)


# --- blocks of a larger model -----------------------------------------------------------------------------------

GPT = Path(__file__).parents[1] / "checkpoints" / "models" / "gpt_with_kan_ffn.pt"


def test_show_lists_the_kans_of_a_model(run: Run) -> None:
    status, out, err = run("show", GPT)
    assert (status, err) == (0, "")
    assert "blocks.1.ffn: KANLayer, 8-16-8, grid 4, order 3, 2,096 parameters" in out
    assert "next to blocks.1.ln1, blocks.1.attn and blocks.1.ln2" in out
    record = json.loads(run("show", GPT, "--json")[1])
    assert [block["prefix"] for block in record["blocks"]] == ["blocks.0.ffn", "blocks.1.ffn"]


def test_show_describes_the_block_that_is_named(run: Run) -> None:
    status, out, _ = run("show", GPT, "--block", "blocks.0.ffn")
    assert status == 0
    assert out.startswith("8-16-8 ") or out.startswith("[8, 16, 8]")
    assert kanviz.load(GPT, block="blocks.0.ffn").digest in out


@pytest.mark.parametrize("command", ["formula", "plot"])
def test_other_commands_ask_for_the_block_and_take_it(run: Run, tmp_path: Path, command: str) -> None:
    small = tmp_path / "m.pt"
    torch.save({f"{name}.{n}": part for name in "ab" for n, part in kanviz.KANLayer(2, 1).state_dict().items()}, small)
    more = ["--edge", "0,0,0", "-o", tmp_path / "edge.html"] if command == "plot" else []
    status, _, err = run(command, small, *more)
    assert status != 0
    assert "--block a" in err
    assert run(command, small, *more, "--block", "a")[0] == 0


def test_a_certificate_compares_a_block_with_kanviz_own_file_of_it(run: Run, tmp_path: Path) -> None:
    kanviz.save(kanviz.load(GPT, block="blocks.0.ffn"), tmp_path / "own.safetensors")
    box = ",".join(f"x{n}=-1:0" for n in range(1, 9))
    how = ["--block", "blocks.0.ffn", "--box", box, "-o", tmp_path / "c.json"]
    assert run("certify", GPT, tmp_path / "own.safetensors", *how)[0] == 0


def test_a_block_without_a_model_to_go_on_with_is_refused(run: Run, table: Path, tmp_path: Path) -> None:
    status, _, err = run("train", table, "--target", "way", "--block", "a", "-o", tmp_path / "m.safetensors")
    assert status == 2
    assert "--start" in err


# --- what a file does not say -----------------------------------------------------------------------------------


def efficient_kan(folder: Path) -> Path:
    """Save an efficient-kan of one layer, whose file does not say the base function."""
    state = {"grid": torch.linspace(-2, 2, 12).repeat(2, 1), "base_weight": torch.ones(1, 2)}
    torch.save({**state, "spline_weight": torch.ones(1, 2, 8)}, path := folder / "efficient.pt")
    return path


@pytest.mark.parametrize("option", [["--base", "identity"], ["--answer", "base=identity"]])
def test_the_base_function_is_an_option_of_every_command_that_reads_a_model(
    run: Run, tmp_path: Path, option: list[str]
) -> None:
    status, out, _ = run("show", efficient_kan(tmp_path), *option)
    assert status == 0
    assert "base identity" in out
    assert "caution" not in out


def test_a_base_function_that_is_not_given_is_assumed_with_a_caution(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("show", efficient_kan(tmp_path))
    assert "caution: The file does not say the base function" in out


def test_answers_that_do_not_fit_are_refused_in_words(run: Run, tmp_path: Path) -> None:
    path = efficient_kan(tmp_path)
    assert "It is one of silu" in run("show", path, "--base", "sine")[2]
    assert "wavelet is not asked by this file" in run("show", path, "--answer", "wavelet=morlet")[2]
    assert run("show", path, "--answer", "wavelet")[0] == 2


def test_a_certificate_takes_answers_for_the_model_that_leaves_something_open(run: Run, tmp_path: Path) -> None:
    path = efficient_kan(tmp_path)
    kanviz.save(kanviz.load(path, base="identity"), tmp_path / "own.safetensors")
    how = ["--base", "identity", "--box", "x1=-1:0,x2=-1:0", "-o", tmp_path / "c.json"]
    assert run("certify", path, tmp_path / "own.safetensors", *how)[0] == 0


def test_answers_without_a_model_to_go_on_with_are_refused(run: Run, table: Path, tmp_path: Path) -> None:
    status, _, err = run("train", table, "--target", "way", "--base", "silu", "-o", tmp_path / "m.safetensors")
    assert status == 2
    assert "--start" in err
