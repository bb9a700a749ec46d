"""Writes the output files of commands: paths are checked before the work, and files are written completely."""

from collections.abc import Sequence
from pathlib import Path

from kanviz.cli.console import UsageError, bar_end, out, say
from kanviz.errors import UserError
from kanviz.text import shown
from kanviz.writing import write


def writable(output: str) -> Path:
    """Return the path to write to; refuse it before the work if its folder does not exist."""
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
    """Write the result so far; return whether that succeeded. A failure is reported and does not stop the work."""
    try:
        write(output, text)
    except UserError as problem:
        bar_end()
        say(f"{problem} It is tried again at the end.")
        return False
    return True


def certificate_status(wrong: Sequence[str], summary: Sequence[str]) -> int:
    """Print what is wrong in a certificate, or what it says; return the exit status, 1 where a claim is false."""
    if wrong:
        say("The certificate does not hold.")
        out("\n".join(wrong))
        return 1
    out("\n".join(("The certificate holds.", *summary)))
    return 0
