"""Writes a project as one file, `.kanviz`: an uncompressed zip with the manifest first, then every blob by checksum."""

import zipfile
from io import BytesIO

from kanviz.errors import LoadError, UserError
from kanviz.io.contents import BYTE_LIMIT
from kanviz.io.file_view import Source
from kanviz.io.project import MANIFEST_LIMIT, Packed, packed, unpacked
from kanviz.io.project_reader import PROJECT
from kanviz.io.stored_zip import Members, Writer, table_of_contents
from kanviz.io.work import Work
from kanviz.text import size_words

ENDING = ".kanviz"
MANIFEST = "manifest.json"
FOLDER = "blobs/"
_WRITER = Writer("kanviz", "Open an earlier copy, or save the project again.")
_NAME_AT = 30  # position of the first part's name in its header


def looks_like_project(data: Source) -> bool:
    """Say whether this is a zip whose first part is a manifest; nothing else is checked."""
    return data[:4] == b"PK\x03\x04" and data[_NAME_AT : _NAME_AT + len(MANIFEST)] == MANIFEST.encode()


def project_to_bytes(project: Work) -> bytes:
    """Write a project as the bytes of its file; equal projects give equal bytes.

    Raises UserError for a project that could not be read back.
    """
    found = packed(project)
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        parts = {MANIFEST: found.manifest.encode()}
        parts |= {f"{FOLDER}{name}": found.blobs[name] for name in sorted(found.blobs)}
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # the date is always 1980
    if file.tell() > BYTE_LIMIT:
        raise UserError(
            f"This project takes {size_words(file.tell())}; the limit is {size_words(BYTE_LIMIT)}. "
            "Save it without its rows, or save the network alone."
        )
    return file.getvalue()


def project_from_bytes(data: Source) -> Work:
    """Read the project in a file; LoadError, in words, for one that is damaged, forged, newer or too large."""
    if len(data) > BYTE_LIMIT:
        raise LoadError(f"The file has {size_words(len(data))}; the limit is {size_words(BYTE_LIMIT)}.")
    if not looks_like_project(data):
        raise LoadError("This is no kanviz project. Choose a file that 'Save project' wrote; its name ends in .kanviz.")
    members = dict(Members(data, table_of_contents(data, _WRITER), _WRITER))  # reads and checks all
    odd = [name for name in members if name != MANIFEST and not name.startswith(FOLDER)]
    if odd or len(members.get(MANIFEST, b"")) > MANIFEST_LIMIT:
        raise PROJECT.refusal("it holds a part that kanviz does not write")
    try:
        manifest = bytes(members.pop(MANIFEST)).decode("utf-8")
    except UnicodeDecodeError:
        raise PROJECT.refusal("a part of it is not text") from None
    return unpacked(Packed(manifest, {name.removeprefix(FOLDER): bytes(v) for name, v in members.items()}))
