"""Offer the KANs of a model that has several, a few at a time, each with its strongest curves."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted, shown
from kanviz.ui.server.uploads import count
from kanviz.ui.widgets.current import show_refusals
from kanviz.ui.widgets.curves_image import curves_image
from kanviz.ui.widgets.model_file import LIST, ask_for_list, forget_list, held
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamlit.delta_generator import DeltaGenerator

    from kanviz.io.model_blocks import Block
    from kanviz.ui.state.model_file import ModelFile
    from kanviz.ui.state.session import Session

AT_ONCE = 12  # blocks that are shown; the curves of others are not read
FIND, SHOWN = "find-block", "blocks-shown"
WHOLE = "(the whole file)"


def offer_blocks(s: "Session", files: "Mapping[str, bytes]", title: str, blocks: "Sequence[Block]") -> None:
    """Hold a model's file, from which one of these blocks is to be opened. title: the name of the file, to be shown."""
    file = held(s)
    file.hold(files, title, blocks)
    count(file, file.size)
    st.session_state.pop(FIND, None)
    ask_for_list()


def blocks_panel(s: "Session") -> None:
    """Name the model's file, if one is held, and show the list of its KANs when it is asked for."""
    file = held(s)
    if not file.blocks:
        return
    count(file, file.size)
    with st.container(horizontal=True, vertical_alignment="center", key="model-file"):
        st.markdown(f"**{label(file.name)}** holds {counted(len(file.blocks), 'KAN')}.", width="content")
        st.button("Choose one", icon=":material/grid_view:", on_click=ask_for_list)
        st.button("Close this file", icon=":material/close:", type="tertiary", on_click=_close, args=(file,))
    if st.session_state.get(LIST):
        _list(s, file)


def _close(file: "ModelFile") -> None:
    file.close()
    count(file, 0)


@st.dialog("Which KAN of this model?", width="large", on_dismiss=forget_list)
def _list(s: "Session", file: "ModelFile") -> None:
    """Show the KANs in a dialog: it is in view wherever the page was scrolled to."""
    st.caption(
        f"{label(file.name)} holds {counted(len(file.blocks), 'KAN')}, by the names of their modules. Each takes the "
        "values that enter its module; what the model computes around it is not shown."
    )
    some = _chosen(file.blocks)
    places = []
    for at in range(0, len(some), 3):
        for column, block in zip(st.columns(3, gap="small"), some[at : at + 3], strict=False):
            with column:
                places.append(_card(s, file, block))
    _fill(file, some, places)


def _chosen(blocks: "Sequence[Block]") -> "Sequence[Block]":
    """Return the blocks to show: all if they are few, otherwise those of a part of the list."""
    if len(blocks) <= AT_ONCE:
        return blocks
    find, part = st.columns(2)
    words = find.text_input("Find a name", key=FIND, placeholder="for example layers.3").strip().lower()
    found = [block for block in blocks if words in block.prefix.lower()]
    starts = list(range(0, len(found), AT_ONCE)) or [0]
    start = part.selectbox(
        "Shown", starts, key=f"{SHOWN}-{words}-{len(found)}",  # another field for another list: it begins at its start
        format_func=lambda first: f"{first + 1:,} to {min(first + AT_ONCE, len(found)):,} of {len(found):,}",
    )  # fmt: skip
    if not found:
        st.caption("No KAN in this file has such a name.")
    return found[start : start + AT_ONCE]


def _card(s: "Session", file: "ModelFile", block: "Block") -> "DeltaGenerator":
    """Show a block, and the button that opens it; return the place of its curves."""
    is_open = s.block == block.prefix != "" and s.name == file.title_of(block.prefix)
    with st.container(border=True, height="stretch", vertical_alignment="distribute"):
        place = st.empty()
        with place:
            curves_image(())
        st.markdown(f"**{label(block.prefix or WHOLE, 120)}**")
        st.caption(label(str(block).removeprefix(f"{block.prefix or WHOLE}: "), 200))
        if block.around:
            near = ", ".join(shown(name, 60) for name in block.around[:3]) + (", …" if len(block.around) > 3 else "")
            st.caption(f"Next to {label(near, 200)}")
        if st.button(
            "Open again" if is_open else "Open", key=f"open-block-{block.prefix}-{block.kind}", width="stretch",
            disabled=s.training.live,
            help="This block is open now. This opens it as it is in the file." if is_open else None,
        ):  # fmt: skip
            with show_refusals():
                file.open(s, block.prefix)
                forget_list()
                st.switch_page("app.py")
    return place


def _fill(file: "ModelFile", some: "Sequence[Block]", places: "Sequence[DeltaGenerator]") -> None:
    """Show the curves of these blocks, once the names and buttons are on the screen."""
    try:
        found = file.previews([block.prefix for block in some])
    except UserError as refusal:
        st.caption(f"The curves cannot be shown: {label(str(refusal), 300)}")
        return
    for block, place in zip(some, places, strict=True):
        preview = found[block.prefix]
        with place:
            if preview.why:
                st.caption(label(preview.why, 300))
            else:
                curves_image(preview.curves)
