"""Every sample, file and family, and 100 random networks, in every target, run.

The C code is compiled into one program, and one node runs all modules: so many starts would take minutes.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kanviz.core.kan import KAN
from kanviz.writers.check import compared, points_around
from kanviz.writers.runs import FLAGS, Rows
from kanviz.writers.targets import TARGETS
from tests.writers.networks import families, files, random_network, samples

COUNT, POINTS = 100, 60
LARGE = 1e6
DRIVER = """
#include <stdio.h>
{declared}
int main(void) {{
    double x[64], y[64];
    for (int n, inputs, outputs; scanf("%d %d %d", &n, &inputs, &outputs) == 3;) {{
        for (int i = 0; i < inputs; i++) if (scanf("%lf", &x[i]) != 1) return 1;
        switch (n) {{ {cases} }}
        for (int j = 0; j < outputs; j++) printf("%.17g ", y[j]);
        printf("\\n");
    }}
    return 0;
}}
"""
CALLER = """import {{ readFileSync }} from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8"));
const found = [];
for (let n = 0; n < {count}; n++) {{
    const network = await import(`./network_${{n}}.mjs`);
    if (network.check() > 1e-6) throw new Error(`network ${{n}} is off by ${{network.check()}}`);
    found.push(network.predict(given[n]).map((row) => row.map(String)));
}}
console.log(JSON.stringify(found));"""


def _finite(kan: KAN) -> Rows:
    """Points where all values between inputs and outputs are finite, and not huge: no pole, no logarithm below 0."""
    x = points_around(kan, 4 * POINTS).astype(np.float32).astype(float)
    traces = (kan.to(dtype).trace(x) for dtype in (torch.float32, torch.float64))
    parts = [part.flatten(1) for trace in traces for part in (*trace.nodes, *trace.activations)]
    good = torch.stack([(part.isfinite() & (part.abs() < LARGE)).all(1) for part in parts]).all(0)
    return x[good.numpy()][:POINTS]


@pytest.fixture(scope="module")
def drawn() -> dict[str, tuple[KAN, Rows]]:
    """Random networks with points at which they are finite."""
    every = ((f"random {seed}", random_network(seed)) for seed in count())
    placed = ((name, (kan, _finite(kan))) for name, kan in every)
    return dict(islice((one for one in placed if len(one[1][1]) == POINTS), COUNT))


@pytest.fixture(scope="module")
def networks(drawn: dict[str, tuple[KAN, Rows]]) -> dict[str, KAN]:
    return {**samples(), **files(), **families(), **{name: kan for name, (kan, _) in drawn.items()}}


@pytest.fixture(scope="module")
def points(networks: dict[str, KAN], drawn: dict[str, tuple[KAN, Rows]]) -> list[Rows]:
    return [
        drawn[name][1] if name in drawn else points_around(kan, POINTS).astype(np.float32).astype(float)
        for name, kan in networks.items()
    ]


def _called(*command: str, given: str = "") -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def in_c(networks: Sequence[KAN], points: list[Rows], folder: Path) -> list[Rows]:
    numbers = range(len(networks))
    for n, kan in enumerate(networks):
        (folder / f"n{n}.c").write_text(str(TARGETS["c"].write(kan)))
        _called(
            "gcc",
            *FLAGS,
            "-O0",
            f"-Dkan_predict=predict_{n}",
            "-c",
            str(folder / f"n{n}.c"),
            "-o",
            str(folder / f"n{n}.o"),
        )
    declared = "\n".join(f"void predict_{n}(const double *x, double *y);" for n in numbers)
    cases = " ".join(f"case {n}: predict_{n}(x, y); break;" for n in numbers)
    (folder / "driver.c").write_text(DRIVER.format(declared=declared, cases=cases))
    objects = [str(folder / f"n{n}.o") for n in numbers]
    _called("gcc", "-std=c99", str(folder / "driver.c"), *objects, "-o", str(folder / "driver"), "-lm")
    rows = [
        f"{n} {len(kan.inputs)} {len(kan.outputs)} {' '.join(map(repr, row))}"
        for n, (kan, x) in enumerate(zip(networks, points, strict=True))
        for row in x.tolist()
    ]
    lines = iter(_called(str(folder / "driver"), given="\n".join(rows)).splitlines())
    return [np.array([list(map(float, next(lines).split())) for _ in x]) for x in points]


def in_js(networks: Sequence[KAN], points: list[Rows], folder: Path) -> list[Rows]:
    for n, kan in enumerate(networks):
        (folder / f"network_{n}.mjs").write_text(str(TARGETS["js"].write(kan)), encoding="utf-8")
    (folder / "caller.mjs").write_text(CALLER.format(count=len(networks)))
    given = json.dumps([x.tolist() for x in points])
    found = json.loads(_called("node", str(folder / "caller.mjs"), given=given))
    return [np.array([[float(y.replace("Infinity", "inf")) for y in row] for row in rows]) for rows in found]


def check_all(to: str, networks: dict[str, KAN], points: list[Rows], outputs: list[Rows]) -> None:
    assert len(networks) > COUNT + 50
    for (name, kan), x, found in zip(networks.items(), points, outputs, strict=True):
        check = compared(kan, TARGETS[to], x, found)
        assert check.agrees, f"{name}: {check.verdict}"


def in_python(to: str, kan: KAN, x: Rows) -> Rows:
    names: dict[str, Any] = {"__name__": "written"}
    exec(compile(TARGETS[to].write(kan), "written.py", "exec"), names)
    if to == "numpy":
        return names["predict"](x)
    return names["Network"](torch.float64)(torch.from_numpy(x)).detach().numpy()


@pytest.mark.parametrize("to", ["numpy", "torch"])
def test_the_python_agrees(to: str, networks: dict[str, KAN], points: list[Rows]):
    found = [in_python(to, kan, x) for kan, x in zip(networks.values(), points, strict=True)]
    check_all(to, networks, points, found)


def test_the_onnx_models_agree(networks: dict[str, KAN], points: list[Rows]):
    target = TARGETS["onnx"]
    found = [target.run(target.write(kan), x) for kan, x in zip(networks.values(), points, strict=True)]
    check_all("onnx", networks, points, found)


@pytest.mark.skipif(not shutil.which("gcc"), reason="there is no gcc")
def test_the_c_code_agrees(networks: dict[str, KAN], points: list[Rows], tmp_path: Path):
    check_all("c", networks, points, in_c(list(networks.values()), points, tmp_path))


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node")
def test_the_javascript_agrees(networks: dict[str, KAN], points: list[Rows], tmp_path: Path):
    check_all("js", networks, points, in_js(list(networks.values()), points, tmp_path))
