"""Show hints of structure on the Formula page: sums, products and symmetries that a network seems to have."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.widgets.no_rows import no_rows
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

AT_ONCE = 6  # inputs whose pairs are checked without a request


def structure_panel(s: "Session") -> None:
    """Show the apparent structure of each pair of inputs, with the measured residual."""
    from kanviz.analysis.separability import MOST_INPUTS, separability

    kan, data = s.present, s.data
    if data is None:
        no_rows(s, "nothing is known of which inputs act together")
        return
    if kan.task != "regression":
        st.caption("This needs a table of numbers. Load one on the Workbench.")
        return
    if not 2 <= len(kan.inputs) <= MOST_INPUTS:
        st.caption(f"This looks at pairs of inputs, of 2 to {MOST_INPUTS}.")
        return
    few = len(kan.inputs) <= AT_ONCE
    if not few and not st.checkbox("Look at all pairs of inputs", key=f"structure-{kan.digest[:12]}"):
        return
    found = s.cache.result(separability, kan, data)
    for hint in found.hints():
        st.markdown(f"- {label(hint, 300)}.")
    if not found.hints():
        st.markdown("No pair of inputs looks like a sum, a product or exchangeable.")
    rows = [
        {
            "Inputs": f"{pair.one}, {pair.other}",
            "Sum: residual": pair.sum,
            "Product: residual": pair.product,
            "Exchange: residual": pair.swap,
        }
        for pair in found.pairs
    ]
    small = st.column_config.NumberColumn(format="%.2g")
    st.dataframe(rows, hide_index=True, column_config=dict.fromkeys(list(rows[0])[1:], small))
    st.caption(
        f"Measured on the network with {found.rows:,} rows whose inputs were exchanged among each other; 0 is the pure "
        f"structure, about 1 is none. The error of the network amounts to {found.sum_floor:.2g} (sum) and "
        f"{found.product_floor:.2g} (product), so residuals of that size say nothing. These are hints, not proofs; an "
        "empty cell was not judged, since units differ or ranges hardly overlap."
    )
