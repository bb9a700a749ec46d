"""Finds the files of a network: those of a folder, and of pykan's two files the one that was not named."""

from pathlib import Path

from kanviz.errors import LoadError
from kanviz.io.addresses import refuse_addresses
from kanviz.io.project_file import ENDING
from kanviz.text import shown

CONFIG_ENDINGS = (".yml", ".yaml")
CONFIG, STATE = "_config.yml", "_state"  # what pykan's two files end with


def files_at(paths: list[Path]) -> list[Path]:
    """Return the files to read: those of a folder, the given ones, or one of pykan's two files with its counterpart."""
    refuse_addresses(paths)
    if len(paths) > 1:
        return paths
    path = paths[0]
    if path.is_dir():
        inside = sorted(p for p in path.iterdir() if p.is_file() and _is_model_name(p.name))
        if not inside:
            raise LoadError(f"The folder {shown(path.name)} holds no network. Name the file itself.")
        return inside
    stem = next((path.name.removesuffix(own) for own in (CONFIG, STATE) if path.name.endswith(own)), None)
    if stem is None and not path.exists():
        stem = path.name
    pair = [path.with_name(f"{stem}{ending}") for ending in (CONFIG, STATE)]
    return [p for p in pair if p.is_file()] or [path]


def _is_model_name(name: str) -> bool:
    return name.lower().endswith(
        (".safetensors", ".pt", ".pth", ENDING, STATE, *CONFIG_ENDINGS)
    ) and not name.startswith(".")
