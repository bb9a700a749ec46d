"""Puts the app's own files, which live at the top of the checkout, inside the wheel as kanviz/_app.

`app.py`, `pages/`, `sample_models/` and `.streamlit/config.toml` exist once in the tree; an editable install uses them
where they are (`kanviz.ui.serve.app_folder` finds both). Everything else about the package is in pyproject.toml.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = (
    "app.py",
    "pages/*.py",
    ".streamlit/config.toml",
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


setup(cmdclass={"build_py": BuildWithApp})
