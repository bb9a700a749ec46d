"""Make the race that the Language page shows before anybody has started one: kanviz/ui/language/measured.json."""

import argparse
import json
import platform
import time

import kanviz
from kanviz.language import Contest, Corpus
from kanviz.language.race import Race, race
from kanviz.ui.language.measured import FILE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="CPU seconds of each training")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    text, found = Corpus.named("documentation"), None
    contest = Contest(("curves", "gelu", "swiglu", "gr-kan"), options.seeds, options.seconds)
    for found, number, _ in race(text, contest, clock=time.thread_time):
        if number is not None:
            print(found.lanes[number].kind, found.lanes[number].seed, found.lanes[number].held_out[-1])
    assert found is not None
    print(found.verdict)
    FILE.write_text(json.dumps({"origin": origin(contest), "race": rounded(found)}) + "\n", encoding="utf-8")


def origin(contest: Contest) -> str:
    """Say how and where it was measured."""
    return (
        f"{contest.seconds:g} s of one core ({platform.machine()}) for each training, {contest.seeds} seeds, "
        f"Python's documentation, kanviz {kanviz.__version__}, {time.strftime('%d %B %Y')}."
    )


def rounded(found: Race) -> dict[str, object]:
    """Return the record with as many digits as can be seen."""
    return json.loads(json.dumps(found.to_json()), parse_float=lambda text: round(float(text), 5))


if __name__ == "__main__":
    main()
