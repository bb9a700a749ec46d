"""Check the open network against outputs that its original gave: upload them, see the gaps, copy the lines for them."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.errors import UserError
from kanviz.text import counted, escape_markdown, shown
from kanviz.ui.server.uploads import contents
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import theme
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from kanviz.analysis.check_record import Check
    from kanviz.core.kan import KAN
    from kanviz.ui.state.session import Session

TITLE = "Check against the original"
RESULT = "check-result"  # of a file and a network, by their ids: a Check with notes, or the words of a refusal
ROWS = 500  # of the file that the lines make
MOST_INPUTS = 6  # with ranges of their own in the lines, and columns in the list of rows
MOST_OUTPUTS = 4
MOST_CAUTIONS = 6
BEYOND = 0.1  # share of a grid by which the inputs in the lines leave it


def check_panel(s: "Session") -> None:
    """Let the person compare the current network with its original."""
    with st.expander(TITLE, icon=":material/fact_check:"):
        left, right = st.columns([5, 6], gap="medium")
        with left:
            st.markdown(
                "Does kanviz compute what your own code computes? Run these lines there: `model` is your model with "
                "the weights of the open file, or the block of it that is open here. Then upload the file that they "
                "write. A table with the inputs and then the outputs will do, too."
            )
            upload = st.file_uploader(
                "Inputs and outputs of the original (.npz, CSV, Parquet or Excel)", key="check-file",
                help="An .npz has the arrays x and y, a row per case. Up to 50 MB, read as data and sent nowhere.",
            )  # fmt: skip
        with right:
            st.code(lines_for(s.present), language="python", wrap_lines=True)
        if upload is None:
            st.session_state.pop(RESULT, None)
            return
        steps = s.opened.history.at
        if steps:
            st.caption(
                f":material/info: The network as it is now is checked, {counted(steps, 'step')} after it was opened."
            )
        found = _compared(s.present, upload)
        if isinstance(found, str):
            st.error(escape_markdown(found), icon=":material/error:")
        else:
            show_check(s.present, *found)


def _compared(kan: "KAN", upload: "UploadedFile") -> "tuple[Check, tuple[str, ...]] | str":
    """Return the comparison and the notes on its file, or why there is none; it is made once."""
    from kanviz.analysis.check import check
    from kanviz.io.original import read_original

    key = upload.file_id, kan.digest
    known, result = st.session_state.get(RESULT, (None, None))
    if known != key:
        try:
            with st.spinner("Comparing…"):
                original = read_original(kan, contents(upload), upload.name)
                result = check(kan, original.x, original.y), original.notes
        except UserError as refusal:
            result = str(refusal)
        st.session_state[RESULT] = key, result
    return result


def show_check(kan: "KAN", found: "Check", notes: tuple[str, ...] = ()) -> None:
    """Show a comparison: its verdict, what was measured, both outputs against each other, and the worst rows."""
    from kanviz.plots import check_figure

    if found.agrees:
        st.success(escape_markdown(found.verdict), icon=":material/check:")
    else:
        st.error(escape_markdown(found.verdict), icon=":material/difference:")
    for hint in found.hints:
        st.markdown(f":material/lightbulb: {label(hint, 400)}")
    left, right = st.columns(2, gap="medium")
    with left:
        at = 0
        if len(kan.outputs) > 1:
            at = st.selectbox(
                "Output", range(len(kan.outputs)), format_func=lambda k: shown(kan.outputs[k].name), key="check-output"
            )
        output = kan.outputs[at]
        chart(check_figure(found, at, name=output.name, unit=output.unit, theme=theme()), "check")
    with right:
        for fact in (*found.facts, *notes):
            st.caption(label(fact, 400))
        if found.agrees:
            return
        _worst_rows(kan, found)
        if kan.cautions:
            st.markdown("**Assumed when the file was opened**")
            for note in kan.cautions[:MOST_CAUTIONS]:
                st.caption(f":material/warning: {label(note, 400)}")


def _worst_rows(kan: "KAN", found: "Check") -> None:
    """List the rows with the largest gaps."""
    ins, outs = kan.inputs[:MOST_INPUTS], kan.outputs[:MOST_OUTPUTS]
    names = {"row": "Row"}
    names |= {f"x{i}": shown(v.name, 30) for i, v in enumerate(ins)}
    names |= {f"{side}{j}": f"{shown(v.name, 30)}, {side}" for j, v in enumerate(outs) for side in ("original", "here")}
    rows = [
        {
            "row": row.row + 1,
            **{f"x{i}": row.inputs[i] for i in range(len(ins))},
            **{f"original{j}": row.original[j] for j in range(len(outs))},
            **{f"here{j}": row.ours[j] for j in range(len(outs))},
        }
        for row in found.worst
    ]
    st.markdown(f"**The {len(rows)} rows with the largest gaps**" if len(rows) > 1 else "**The row that differs**")
    column = st.column_config.NumberColumn
    config = {key: column(name, format="%d" if key == "row" else "%.6g") for key, name in names.items()}
    st.dataframe([{key: row[key] for key in names} for row in rows], hide_index=True, column_config=config)


def lines_for(kan: "KAN") -> str:
    """Write the lines that make original.npz in the person's own code, with inputs in and around the grids."""
    from kanviz.analysis.extrapolation import grids_of

    ends = [(low - BEYOND * (high - low), high + BEYOND * (high - low)) for low, high in grids_of(kan)]
    lows, highs = ([f"{end:.4g}" for end in side] for side in zip(*ends, strict=True))
    if len(set(zip(lows, highs, strict=True))) > 1 and len(ends) <= MOST_INPUTS:
        ranges = f"low = torch.tensor([{', '.join(lows)}])\nhigh = torch.tensor([{', '.join(highs)}])"
    else:
        ranges = f"low, high = {min(lows, key=float)}, {max(highs, key=float)}"
    double = ".double()" if str(kan.dtype) == "torch.float64" else ""
    return f"""\
import numpy as np
import torch

# around the grids; take rows of your own data where you can
{ranges}
rng = torch.Generator().manual_seed(0)
x = torch.rand({ROWS}, {len(kan.inputs)}, generator=rng){double}
x = low + (high - low) * x
model = model.cpu().eval()
with torch.no_grad():
    y = model(x)
np.savez("original.npz", x=x.numpy(), y=y.numpy())"""
