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
            shown = WidgetState(id=editor.id, json_value=json.dumps({"painted": word}))
            await one.run(part, shown, WidgetState(id=button.id, trigger_value=True))
            assert not one.button("Undo")[0].disabled, "the edge is pruned"

    run_visit(visit())


def test_the_list_of_kept_work_takes_nothing_off_the_page(server: str):
    kept = {"id": "a", "token": "t", "name": "mine", "steps": 2, "when": 1.7e12, "rows": "", "step": 0, "of": 0}

    async def visit() -> None:
        async with Visitor(server) as one:
            order = one.sent("memory")["order"]
            runs = len(one.begun)
            await one.tell("memory", "works", {"n": order["n"], "off": False, "works": [kept]})
            while not any("Your work on **mine**" in text for text in one.texts):
                await one.until_it_rests()
            await one.press("Forget it")
            while (one.sent("memory")["order"] or {}).get("what") != "forget":
                await one.until_it_rests()
            assert one.sent("memory")["order"]["id"] == "a"
            assert all(of_parts for _, of_parts in one.begun[runs:]), "the page was not drawn anew"

    run_visit(visit())
