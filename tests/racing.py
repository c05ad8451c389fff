"""Running calls at the same instant, each on a thread and database connection of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

from django.db import connection, connections

PATIENCE = 60.0
Call = Callable[[], Any]


def rounds(number: int) -> int:
    """Return how many rounds a race is worth here: a file that locks as a whole gets half."""
    return number if connection.vendor == "postgresql" else number // 2


class Racers:
    """A fixed number of threads that start each round together."""

    def __init__(self, count: int) -> None:
        self._start = Barrier(count)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="racer")

    def run(self, *calls: Call) -> list[Any]:
        """Return what each call returned, or the exception it raised."""
        runs = [self._threads.submit(self._go, call) for call in calls]
        return [run.result(PATIENCE) for run in runs]

    def _go(self, call: Call) -> Any:
        self._start.wait(PATIENCE)
        try:
            return call()
        except Exception as failure:
            return failure

    def close(self) -> None:
        self.run(*[connections.close_all] * self._start.parties)
        self._threads.shutdown()


@contextmanager
def racers(count: int) -> Iterator[Racers]:
    """Start the threads, and give back their connections when the races are over."""
    team = Racers(count)
    try:
        yield team
    finally:
        team.close()
