"""Measures how long a click takes on a server with many users, some of them with jobs. Prints; asserts nothing.

Run: python -m benchmarks.people [--people 60] [--trainings 8] [--searches 10] [--seconds 30] from the repository, with
the test requirements installed. Jobs are trainings or searches for laws. Visitors use Streamlit's protocol without a
browser, and wait about five seconds between two clicks. Seconds are from the click to the end of its run on the
server; memory is resident.
"""

import argparse
import asyncio
import json
import math
import random
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psutil

from tests.app_process import App
from tests.server.client import Visitor

THINK = 5.0  # seconds
STEPS = 10_000  # of a training, more than it reaches in the time
MB = 1_000_000


class Person:
    """A visitor who chooses one edge after another. times: seconds of each click; failures: in words."""

    def __init__(self, app: App, number: int) -> None:
        self._dice, self.tab = random.Random(number), Visitor(app.url)
        self.times: list[float] = []
        self.failures: list[str] = []

    async def click(self) -> None:
        edge = self._dice.choice(self.edges)
        begin = time.perf_counter()
        try:
            await self.tab.tell("network", "select", edge)
            self.times.append(time.perf_counter() - begin)
            if self.tab.sent("editor")["edge"] != edge:
                self.failures.append(f"asked for {edge}, got another edge")
        except Exception as problem:  # every failure is counted, and the others continue
            self.failures.append(repr(problem)[:100])

    async def come(self) -> None:
        await self.tab.__aenter__()
        self.edges = [edge["id"] for edge in self.tab.sent("network")["edges"]]
        await self.click()
        self.times.clear()

    async def look_around(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        await asyncio.sleep(self._dice.uniform(0, THINK))
        while time.monotonic() < end:
            await self.click()
            await asyncio.sleep(self._dice.uniform(0.5, 1.5) * THINK)

    async def train(self, app: App, seconds: float) -> None:
        async with Visitor(app.url, self.tab.query) as tab:
            await tab.run(page=tab.pages["train"])
            await tab.fill("Solver", string_value="Adam")
            await tab.fill("Steps", double_value=STEPS)
            await tab.press("Start training")
            await asyncio.sleep(seconds)

    async def search(self, app: App, seconds: float) -> None:
        async with Visitor(app.url, self.tab.query) as tab:
            await tab.run(page=tab.pages["laws"])
            await tab.press("Find the law")
            await asyncio.sleep(seconds)


Work = Callable[[Person, App, float], Coroutine[Any, Any, None]]


async def peak(server: psutil.Process, found: dict[str, int]) -> None:
    """Record the peak of the server's memory and processes until it is cancelled."""
    while True:
        children = server.children(recursive=True)
        sizes = [server.memory_info().rss]
        for child in children:
            try:
                sizes.append(child.memory_info().rss)
            except psutil.NoSuchProcess:  # it has ended meanwhile
                continue
        now = {"server_mb": sizes[0] // MB, "all_mb": sum(sizes) // MB, "processes": len(sizes)}
        found.update({name: max(found.get(name, 0), value) for name, value in now.items()})
        await asyncio.sleep(0.5)


async def phase(name: str, app: App, people: list[Person], *work: Coroutine[Any, Any, None]) -> None:
    """Print one line: the clicks of these visitors during the given work."""
    found: dict[str, int] = {}
    watch = asyncio.create_task(peak(psutil.Process(app.process.pid), found))
    await asyncio.gather(*work)
    watch.cancel()
    times = sorted(seconds for person in people for seconds in person.times) or [math.nan]
    seconds = {"p50": times[len(times) // 2], "p95": times[int(0.95 * len(times))], "worst": times[-1]}
    rounded = {key: round(value, 3) for key, value in seconds.items()}
    failures = [failure for person in people for failure in person.failures]
    line = {"phase": name, "clicks": len(times), **rounded, **found, "failures": len(failures), "first": failures[:1]}
    print(json.dumps(line), flush=True)


async def measure(app: App, people: int, busy: int, work: Work, seconds: float) -> None:
    """Start visitors; some of them do the given work while the others click."""
    there = [Person(app, number) for number in range(people)]
    await asyncio.gather(*(person.come() for person in there))
    others = there[busy:] or there
    jobs = [work(person, app, seconds) for person in there[:busy]]
    name = f"{people} people" + (f", {busy} {work.__name__}" if busy else "")
    await phase(name, app, others, *(person.look_around(seconds) for person in others), *jobs)
    await asyncio.gather(*(person.tab.__aexit__() for person in there))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--trainings", type=int, default=8)
    parser.add_argument("--searches", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args()
    for people, busy, work in (
        (1, 0, Person.train),
        (asked.people, 0, Person.train),
        (asked.people, asked.trainings, Person.train),
        (asked.people, asked.searches, Person.search),
    ):
        with tempfile.TemporaryDirectory() as folder:
            app = App(Path(folder) / "server.log")
            app.start()
            try:
                asyncio.run(measure(app, people, busy, work, asked.seconds))
            finally:
                app.kill()


if __name__ == "__main__":
    main()
