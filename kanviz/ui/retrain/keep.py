"""Let the person choose what a training on the Train page must not forget: known rows of another table, or a region."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import shown
from kanviz.ui.retrain.before import outlook
from kanviz.ui.train.regions import region_fields
from kanviz.ui.train.rows_upload import upload_rows
from kanviz.ui.train.settings import settings
from kanviz.ui.widgets.current import show_refusals
from kanviz.ui.widgets.samples import rows_of, samples
from kanviz.ui.widgets.url_state import KEEP
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.continual.known import Known
    from kanviz.core.data.dataset import Dataset
    from kanviz.core.training.train import TrainConfig
    from kanviz.ui.state.session import Session
    from kanviz.ui.state.training_run import Retraining
    from kanviz.ui.train.protections import Plan

NOTHING, ROWS, REGION = "Nothing", "Known rows", "A region"
OTHER = "Another table…"


def ask(s: "Session") -> "TrainConfig | Retraining | None":
    """Return the chosen settings, or the retraining if something must not be forgotten.

    None if an answer is missing or invalid; the reason is shown.
    """
    from kanviz.ui.train.protections import retraining

    top = st.container()
    source = NOTHING if s.opened.is_new else _source()  # an untrained network has nothing to forget
    plan = None
    if source != NOTHING:
        with show_refusals():
            plan = _plan(s, source)
    elif not s.opened.is_new:
        _say_what_may_be_lost(s)
    config = settings(s, top, plan)
    if plan is None:
        return config if source == NOTHING else None
    return None if config is None else retraining(s, plan.protection, plan.known, plan.held, config)


def _source() -> str:
    return st.segmented_control(
        "What must not be lost", [NOTHING, ROWS, REGION], default=NOTHING, required=True, key=f"{KEEP}train-keep",
        help="Training moves numbers that other rows depend on too: a network that learns one table may forget "
        "another. Known rows: of a table that it learned before. A region: every point between limits of the inputs.",
    )  # fmt: skip


def _say_what_may_be_lost(s: "Session") -> None:
    name = next(iter(known_tables(s)), None)
    if name is not None and s.data is not None:
        st.caption(f"What the network knows of {label(name)} may be lost.")


def _plan(s: "Session", source: str) -> "Plan | None":
    """Let the person choose what to protect and how; show the cost. None while something is missing."""
    from kanviz.ui.train.protections import Plan, apply, choose_protection, retraining

    known = SOURCES[source](s)
    if known is None:
        return None
    if s.data is None:
        st.caption("Load a table first, above.")
        return None
    protection = choose_protection(s, known, none=False)
    held = apply(s, protection, known, s.data)
    cost = retraining(s, protection, known, held, held.config())
    st.info(outlook(s, cost, "rows to learn"), icon=":material/balance:")
    return Plan(known, protection, held)


def _region(s: "Session") -> "Known":
    """Return the region that the person enters.

    At first it surrounds known rows. A region around the rows to learn would leave nothing to learn.
    """
    from kanviz.continual.known import Known

    return Known.region(region_fields(s, "train", next(iter(known_tables(s).values()), None)))


def _rows(s: "Session") -> "Known | None":
    """Return the known rows that the person chooses: of another table than the current one, or of a file."""
    from kanviz.continual.known import Known

    found = known_tables(s)
    names = [*found, OTHER]
    name = OTHER
    if found:
        name = st.selectbox(
            "Rows that it knows", names, format_func=lambda name: shown(name, 60), key=f"{KEEP}train-known-{names[0]}"
        )
    elif s.tables.old_rows is not None:
        st.caption(
            f"{label(s.tables.old_rows[1])} is the table in use, which is learned in any case. Choose rows of another "
            "table, or a region."
        )
    else:
        st.caption("Rows that the network learned from another table than the one in use.")
    if name in found:
        return Known.rows(found[name], name)
    upload_rows(s, "old", "Table of old rows", s.tables.take_old, s.tables.old_rows)
    return None


SOURCES: "dict[str, Callable[[Session], Known | None]]" = {ROWS: _rows, REGION: _region}


def known_tables(s: "Session") -> "dict[str, Dataset]":
    """Return tables that the network may have learned, by name, likeliest first; the current one is never included."""
    tables = [one for one in (s.tables.old_rows, s.tables.before) if one is not None]
    given = [*tables, *_of_sample(s), *_of_steps(s)]
    found: dict[str, Dataset] = {}
    for data, name in given:
        if not any(_same_rows(data, other) for other in (s.data, *found.values())):
            found[name if name not in found else f"{name} ({len(found) + 1})"] = data
    return found


def _same_rows(one: "Dataset", two: "Dataset | None") -> bool:
    """Return whether two tables have the same rows, however they are split into training and held-out rows."""
    return two is not None and one.x.shape == two.x.shape and bool((one.x == two.x).all() and (one.y == two.y).all())


def _of_sample(s: "Session") -> "list[tuple[Dataset, str]]":
    """Return the table that a sample's network was trained on; empty if there is none."""
    of = next((one for one in samples() if one.file.stem == s.sample), None)
    path = of.table if of is not None else None
    if of is None or path is None:
        return []
    start = s.opened.history.versions[0].kan
    return [(s.cache.result(rows_of, of, path, start), path.name)]


def _of_steps(s: "Session") -> "list[tuple[Dataset, str]]":
    """Return the tables of the trainings up to the current version, newest first."""
    from kanviz.edit.script import tables_needed

    tables = s.tables.fitting
    found = []
    for n in range(s.opened.history.at, 0, -1):
        edit = s.opened.history.versions[n].edit
        found += [
            (tables[digest], f"rows of step {n}") for digest in (tables_needed([edit]) if edit else ())
            if digest in tables
        ]  # fmt: skip
    return found
