"""`python -m bench`: measures the shipped server, prints one table and cleans up after itself.

Needs PostgreSQL (DATABASE_URL) and Redis (REDIS_URL). `--quick` takes about a minute.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench import creates, desk, idle, limit, server, trips
from bench.client import apart
from bench.server import Place, Server
from bench.table import Table, quantile

CLIENTS = (1, 16, 64)
SERVERS = ("daphne", "uvicorn")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter and coarser, a minute")
    parser.add_argument("--only", default="abcd", help="which parts, such as ab (all four)")
    options = parser.parse_args()
    seconds = 2.0 if options.quick else 6.0
    with _place() as place:
        table = Table("", *SERVERS, "compare")
        with ExitStack() as stack:
            running = [stack.enter_context(server.serving(place, kind)) for kind in SERVERS]
            key = server.issue_key(place)
            if "a" in options.only:
                _creates(table, place, running, key, seconds)
            if "b" in options.only:
                _trips(table, running, key, seconds)
        if "c" in options.only:
            _idle(table, place, key, streams=1000 if options.quick else 5000)
        if "d" in options.only:
            _desk(table, place, gates=100_000)


@contextmanager
def _place() -> Iterator[Place]:
    named = os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
    redis_url = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/5"
    folder = tempfile.TemporaryDirectory(prefix="assent-bench-")
    with folder, server.clean_redis(redis_url), server.database(named) as url:
        yield Place(url, redis_url, folder.name)


def _creates(table: Table, place: Place, running: list[Server], key: str, seconds: float) -> None:
    for clients in CLIENTS:
        # One after the other at each size, so that a slow minute of the machine hits all alike.
        most = limit.measure(place.database_url, clients, seconds)
        found = [apart(creates.load, s.port, key, clients, seconds) for s in running]
        figures = [f"{rate:,.0f}/s = {rate / most:.2f}" for rate in found]
        table.add(f"(a) creates, {clients} clients", *figures, note=f"bare psycopg {most:,.0f}/s")


def _trips(table: Table, running: list[Server], key: str, seconds: float) -> None:
    for clients in CLIENTS:
        found = [apart(trips.load, s.port, key, clients, seconds) for s in running]
        rates = [f"{seen.per_second:,.0f}/s" for seen in found]
        table.add(f"(b) round trips, {clients} clients", *rates, note="best peer 150-212, 445, 501")
        wakes = [_wakes(seen.wakes_ms) for seen in found]
        reopened = sum(seen.reopened for seen in found)
        table.add("    decide to waiter, p50 / p99 ms", *wakes, note=f"{reopened} streams reopened")


def _idle(table: Table, place: Place, key: str, *, streams: int) -> None:
    # The woken ones are over; the next server gets as many fresh ones in their place.
    intents = idle.make(place, "uvicorn", key, streams + idle.WOKEN)
    found = [
        idle.measure(place, kind, key, intents[number * idle.WOKEN :][:streams])
        for number, kind in enumerate(SERVERS)
    ]
    name = f"(c) {streams:,} idle streams, KB each"
    table.add(name, *(f"{seen.kb_each:.1f}" for seen in found), note="goal: below 40")
    table.add("    decide to waiter, p50 / p99 ms", *(_wakes(seen.wakes_ms) for seen in found))


def _desk(table: Table, place: Place, *, gates: int) -> None:
    found = desk.measure(place, gates)
    cost = f"{found.p50_ms:.1f} ms, {found.queries} queries"
    table.add(f"(d) queue page, {gates:,} open gates", cost, note="goal: below 50 ms; in process")


def _wakes(found: list[float]) -> str:
    return f"{quantile(found, 0.5):.1f} / {quantile(found, 0.99):.1f}"


if __name__ == "__main__":
    main()
