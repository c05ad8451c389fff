"""(a) Creates per second: 1 KB intents to agents' addresses, over the API."""

import asyncio
import json
import time

from bench.client import Connection

WARM_UP_SECONDS = 0.7
AGENTS = 16
# A kilobyte as agents write it: a few fields and a text.
PAYLOAD = {
    "order": 58213,
    "amount": "64.90",
    "currency": "EUR",
    "customer": {"id": "c-1042", "name": "Amélie Grün", "tier": "gold"},
    "items": [{"sku": f"SKU-{n:04}", "quantity": n, "price": "12.90"} for n in range(1, 7)],
    "reason": "The parcel arrived open and one part is missing. " * 12,
}


def address(number: int) -> str:
    """Clients share sixteen recipients, as the limit's do: an address is a row that is locked."""
    return f"agent://myorg/production/worker-{number % AGENTS}"


def body(number: int, **more: object) -> bytes:
    intent = {"intent_type": "refund.v1", "to_agent": address(number), "payload": PAYLOAD, **more}
    return json.dumps(intent, ensure_ascii=False).encode()


async def load(port: int, key: str, clients: int, seconds: float) -> float:
    """Return creates per second of so many clients that each wait for their answer."""
    connections = [await Connection.open(port, key) for _ in range(clients)]
    starts_at = time.perf_counter() + WARM_UP_SECONDS
    ends_at = starts_at + seconds
    counts = await asyncio.gather(
        *(_create(c, body(n), starts_at, ends_at) for n, c in enumerate(connections))
    )
    return sum(counts) / seconds


async def _create(connection: Connection, sent: bytes, starts_at: float, ends_at: float) -> int:
    done = 0
    while True:
        await connection.call("POST", "/v1/intents", sent)
        now = time.perf_counter()
        if now >= ends_at:
            return done
        done += now >= starts_at
