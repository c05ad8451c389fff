"""Nudges Celery after a commit so that nothing waits for the beat; at most ten times a second.

Publishing a task costs a millisecond, so no request does it: one thread per process does, and
takes everything that came up in between with it. A lost nudge costs the beat's second.
"""

import logging
import queue
import threading
import time

from celery import current_app

NOTICES = "approvals.tasks.send_notices"
CALLS = "api.tasks.send_calls"
ADVANCE = "approvals.tasks.advance"
PAUSE_SECONDS = 0.1
logger = logging.getLogger(__name__)

_tasks: queue.SimpleQueue[str] = queue.SimpleQueue()
_started = threading.Lock()


def hurry(task: str = NOTICES) -> None:
    """Ask for a task to run now: sending the outbox, if none is named. Returns at once."""
    _tasks.put(task)
    if _started.acquire(blocking=False):
        threading.Thread(target=_nudge, name="nudges", daemon=True).start()


def _nudge() -> None:
    while True:
        wanted = {_tasks.get()}
        while not _tasks.empty():
            wanted.add(_tasks.get())
        try:
            for task in wanted:
                current_app.send_task(task, expires=30, retry=False)
        except Exception:  # The outermost loop of this thread: whatever the broker did, go on.
            logger.warning("Celery could not be nudged; the schedule will do it", exc_info=True)
        time.sleep(PAUSE_SECONDS)
