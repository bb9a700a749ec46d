"""Measure the lessons that the tab "Teach it" of the Language page shows before anybody starts one.

    python -m benchmarks.language_lessons

It teaches Python code to the model that came with kanviz in four ways, as the tab does with its first settings, and
writes `kanviz/ui/language/lessons.json`. One core; about half a minute.
"""

import json
import platform
from dataclasses import replace

from kanviz.language import Corpus
from kanviz.ui.language.lessons import FILE
from kanviz.ui.language.models import SHIPPED
from kanviz.ui.state.teach_run import Plan, taught_apart

WAYS = ("gate", "plain", "replay", "ewc+replay")


def main() -> None:
    plan = Plan(Corpus.named("documentation"), Corpus.named("code"), WAYS, model=SHIPPED.read_bytes())
    found = {}
    for sent in taught_apart(plan):
        if sent.outcome is not None:
            found[sent.outcome.how] = replace(sent.outcome, cpu_seconds=round(sent.outcome.cpu_seconds, 2))
    origin = (
        f"the model that came with kanviz, which knows Python's documentation, was taught Python code in {plan.steps} "
        f"steps in each way, on one core of a {platform.machine()} machine."
    )
    record = {"origin": origin, "outcomes": [one.to_json() for one in found.values()]}
    FILE.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
    print(origin, *[(one.how, one.now) for one in found.values()], sep="\n")


if __name__ == "__main__":
    main()
