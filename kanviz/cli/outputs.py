"""Files that a command writes: checked before the work, written whole."""

from pathlib import Path

from kanviz.cli.console import UsageError, bar_end, say
from kanviz.errors import UserError
from kanviz.text import shown
from kanviz.writing import write


def writable(output: str) -> Path:
    """The path to write to, if its folder is there: said before the work, not after it."""
    path = Path(output)
    if not path.parent.is_dir():
        raise UserError(f"There is no folder {shown(str(path.parent), 200)} to write {shown(path.name)} into.")
    if path.is_dir():
        raise UserError(f"{shown(output, 200)} is a folder; name a file in it.")
    return path


def model_path(output: str) -> Path:
    path = writable(output)
    if path.suffix != ".safetensors":
        raise UserError(f"A network is saved as .safetensors. Name the file {shown(path.stem)}.safetensors.")
    return path


def json_path(output: str) -> Path:
    path = writable(output)
    if path.suffix != ".json":
        raise UsageError(f"What was found is written as .json, not {shown(path.name)!r}.")
    return path


def written_so_far(output: Path, text: str) -> bool:
    """Write what there is while the work goes on; a failure is said, and ends nothing. Whether it was written."""
    try:
        write(output, text)
    except UserError as problem:
        bar_end()
        say(f"{problem} It is tried again at the end.")
        return False
    return True
