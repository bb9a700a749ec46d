"""The tour of the workbench: five stops with two sentences each."""

from typing import TYPE_CHECKING

from kanviz.ui.components.tour import Stop, tour, tour_payload
from kanviz.ui.lessons import Lessons

if TYPE_CHECKING:
    from kanviz.ui.state.session import Session

STOPS = (
    Stop(
        (".st-key-graph",), "The network",
        "Each line is an edge, and the small curve on it is the function it learned. Click one to choose it.",
    ),
    Stop(
        (".st-key-inspector",), "The chosen edge",
        "This is its curve in full. Drag one of the dots, its control points, and the curve follows.",
    ),
    Stop(
        (".st-key-outputs",), "What the network says",
        "Predictions against measured rows, inputs to try out under Explore. History takes you back to any step.",
    ),
    Stop(
        (".st-key-toolbar",), "How good it is",
        "These errors are measured on the table in use. Watch them while you change a curve.",
    ),
    Stop(
        ('[data-testid="stSidebar"]', '[data-testid="stExpandSidebarButton"]'),
        "Further pages, undo and save",
        "Prune edges, find formulas, train, or take a lesson of a few minutes. Undo, redo and save are here, too.",
    ),
)  # fmt: skip


def tour_button(s: "Session") -> None:
    """Show the tour's button. On a browser's first visit the tour starts by itself, unless a lesson is open."""
    tour(tour_payload(STOPS, first=s.of(Lessons).following is None), "tour")
