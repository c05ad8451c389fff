"""The threads that make calls: as many as there is work for, so that no worker waits for a call."""

import logging
import threading
from collections.abc import Callable

from django.db import connections

MOST = 8
logger = logging.getLogger(__name__)
_seats = threading.BoundedSemaphore(MOST)


def hire(work: Callable[[], bool]) -> None:
    """Start a thread that works until there is nothing to do, unless there are enough. Returns at
    once. Work lost with this process is found again when its claim has run out."""
    if _seats.acquire(blocking=False):
        threading.Thread(target=_work, args=(work,), name="calls", daemon=True).start()


def _work(work: Callable[[], bool]) -> None:
    try:
        while work():
            # There was something, so there may be more for a colleague.
            hire(work)
    except Exception:  # The outermost loop of this thread; the next tick starts another.
        logger.exception("A call was not finished; it is made again later")
    finally:
        connections.close_all()
        _seats.release()
