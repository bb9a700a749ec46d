"""Load the lessons that were measured before and came with kanviz (benchmarks/language_lessons.py makes them)."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanviz.language.teaching.outcome import Outcome

FILE = Path(__file__).with_name("lessons.json")


@cache
def lessons() -> "tuple[str, tuple[Outcome, ...]]":
    """Return how and where they were measured, in a sentence, and what they came to."""
    from kanviz.language.teaching.outcome import Outcome

    record = json.loads(FILE.read_text(encoding="utf-8"))
    return record["origin"], tuple(map(Outcome.from_json, record["outcomes"]))
