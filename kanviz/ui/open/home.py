"""Open a network: from a sample, from files, or trained from a table."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import LoadError, UserError
from kanviz.text import counted, escape_markdown, shown
from kanviz.ui.open.blocks import offer_blocks
from kanviz.ui.server.uploads import contents, forget
from kanviz.ui.train.run import start
from kanviz.ui.widgets.asked_file import asked_file
from kanviz.ui.widgets.current import attempt, session, show_refusals
from kanviz.ui.widgets.curves_image import curves_image
from kanviz.ui.widgets.samples import Sample, open_sample
from kanviz.ui.widgets.table_upload import choose_columns, table_upload
from kanviz.ui.widgets.url_state import look_at, viewed
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanviz.core.data.dataset import Dataset
    from kanviz.io.questions import Answer
    from kanviz.io.work import Work
    from kanviz.ui.state.session import Session

FILES, FIELD = "model-files", "model-files-field"  # key of the field for files; session state: that of a later one
REFUSED = "open-refused"  # files that could not be opened, by their ids, and why
MODEL_TYPES = ["safetensors", "kanviz", "pt", "pth", "yml", "yaml"]


def sample_card(sample: Sample) -> None:
    """Show a sample's curves, its description, and the button that opens it."""
    with st.container(border=True, height="stretch", vertical_alignment="distribute"):
        curves_image(sample.thumbnail[:3])
        st.markdown(f"**{sample.title}**")
        st.caption(sample.shows)
        st.button("Open", key=f"open-{sample.file.stem}", width="stretch", on_click=_open, args=(sample,))


def _open(sample: Sample) -> None:
    """Open a sample in a callback, which no other event interrupts, even if the first import of torch takes long."""
    s = session()
    attempt(open_sample, s, sample)
    if s.history is not None and s.sample == sample.file.stem:
        st.switch_page("app.py")


def way_back(s: "Session") -> None:
    """Show the button that returns to the work that was open before, with its steps."""
    if s.left is None:
        return
    name, steps = s.left.name, len(s.left.history.versions) - 1
    words = f"Back to {shown(name, 40)}" + (f" ({counted(steps, 'step')})" if steps else "")
    if st.button(words, icon=":material/undo:", disabled=s.training.live, type="tertiary"):
        with show_refusals():
            s.go_back()
            st.switch_page("app.py")


def open_files() -> None:
    """Let the person upload one network. A pykan network has two files."""
    from kanviz.io.reading import SMALL, readers

    uploads = st.file_uploader(
        "kanviz .safetensors or .kanviz, weights of a KAN or of a model with one (.pt or .safetensors), or pykan's two "
        "files (..._config.yml and ..._state)",
        accept_multiple_files=True, key=st.session_state.get(FIELD, FILES),
        help="Of kanviz.KANLayer, efficient-kan, pykan and other libraries (docs/formats.md). Files are read as data; "
        "nothing in them is ever executed. Up to 50 MB a file, 150 MB in all.",
    )  # fmt: skip
    ids = [upload.file_id for upload in uploads or ()]
    if sum(upload.size for upload in uploads or ()) > SMALL:
        readers().prepare()
    if st.button("Open network", type="primary", disabled=not uploads, icon=":material/folder_open:"):
        try:
            with st.spinner("Reading…"):
                is_open = _take(session(), {upload.name: contents(upload) for upload in uploads or ()})
        except UserError as refusal:
            st.session_state[REFUSED] = ids, str(refusal)
        else:
            forget(uploads or ())
            if not is_open:
                st.session_state[FIELD] = f"{FILES}-{ids[0]}"  # an empty field, since the file is not in it any more
                st.rerun()
            st.switch_page("app.py", query_params=viewed(session().opened))
    refused, why = st.session_state.get(REFUSED, ([], ""))
    if uploads and refused == ids:  # it stays as long as these files, whatever draws the page again
        st.error(escape_markdown(why), icon=":material/error:")


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as reason:
        raise LoadError(f"{shown(path)} cannot be read: {reason.strerror}.") from None


def _take(
    s: "Session", files: dict[str, bytes], block: str | None = None, given: "Mapping[str, Answer] | None" = None
) -> bool:
    """Open a network from these files, with its recipe if any; False where a choice, answer or layout is missing."""
    from kanviz.io.opened import Opened
    from kanviz.io.questions import Unanswered
    from kanviz.io.unknown_class import UnknownClass
    from kanviz.io.work import Work

    name = _title(list(files))
    name = f"{block} of {name}" if block else name
    try:
        found = asked_file(s).take(s, files, name, block, given)
    except (Unanswered, UnknownClass):  # a form asks
        return False
    if isinstance(found, Work):
        _take_up(s, found)
    elif not isinstance(found, Opened):
        offer_blocks(s, files, name, found)
        return False
    return True


def _title(names: list[str]) -> str:
    """Return a name for a network in these files; pykan's two files share a stem."""
    stems = [re.sub(r"(_config\.ya?ml|_state|_cache_data|\.\w{1,12})$", "", name) for name in names]
    return min(stems, key=len) or names[0]


def new_network() -> None:
    """Let the person choose columns and shape for a new network, and start its training."""
    table = table_upload("new-table")
    if table is None:
        st.caption("A table with column names, one column to predict and at least one to predict from.")
        return
    data = choose_columns(session(), table, None, "new")
    if data is None:
        return
    for note in data.notes:
        st.caption(label(note, 300))
    one, two, three, four = st.columns(4, vertical_alignment="bottom")
    hidden = one.number_input("Hidden nodes", 0, 64, 5, help="0 connects the inputs to the target directly.")
    grid = two.number_input(
        "Grid intervals", 2, 100, 3, help="At the start. A small network's grids are refined as the data allow."
    )
    finest = three.number_input("Refine up to", 0, 1_000, 12, help="Intervals. 0 keeps the grid as it is.")
    steps = four.number_input("Training steps", 1, 2_000, 300, help="At most; training ends when nothing is gained.")
    if st.button("Create and train", type="primary", icon=":material/play_arrow:"):
        with show_refusals():
            start_from_table(data, int(hidden), int(grid), finest=int(finest), steps=int(steps))
            st.switch_page("pages/train.py")


def start_from_table(data: "Dataset", hidden: int, grid: int, **settings: int) -> None:
    """Open a new network for this table and start its training."""
    from dataclasses import replace

    from kanviz.core.init import init
    from kanviz.core.training.train import TrainConfig

    s = session()
    shape = [len(data.inputs), *([hidden] if hidden else []), len(data.outputs)]
    kan = replace(init(shape, grid=grid, inputs=data.inputs, outputs=data.outputs), task=data.task)
    s.open(kan, f"{data.target} from {s.tables.main_name}", data=data, rows_from=s.tables.main_name, new=True)
    start(s, TrainConfig.for_new(len(kan.layers), **settings))


def open_from_command_line(s: "Session") -> None:
    """Open the network of `kanviz app MODEL` on the first visit."""
    from kanviz.io.questions_json import answers_from_json

    paths = os.environ.get("KANVIZ_MODEL", "")
    if paths and "command-line" not in st.session_state:
        st.session_state["command-line"] = True
        files = {Path(path).name: _content(path) for path in paths.split(os.pathsep)}
        given = answers_from_json(os.environ.get("KANVIZ_ANSWERS") or "{}")
        if not _take(s, files, os.environ.get("KANVIZ_BLOCK") or None, given):
            st.switch_page("pages/open.py")


def _take_up(s: "Session", project: "Work") -> None:
    """Open saved work from a file, with its view."""
    s.restore(project)
    look_at(project)
    training = project.training
    if training is not None:
        at = f"step {training.last.step:,} of {training.last.steps:,}"
        page = "Retrain" if training.known else "Train"
        s.messages.append(("info", f"Its training is at {at}. Continue it on the {page} page."))
