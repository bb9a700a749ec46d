"""The one door for networks: which file is what, and a plain word when they do not make one network."""

from pathlib import Path

import pytest

from kanviz.core.init import init
from kanviz.errors import LoadError
from kanviz.io import load, open_model
from kanviz.io.native import to_bytes

SHELF = Path(__file__).parents[1] / "checkpoints" / "pykan"
CONFIG = (SHELF / "hello_pruned_config.yml").read_bytes()
STATE = (SHELF / "hello_pruned_state").read_bytes()
SYMBOLIC = (SHELF / "full_symbolic_state").read_bytes()
OWN = to_bytes(init([2, 1]))


def test_pykans_two_files_open_in_any_order_and_under_any_name():
    one = open_model({"m_config.yml": CONFIG, "m_state": STATE})
    assert open_model({"weights (1).bin": STATE, "Settings.YAML": CONFIG}).digest == one.digest
    assert one.shape == (2, 1, 1)


@pytest.mark.parametrize(
    "names", [("hello_pruned",), ("hello_pruned_state",), ("hello_pruned_config.yml",),
              ("hello_pruned_config.yml", "hello_pruned_state")],
)  # fmt: skip
def test_a_checkpoint_is_found_by_its_prefix_or_either_half(names: tuple[str, ...]):
    assert load(*(SHELF / name for name in names)).shape == (2, 1, 1)


def test_a_folder_with_one_checkpoint_opens(tmp_path):
    (tmp_path / "m_config.yml").write_bytes(CONFIG)
    (tmp_path / "m_state").write_bytes(STATE)
    (tmp_path / "m_cache_data").write_bytes(b"not read")
    (tmp_path / "notes.txt").write_text("not read either")
    assert load(tmp_path).shape == (2, 1, 1)
    (tmp_path / "own.safetensors").write_bytes(OWN)
    with pytest.raises(LoadError, match=r"several networks at once .*m_state.*own\.safetensors"):
        load(tmp_path)


REFUSED = {
    "nothing": ({}, "No file was given"),
    "two networks": ({"a.safetensors": OWN, "b.safetensors": OWN}, r"a\.safetensors and b\.safetensors"),
    "two configs": ({"a.yml": CONFIG, "b.yml": CONFIG, "a_state": STATE}, r"a\.yml and b\.yml"),
    "a config alone": ({"m_config.yml": CONFIG}, "Also upload m_state"),
    "another config alone": ({"settings.yml": CONFIG}, "Also upload the _state file that belongs to it"),
    "weights without their config": ({"m_state": SYMBOLIC}, "Also upload the _config"),
    "the data alone": ({"m_cache_data": b"PK"}, "holds pykan's last data, no network"),
    "a config beside another's network": ({"m_config.yml": CONFIG, "a.safetensors": OWN}, "a network of kanviz"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_files_that_make_no_network_are_refused_with_what_to_do(case: str):
    files, words = REFUSED[case]
    with pytest.raises(LoadError, match=words):
        open_model(files)


def test_a_name_that_is_no_file_is_refused(tmp_path):
    with pytest.raises(LoadError, match=r"nowhere\.pt cannot be opened: no such file"):
        load(tmp_path / "nowhere.pt")
    with pytest.raises(LoadError, match="holds no network"):
        load(tmp_path)
    with pytest.raises(LoadError, match="Name one"):
        load()
