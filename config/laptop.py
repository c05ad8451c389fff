"""The clock and the hands inside the web process: two Celery workers and the beat, a thread each.

For the in-memory broker only, which no other process can reach. Losing what is in it costs
nothing: every task looks for rows that are due.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from celery import Celery
from celery.beat import Scheduler, Service
from celery.worker import WorkController

logger = logging.getLogger(__name__)


class ClockAndHands:
    """Starts the threads, stops the process when one dies, and ends them when asked."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        # Two, as a slow mail server must not stop the clock.
        self._workers = {queue: _worker(app, queue) for queue in ("celery", "mail")}
        # This scheduler keeps its times in memory; the usual one would leave a file behind.
        self._beat = Service(app, scheduler_cls=Scheduler)
        self._threads = [
            *(self._thread(f"{queue} worker", w.start) for queue, w in self._workers.items()),
            self._thread("beat", self._beat.start),
        ]
        self._is_stopping = False
        self.has_failed = False

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, *, within: float) -> None:
        """Let the running task finish, for so many seconds at most; a lost one is found again."""
        self._is_stopping = True
        deadline = time.monotonic() + within
        self._beat.stop()
        # The worker announces who told it to stop, as a warning; here that is nobody's concern.
        logging.getLogger("celery.worker.control").setLevel(logging.ERROR)
        self._app.control.shutdown()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _thread(self, name: str, work: Callable[[], object]) -> threading.Thread:
        return threading.Thread(target=self._watch, args=(name, work), name=name, daemon=True)

    def _watch(self, name: str, work: Callable[[], object]) -> None:
        """Run one of them, and end the whole process when it ends: never half alive."""
        try:
            work()
        except Exception:
            logger.exception("The %s failed", name)
        if not self._is_stopping:
            logger.critical("The %s has stopped, so the whole process stops", name)
            self.has_failed = True
            os.kill(os.getpid(), signal.SIGTERM)


def _worker(app: Celery, queue: str) -> WorkController:
    """Not `apps.worker.Worker`: that one takes over signals, logging and the terminal.

    An app remembers one choice of queues for all its workers, so each worker has an app of its own:
    with a common one both would take from the queue that was named last, and the clock would stop.
    """
    own = Celery(f"{app.main}-{queue}", set_as_current=False)
    own.conf.update(app.conf.changes or {})
    own.autodiscover_tasks()
    return WorkController(
        app=own,
        pool_cls="solo",
        concurrency=1,
        queues=[queue],
        hostname=f"{queue}@laptop",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
