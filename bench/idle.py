"""(c) What thousands of idle waiting streams cost one process, and how fast it still wakes one."""

import asyncio
import multiprocessing
import resource
import time
from dataclasses import dataclass, field
from typing import Any

from bench.client import Connection, apart
from bench.creates import body
from bench.server import Place, Server, serving
from bench.trips import COMPLETED, DECISION, TASK

AT_ONCE = 32
WOKEN = 200


@dataclass
class Idle:
    kb_each: float = 0.0
    wakes_ms: list[float] = field(default_factory=list)


def make(place: Place, kind: str, key: str, count: int) -> list[str]:
    """Return so many intents that wait for a person, asked over the API."""
    with serving(place, kind) as server:
        intents: list[str] = apart(_make, server.port, key, count)
    return intents


def measure(place: Place, kind: str, key: str, intents: list[str]) -> Idle:
    """Open a stream for each on a fresh process, look at its memory, then wake some of them.

    Fresh, so that nothing earlier work left behind counts as free room for the streams.
    """
    _allow_files(len(intents))
    with serving(place, kind) as server:
        return _observe(server, key, intents)


def _observe(server: Server, key: str, intents: list[str]) -> Idle:
    fresh = multiprocessing.get_context("spawn")
    ours, theirs = fresh.Pipe()
    holder = fresh.Process(target=_hold_process, args=(theirs, server.port, key, intents))
    holder.start()
    ours.recv()  # It has warmed the server up.
    before = server.memory_kb()
    ours.send("open")
    ours.recv()
    after = server.memory_kb()
    ours.send("wake")
    wakes = ours.recv()
    holder.join()
    return Idle((after - before) / len(intents), wakes)


def _hold_process(pipe: Any, port: int, key: str, intents: list[str]) -> None:
    import uvloop

    _allow_files(len(intents))
    uvloop.run(_hold(pipe, port, key, intents))


async def _make(port: int, key: str, streams: int) -> list[str]:
    made: list[str] = []

    async def create(number: int) -> None:
        connection = await Connection.open(port, key)
        while len(made) < streams:
            answer = await connection.call("POST", "/v1/intents", body(number, human_task=TASK))
            made.append(answer["intent_id"])

    await asyncio.gather(*(create(number) for number in range(AT_ONCE)))
    return made[:streams]


async def _hold(pipe: Any, port: int, key: str, intents: list[str]) -> None:
    calls = await Connection.open(port, key)
    asked = [await calls.call("GET", f"/v1/intents/{id}/events") for id in intents[:WOKEN]]
    last = asked[0]["events"][-1]["seq"]
    pipe.send("ready")
    await asyncio.to_thread(pipe.recv)
    streams = await _open_all(port, key, intents, since=last)
    pipe.send("opened")
    await asyncio.to_thread(pipe.recv)
    approvals = [seen["events"][-1]["data"]["approval_id"] for seen in asked]
    calls = await Connection.open(port, key)  # The first one was idle too long to be kept.
    wakes = [await _wake(calls, s, id) for s, id in zip(streams, approvals, strict=False)]
    pipe.send(wakes)


async def _open_all(port: int, key: str, intents: list[str], *, since: int) -> list[Connection]:
    opened: dict[str, Connection] = {}
    waiting = list(reversed(intents))

    async def work() -> None:
        while waiting:
            id = waiting.pop()
            opened[id] = await Connection.open(port, key)
            path = f"/v1/intents/{id}/events/stream?wait_seconds=60&since={since}"
            await opened[id].follow(path)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return [opened[id] for id in intents]


async def _wake(calls: Connection, stream: Connection, approval: str) -> float:
    sent_at = time.perf_counter()
    answer = asyncio.create_task(calls.call("POST", f"/v1/approvals/{approval}/decision", DECISION))
    arrived = await stream.until(COMPLETED)
    await answer
    if arrived is None:
        raise RuntimeError("A stream ended before its decision was made")
    return (arrived[0] - sent_at) * 1000


def _allow_files(streams: int) -> None:
    """Let this process, and the server it starts, hold so many connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, streams + 1000), hard))
