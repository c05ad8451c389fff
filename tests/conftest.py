"""What every test stands on: the people, the time, no network, and no silent skips."""

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connections
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils import timezone

from events import pool
from tests import factories
from tests.calling import Api, workspace_api
from tests.receiver import Receiver, receiving

pytest_plugins = ["tests.stage"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = "No Chromium was found; CHROMIUM names one."


@pytest.fixture(scope="session", autouse=True)
def _quick_emptying() -> Iterator[None]:
    """Empty tables row by row between tests: TRUNCATE makes new files for each of fifty tables,
    most of which are empty anyway, and took PostgreSQL longer than the tests themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", _deletes)
        yield


def _deletes(
    operations: DatabaseOperations, style: Any, tables: Sequence[str], **options: bool
) -> list[str]:
    # Keys between tables are checked at the end of the transaction, so no order is needed.
    return ["; ".join(f"DELETE FROM {operations.quote_name(table)}" for table in tables)]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def people(db: None) -> factories.People:
    """Ann and Bob of myorg/production, and Cid of other/place."""
    return factories.make_people()


@pytest.fixture
def api(people: factories.People) -> Api:
    """The API with a key of myorg/production."""
    return workspace_api(people.here)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Another machine, as far as our calls go: it keeps what it is sent."""
    with receiving() as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the browser. Tests marked e2e do not run without one."""
    path = _browser()
    if path is None:
        pytest.skip(NO_BROWSER)
    return path


def pytest_configure() -> None:
    """Let a polite end from outside run the fixtures' endings, so that no server outlives us."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none, and say so."""
    if _browser() is not None:
        return
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """With ASSENT_NO_SKIPS set, a skipped test is a failed one: where all is there, all runs."""
    report = yield
    if report.skipped and os.environ.get("ASSENT_NO_SKIPS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, and ASSENT_NO_SKIPS forbids that: {report.longrepr}"
    return report


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Let no test reach another machine, but for the servers the settings name."""
    allowed = {ip for url in (settings.DATABASE_URL, settings.REDIS_URL) for ip in _ips(url)}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name), allowed))
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Give back the database threads' connections before the test database is dropped."""
    yield
    if pool._threads is not None:
        everybody = Barrier(settings.DATABASE_POOL)
        ends = [pool._threads.submit(_end_connections, everybody) for _ in range(everybody.parties)]
        for end in ends:
            end.result()


def _end_connections(everybody: Barrier) -> None:
    """Meet the other threads first, so that each of them comes by exactly once."""
    everybody.wait(timeout=10)
    connections.close_all()


def _browser() -> str | None:
    named = os.environ.get("CHROMIUM", "")
    if named:
        return shutil.which(named)
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def _guarded(connect: Callable[..., Any], allowed: set[str]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and not _is_near(str(address[0]), allowed):
            raise AssertionError(f"A test wanted to connect to {address[0]}; no test may.")
        return connect(self, address)

    return guarded


def _is_near(host: str, allowed: set[str]) -> bool:
    if host in allowed or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _ips(url: str) -> set[str]:
    host = urlsplit(url).hostname if url else None
    if not host or host.startswith(str(Path("/"))):
        return set()
    return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
