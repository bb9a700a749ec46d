"""A press is not lost to what Streamlit hears of another part in the same message."""

import json

from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.server.client import Visitor, run_visit

EDGE = [0, 0, 1]


def test_a_list_that_has_gone_takes_no_press_away(server: str):
    async def visit() -> None:
        async with Visitor(server) as one:
            gone, _ = one.widget("Edge")  # another edge is chosen by what follows, and another list is drawn
            await one.tell("network", "prune", EDGE)
            button, part = one.button("Prune it")
            other = gone.options[2]
            heard = WidgetState(id=gone.id, string_value=other)
            await one.run(part, heard, WidgetState(id=button.id, trigger_value=True))
            assert not one.button("Undo")[0].disabled, "the edge is pruned"

    run_visit(visit())


def test_the_word_that_the_curve_is_shown_takes_no_press_away(server: str):
    async def visit() -> None:
        async with Visitor(server) as one:
            await one.tell("network", "prune", EDGE)
            await one.tell("network", "select", [0, 0, 0])  # the rest of the page waits for the word
            button, part = one.button("Prune it")
            (editor, _), word = one.component("editor"), one.sent("editor")["awaited"]
            assert word
            shown = WidgetState(id=editor.id, json_value=json.dumps({"drawn": word}))
            await one.run(part, shown, WidgetState(id=button.id, trigger_value=True))
            assert not one.button("Undo")[0].disabled, "the edge is pruned"

    run_visit(visit())
