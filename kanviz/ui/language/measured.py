"""Load the race that was measured before and came with kanviz (benchmarks/language_race.py makes it)."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kanviz.language.race import Race

FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True, slots=True)
class Measured:
    """A race with how and where it was measured, as a sentence."""

    race: "Race"
    origin: str


@cache
def measured() -> Measured:
    """Return the race that came with kanviz."""
    from kanviz.language.race import Race

    record = json.loads(FILE.read_text(encoding="utf-8"))
    return Measured(Race.from_json(record["race"]), record["origin"])
