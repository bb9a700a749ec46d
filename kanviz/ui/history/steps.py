"""Export the steps of the history as a Python script and as JSON, and replay such JSON."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted
from kanviz.ui.server.uploads import contents
from kanviz.ui.widgets.current import after_change, show_refusals
from kanviz.ui.widgets.words import file_stem, label

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.edit.history import History
    from kanviz.ui.state.session import Session

RECIPE_LIMIT = 1_000_000
RECIPE_DEPTH = 20
SCRIPT, START = "steps.py", "start.safetensors"
SHOWN = 20_000  # characters of a script on the page
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that equal steps give equal bytes


def take_steps(s: "Session") -> None:
    """Show the exports of the steps from the opened network to the current version, and the script."""
    from kanviz.edit.script import first_stop, script, tables_needed

    history, stem = s.opened.history, f"{file_stem(s.name)}-steps"
    edits = [version.edit for version in history.versions[1 : history.at + 1] if version.edit]
    tables = _tables(s, tables_needed(edits))
    stop = first_stop(edits, tables)
    files = row_files(tables)
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Python script", lambda: packed_steps(history, tables, stem), f"{stem}.zip", "application/zip",
            icon=":material/terminal:", on_click="ignore", disabled=not edits,
            help=f"A folder with {SCRIPT} and what it needs; run it there with `python {SCRIPT}`. It makes this "
            "network again, checks that it is the same to the bit, and saves it.",
        )  # fmt: skip
        st.download_button(
            "Recipe", lambda: json.dumps(history.recipe(), indent=1), "recipe.json", "application/json",
            icon=":material/download:", on_click="ignore",
            help="The steps as JSON, to be done again here or from Python (kanviz.replay).",
        )  # fmt: skip
    if not edits:
        st.caption("There are no steps to this version yet.")
        return
    st.caption(_contents(files, tables))
    if stop:
        st.warning(f"The script ends before step {stop.step}: {label(stop.why, 300)}.", icon=":material/warning:")
    if st.toggle("Show the script"):
        text = script(history, START, files)
        st.code(text[:SHOWN], language=None, height=420 if len(text) > 1_500 else "content")
        if len(text) > SHOWN:
            st.caption(f"The first {SHOWN:,} of {len(text):,} characters; the download has all.")


def replay_steps(s: "Session") -> None:
    """Let the person replay a recipe on the first network of the history."""
    upload = st.file_uploader("Replay a recipe", type=["json"], key=f"recipe-{len(s.opened.history.versions)}")
    if upload is not None and st.button("Replay", icon=":material/replay:", disabled=s.training.live):
        with show_refusals():
            s.replay(_read(contents(upload)))
            after_change("The recipe is done; Undo leads back through its steps.")


def _tables(s: "Session", needed: tuple[str, ...]) -> "dict[str, Dataset]":
    """Return the rows to export, by digest: those that the trainings need, and the current ones if the person wants."""
    tables = s.tables.fitting
    first = next(iter(tables), "") if s.data is not None else ""
    wanted_first = first and st.checkbox(
        "With the current rows", value=first in needed, key=f"steps-rows-{first in needed}", disabled=first in needed,
        help="Trainings need them, and the script prints the error on them. Whoever gets the folder sees the rows.",
    )  # fmt: skip
    wanted = {*needed, *([first] if wanted_first else [])}
    return {digest: data for digest, data in tables.items() if digest in wanted}


def row_files(tables: "dict[str, Dataset]") -> dict[str, str]:
    """Return the file of each table by digest; the first table is in the file of the start network."""
    return {digest: START if n == 1 else f"rows{n}.safetensors" for n, digest in enumerate(tables, 1)}


def packed_steps(history: "History", tables: "dict[str, Dataset]", folder: str) -> bytes:
    """Return a zip of one folder: the script, its start network, and the given rows."""
    from kanviz.edit.script import script
    from kanviz.io.native import to_bytes

    kan, files = history.versions[0].kan, row_files(tables)
    inside: dict[str, Callable[[], bytes]] = {
        SCRIPT: lambda: script(history, START, files).encode(),
        START: lambda: to_bytes(kan),
    }
    inside |= {files[digest]: lambda data=data: to_bytes(kan, rows=data) for digest, data in tables.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in inside.items():
            zipped.writestr(zipfile.ZipInfo(f"{folder}/{name}", LONG_AGO), content(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _contents(files: dict[str, str], tables: "dict[str, Dataset]") -> str:
    rows = sum(len(data) for data in tables.values())
    within = f", with {counted(rows, 'row')} of data" if files else ""
    return f"In the zip: {SCRIPT}, and {', '.join(dict.fromkeys([START, *files.values()]))}{within}."


def _read(data: bytes) -> dict[str, Any]:
    from kanviz.edit.recipe import RECIPE

    if len(data) > RECIPE_LIMIT:
        raise UserError("The recipe is larger than 1 MB; kanviz writes far smaller ones.")
    return RECIPE.parse(data, RECIPE_DEPTH).value
