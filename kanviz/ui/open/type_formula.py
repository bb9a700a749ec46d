"""Type a formula on the Open page, see it typeset, and open the network that computes it."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted, escape_markdown, shown
from kanviz.ui.widgets.current import session, show_refusals
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from kanviz.core.kan import KAN

KEY = "type-formula"
LONGEST = 1_000  # characters of a formula typed here
MOST_VARIABLES = 12  # whose ranges are asked for
SPARE = 3  # nodes for each hidden column, to learn with

Ranges = tuple[tuple[str, float, float], ...]


def type_formula() -> None:
    """Let the person type a formula and the ranges of its variables, and open its network."""
    text = st.text_input(
        "Formula", key=KEY, placeholder="exp(sin(pi*x) + y**2)", max_chars=LONGEST,
        help="Numbers, names, + - * / ^, brackets, and functions such as sin, exp, log, sqrt, tanh and abs.",
    )  # fmt: skip
    if not text.strip():
        st.caption("You get the network that computes it: sums and products are nodes, functions are edges.")
        return
    with show_refusals():
        ranges = _ask_ranges(text)
        learns = st.checkbox(
            "Leave room to learn", key=f"{KEY}-room",
            help=f"Adds {SPARE} spare nodes to each hidden column and splines to all edges. No value changes, and "
            "training can learn what the formula misses.",
        )  # fmt: skip
        s = session()
        kan = s.cache.result(_network, text, ranges, SPARE if learns else 0)
        _show(kan, text)
        if st.button("Make the network", type="primary", icon=":material/function:", disabled=s.training.live):
            _open(kan, text, learns=learns)


def _ask_ranges(text: str) -> Ranges:
    """Ask for the range of each variable. Raises FormulaError for what is no formula, before anything is asked."""
    from kanviz.core.formulas.parser import names_in, parse
    from kanviz.errors import FormulaError

    names = names_in(text)
    parse(text, names)
    if len(names) > MOST_VARIABLES:
        raise FormulaError(
            f"The formula has {len(names)} variables; this page takes up to {MOST_VARIABLES}. Use kanviz.from_formula."
        )
    if not names:
        raise FormulaError("The formula has no variable, so there is nothing to put in; type one, such as x.")
    ranges = []
    for at in range(0, len(names), 2):
        columns = st.columns(4, gap="small")
        for name, low, high in zip(names[at : at + 2], columns[::2], columns[1::2], strict=False):
            ranges.append((name, _end(low, name, "from", -1.0), _end(high, name, "to", 1.0)))
    return tuple(ranges)


def _end(place: "DeltaGenerator", name: str, word: str, value: float) -> float:
    return place.number_input(f"{label(name, 30)} {word}", value=value, format="%g", key=f"{KEY}-{word}-{name}")


def _network(text: str, ranges: Ranges, spare: int) -> "KAN":
    from kanviz.laws.network.from_formula import from_formula

    return from_formula(text, {name: (low, high) for name, low, high in ranges}, spare=spare)


def _show(kan: "KAN", text: str) -> None:
    """Show the formula typeset, the network's size, and what to know about it."""
    from kanviz.ui.widgets.panels import typeset

    typeset(session().cache.result(_latex, text, tuple(v.name for v in kan.inputs), kan.outputs[0].name))
    st.caption(f"Network {escape_markdown(kan.shape_text)}, {counted(len(kan.edge_list()), 'edge')}.")
    if kan.cautions:
        st.warning("\n\n".join(map(escape_markdown, kan.cautions)), icon=":material/warning:")
    for note in kan.notes:
        if note not in kan.cautions:
            st.caption(escape_markdown(note))


def _latex(text: str, names: tuple[str, ...], output: str) -> str:
    import sympy

    from kanviz.analysis.symbolic.written import latex, latex_name
    from kanviz.core.formulas.parser import parse, to_sympy

    symbols = {name: sympy.Symbol(name, real=True) for name in names}
    return f"{latex_name(output)} = {latex(to_sympy(parse(text, names).tree, symbols))}"


def _open(kan: "KAN", text: str, *, learns: bool) -> None:
    from kanviz.edit.proposals import widen

    s = session()
    s.open(kan, f"{kan.outputs[0].name} = {shown(text, 60)}")
    if learns:
        s.apply(widen(kan))
    st.switch_page("app.py")
