"""(b) Whole round trips: an agent asks, the API decides, the agent's open stream has the answer."""

import asyncio
import re
import time
from dataclasses import dataclass, field

from bench.client import Connection
from bench.creates import WARM_UP_SECONDS, body

APPROVAL = re.compile(rb'"approval_id":"([0-9a-f-]{36})"')
NEXT_SEQ = re.compile(rb'"next_seq":(\d+)')
ASKED = b"event: intent.human_task_assigned"
COMPLETED = b"event: intent.completed"
DECISION = b'{"decision": "approve", "comment": "Fine with me."}'
TASK = {"title": "Refund order 58213", "task_type": "approval"}


@dataclass
class Trips:
    """What one load saw: trips per second, and from each decision's sending to its arrival."""

    per_second: float = 0.0
    wakes_ms: list[float] = field(default_factory=list)
    reopened: int = 0


async def load(port: int, key: str, clients: int, seconds: float) -> Trips:
    pairs = [
        (await Connection.open(port, key), await Connection.open(port, key)) for _ in range(clients)
    ]
    starts_at = time.perf_counter() + WARM_UP_SECONDS
    seen = Trips()
    await asyncio.gather(
        *(
            _travel(n, calls, stream, seen, starts_at, starts_at + seconds)
            for n, (calls, stream) in enumerate(pairs)
        )
    )
    seen.per_second = len(seen.wakes_ms) / seconds
    return seen


async def _travel(
    number: int,
    calls: Connection,
    stream: Connection,
    seen: Trips,
    starts_at: float,
    ends_at: float,
) -> None:
    sent = body(number, human_task=TASK)
    while True:
        wake = await _trip(calls, stream, sent, seen)
        now = time.perf_counter()
        if now >= ends_at:
            return
        if now >= starts_at:
            seen.wakes_ms.append(wake * 1000)


async def _trip(calls: Connection, stream: Connection, sent: bytes, seen: Trips) -> float:
    """Go once around; return the seconds from sending the decision to having it."""
    created = await calls.call("POST", "/v1/intents", sent)
    path = f"/v1/intents/{created['intent_id']}/events/stream?wait_seconds=30"
    await stream.follow(path)
    asked = await stream.until(ASKED)
    found = APPROVAL.search(asked[1]) if asked else None
    if found is None:
        raise RuntimeError("The stream ended before it told of the approval")
    decided_at = time.perf_counter()
    answer = asyncio.create_task(
        calls.call("POST", f"/v1/approvals/{found[1].decode()}/decision", DECISION)
    )
    arrived = await stream.until(COMPLETED)
    while arrived is None:  # A stream ends a moment after a batch; a slow answer is a new stream's.
        since = NEXT_SEQ.findall(await stream.end())[-1].decode()
        seen.reopened += 1
        await stream.follow(f"{path}&since={since}")
        arrived = await stream.until(COMPLETED)
    await answer
    await stream.end()
    return arrived[0] - decided_at
