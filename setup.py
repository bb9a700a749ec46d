"""Builds the C kernel where there is a compiler, and puts the app's own files inside the wheel as kanviz/_app.

The kernel is optional: without a compiler the package installs and works all the same, on torch alone. It uses Python's
stable interface, so one build serves Python 3.11 and newer.

`app.py`, `pages/`, `sample_models/`, `static/` and `.streamlit/config.toml` exist once in the tree; an editable install
uses them where they are (`kanviz.ui.server.start.app_folder` finds both). The rest about the package is in
pyproject.toml.
"""

from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

SHIPPED = (
    "app.py",
    "pages/*.py",
    ".streamlit/config.toml",
    "static/*",
    "sample_models/*.safetensors",
    "sample_models/*.csv",
    "sample_models/samples.json",
)


class BuildWithApp(build_py):
    """build_py that also copies the app's files, and names them among its sources and outputs."""

    def app_files(self) -> list[tuple[str, str]]:
        """Source and place in the build of each shipped file."""
        found = sorted(path for pattern in SHIPPED for path in Path().glob(pattern))
        return [(str(path), str(Path(self.build_lib, "kanviz", "_app", path))) for path in found]

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for source, target in self.app_files():
            self.mkpath(str(Path(target).parent))
            self.copy_file(source, target)

    def get_source_files(self) -> list[str]:  # what the sdist takes in
        return [*super().get_source_files(), *(source for source, _ in self.app_files())]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        extra = [] if self.editable_mode else [target for _, target in self.app_files()]
        return [*super().get_outputs(include_bytecode), *extra]


KERNEL = Extension(
    "kanviz.core.engine.native._kernel",
    ["kanviz/core/engine/native/module.c"],
    depends=[
        f"kanviz/core/engine/native/{name}.h"
        for name in ("curve", "curves", "forget", "kernel", "layer", "precisions", "quotient", "vectors")
    ],
    # no -ffast-math: linked with it, a library makes the whole process flush small numbers to zero
    extra_compile_args=["-O3", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-pthread"],
    extra_link_args=["-pthread"],
    py_limited_api=True,
    optional=True,
)

setup(
    cmdclass={"build_py": BuildWithApp},
    ext_modules=[KERNEL],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
