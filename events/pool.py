"""The only way from the async edge to the database: a few threads, each with one connection."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections

Item = TypeVar("Item")
Result = TypeVar("Result")

# Behind a batch that takes longer than this, another one is begun beside it.
LONG_SECONDS = 0.02
# How often a transaction may lose to another one before its caller hears of it.
TRIES = 3
_threads: ThreadPoolExecutor | None = None


async def run(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Run blocking database work on a thread of the pool and wait for its result."""
    call = partial(_with_live_connection, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool(), call)


def _pool() -> ThreadPoolExecutor:
    global _threads
    if _threads is None:
        _threads = ThreadPoolExecutor(settings.DATABASE_POOL, thread_name_prefix="database")
    return _threads


def _with_live_connection(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    try:
        return function(*args, **kwargs)
    except (OperationalError, InterfaceError):
        # The server went away: the next call on this thread must start with a new connection.
        connections.close_all()
        raise


class Together(Generic[Item, Result]):
    """Hand whatever arrived while the last batch was committing to one call, as one batch.

    Alone, a call starts at once: there is no timer. `function` gets a list and returns a result
    or an exception for each item. A batch that raises is retried one by one, so that one bad
    item never hurts another; but not when it is unknown whether it was kept. One that the
    database ended for the sake of another is tried again.

    One batch after the other, because two threads that take turns cost more than one; but who has
    waited a while behind a slow one is not made to wait for its end.
    """

    def __init__(
        self,
        function: Callable[[list[Item]], Sequence[Result | Exception]],
        *,
        most: int = 64,
        at_once: int = 2,
    ) -> None:
        self._function, self._most, self._at_once = function, most, at_once
        self._queue: list[tuple[Item, asyncio.Future[Result]]] = []
        self._running = 0
        self._second: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Item) -> Result:
        """Wait for this item's own result. Raises: whatever the function answered for it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if not self._running:
            self._start()
        elif self._second is None and self._running < self._at_once:
            self._second = asyncio.get_running_loop().call_later(LONG_SECONDS, self._help)
        return await future

    def _start(self) -> None:
        self._running += 1
        task = asyncio.create_task(self._drain())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _help(self) -> None:
        self._second = None
        if self._queue and self._running < self._at_once:
            self._start()

    async def _drain(self) -> None:
        try:
            while self._queue:
                batch, self._queue = self._queue[: self._most], self._queue[self._most :]
                await self._serve(batch)
        finally:
            self._running -= 1

    async def _serve(
        self, batch: list[tuple[Item, "asyncio.Future[Result]"]], tries: int = TRIES
    ) -> None:
        try:
            results = await run(self._function, [item for item, _ in batch])
        except Exception as failure:  # Whatever it was, each item is answered on its own.
            left = tries - 1 if _lost(failure) else 0 if len(batch) == 1 else tries
            if not _is_undone(failure) or not left:
                results = [failure] * len(batch)
            else:
                for pair in batch:
                    await self._serve([pair], left)
                return
        for (_, future), result in zip(batch, results, strict=True):
            _settle(future, result)


def _lost(failure: Exception) -> bool:
    """Tell whether PostgreSQL chose this transaction to end a deadlock, or a conflict, with."""
    return str(getattr(failure.__cause__, "sqlstate", None) or "").startswith("40")


def _is_undone(failure: Exception) -> bool:
    """Tell whether nothing of the batch can have been kept, so that trying again is safe.

    When the connection breaks, the commit may have arrived and only its answer be lost.
    """
    if not isinstance(failure, OperationalError | InterfaceError):
        return True
    return connection.vendor == "sqlite" or _lost(failure)


def _settle(future: "asyncio.Future[Any]", result: Any) -> None:
    if future.done():  # The caller went away; the work is committed all the same.
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
