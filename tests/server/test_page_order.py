"""A part of a page that was left brings that page back neither on the server nor, emptied, in the browser."""

import pytest

from tests.server.client import Visitor, run_visit

IN_THE_SIDEBAR = "Undo"  # a button of a part that every page has


@pytest.mark.parametrize("seen", [False, True], ids=["before the new page begins", "after it was drawn"])
def test_what_a_page_that_was_left_still_asks_for_is_drawn_on_the_new_one(server: str, seen: bool):
    async def visit() -> None:
        async with Visitor(server) as tab:
            old, new, (_, part) = tab.page, tab.pages["history"], tab.button(IN_THE_SIDEBAR)
            tab.begun.clear()
            await tab.ask(page=new)
            if seen:
                await tab.until_it_rests()
            await tab.ask(part, page=old)  # as a browser does that has not heard of the new page yet
            await tab.until_it_rests()
            await tab.run(part, page=new)  # what was asked for while the page was drawn comes before this
            assert {page for page, _ in tab.begun} == {new}
            await tab.ask(page=tab.pages["prune"])
            while tab.page != tab.pages["prune"]:
                await tab.until_it_rests()

    run_visit(visit())


def test_a_part_of_a_page_opened_by_its_address_is_drawn_on_that_page(server: str):
    async def visit() -> None:
        async with Visitor(server) as first:
            query = first.query
        async with Visitor(server, query, "history") as tab:
            assert tab.page == tab.pages["history"]
            tab.begun.clear()
            await tab.run(tab.button(IN_THE_SIDEBAR)[1])
            assert tab.begun == [(tab.pages["history"], True)]

    run_visit(visit())
