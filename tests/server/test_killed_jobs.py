"""A training goes on, and a law is there, when the server was killed meanwhile, where it keeps work."""

import re

import pytest

from tests.app_process import App
from tests.server.client import Visitor, run_visit

STEPS = 10_000  # so many that it does not end by itself
LOOKS = 200
RUNS, GOES_ON = "Running: step ", "Its training goes on from step "


@pytest.mark.parametrize("end", [App.kill, App.stop], ids=["SIGKILL", "SIGTERM"])
def test_a_training_goes_on_after_its_server_was_killed(app: App, end):
    async def train() -> tuple[str, int]:
        async with Visitor(app.url) as one:
            await one.run(page=one.pages["train"])
            await one.fill("Solver", string_value="Adam")
            await one.fill("Steps", double_value=STEPS)
            await one.press("Start training")
            shown = await step(one, RUNS)
            await one.run()  # what was on the screen is kept when the page is drawn again, if not before
            return one.query, shown

    async def come_back(query: str) -> int:
        async with Visitor(app.url, query, "train") as one:
            at = await step(one, GOES_ON)
            assert await step(one, RUNS) >= at
            return at

    query, shown = run_visit(train())
    end(app)
    app.start()
    assert run_visit(come_back(query)) >= shown


def test_the_best_law_so_far_is_there_after_its_server_was_killed(app: App):
    async def search() -> str:
        async with Visitor(app.url) as one:
            await one.run(page=one.pages["laws"])
            await one.press("Find the law")
            await until(one, "The best so far has an error of")
            await one.run()
            return one.query

    async def come_back(query: str) -> None:
        async with Visitor(app.url, query) as one:
            assert "**Law of f from two\\_variables.csv**" in "".join(one.texts).replace("\\.", ".")

    query = run_visit(search())
    app.kill()
    app.start()
    run_visit(come_back(query))


async def until(one: Visitor, words: str) -> None:
    """Have the page drawn until it says these words."""
    for _ in range(LOOKS):
        if any(words in text for text in one.texts):
            return
        await one.run()
    raise AssertionError(f"The page never said {words!r}, but: {one.texts}")


async def step(one: Visitor, before: str) -> int:
    """The step that the page tells behind these words, once it does."""
    for _ in range(LOOKS):
        for text in one.texts:
            if found := re.match(rf"{before}([\d,]+) of ", text):
                return int(found[1].replace(",", ""))
        await one.run()
    raise AssertionError(f"The page never said {before!r}, but: {one.texts}")
