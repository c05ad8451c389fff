"""A real Assent for end-to-end tests: its own data, port and database, run as an operator would.

On a laptop it is one process; with DATABASE_URL it is the web process, a Celery worker and beat.
"""

import json
import os
import re
import secrets
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import redis

from tests.factories import ELSEWHERE, PASSWORD
from tests.process import PROGRAMS, ROOT, Process
from tests.waiting import until

IS_CLUSTER = bool(os.environ.get("DATABASE_URL"))
REDIS_URL = os.environ.get("REDIS_URL", "")
# What a server takes from our environment; everything else is its own.
KEPT = ("PATH", "HOME", "ASGI_SERVER")
LINK = re.compile(r"https?://\S+/m/[\w-]+")


@dataclass(frozen=True)
class Mail:
    """One mail as a reader sees it."""

    path: Path
    to: str
    subject: str
    text: str

    @property
    def link(self) -> str:
        return LINK.findall(self.text)[0]


@dataclass
class Server:
    """Starts, kills and restarts Assent on the same port and data."""

    data: Path
    database_url: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env = {**kept, "DATA_DIR": str(self.data), "PORT": str(port)}
        # The tests' own machines, which are called, are on this one.
        self.env["OUTGOING_HOSTS"] = "127.0.0.1"
        if IS_CLUSTER:
            self.env |= {"DATABASE_URL": self.database_url, "REDIS_URL": REDIS_URL}
            self.env["SECRET_KEY"] = secrets.token_hex(32)
        self.processes: dict[str, Process] = {}

    def prepare(self) -> None:
        """Migrate, and make the people and the keys."""
        command = [sys.executable, str(PROGRAMS / "prepare.py"), PASSWORD, ELSEWHERE]
        done = subprocess.run(
            command, cwd=ROOT, env=self.env | {"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=90,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.keys = json.loads(done.stdout)

    @property
    def is_running(self) -> bool:
        return bool(self.processes) and all(each.is_running for each in self.processes.values())

    def start(self) -> None:
        """Start what is not running, and wait until the server answers."""
        commands = {"web": ("manage.py", "serve")}
        if REDIS_URL:
            celery = ("-m", "celery", "-A", "config")
            schedule = str(self.data / "beat")
            commands["worker"] = (*celery, "worker", "--loglevel", "WARNING", "--concurrency", "1")
            commands["beat"] = (*celery, "beat", "-s", schedule, "--pidfile=")
        for name, arguments in commands.items():
            if name not in self.processes or not self.processes[name].is_running:
                log = self.data / f"{name}.log"
                command = (sys.executable, *arguments)
                self.processes[name] = Process(*command, env=self.env, log=log)
        until(self._has_started, within=60, what="The server")

    def kill(self, *names: str) -> None:
        """Kill these processes, or all. Ending in an orderly way is another test's subject."""
        for name in names or tuple(self.processes):
            self.processes[name].kill()

    def api(self, key: str = "here", *, at: str = "") -> httpx.Client:
        """Return a client with one of our keys; `at` is the address of another process."""
        headers = {"x-api-key": self.keys[key]}
        return httpx.Client(base_url=at or self.url, headers=headers, timeout=30, trust_env=False)

    @contextmanager
    def second_door(self) -> Iterator[str]:
        """Run one more web process on the same data and return its address."""
        env = self.env | {"PORT": str(_free_port())}
        url = f"http://127.0.0.1:{env['PORT']}"
        web = Process(sys.executable, "manage.py", "serve", env=env, log=self.data / "second.log")
        try:
            until(lambda: _is_healthy(url), within=60, what="The second server")
            yield url
        finally:
            web.kill()

    def shell(self, code: str) -> str:
        """Run some lines in Django's shell, as an operator would, and return what they print."""
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", code]
        done = subprocess.run(
            command, cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    def mails(self, words: str, *, to: str = "") -> list[Mail]:
        """Return the mails that have these words in their subject, oldest first."""
        found = [_read(path) for path in sorted((self.data / "mail").glob("*.eml"))]
        return [mail for mail in found if words in mail.subject and to in mail.to]

    def mail(self, words: str, *, to: str = "") -> Mail:
        """Wait for a mail and return it."""
        return until(lambda: self.mails(words, to=to), what=f"A mail with “{words}”")[0]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the database behind the server's back, for what no page or answer tells."""
        if IS_CLUSTER:
            with psycopg.connect(self.database_url, autocommit=True) as connection:
                return connection.execute(sql).fetchall()
        with closing(sqlite3.connect(self.data / "assent.sqlite3", timeout=30)) as connection:
            return connection.execute(sql).fetchall()

    def flush_redis(self) -> None:
        """Empty the Redis database that REDIS_URL names: it holds nothing that may be missed."""
        if REDIS_URL:
            with redis.Redis.from_url(REDIS_URL) as client:
                client.flushdb()

    def _has_started(self) -> bool:
        dead = [each.output[-3000:] for each in self.processes.values() if not each.is_running]
        assert not dead, f"It ended while it started:\n{dead[0]}"
        return _is_healthy(self.url)


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """Make a database, prepare and start a server on it, and leave nothing of it behind."""
    data.mkdir(parents=True, exist_ok=True)
    with _database() as url:
        server = Server(data, url)
        try:
            server.prepare()
            server.start()
            yield server
        finally:
            server.kill()


@contextmanager
def _database() -> Iterator[str]:
    if not IS_CLUSTER:
        yield ""
        return
    given = os.environ["DATABASE_URL"]
    name = f"assent_e2e_{secrets.token_hex(4)}"
    # The database DATABASE_URL names need not exist; `postgres` always does.
    with psycopg.connect(_named(given, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield _named(given, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def _read(path: Path) -> Mail:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    assert body is not None
    return Mail(path, str(mail["To"]), str(mail["Subject"]), body.get_content())
