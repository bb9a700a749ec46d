"""Everybody's sessions: a tab that is open or a job under way keeps its own; what was left goes when room is needed."""

import threading
from collections.abc import Iterator

import pytest
import torch

from kanviz.core.init import init
from kanviz.core.training.train import TrainConfig
from kanviz.ui.state.jobs import End
from kanviz.ui.state.session import Session
from kanviz.ui.state.session_store import LEFT_AFTER, SessionStore
from kanviz.ui.state.sizes import size_of
from tests.ui.state.test_session import rows

SIZE = 100


class Server:
    """A store with tabs and a clock under our hand; every session takes 100 bytes."""

    def __init__(self, room: int = 3 * SIZE):
        self.open, self.now, self.forgotten = set[str](), 0.0, list[str]()
        self.store = SessionStore(
            self.open.__contains__, self.forgotten.append, lambda s: SIZE, room=room, clock=lambda: self.now
        )
        self.store._begin = lambda: None  # nobody looks but this test

    def visit(self, token: str, tab: str = "", session: Session | None = None) -> Session:
        tab = tab or token
        self.open.add(tab)
        found = self.store.find(token, tab) or session or Session()
        self.store.put(token, found, tab)
        return found

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.store.look()


def at_work() -> Session:
    """A training under way."""
    s, data = Session(), rows()
    s.open(init([2, 3, 1], inputs=data.inputs, outputs=data.outputs), "test", data=data)
    s.training.start(TrainConfig(steps=100_000, solver="adam"))
    return s


@pytest.fixture
def busy() -> Iterator[Session]:
    s = at_work()
    job = s.training.job
    yield s
    assert job is not None
    job.stop()
    assert job.join(600)


def test_a_reload_finds_its_session():
    server = Server()
    s = server.visit("a", "first")
    server.open.clear()
    server.later(30)
    assert server.visit("a", "second") is s


def test_however_many_tabs_are_open_nobody_is_let_go():
    server = Server(room=0)
    for n in range(60):
        server.visit(str(n))
    server.later(10 * LEFT_AFTER)
    assert len(server.store) == 60


def test_the_least_recently_used_goes_first_and_only_as_many_as_need_be():
    server = Server()
    for n, token in enumerate("abcde"):
        server.now = float(n)
        server.visit(token)
    server.now = 10.0
    server.visit("a")  # the first, used again
    server.open.clear()
    server.later(2 * LEFT_AFTER)
    assert [token in server.store for token in "abcde"] == [True, False, False, True, True]


def test_a_closed_tabs_job_ends_in_a_minute_and_says_why(busy: Session):
    server = Server()
    server.visit("a", session=busy)
    server.later(5)
    server.open.clear()
    server.later(LEFT_AFTER - 1)
    assert busy.training.live
    server.later(1)
    assert busy.training.job is not None
    assert busy.training.job.join(600)
    assert busy.training.job.end is End.CLOSED
    busy.training.collect()
    assert busy.training.last is None or busy.training.why_ended == "no tab was open on it for a minute"


def test_a_reload_within_the_minute_finds_the_job_alive(busy: Session):
    server = Server()
    server.visit("a", "first", busy)
    server.open.clear()
    server.later(LEFT_AFTER - 1)
    assert server.visit("a", "second") is busy
    server.later(2)
    assert server.forgotten == ["first"]
    server.later(10 * LEFT_AFTER)
    assert busy.training.live


def test_a_session_with_a_job_under_way_is_not_let_go(busy: Session, monkeypatch):
    monkeypatch.setattr(Session, "stop_jobs", lambda self, why: None)  # it still runs when room is made
    server = Server(room=0)
    server.visit("a", session=busy)
    server.visit("b")
    server.open.clear()
    server.later(LEFT_AFTER)
    assert "a" in server.store
    assert "b" not in server.store


def test_a_tab_that_still_shows_a_session_that_went_puts_it_back():
    server = Server(room=0)
    s = server.visit("a")
    server.open.clear()
    server.later(LEFT_AFTER)
    assert "a" not in server.store
    server.open.add("a")
    server.store.put("a", s, "a")
    server.later(1)
    assert server.store.find("a", "a") is s


def test_sessions_are_found_by_many_threads_at_once():
    server, found = Server(), []
    server.visit("0", "0")

    def come(n: int) -> None:
        for _ in range(200):
            found.append(server.visit(str(n % 3), str(n)))
            server.store.look()

    threads = [threading.Thread(target=come, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1200
    assert len(server.store) == 3


def test_a_size_counts_every_array_once_and_tables_too():
    s, data = Session(), rows(1000)
    empty = size_of(s)
    s.open(init([2, 3, 1], inputs=data.inputs, outputs=data.outputs), "test", data=data)
    one = size_of(s)
    assert one - empty > data.x.nbytes + data.y.nbytes
    s.learned_again = [data, data.x, data.x[:10], s.history]  # pyright: ignore[reportAttributeAccessIssue]
    assert size_of(s) - one < 1000
    s.more = torch.zeros(100_000, dtype=torch.float64).numpy()  # pyright: ignore[reportAttributeAccessIssue]
    assert size_of(s) - one > 800_000
