"""List all keyboard shortcuts in one dialog."""

import streamlit as st

OPEN = "Alt+K"
KEYS = {
    "Everywhere": (("Ctrl+Z", "Undo"), ("Ctrl+Shift+Z", "Redo"), (OPEN, "This list")),
    "Network": (
        ("Arrows", "To the next edge or node"),
        ("Enter", "Take the edge to the inspector"),
        ("Delete", "Offer to prune it; the cost is shown first"),
        ("+  −  0", "Zoom in, zoom out, fit; Ctrl with the wheel zooms too"),
    ),
    "Curve": (
        ("← →", "To the next control point"),
        ("↑ ↓", "Nudge it by a hundredth of the height shown; with Shift by a tenth"),
        ("Shift+drag", "Mark a stretch for the tools above"),
        ("Enter", "Keep what a tool proposes"),
        ("Esc", "Leave it"),
    ),
}


def shortcuts_button() -> None:
    """Show the button of the list, which has a shortcut too."""
    st.button("Keys", icon=":material/keyboard:", shortcut=OPEN, type="tertiary", on_click=_shortcuts)


@st.dialog("Keys")
def _shortcuts() -> None:
    for place, keys in KEYS.items():
        st.markdown(f"**{place}**")
        for key, does in keys:
            name, words = st.columns([2, 5], vertical_alignment="center")
            name.markdown(f":gray-badge[{key}]")
            words.markdown(does)
