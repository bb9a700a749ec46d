"""Let the person choose the rows and the settings of a search for laws."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from kanviz.errors import UserError
from kanviz.json_reader import JsonReader
from kanviz.text import written_names
from kanviz.ui.widgets.current import session, show_refusals
from kanviz.ui.widgets.table_upload import choose_columns, table_upload
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.core.data.dataset import Dataset
    from kanviz.laws.search.discover import DiscoverConfig
    from kanviz.ui.state.session import Session

Chosen = tuple["Dataset", str]
SHAPE = JsonReader("Write the shape as pykan's width, as in [2, 5, 1] or [2, [1, 1], 1]: {why}.", UserError)
NETWORK, TABLE = "Those of the open network", "A table"


def rows_to_search(s: "Session | None") -> "Chosen | None":
    """Return the rows to search and the name of their table: the network's own, or an uploaded table's."""
    own = s.data if s is not None and s.history is not None else None
    where = TABLE
    if own is not None and s is not None:
        where = st.segmented_control("Which rows", [NETWORK, TABLE], default=NETWORK, required=True, key=f"{KEEP}which")
        if where == NETWORK:
            st.caption(
                f"{label(s.rows_from)}: {len(own.train):,} rows to learn from, {len(own.test):,} held out; "
                f"{', '.join(label(v.name) for v in own.inputs[:12])} and {label(own.target)}."
            )
            return own, s.rows_from
    table = table_upload("laws-table")
    if table is None:
        st.caption("A table of numbers with column names: one column to explain, the others to explain it.")
        return None
    s = session()
    data = choose_columns(s, table, None, "laws", weigh=False)
    for note in data.notes if data else ():
        st.caption(label(note, 300))
    return (data, s.tables.main_name) if data else None


def options(rows: "Chosen | None") -> "DiscoverConfig | None":
    """Return the settings of the search; None if they are invalid (an error is shown)."""
    from kanviz.core.formulas.formula import PRIMITIVES
    from kanviz.laws.search.discover import DiscoverConfig
    from kanviz.laws.search.hints import Hints

    seconds = st.number_input(
        "Seconds", 5, 3_600, 60, 5, key=f"{KEEP}law-seconds",
        help="At most. It ends sooner with a law whose only error is rounding, or when nothing better is found.",
    )  # fmt: skip
    with st.expander("What you know already", icon=":material/tune:"):
        names = list(PRIMITIVES)
        forbid = st.multiselect("Functions it does not have", names, key=f"{KEEP}law-forbid")
        prefer = st.multiselect(
            "Functions it probably has", names, key=f"{KEEP}law-prefer",
            help="Of two laws that are about as good, the one with these ranks higher.",
        )  # fmt: skip
        whole = st.checkbox(
            "Powers are whole numbers", key=f"{KEEP}law-whole", help="Leaves out square roots and the like."
        )  # fmt: skip
        inputs = list(written_names([v.name for v in rows[0].inputs])) if rows else []
        alike = st.multiselect(
            "Inputs that can change places", inputs, key=f"{KEEP}law-alike-{hash(tuple(inputs))}",
            help="A law that changes when they are exchanged ranks lower, with a note.",
        )  # fmt: skip
        shape = st.text_input(
            "Shape of the network to look within", key=f"{KEEP}law-shape", max_chars=60, placeholder="found by itself",
            help="pykan's width: [2, 5, 1] has five sums between two inputs and the target, [2, [1, 1], 1] one sum "
            "and one product. Empty: shapes are tried from small to large.",
        )  # fmt: skip
    with show_refusals():
        hints = Hints(tuple(forbid), tuple(prefer), whole, (tuple(alike),) if alike else ())
        return DiscoverConfig(_shape(shape), float(seconds), hints=hints)
    return None


def _shape(text: str) -> "list[Any] | None":
    return [column.value for column in SHAPE.parse(text, 3).items()] if text.strip() else None
