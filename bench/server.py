"""The shipped server as its own process, on a database of its own that is dropped at the end."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

NAME = "assent_bench"
ROOT = Path(__file__).resolve().parent.parent
SECRET = "measured, never served: " + "0123456789" * 3


@dataclass(frozen=True)
class Place:
    """Where everything of this run is: database, Redis, files."""

    database_url: str
    redis_url: str
    folder: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "DATA_DIR": self.folder,
            "SECRET_KEY": SECRET,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "ERROR",
        }


@contextlib.contextmanager
def database(url: str) -> Iterator[str]:
    """Make a database of our own beside the one that is named, and drop it when done."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(NAME)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{NAME}"))
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))


@contextlib.contextmanager
def clean_redis(url: str) -> Iterator[None]:
    """Take away what the run leaves in Redis: nudges for a worker that was not there."""
    with redis.Redis.from_url(url) as client:
        before = set(client.keys())
        try:
            yield
        finally:
            if left := set(client.keys()) - before:
                client.delete(*left)


@dataclass
class Server:
    port: int
    process: subprocess.Popen[bytes]

    def memory_kb(self) -> int:
        """Return the resident memory of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])


@contextlib.contextmanager
def serving(place: Place, kind: str) -> Iterator[Server]:
    """Run `manage.py serve` under this ASGI server until the block ends."""
    port = _free_port()
    environment = {**place.environment, "ASGI_SERVER": kind, "PORT": str(port)}
    output = Path(place.folder, f"{kind}.log")
    with output.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(port, process, output)
        yield Server(port, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def issue_key(place: Place) -> str:
    command = [sys.executable, "manage.py", "issue_key", "bench"]
    done = subprocess.run(
        command, cwd=ROOT, env=place.environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
            return
        time.sleep(0.05)
    raise SystemExit(f"The server did not start:\n{output.read_text()[-3000:]}")
