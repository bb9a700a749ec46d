"""Show the network as code of a language, or offer it as a file; run what was written, and say how far it is off."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import escape_markdown, size_words
from kanviz.ui.widgets.panels import number, shared_unit
from kanviz.ui.widgets.words import file_stem

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session
    from kanviz.writers.check import Checked
    from kanviz.writers.targets import Target

SHOWN = 30_000  # characters of code on the page
FIRST = 40  # lines of it, unless all are wanted
QUICK = 20_000  # coefficients up to which what is written is run without being asked
KEY = "export-target"


def choose_target() -> "Target":
    """Let the person choose what the network is written as."""
    from kanviz.writers.targets import TARGETS

    names = list(TARGETS)
    chosen = st.radio(
        "Write it as", names, key=KEY, format_func=lambda name: TARGETS[name].label,
        captions=[TARGETS[name].words for name in names],
    )  # fmt: skip
    return TARGETS[str(chosen)]


def show_export(s: "Session", target: "Target") -> None:
    """Show the code, its download, and what the comparison with the network came to."""
    kan = s.present
    try:
        content = s.cache.result(_written, kan, target.name)
    except UserError as refusal:
        st.warning(escape_markdown(str(refusal)), icon=":material/warning:")
        return
    stem = f"{file_stem(s.name)}{target.suffix}"
    st.download_button(
        f"Download {stem}", content, stem, target.mime, icon=":material/download:", on_click="ignore", type="primary",
        help=f"{size_words(len(content))}; kanviz is not needed to run it.",
    )  # fmt: skip
    _comparison(s, target, content)
    if isinstance(content, str):
        _code(content)
    st.caption(f"From the command line: `kanviz export MODEL --to {target.name} -o network{target.suffix} --check`")


def _code(content: str) -> None:
    """Show the code: its first lines, or as much as a page can hold. Lines are wrapped: nobody need scroll sideways."""
    lines = content.count("\n")
    whole = lines <= FIRST or st.toggle(f"Show all {lines:,} lines")
    shown = content[:SHOWN] if whole else "\n".join(content.splitlines()[:FIRST])
    st.code(shown, language=None, wrap_lines=True)
    if len(shown) < len(content) - 1:
        there = f"{SHOWN:,} of {len(content):,} characters" if whole else f"{FIRST} of {lines:,} lines"
        st.caption(f"The first {there}; the download has all.")


def _written(kan: "KAN", name: str) -> str | bytes:
    from kanviz.writers.targets import TARGETS

    return TARGETS[name].write(kan)


def _compared(kan: "KAN", name: str, content: str | bytes, data: "Dataset | None") -> "Checked":
    from kanviz.writers.check import checked
    from kanviz.writers.targets import TARGETS

    return checked(kan, TARGETS[name], content, None if data is None else data.x.numpy())


def _comparison(s: "Session", target: "Target", content: str | bytes) -> None:
    """Run what was written and say how far it is from the network; a large one is run when somebody asks for it."""
    kan = s.present
    size = sum(layer.coef.numel() for layer in kan.layers)
    if size > QUICK and not st.button(
        "Run it and compare", icon=":material/play_arrow:", key=f"run-{target.name}-{kan.digest[:12]}",
        help=f"The network has {size:,} coefficients, so this may take some seconds.",
    ):  # fmt: skip
        return
    try:
        found = s.cache.result(_compared, kan, target.name, content, s.data)
    except UserError as failure:
        st.error(escape_markdown(str(failure)), icon=":material/error:")
        return
    if found.check is None:
        st.info(escape_markdown(str(found)), icon=":material/info:")
        return
    if not found.agrees:
        st.error(escape_markdown(str(found)), icon=":material/error:")
        return
    gap, share, rows = st.columns(3)
    largest = float(found.check.gaps.max())
    gap.metric("Largest gap to the network", number(largest, shared_unit(kan)), help=f"{target.ran} next to kanviz.")
    share.metric("Of the largest output", found.check.share(largest).removesuffix(" of the largest output"))
    with_data = "The table's rows and points" if s.data is not None else "Points"
    rows.metric("Rows compared", f"{found.check.rows:,}", help=f"{with_data} around the grid, a fifth beyond it.")
