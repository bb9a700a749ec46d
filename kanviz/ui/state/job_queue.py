"""Who may compute: one core less than there are, in the order of asking; the rest wait, each with its place known."""

import itertools
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Hashable

SHORT, LONG = 2.0, 30.0  # seconds after which a job gives its turn to others that do so too; to those that do not


def cores() -> int:
    """Of this machine, as far as this process may use them."""
    usable = getattr(os, "sched_getaffinity", None)
    return max(1, len(usable(0)) if usable else os.cpu_count() or 1)


class Turn:
    """A job's claim to compute. Taken and left by the job, looked at by anybody.

    who: whose job it is; nobody's second job starts before another's first · most: cores it can use · gives: whether
    it can give its turn to others and take it up again later.
    """

    def __init__(self, turns: "Turns", who: Hashable, most: int, *, gives: bool):
        self._turns, self.who, self.most, self.gives = turns, who, most, gives
        self._called = threading.Event()
        self.number, self.cores, self.since = 0, 0, 0.0

    @property
    def held(self) -> bool:
        return self.cores > 0

    @property
    def ahead(self) -> int | None:
        """How many others come first; None when it has its turn, or has not asked for one."""
        return self._turns.ahead(self)

    def listen(self) -> None:
        """From here on `wake` is heard: called before looking at what it may be about."""
        self._called.clear()

    def take(self) -> bool:
        """Wait for the turn; False when `wake` came first. In the queue it stays until it is taken or left."""
        self._turns.ask(self)
        if not self.held:
            self._called.wait()
        return self.held

    def wake(self) -> None:
        """Have whoever waits in `take` look at the world again."""
        self._called.set()

    def leave(self) -> None:
        """Give back the cores, or the place in the queue."""
        self._turns.left(self)

    @property
    def due(self) -> bool:
        """Whether it is time to let others go on."""
        return self.gives and self._turns.wanted(self)


class Turns:
    """The queue for all of a server's jobs. places: cores they may use together."""

    def __init__(self, places: int):
        self._lock, self._free = threading.Lock(), places
        self._numbers = itertools.count(1)
        self._waiting: list[Turn] = []
        self._held: Counter[Hashable] = Counter()  # turns that somebody has

    def turn(self, who: Hashable, most: int = 1, *, gives: bool = True) -> Turn:
        return Turn(self, who, most, gives=gives)

    def ask(self, turn: Turn) -> None:
        with self._lock:
            if not turn.held and turn not in self._waiting:
                turn.number = next(self._numbers)
                self._waiting.append(turn)
            self._call()

    def left(self, turn: Turn) -> None:
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
            if turn.held:
                self._free += turn.cores
                self._held -= Counter([turn.who])  # which forgets those who have none
                turn.cores = 0
            self._call()

    def ahead(self, turn: Turn) -> int | None:
        with self._lock:
            order = self._order()
            return order.index(turn) if turn in order else None

    def wanted(self, turn: Turn) -> bool:
        with self._lock:
            others = all(other.gives for other in self._waiting)
            return bool(self._waiting) and time.monotonic() - turn.since >= (SHORT if others else LONG)

    def _call(self) -> None:
        """Give free cores to those who are next: half of what is free to one that can use more than one."""
        while self._free and self._waiting:
            turn = self._order()[0]
            self._waiting.remove(turn)
            turn.cores, turn.since = max(1, min(turn.most, math.ceil(self._free / 2))), time.monotonic()
            self._free -= turn.cores
            self._held[turn.who] += 1
            turn.wake()

    def _order(self) -> list[Turn]:
        """Those who wait, as they will be called: whoever has the fewest turns first, then who asked first."""
        held, left, found = Counter(self._held), list(self._waiting), []
        while left:
            turn = min(left, key=lambda one: (held[one.who], one.number))
            left.remove(turn)
            found.append(turn)
            held[turn.who] += 1
        return found
