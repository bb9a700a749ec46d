"""Names of networks become names of files."""

import pytest

from kanviz.ui.widgets.words import file_stem


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("model.pt", "model"), ("two.parts.safetensors", "two_parts"), ("f = 0.5*x + 1.5*y", "f___0_5_x___1_5_y"),
        ("...", "network"), ("", "network"),
    ],
)  # fmt: skip
def test_a_name_of_a_file_has_no_ending_of_another(name: str, stem: str):
    assert file_stem(name) == stem
