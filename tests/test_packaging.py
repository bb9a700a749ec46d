"""What `pip install .` puts on a machine: the package, and the app's own files inside it, once."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TREE = (
    "kanviz",
    "pages",
    "sample_models",
    "static",
    ".streamlit",
    "app.py",
    "setup.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tree, without a network."""
    quick = tmp_path_factory.mktemp("compiler") / "cc"  # what the kernel computes is tested elsewhere, optimised
    quick.write_text(f'#!/bin/sh\nexec {os.environ.get("CC", "cc")} "$@" -O0\n')
    quick.chmod(0o700)
    return built(tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel"), {**os.environ, "CC": str(quick)})


def built(tree: Path, out: Path, environment: Mapping[str, str]) -> Path:
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copy(source, tree / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(out), str(tree)], check=True, capture_output=True, env=environment)
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_package_and_the_app(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(path.relative_to(ROOT)) for path in ROOT.glob("kanviz/**/*.py")}
    scripts = {
        str(path.relative_to(ROOT)) for kind in ("js", "css") for path in ROOT.glob(f"kanviz/ui/components/*/*.{kind}")
    }
    shipped = ["app.py", ".streamlit/config.toml", "sample_models/samples.json"]
    shipped += [f"{path.parent.name}/{path.name}" for path in (*ROOT.glob("pages/*.py"), *ROOT.glob("static/*"))]
    shipped += [
        f"sample_models/{path.name}" for path in ROOT.glob("sample_models/*") if path.suffix in (".csv", ".safetensors")
    ]
    assert modules <= names
    assert scripts <= names, "what the components consist of in the browser"
    assert {f"kanviz/_app/{path}" for path in shipped} <= names
    texts = {f"kanviz/language/texts/{name}" for name in ("documentation.txt.gz", "code.txt.gz", "LICENSE-PSF.txt")}
    assert texts <= names, "the texts that language models learn from, with their licence"
    extra = {name for name in names if not name.startswith(("kanviz/", "kanviz-"))}
    assert not extra, "nothing lands beside the package"


@pytest.mark.skipif(not shutil.which(os.environ.get("CC", "cc")), reason="there is no compiler")
def test_the_wheel_holds_the_kernel_for_every_python_from_3_11(wheel: Path):
    assert "-cp311-abi3-" in wheel.name
    assert "kanviz/core/engine/native/_kernel.abi3.so" in zipfile.ZipFile(wheel).namelist()


def test_without_a_compiler_the_wheel_is_built_without_the_kernel_and_works(tmp_path: Path):
    without = built(tmp_path / "tree", tmp_path / "wheel", {**os.environ, "CC": "/bin/false"})
    zipfile.ZipFile(without).extractall(tmp_path / "site")
    script = (
        "import kanviz; from kanviz.core.engine import native; print(native.instructions, kanviz.KANLayer(2, 1).path)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["none", "None"]


def test_an_installed_wheel_finds_its_own_app_and_opens_a_sample(wheel: Path, tmp_path: Path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    script = (
        "from kanviz.ui.widgets.samples import samples\n"
        "from kanviz.ui.server.start import app_folder, settings\n"
        "import kanviz\n"
        "print(app_folder())\n"
        "print(settings(app_folder())['server.address'])\n"
        "print(len(samples()), kanviz.load(samples()[0].file).shape_text)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    )
    folder, address, opened = done.stdout.splitlines()
    assert folder == str(tmp_path / "site" / "kanviz" / "_app")
    assert address == "127.0.0.1"
    assert opened == "6 [2, 5, 1]"


def test_an_installed_app_serves_its_fonts_and_nothing_of_the_folder_it_is_started_in(wheel: Path, tmp_path: Path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "secret.txt").write_text("mine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "kanviz", "app", "--no-browser", "--port", str(port)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path / "site")}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "server started" in line:
                break
        served = f"http://127.0.0.1:{port}/app/static"
        with urllib.request.urlopen(f"{served}/inter.woff2") as font:
            assert font.read() == (ROOT / "static" / "inter.woff2").read_bytes()
        with pytest.raises(urllib.error.HTTPError, match="404") as refusal:
            urllib.request.urlopen(f"{served}/secret.txt")
        refusal.value.close()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_the_wheel_offers_the_command(wheel: Path):
    archive = zipfile.ZipFile(wheel)
    entry = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "kanviz = kanviz.cli:main" in archive.read(entry).decode()
