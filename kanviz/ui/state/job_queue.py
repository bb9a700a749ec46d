"""Queue the jobs of a server. They share all cores but one, in turns; each waiting job knows its place."""

import itertools
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable

SHORT, LONG = 2.0, 30.0  # seconds before a job lets others run: if all others also give way; if some do not


def cores() -> int:
    """Return the number of cores that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return max(1, len(usable(0)) if usable else os.cpu_count() or 1)


class Turn:
    """A job's claim to cores. The job takes and releases it; anybody may read it.

    who: the owner of the job; one owner's second job starts after every other owner's first · most: cores it can use ·
    gives: whether it can let others run and continue later.
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
        """The number of jobs before this one; None if it has its turn, or is not in the queue."""
        return self._turns.ahead(self)

    def listen(self) -> None:
        """Prepare to receive `wake`. Call this before reading the state that `wake` reports about."""
        self._called.clear()

    def take(self) -> bool:
        """Wait for the turn; return False if `wake` came first. It stays in the queue until it is taken or left."""
        self._turns.ask(self)
        if not self.held:
            self._called.wait()
        return self.held

    def wake(self) -> None:
        """Make the thread that waits in `take` check its state again."""
        self._called.set()

    def leave(self) -> None:
        """Release the cores, or leave the queue."""
        self._turns.left(self)

    @property
    def due(self) -> bool:
        """Whether it is time to let other jobs run."""
        return self.gives and self._turns.wanted(self)


class Turns:
    """The queue of all jobs of a server. places: cores they may use together · clock: seconds."""

    def __init__(self, places: int, clock: Callable[[], float] = time.monotonic):
        self._lock, self._free, self._clock = threading.Lock(), places, clock
        self._numbers = itertools.count(1)
        self._waiting: list[Turn] = []
        self._held: Counter[Hashable] = Counter()  # number of turns by owner

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
                self._held -= Counter([turn.who])  # removes owners without a turn
                turn.cores = 0
            self._call()

    def ahead(self, turn: Turn) -> int | None:
        with self._lock:
            order = self._order()
            return order.index(turn) if turn in order else None

    def wanted(self, turn: Turn) -> bool:
        with self._lock:
            others = all(other.gives for other in self._waiting)
            return bool(self._waiting) and self._clock() - turn.since >= (SHORT if others else LONG)

    def _call(self) -> None:
        """Give free cores to the next in the queue; one that can use several gets up to half of the free ones."""
        while self._free and self._waiting:
            turn = self._order()[0]
            self._waiting.remove(turn)
            turn.cores, turn.since = max(1, min(turn.most, math.ceil(self._free / 2))), self._clock()
            self._free -= turn.cores
            self._held[turn.who] += 1
            turn.wake()

    def _order(self) -> list[Turn]:
        """Return the queue in the order of service: owners with the fewest turns first, then by time of arrival."""
        held, left, found = Counter(self._held), list(self._waiting), []
        while left:
            turn = min(left, key=lambda one: (held[one.who], one.number))
            left.remove(turn)
            found.append(turn)
            held[turn.who] += 1
        return found
