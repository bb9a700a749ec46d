"""Writes files completely or not at all: the old file is replaced only when the new one is safe on the disk."""

import contextlib
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from kanviz.errors import UserError
from kanviz.text import shown

if os.name == "posix":
    import fcntl

# Names of our temporary files: the current form, and that of earlier versions.
_OURS = re.compile(r"\.tmp-(kanviz-[0-9a-f]{16}(\.\w{1,20})?|[a-z0-9_]{8}\.(safetensors|kanviz))")
_OPEN_FILE = re.compile(r"/dev/std(?P<name>out|err)|/(?:dev|proc/self)/fd/(?P<number>\d{1,6})")


def write(path: str | os.PathLike[str], content: bytes | str | Iterable[bytes]) -> None:
    """Write the content, whole or in pieces, to a file; text is encoded as UTF-8. Raises UserError where that fails.

    For a regular file, the content is first written to a temporary file in the same folder, which then replaces the old
    file and gets its permissions. A reader finds either the old or the new file; a full disk or a killed process leaves
    the old one. A link remains a link, and the file it points to is replaced. Pipes and devices, `/dev/stdout` among
    them, are written to directly.
    """
    whole = content.encode() if isinstance(content, str) else content
    path, data = Path(path), [whole] if isinstance(whole, bytes) else whole
    try:
        opened = _OPEN_FILE.fullmatch(str(path))
        if opened:
            _to_open_file(int(opened["number"] or {"out": 1, "err": 2}[opened["name"]]), data)
        elif path.exists() and not path.is_file():
            with path.open("wb") as there:
                there.writelines(data)
        else:
            _replaced(Path(os.path.realpath(path)), data)
    except BrokenPipeError:  # the reader has closed the pipe, which is no error of the writer
        raise
    except OSError as problem:
        why = (problem.strerror or "the system refused").lower()
        raise UserError(f"{shown(path.name)} cannot be written: {why}. Choose another folder.") from None


def _to_open_file(number: int, data: Iterable[bytes]) -> None:
    """Append to what was written to this open file before."""
    sys.stdout.flush()
    with os.fdopen(os.dup(number), "wb") as there:
        there.writelines(data)


def _replaced(path: Path, data: Iterable[bytes]) -> None:
    sweep(path.parent)
    with _temporary_file(path) as (handle, name):
        with os.fdopen(os.dup(handle), "wb") as file:
            file.writelines(data)
            file.flush()
            os.fsync(handle)
        if path.exists():
            _like(path, name)
        os.replace(name, path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextlib.contextmanager
def _temporary_file(path: Path) -> Iterator[tuple[int, Path]]:
    """Create a locked temporary file in the same folder; delete it at the end if it was not renamed."""
    while True:
        name = path.with_name(f".tmp-kanviz-{secrets.token_hex(8)}{path.suffix[:20] if path.suffix.isascii() else ''}")
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # minus the bits in the umask
        if _locked(handle, wait=True) and name.exists():  # otherwise another process deleted it before it was locked
            break
        os.close(handle)
    try:
        yield handle, name
    finally:
        os.close(handle)
        name.unlink(missing_ok=True)


def _like(path: Path, name: Path) -> None:
    """Copy the permissions and, where the system allows it, the owner of the file to be replaced."""
    old = path.stat()
    if os.name == "posix" and (old.st_uid, old.st_gid) != (name.stat().st_uid, name.stat().st_gid):
        with contextlib.suppress(PermissionError):
            os.chown(name, old.st_uid, old.st_gid)
    name.chmod(stat.S_IMODE(old.st_mode))


def sweep(folder: Path) -> None:
    """Delete temporary files that killed writers left in a folder; files being written are locked and remain."""
    if os.name != "posix":  # no such locks there
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _OURS.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
                continue
            with contextlib.suppress(OSError):
                handle = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW)
                try:
                    if _locked(handle, wait=False):
                        os.unlink(entry.path)
                finally:
                    os.close(handle)


def _locked(handle: int, *, wait: bool) -> bool:
    """Take the file's lock; the system releases it when the process that holds it ends for any reason."""
    if os.name != "posix":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return wait
    return True
