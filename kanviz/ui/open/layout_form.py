"""Ask which tensor is what in a file of a class that no reader knows: a layout, proposed, changed, saved or read."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import LoadError, UserError
from kanviz.text import counted, escape_markdown, shown
from kanviz.ui.open.layout_fields import fields
from kanviz.ui.server.uploads import contents, count
from kanviz.ui.widgets.asked_file import asked_file
from kanviz.ui.widgets.current import session, show_refusals
from kanviz.ui.widgets.model_file import LIST, held
from kanviz.ui.widgets.words import file_stem, label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanviz.io.tensor_groups import Group
    from kanviz.io.unknown_class import UnknownClass
    from kanviz.io.weight_layout import WeightLayout
    from kanviz.ui.state.asked_file import AskedFile
    from kanviz.ui.state.session import Session

ASKED, DISMISSED = "layout-asked", "layout-dismissed"  # session state: for which edition of the file
JSON, READ = "layout-json", "layout-read"  # key of the upload; session state: what it held, or why it was refused
HELP = "Proposed from names, shapes and ascending numbers, the likeliest first. Your class says what is right."
MOST_SHAPES = 3  # of one name, in the table
MOST_ROWS = 7  # of the table without scrolling


def layout_panel(s: "Session") -> None:
    """Name the file that needs a layout, or was opened with one, if any; ask for the layout in a dialog."""
    file = asked_file(s)
    if file.unknown is None:
        return
    shared = all(content is held(s).files.get(name) for name, content in file.files.items())
    count(file, 0 if shared else file.size)
    with st.container(horizontal=True, vertical_alignment="center", key="layout"):
        name, way = label(file.title, 80), "waits for a layout" if file.waits else "was opened with a layout"
        st.markdown(f"**{name}** {way}.", width="content")
        words = "Say which tensor is what" if file.waits else "Change the layout"
        st.button(words, icon=":material/account_tree:", on_click=_ask, args=(file.edition,))
        st.button("Close this file", icon=":material/close:", type="tertiary", on_click=_close, args=(file,))
    asked, dismissed = (st.session_state.get(key) == file.edition for key in (ASKED, DISMISSED))
    if (asked or (file.waits and not dismissed)) and not st.session_state.get(LIST):
        _form(s, file, file.unknown)


def _ask(edition: int) -> None:
    st.session_state[ASKED] = edition


def _dismiss() -> None:
    st.session_state.pop(ASKED, None)
    st.session_state[DISMISSED] = asked_file(session()).edition


@st.dialog("Which tensor is what?", width="large", on_dismiss=_dismiss)
def _form(s: "Session", file: "AskedFile", found: "UnknownClass") -> None:
    """Show the tensors and the fields in a dialog: it is in view wherever the page was scrolled to."""
    _say_why(file, found)
    start = _start(file, found)
    left, right = st.columns([4, 7], gap="medium")
    with left:
        _tensors(found)
        _upload(file)
    with right, show_refusals():
        layout = fields(found, start, f"layout-{file.edition}")
        with st.container(horizontal=True, vertical_alignment="center"):
            sent = st.button(
                "Open with this layout", type="primary", icon=":material/folder_open:", key=f"open-{file.edition}",
                disabled=s.training.live,
            )  # fmt: skip
            st.download_button(
                "Save this layout", layout.to_json(), f"{file_stem(file.title)}.layout.json", "application/json",
                icon=":material/download:", on_click="ignore",
                help='For the next time: here, as kanviz.load(path, layout="...") or as --layout.',
            )  # fmt: skip
        st.caption(
            "Shapes cannot tell the base function, which axis of a square is which, and what acts between the layers. "
            "Check the network against outputs of the original afterwards."
        )
        if sent:
            with st.spinner("Reading…"):
                file.use(s, layout)
            st.switch_page("app.py")


def _say_why(file: "AskedFile", found: "UnknownClass") -> None:
    """Say why the form is here, and what the placeholders in it are."""
    name = label(file.title, 80)
    if file.layout is not None:
        first = f"**{name}** was opened with this layout. Its outputs are right only if the layout is."
    elif found.proposals:
        first = f"**{name}** is of no KAN that kanviz knows by itself. It opens when you say which tensor is what."
    else:
        st.error(escape_markdown(str(found)), icon=":material/error:")
        first = "No tensor in it looks like the coefficients of a KAN."
    st.markdown(
        f"{first} In a name, `{{layer}}`, `{{source}}` and `{{target}}` stand for the number of a layer, of an input "
        "of it and of an output of it."
    )


def _tensors(found: "UnknownClass") -> None:
    """List the tensors of the file, those whose names differ in numbers only in one line."""
    rows = [_row(group) for group in found.groups]
    st.dataframe(
        rows, hide_index=True, height="content" if len(rows) <= MOST_ROWS else 260,
        column_config={
            "name": st.column_config.TextColumn("Tensor"),
            "shapes": st.column_config.TextColumn("Shape"),
            "count": st.column_config.NumberColumn("Count", width=50),
        },
    )  # fmt: skip
    words = f"{counted(found.tensors, 'tensor')}; those whose names differ in numbers only are in one line"
    if sum(len(group.shapes) for group in found.groups) < found.tensors:
        words += ", the first are listed"
    st.caption(f"{words}.")


def _row(group: "Group") -> dict[str, object]:
    shapes = list(dict.fromkeys(group.shapes.values()))
    words = [" × ".join(map(str, shape)) or "one number" for shape in shapes[:MOST_SHAPES]]
    return {
        "name": shown(group.named(dict.fromkeys(group.varying, "{…}")), 120),
        "shapes": ", ".join([*words, *(["…"] if len(shapes) > MOST_SHAPES else [])]),
        "count": len(group.shapes),
    }


def _upload(file: "AskedFile") -> None:
    """Let the person upload a layout as JSON; it becomes one of the choices."""
    st.file_uploader(
        "Or upload a layout (JSON)", key=f"{JSON}-{file.edition}", on_change=_read, args=(file.edition,),
        help="As this form or `kanviz layout` saves it; docs/formats.md describes it.",
    )  # fmt: skip
    _, refused = st.session_state.get(READ, (-1, None))
    if isinstance(refused, str):
        st.error(escape_markdown(refused), icon=":material/error:")


def _read(edition: int) -> None:
    """Read the uploaded layout, in a callback."""
    from kanviz.io.weight_layout import MOST_BYTES, WeightLayout

    upload = st.session_state[f"{JSON}-{edition}"]
    st.session_state.pop(READ, None)
    if upload is None:
        return
    try:
        text = contents(upload)
        if len(text) > MOST_BYTES:
            raise LoadError(f"A layout has at most {MOST_BYTES:,} bytes, this file {len(text):,}. Upload its JSON.")
        st.session_state[READ] = edition, WeightLayout.from_json(text)
    except UserError as refusal:
        st.session_state[READ] = edition, str(refusal)


def _start(file: "AskedFile", found: "UnknownClass") -> "WeightLayout | None":
    """Let the person choose what the fields begin with: the layout in use, an uploaded one, or a proposal."""
    from kanviz.io.unknown_class import layout_words

    edition, read = st.session_state.get(READ, (-1, None))
    first: list[tuple[str, WeightLayout]] = []
    if edition == file.edition and read is not None and not isinstance(read, str):
        first.append(("Uploaded", read))
    if file.layout is not None:
        first.append(("In use", file.layout))
    ways: Sequence[tuple[str, WeightLayout]] = [*first, *((f"{n}", one) for n, one in enumerate(found.proposals, 1))]
    if not ways:
        return None
    key = f"layout-{file.edition}-start-{len(first)}"
    at = st.selectbox(
        "Layout", range(len(ways)), key=key, help=HELP,
        format_func=lambda k: f"{ways[k][0]}. {layout_words(ways[k][1])}",
    )  # fmt: skip
    return ways[at][1]


def _close(file: "AskedFile") -> None:
    file.close()
    count(file, 0)
