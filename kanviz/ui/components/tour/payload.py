"""The tour: what is sent to it; it begins by itself on a first visit, and whenever its button is pressed."""

from collections.abc import Sequence
from dataclasses import dataclass

from kanviz.ui.components import renderer
from kanviz.ui.components.protocol import TourPayload, TourStep

HTML = """<div class="kv-tour"><button type="button" class="kv-tour-button"><svg viewBox="0 0 24 24" aria-hidden="true">
<circle cx="12" cy="12" r="9"/><path d="M15.5 8.5 13.6 13.6 8.5 15.5 10.4 10.4Z"/></svg>Tour</button></div>"""


@dataclass(frozen=True)
class Stop:
    """A place of the page and what is said of it. at: CSS selectors; the first that can be seen is ringed."""

    at: tuple[str, ...]
    title: str
    text: str


def tour_payload(stops: Sequence[Stop], *, first: bool) -> TourPayload:
    """Everything it says, as plain data. first: whether a browser that never saw it is shown it now."""
    steps: list[TourStep] = [{"at": list(stop.at), "title": stop.title, "text": stop.text} for stop in stops]
    return {"v": 1, "steps": steps, "first": first, "help": "What is where on this page"}


def tour(payload: TourPayload, key: str) -> None:
    """Draw its button; that it was seen is remembered in the browser's own store and nowhere else."""
    renderer("tour", HTML)(data=payload, key=key, height="content", width="content")
