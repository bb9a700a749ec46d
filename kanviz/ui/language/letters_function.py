"""Show one function of Letters over the labelled axis of characters, to be dragged point by point."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.language.letters_next import code, typed_text
from kanviz.ui.language.points_editor import points_editor
from kanviz.ui.state.letters import Letters
from kanviz.ui.widgets.current import attempt, session
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.core.layer import EdgeId
    from kanviz.edit.edits import Edit
    from kanviz.language.letters.reading import Strong

NEXT, PLACE = f"{KEEP}letters-next", f"{KEEP}letters-place"
POINT = "letters-point"  # the chosen control point
STRONGEST = 8


def function_panel() -> None:
    """Let the person choose a next character and a place; show the function, and what was done to it."""
    from kanviz.language.letters.network import PLACES, place_name
    from kanviz.language.letters.reading import letter_function, strongest
    from kanviz.language.symbols import SYMBOLS

    s = session()
    letters = s.of(Letters)
    st.header("One function")
    st.markdown(
        "A point shows by how much a character raises (or lowers) the score of the next one. Drag it: the bars above "
        f"move if the text there has that character at that place.{_read_now()}"
    )
    left, right = st.columns([1, 2], gap="medium", vertical_alignment="bottom")
    following = left.selectbox(
        "Next character", list(SYMBOLS), index=SYMBOLS.index("u"), format_func=visible, key=NEXT,
    )  # fmt: skip
    place = right.segmented_control(
        "Place of the character that is read", list(range(PLACES)), format_func=place_name, default=0, key=PLACE,
        help="Counted back from the next character: 1 back is the last one of the text.",
    )  # fmt: skip
    place = 0 if place is None else place
    found = letter_function(letters.kan, place, following)
    _editor(found.edge, place, following)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        _height(found.edge, found.heights.tolist())
        st.button("Undo", icon=":material/undo:", disabled=not letters.versions, on_click=attempt, args=(letters.undo,))
        st.button(
            "As it was trained", icon=":material/history:", disabled=not letters.versions, on_click=attempt,
            args=(letters.reset,),
        )  # fmt: skip
    pairs = s.cache.result(strongest, letters.kan, STRONGEST)
    st.caption("The strongest points of all functions; press one to see its function:")
    with st.container(horizontal=True, gap="small"):
        for number, pair in enumerate(pairs):
            st.button(
                f"{code(visible(pair.next))} after {code(visible(pair.character))} {place_name(pair.place)}: "
                f"{pair.height:+.1f}",
                key=f"strong-{number}", on_click=_look_at, args=(pair,),
            )  # fmt: skip


def _read_now() -> str:
    """Say which character the text above has at the chosen place."""
    from kanviz.language.letters.network import place_name
    from kanviz.language.letters.reading import next_character

    place = st.session_state.get(PLACE) or 0
    character = next_character(session().of(Letters).kan, typed_text()).before[-1 - place]
    return f" Now {code(visible(character))} is {place_name(place)}."


def visible(character: str) -> str:
    """Return a character as people can see it."""
    from kanviz.language.symbols import SYMBOLS, shown_symbol

    return shown_symbol(SYMBOLS.index(character))


def _look_at(pair: "Strong") -> None:
    from kanviz.language.symbols import SYMBOLS

    st.session_state[NEXT], st.session_state[PLACE] = pair.next, pair.place
    st.session_state[POINT] = SYMBOLS.index(pair.character)


def _editor(edge: "EdgeId", place: int, following: str) -> None:
    """Show the function as a curve to be dragged."""
    import numpy as np

    from kanviz.language.letters.network import place_name
    from kanviz.language.letters.reading import letter_function
    from kanviz.language.symbols import GROUPS, SYMBOLS, shown_symbol
    from kanviz.ui.components.editor import Points

    letters = session().of(Letters)
    rev = f"{letters.kan.digest[:16]}-{','.join(map(str, edge))}"
    points = Points(
        rev, f"What each character {place_name(place)} adds to the score of {visible(following)}",
        f"character {place_name(place)}", f"adds to the score of {visible(following)}", np.arange(float(len(SYMBOLS))),
        letter_function(letters.kan, place, following).heights.double().numpy(),
        tuple(shown_symbol(n) for n in range(len(SYMBOLS))),
        tuple((group.name, group.start, group.end) for group in GROUPS),
    )  # fmt: skip

    def move(edit: "Edit") -> None:
        letters.edit(edit, edit_words(edit, place, following))

    points_editor(points, "letters-editor", POINT, move, edge=edge, is_open=not letters.live)


def edit_words(edit: "Edit", place: int, following: str) -> str:
    """Describe an edit of one function."""
    from kanviz.edit.edits import MoveControlPoint
    from kanviz.language.letters.network import place_name
    from kanviz.language.symbols import SYMBOLS

    which = f"the function of {visible(following)}, {place_name(place)}"
    if isinstance(edit, MoveControlPoint):
        return f"moved {visible(SYMBOLS[edit.point])} in {which} to {edit.height:.3g}"
    return f"changed {which}"


def _height(edge: "EdgeId", heights: list[float]) -> None:
    """Let the person choose a character and type the height of its point."""
    from kanviz.edit.edits import MoveControlPoint
    from kanviz.language.symbols import SYMBOLS

    letters = session().of(Letters)
    if POINT not in st.session_state:
        st.session_state[POINT] = max(range(len(heights)), key=heights.__getitem__)
    key = f"letters-point-{st.session_state[POINT]}"

    def choose() -> None:
        st.session_state[POINT] = st.session_state[key]

    point = st.selectbox(
        "Character", list(range(len(SYMBOLS))), index=st.session_state[POINT],
        format_func=lambda n: visible(SYMBOLS[n]),
        key=key, on_change=choose, width=140,
    )  # fmt: skip
    number = f"letters-height-{letters.kan.digest[:12]}-{','.join(map(str, edge))}-{point}"

    def move() -> None:
        edit = MoveControlPoint(edge, point, float(st.session_state[number]))
        attempt(letters.edit, edit, edit_words(edit, edge.source, SYMBOLS[edge.target]))

    st.number_input(
        "Height of its point", -50.0, 50.0, min(max(heights[point], -50.0), 50.0), 0.5, format="%.2f", key=number,
        on_change=move, disabled=letters.live, width=180,
    )  # fmt: skip
