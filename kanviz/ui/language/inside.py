"""Show the tab "Inside": which units a model has, the curve of one with its texts, and what a change of it does."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import counted
from kanviz.ui.language.models import model_panel
from kanviz.ui.language.unit import unit_panel
from kanviz.ui.state.inside import Inside
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import attempt, session, show_refusals, theme
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanviz.language.inside import Unit

LISTED = 60  # units to choose from, besides the one that is chosen


def inside_tab() -> None:
    """Show the choice of model and unit on the left, the unit and what its change does on the right."""
    ask, look = st.columns([6, 14], gap="medium")
    with ask.container(border=True):
        st.header("A model, unit by unit")
        model_panel()
        inside = session().of(Inside)
        if inside.saved is None:
            return
        block = _block(inside)
        unit = _unit(inside, block)
    with look:
        unit_panel(inside, block, unit)
        _pruning(inside, block)
        with st.expander("The same elsewhere", icon=":material/terminal:"):
            command, python = same_look(block, unit)
            st.code(command, language=None, wrap_lines=True)
            st.code(python, language=None, wrap_lines=True)


def same_look(block: int, unit: int) -> tuple[str, str]:
    """Return the command that makes such a model, and Python code that looks into it."""
    python = (
        "from kanviz.language import Corpus, load\n"
        "from kanviz.language.changes import change, with_curve\n"
        "from kanviz.language.inside import curves_of, ends, record, units\n\n"
        'model, text = load("model.safetensors").model, Corpus.named("documentation").held_out\n'
        f"seen = record(model, text, block={block})\n"
        "print(units(seen)[:10])\n"
        f"for end in ends(seen, unit={unit}):\n"
        "    print(end.entropy, end.random, [place.text for place in end.places])\n"
        f"coef = curves_of(model, {block}).coef[{unit}].detach() + 1  # all its control points, higher by 1\n"
        f"after = with_curve(model, {block}, {unit}, coef)\n"
        "print(change(model, after, seen.numbers).verdict)"
    )
    return "kanviz language train --text documentation --seconds 40 -o model.safetensors", python


def _block(inside: Inside) -> int:
    count = inside.opened.model.sizes.blocks
    chosen = st.segmented_control(
        "Block", range(count), default=count - 1, required=True, format_func=lambda n: f"{n + 1} of {count}",
        key=f"{KEEP}inside-block-{count}",
    )  # fmt: skip
    return count - 1 if chosen is None else chosen


def _unit(inside: Inside, block: int) -> int:
    """Let the person choose a unit: by its strength, by a bar, or by a text that makes it strong."""
    from kanviz.language.inside import units_for
    from kanviz.plots import units_figure

    units = list(inside.units(block))
    typed = st.text_input(
        "Find units by a text", key=f"{KEEP}inside-search", max_chars=200, placeholder="for example: import",
        help="The units that differ most from their mean at the end of this text come first.",
    )  # fmt: skip
    if typed:
        with show_refusals():
            by_number = {unit.number: unit for unit in units}
            units = [by_number[number] for number in units_for(inside.recorded(block), typed)]
    key, shares = f"{KEEP}inside-unit-{inside.number}-{block}", {unit.number: unit.share for unit in units}
    listed = [unit.number for unit in units[:LISTED]]
    now = st.session_state.get(key)
    if now not in shares:
        now = st.session_state[key] = listed[0]
    chosen = st.selectbox(
        "Unit", listed if now in listed else [now, *listed], key=key,
        format_func=lambda number: f"unit {number} · {shares[number]:.1%} of the block's output",
    )  # fmt: skip
    _bars(units, chosen, key, units_figure)
    return chosen


def _bars(units: "Sequence[Unit]", chosen: int, key: str, figure) -> None:
    def take(data: list[int]) -> None:
        st.session_state[key] = int(data[0])

    chart(figure(units, chosen, theme=theme()), "inside-units", lambda data: attempt(take, data))
    outside = sum(unit.outside for unit in units) / len(units)
    st.caption(
        f"{counted(len(units), 'unit')}. {outside:.1%} of all inputs are outside the grid, where curves are straight."
    )


def _pruning(inside: Inside, block: int) -> None:
    place = st.expander(
        "Remove units: the weakest, and random ones", icon=":material/content_cut:", key=f"{KEEP}inside-pruning",
        on_change="rerun",
    )  # fmt: skip
    if place.open:
        from kanviz.plots import pruning_figure

        with place:
            found = inside.pruning(block)
            st.info(found.verdict, icon=":material/balance:")
            chart(pruning_figure(found, theme=theme()), "inside-pruned")
            st.caption("On held-out text, without training again; each dot is another random choice.")
