"""The Language page: a tab for each module, only the open one rendered, named in the address."""

from kanviz.ui.language.tabs import TABS
from tests.ui.test_pages import visit

PAGE = "pages/language.py"


def test_every_tab_is_shown_and_can_be_linked_to():
    for name in TABS:
        app = visit(PAGE, language=name)
        assert [tab.label for tab in app.tabs] == list(TABS)
        assert app.session_state["keep-language"] in (name, None)
