"""Nudges Celery after a commit so that a notice does not wait for the beat; at most ten a second.

Publishing a task costs a millisecond, so no request does it: one thread per process does, and
takes everything that came up in between with it. A lost nudge costs the beat's second.
"""

import logging
import threading
import time

from celery import current_app

TASK = "approvals.tasks.send_notices"
PAUSE_SECONDS = 0.1
logger = logging.getLogger(__name__)

_wanted = threading.Event()
_started = threading.Lock()


def hurry() -> None:
    """Ask for the outbox to be sent now. Returns at once."""
    _wanted.set()
    if _started.acquire(blocking=False):
        threading.Thread(target=_nudge, name="nudges", daemon=True).start()


def _nudge() -> None:
    while True:
        _wanted.wait()
        _wanted.clear()
        try:
            current_app.send_task(TASK, expires=30, retry=False)
        except Exception:  # The outermost loop of this thread: whatever the broker did, go on.
            logger.warning("Celery could not be nudged; the schedule will do it", exc_info=True)
        time.sleep(PAUSE_SECONDS)
