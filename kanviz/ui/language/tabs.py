"""List the tabs of the Language page, and show the open one."""

from collections.abc import Callable

from kanviz.ui.language.clock import clock_tab
from kanviz.ui.language.inside import inside_tab
from kanviz.ui.language.letters import letters_tab
from kanviz.ui.language.teach import teach_tab
from kanviz.ui.language.yours import yours_tab
from kanviz.ui.widgets.url_state import tabs

TABS: dict[str, Callable[[], None]] = {
    "Letters": letters_tab,
    "Against the clock": clock_tab,
    "Teach it": teach_tab,
    "Inside": inside_tab,
    "Your model": yours_tab,
}


def language_tabs() -> None:
    """Show the tabs; only the open one is rendered. The address names it as `language`."""
    for tab, show in zip(tabs(list(TABS), "language"), TABS.values(), strict=True):
        if tab.open:
            with tab:
                show()
