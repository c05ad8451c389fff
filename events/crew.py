"""Threads that do what takes its time, so that no worker of the clock waits for it."""

import logging
import threading
from collections.abc import Callable

from django.db import connections

logger = logging.getLogger(__name__)


class Crew:
    """As many threads as there is work for, up to some number; none while there is none.

    Work that is lost with its process is found again when its claim has run out.
    """

    def __init__(self, name: str, work: Callable[[], bool], *, most: int) -> None:
        self._name, self._work = name, work
        self._seats = threading.BoundedSemaphore(most)

    def hire(self) -> None:
        """Start a thread that works until there is nothing to do, unless there are enough."""
        if self._seats.acquire(blocking=False):
            threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        try:
            while self._work():
                # There was something, so there may be more for a colleague.
                self.hire()
        except Exception:  # The outermost loop of this thread; the next tick starts another.
            logger.exception("Something was not finished by the %s; it is tried again", self._name)
        finally:
            connections.close_all()
            self._seats.release()
