"""Nudges Celery after a commit so that a notice does not wait for the beat; at most ten a second.

Publishing a task costs a millisecond, so no request does it: one thread per process does, and
takes everything that came up in between with it. A lost nudge costs the beat's second.
"""

import logging
import threading
import time

from celery import current_app

NOTICES = "approvals.tasks.send_notices"
CALLS = "api.tasks.send_calls"
PAUSE_SECONDS = 0.1
logger = logging.getLogger(__name__)

_wanted = threading.Event()
_tasks: set[str] = set()
_started = threading.Lock()


def hurry(task: str = NOTICES) -> None:
    """Ask for the outbox to be sent now. Returns at once."""
    _tasks.add(task)
    _wanted.set()
    if _started.acquire(blocking=False):
        threading.Thread(target=_nudge, name="nudges", daemon=True).start()


def _nudge() -> None:
    while True:
        _wanted.wait()
        _wanted.clear()
        try:
            while _tasks:
                current_app.send_task(_tasks.pop(), expires=30, retry=False)
        except Exception:  # The outermost loop of this thread: whatever the broker did, go on.
            logger.warning("Celery could not be nudged; the schedule will do it", exc_info=True)
        time.sleep(PAUSE_SECONDS)
