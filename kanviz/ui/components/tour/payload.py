"""Make the payload of the tour, and show its button. The tour starts by itself on a first visit."""

from collections.abc import Sequence
from dataclasses import dataclass

from kanviz.ui.components import renderer
from kanviz.ui.components.protocol import TourPayload, TourStep

HTML = """<div class="kv-tour"><button type="button" class="kv-tour-button"><svg viewBox="0 0 24 24" aria-hidden="true">
<circle cx="12" cy="12" r="9"/><path d="M15.5 8.5 13.6 13.6 8.5 15.5 10.4 10.4Z"/></svg>Tour</button></div>"""


@dataclass(frozen=True)
class Stop:
    """A place on the page and its explanation. at: CSS selectors; the first visible element gets a ring."""

    at: tuple[str, ...]
    title: str
    text: str


def tour_payload(stops: Sequence[Stop], *, first: bool) -> TourPayload:
    """Return all that the tour shows, as plain data. first: whether it starts in a browser that never showed it."""
    steps: list[TourStep] = [{"at": list(stop.at), "title": stop.title, "text": stop.text} for stop in stops]
    return {"v": 1, "steps": steps, "first": first, "help": "What is where on this page"}


def tour(payload: TourPayload, key: str) -> None:
    """Show the tour's button. Only the browser's own store remembers that the tour was seen."""
    renderer("tour", HTML)(data=payload, key=key, height="content", width="content")
