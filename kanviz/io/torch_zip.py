"""Reads the zip container that torch.save writes, which is never compressed; checks it completely before use."""

from dataclasses import dataclass

from kanviz.errors import LoadError
from kanviz.io.stored_zip import Entry, Writer, stored_members, table_of_contents
from kanviz.text import shown

AGAIN = "Upload it again, or save it again with torch.save(model.state_dict(), ...)."
_TORCH = Writer("PyTorch", AGAIN)


@dataclass(frozen=True, slots=True)
class Archive:
    """The members of a torch file by their names inside its one folder: `data.pkl`, `data/0`, ..."""

    members: dict[str, memoryview]


def open_archive(data: bytes) -> Archive:
    """Return every member of a torch zip as a view of `data`: unique names, no overlaps, correct checksums."""
    entries = table_of_contents(data, _TORCH)
    folder = _torch_folder(entries)
    found = stored_members(data, entries, _TORCH)
    members = {name.removeprefix(folder): content for name, content in found.items()}
    _check_byte_order(members)
    return Archive(members)


def _torch_folder(entries: list[Entry]) -> str:
    """Return the folder that holds data.pkl, with its slash; all other members must be in it, too."""
    names = [entry.name for entry in entries]
    folders = [name.removesuffix("data.pkl") for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(folders) != 1:
        raise LoadError("This zip archive holds no PyTorch data. Upload the file that torch.save wrote, unpacked.")
    folder = folders[0]
    if any(name == f"{folder}constants.pkl" or name.startswith(f"{folder}code/") for name in names):
        raise LoadError(
            "This is a TorchScript program, not just weights. kanviz never runs code from a file. "
            "Save the weights with torch.save(model.state_dict(), ...)."
        )
    for name in names:
        if not name.startswith(folder):
            raise LoadError(f"The archive holds a part that PyTorch does not write ({shown(name)}). {AGAIN}")
    return folder


def _check_byte_order(members: dict[str, memoryview]) -> None:
    order = members.get("byteorder")
    if order is not None and bytes(order[:16]) != b"little":
        raise LoadError("The file was saved on a big-endian machine; save it again on an ordinary computer.")
