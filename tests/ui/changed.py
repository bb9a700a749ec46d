"""A session's work changed from outside, as no page does: to bring it into a state that a test begins with."""

from dataclasses import replace
from typing import Any

from kanviz.ui.state.session import Session


def change(session: Session, **fields: Any) -> None:
    """Replace fields of the current work."""
    session._holder.change(**fields)


def without_rows(session: Session) -> None:
    session._holder.work = replace(session.opened, data=None, rows=None)


def without_work(session: Session) -> None:
    session._holder.work = None
