"""Refuses the names of files on the network, which kanviz never fetches, and says how to get them."""

import re
from collections.abc import Iterable
from pathlib import Path

from kanviz.errors import LoadError
from kanviz.text import shown

_ELSEWHERE = re.compile(r"(hf|https?|ftp|s3|gs):(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_REPOSITORY = re.compile(r"/*(?P<name>[\w.-]+/[\w.-]+)(/(?P<file>[\w./-]+))?")


def refuse_addresses(paths: Iterable[Path]) -> None:
    """Raise a LoadError for a path that is the address of a file elsewhere, with the line that downloads it."""
    for path in paths:
        address = _ELSEWHERE.fullmatch(str(path))
        if address is None or path.exists():
            continue
        hub = address[1].lower() == "hf"
        found = _REPOSITORY.fullmatch(address["rest"]) if hub else None
        get = f"hf download {found['name']} {found['file'] or 'FILE'}" if found else "your browser"
        raise LoadError(
            f"{shown(str(path))} is not on this machine, and kanviz fetches nothing from a network. Download the file "
            f"first (with {get}), then open it by its path."
        )
