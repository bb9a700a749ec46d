"""A part of a page that was left brings that page back neither on the server nor, emptied, in the browser."""

import pytest

from tests.browser.wire import visitor


@pytest.mark.parametrize("seen", [False, True], ids=["before the new page begins", "after it was drawn"])
def test_what_a_page_that_was_left_still_asks_for_is_drawn_on_the_new_one(server, seen):
    with visitor(server) as tab:
        old, new, part = tab.page, tab.pages["history"], tab.parts["Save network"]
        tab.ask(page=new)
        if seen:
            assert tab.drawn() == [(new, False)]
        tab.ask(page=old, part=part)  # as a browser does that has not heard of the new page yet
        begun = tab.drawn()
        tab.ask(page=new, part=part)  # what was asked for while the page was drawn comes before this
        assert {page for page, _ in [*begun, *tab.drawn()]} == {new}
        tab.ask(page=tab.pages["prune"])
        while tab.page != tab.pages["prune"]:
            tab.drawn()


def test_a_part_of_a_page_opened_by_its_address_is_drawn_on_that_page(server):
    with visitor(server) as tab:
        query = tab.query
    with visitor(server, "history") as tab:
        tab.query = query  # with the work of the first tab
        tab.ask()
        tab.drawn()
        here, part = tab.pages["history"], tab.parts["Save network"]
        assert tab.page == here
        tab.ask(part=part)
        assert tab.drawn() == [(here, True)]
