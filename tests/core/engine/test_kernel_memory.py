"""The C kernel stays inside its arrays: random layers and curves under address and undefined-behaviour sanitizers."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.core.engine.test_engine import NEEDS, best_up_to

KERNEL = Path(__file__).parents[3] / "kanviz/core/engine/native"
COMPILER = shlex.split(os.environ.get("CC", "cc"))
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COUNT = 1500


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of kernel_fuzz.c; skipped where there is no compiler, or none with the sanitizers."""
    if not shutil.which(COMPILER[0]):
        pytest.skip("there is no C compiler, so the kernel's memory is not tested")
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "empty.c").write_text("int main(void) { return 0; }")
    probe = [*COMPILER, *SANITIZERS, str(folder / "empty.c"), "-o", str(folder / "empty")]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("the C compiler has no sanitizers, so the kernel's memory is not tested")
    program = folder / "kernel_fuzz"
    # without optimisation: the compiler needs a third of the time, and leaves nothing out
    command = [*COMPILER, "-O0", *SANITIZERS, "-Wno-psabi", "-pthread", "-I", str(KERNEL)]
    source = Path(__file__).with_name("kernel_fuzz.c")
    subprocess.run([*command, str(source), "-o", str(program), "-lm"], check=True, capture_output=True)
    return program


@pytest.mark.parametrize("wanted", NEEDS)
def test_neither_layers_nor_curves_read_or_write_outside_their_arrays(fuzz, wanted):
    done = subprocess.run([fuzz, str(COUNT), wanted], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    found = best_up_to(wanted)
    assert f"{COUNT} layers and a third as many curves by {found}\n" in done.stdout
    if found != wanted:
        pytest.skip(f"this processor has no {wanted}: the kernel ran as {found}")
