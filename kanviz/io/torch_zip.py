"""Reads the zip container that torch.save writes, which is never compressed; checks it completely before use."""

from kanviz.errors import LoadError
from kanviz.io.file_view import Source
from kanviz.io.stored_zip import Entry, Members, Writer, table_of_contents
from kanviz.text import shown

AGAIN = "Upload it again, or save it again with torch.save(model.state_dict(), ...)."
KERAS = (
    "kanviz reads .pt and .safetensors. Save the weights in one of these under efficient-kan's names and axes: "
    "layers.0.grid (input, knot), base_weight (output, input), spline_weight (output, input, coefficient)."
)
LONGEST_ORDER = 16  # bytes
_TORCH = Writer("PyTorch", AGAIN)


def open_archive(data: Source) -> Members:
    """Return the members of a torch file by their names inside its one folder: `data.pkl`, `data/0`, ...

    Names are unique and parts do not overlap; a checksum is compared when its member is read.
    """
    entries = table_of_contents(data, _TORCH)
    members = Members(data, entries, _TORCH, _torch_folder(entries))
    _check_byte_order(members)
    return members


def _torch_folder(entries: list[Entry]) -> str:
    """Return the folder that holds data.pkl, with its slash; all other members must be in it, too."""
    names = [entry.name for entry in entries]
    folders = [name.removesuffix("data.pkl") for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
    if "model.weights.h5" in names:
        raise LoadError(f"This is a model of Keras, whose weights are an HDF5 file. {KERAS}")
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


def _check_byte_order(members: Members) -> None:
    there = "byteorder" in members
    if there and (members.size("byteorder") > LONGEST_ORDER or bytes(members["byteorder"]) != b"little"):
        raise LoadError("The file was saved on a big-endian machine; save it again on an ordinary computer.")
