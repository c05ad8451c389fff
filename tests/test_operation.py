"""Starting, stopping and the commands, as a person or a script uses them: real processes."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psycopg
import pytest
import yaml
from django.core.management import CommandError, call_command
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts import keys
from accounts.actions import DEFAULT_WORKSPACE, ensure_workspace
from accounts.actor import Kind
from accounts.models import ApiKey, Membership, User, Workspace

ROOT = Path(__file__).resolve().parent.parent
KEY = re.compile(r"axme_sa_[0-9a-f]{8}_\S{32}")
SECRET_KEY = "0123456789abcdef" * 4
# What a start-up may take on a machine that does other things as well.
PATIENCE = 60.0


def poll(condition: Callable[[], object], *, within: float = PATIENCE) -> None:
    """Ask again and again until it holds; no test here waits for longer than it must."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "It did not come about in time."
        time.sleep(0.02)


@dataclass
class Machine:
    """A directory, a free port and an environment: what `manage.py` finds on a new machine."""

    data: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.env = {**kept, "DATA_DIR": str(self.data), "PORT": str(self.port), **self.env}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *args],
            cwd=ROOT,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    @contextlib.contextmanager
    def serving(self, **env: str) -> Iterator["Serving"]:
        """Run `serve` until it greets, and end it afterwards if the test has not."""
        out, err = (self.data / name for name in ("out.txt", "err.txt"))
        with out.open("w") as stdout, err.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=self.env | env,
                stdout=stdout,
                stderr=stderr,
            )
        running = Serving(process, out, err)
        try:
            poll(lambda: "Assent is ready" in running.printed or process.poll() is not None)
            assert process.poll() is None, running.complained
            yield running
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


@dataclass
class Serving:
    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def printed(self) -> str:
        return self.out.read_text()

    @property
    def complained(self) -> str:
        return self.err.read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def answers(url: str, **headers: str) -> int | None:
    """Return the status a GET gets, or None while nobody listens."""
    try:
        with urlopen(Request(url, headers=headers), timeout=5) as response:
            return int(response.status)
    except URLError as failure:
        code: int | None = getattr(failure, "code", None)
        with contextlib.suppress(AttributeError):
            failure.close()  # type: ignore[attr-defined]
        return code


def test_first_start_prints_login_and_key_once_and_sigterm_ends_it_with_0(machine):
    with machine.serving() as first:
        greeting = first.printed
        assert f"Assent is ready at {machine.url}" in greeting
        assert "reviewer@example.com" in greeting
        assert re.search(r"Password +\S{16}\n", greeting)
        assert KEY.search(greeting)
        assert f"{machine.url}/admin/" in greeting
        assert str(machine.data / "mail") in greeting
        assert answers(f"{machine.url}/health") == 200
        assert first.end() == 0

    with machine.serving() as second:
        assert f"Assent is ready at {machine.url}" in second.printed
        assert "Password" not in second.printed
        assert not KEY.search(second.printed)
        assert second.end(signal.SIGINT) == 0
        assert "Traceback" not in first.complained + second.complained


def test_the_printed_login_and_key_work(machine):
    with machine.serving() as running:
        password = re.search(r"Password +(\S+)", running.printed)[1]
        token = KEY.search(running.printed)[0]

        checked = machine.manage(
            "shell", "-v0", "-c",
            "from django.contrib.auth import authenticate;"
            f"u = authenticate(username='reviewer@example.com', password={password!r});"
            "print(u.is_superuser, u.memberships.get().role)",
        )  # fmt: skip

        assert checked.stdout.strip() == "True admin", checked.stderr
        assert answers(f"{machine.url}/v1/me/tasks", **{"x-api-key": token}) == 200
        assert answers(f"{machine.url}/v1/me/tasks", **{"x-api-key": token[:-1] + "~"}) == 401


def test_the_command_a_first_start_suggests_asks_a_person(machine):
    with machine.serving() as running:
        command = running.printed[running.printed.index("curl ") :].split("\n\n")[0]

        asked = subprocess.run(
            ["bash", "-c", command.replace("curl ", "curl -sS --fail-with-body ")],
            capture_output=True, text=True, timeout=20,
        )  # fmt: skip

        assert asked.returncode == 0, asked.stdout + asked.stderr
        assert '"intent_id"' in asked.stdout


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_an_open_stream_does_not_hold_up_the_end(machine, server):
    with machine.serving(ASGI_SERVER=server) as running:
        key = KEY.search(running.printed)[0]
        where = "/v1/agents/myorg/production/somebody/intents/stream?wait_seconds=60"
        here = ("127.0.0.1", machine.port)
        # One of them reads; the other has connected and asked nothing.
        with socket.create_connection(here, 10) as reader, socket.create_connection(here, 10):
            reader.sendall(
                f"GET {where} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {key}\r\n\r\n".encode()
            )
            received = reader.recv(4096)
            assert b" 200 " in received, received

            started = time.monotonic()
            assert running.end() == 0

            while part := reader.recv(4096):
                received += part
            assert b"event: stream.timeout" in received
            assert time.monotonic() - started < 8


SIGN_IN = """
from accounts.models import User
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
user = User.objects.get()
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(session.session_key)
"""


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_an_open_desk_is_told_that_we_come_back(machine, server):
    with machine.serving(ASGI_SERVER=server) as running:
        session = machine.manage("shell", "-v0", "-c", SIGN_IN).stdout.strip()
        cookie = {"Cookie": f"assent_session={session}"}
        address = machine.url.replace("http", "ws") + "/ws/desk"

        with connect(address, origin=machine.url, additional_headers=cookie) as desk:
            started = time.monotonic()
            assert running.end() == 0
            assert time.monotonic() - started < 8

            with pytest.raises(ConnectionClosed) as closed:
                desk.recv(timeout=5)
            assert closed.value.rcvd.code == 1012  # Service restart.


def test_a_second_one_on_the_same_port_says_so_in_one_sentence(machine, tmp_path):
    other = Machine(tmp_path / "other")
    with machine.serving():
        refused = other.manage("serve", PORT=str(machine.port))

    assert refused.returncode == 1
    assert f"Cannot listen on 127.0.0.1 port {machine.port}" in refused.stderr
    assert "Is Assent already running?" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_the_process_ends_with_an_error_when_its_worker_dies(machine):
    """Half alive would be worse than dead: answering requests while no deadline is kept."""
    script = (
        "from config.laptop import ClockAndHands; from celery.beat import Service;"
        "Service.start = lambda self: None;"
        "from django.core.management import execute_from_command_line;"
        "execute_from_command_line(['manage.py', 'serve'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
        env=machine.env | {"DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip

    assert ended.returncode == 1
    assert "The beat has stopped, so the whole process stops" in ended.stderr


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("EMAIL_URL", "mail.example.com", "EMAIL_URL must look like"),
        ("DEBUG", "maybe", "DEBUG is 'maybe'; write yes or no."),
        ("PORT", "abc", "PORT is 'abc'; write a whole number."),
        ("SECRET_KEY", "change-me", "SECRET_KEY is too short or a placeholder"),
        ("PUBLIC_URL", "desk.example", "PUBLIC_URL is 'desk.example'"),
        ("ASGI_SERVER", "apache", "choose one of: daphne, uvicorn."),
        ("REDIS_URL", "redis://127.0.0.1:6379/9", "Set SECRET_KEY"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_sentence(machine, setting, value, sentence):
    refused = machine.manage("serve", **{setting: value})

    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_unreachable_database_is_a_sentence(machine):
    with socket.socket() as closed:  # Bound and not listening: nobody answers there.
        closed.bind(("127.0.0.1", 0))
        url = f"postgres://nobody@127.0.0.1:{closed.getsockname()[1]}/none"
        refused = machine.manage("serve", DATABASE_URL=url, SECRET_KEY=SECRET_KEY)

    assert refused.returncode == 1
    assert "The database cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Machine]:
    """A machine of a cluster, with an empty database of its own on the tests' server."""
    url, redis = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    if not url.startswith("postgres") or not redis:
        pytest.skip("needs DATABASE_URL and REDIS_URL")
    name = f"test_assent_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        own = urlsplit(url)._replace(path=f"/{name}").geturl()
        env = {"DATABASE_URL": own, "REDIS_URL": redis, "SECRET_KEY": SECRET_KEY}
        yield Machine(tmp_path, env)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_two_started_at_once_share_one_first_start(cluster, tmp_path):
    (tmp_path / "twin").mkdir()
    twin = Machine(tmp_path / "twin", {k: cluster.env[k] for k in ("DATABASE_URL", "REDIS_URL")})

    with ThreadPoolExecutor() as threads, contextlib.ExitStack() as running:
        starts = [
            threads.submit(running.enter_context, each.serving(SECRET_KEY=SECRET_KEY))
            for each in (cluster, twin)
        ]
        both = [start.result() for start in starts]

        assert sorted("Password" in each.printed for each in both) == [False, True]
        assert [answers(f"{each.url}/health") for each in (cluster, twin)] == [200, 200]
        assert [each.end() for each in both] == [0, 0]


@pytest.fixture
def workspace(db) -> Workspace:
    return ensure_workspace(DEFAULT_WORKSPACE)


def test_issue_key_prints_only_the_key(workspace, capsys):
    call_command("issue_key", "deploys")

    printed = capsys.readouterr().out
    assert KEY.fullmatch(printed.removesuffix("\n"))
    actor = keys.actor_for_key(printed.strip(), now=timezone.now())
    assert (actor.kind, actor.workspaces) == (Kind.WORKSPACE, {workspace.id})


def test_issue_key_for_an_agent_registers_it_and_may_never_decide(workspace, capsys):
    call_command("issue_key", "bot", agent="invoices")

    actor = keys.actor_for_key(capsys.readouterr().out.strip(), now=timezone.now())
    assert actor.address == "agent://myorg/production/invoices"
    assert actor.reviews == frozenset()


def test_issue_key_refuses_an_address_of_another_workspace(workspace):
    with pytest.raises(CommandError, match="is not an address in myorg/production"):
        call_command("issue_key", "bot", agent="agent://other/place/bot")

    assert not ApiKey.objects.exists()


def test_issue_key_makes_a_new_workspace_and_says_so_beside_the_key(workspace, capsys):
    call_command("issue_key", "bot", workspace="other/place")

    printed = capsys.readouterr()
    assert printed.err == "Made the workspace other/place.\n"
    assert printed.out.startswith("axme_sa_")
    assert printed.out.count("\n") == 1


def test_issue_key_refuses_what_is_no_workspace(workspace):
    with pytest.raises(CommandError, match="Nowhere is not a workspace: write org/name"):
        call_command("issue_key", "bot", workspace="Nowhere")


def test_add_reviewer_prints_a_password_once_for_a_new_person(workspace, capsys):
    call_command("add_reviewer", "Ann@Example.com", name="Ann")

    line = capsys.readouterr().out
    password = re.fullmatch(r"ann@example.com is Reviewer in \S+ with the password (\S+)\n", line)[
        1
    ]
    assert User.objects.get(email="ann@example.com").check_password(password)

    call_command("add_reviewer", "ann@example.com", role="auditor")
    assert capsys.readouterr().out == "ann@example.com is Auditor, reads only in myorg/production\n"
    assert Membership.objects.get().role == Membership.Role.AUDITOR
    assert User.objects.get().check_password(password)


def test_add_reviewer_takes_a_weak_password_with_a_warning(workspace, capsys):
    call_command("add_reviewer", "ann@example.com", password="ann")

    assert "too short" in capsys.readouterr().err
    assert User.objects.get().check_password("ann")


def test_add_reviewer_refuses_what_is_no_address(workspace):
    with pytest.raises(CommandError, match="ann is not an e-mail address"):
        call_command("add_reviewer", "ann")


COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: s for name, s in COMPOSE["services"].items() if s.get("image") == "assent"}


def test_containers_set_only_what_the_settings_read():
    text = "".join((ROOT / "config" / name).read_text() for name in ("settings.py", "celery.py"))
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', text))
    dockerfile = (ROOT / "Dockerfile").read_text()

    for service in OURS.values():
        assert set(service["environment"]) <= read
    assert set(re.findall(r"^ +(HOST|PORT|DATA_DIR)=", dockerfile, re.M)) <= read


def test_containers_run_the_commands_that_exist():
    commands = {name: " ".join(service["command"]) for name, service in OURS.items()}

    assert commands["web"] == "python manage.py serve"
    assert "manage.py serve" in (ROOT / "Makefile").read_text()
    assert commands["worker"].startswith("celery -A config worker")
    assert commands["beat"].startswith("celery -A config beat -s /data/beat")
    assert OURS["beat"]["environment"]["DATA_DIR"] == "/data"


def test_containers_do_not_start_without_a_secret_key():
    for service in OURS.values():
        assert service["environment"]["SECRET_KEY"].startswith("${SECRET_KEY:?")


def test_nothing_locked_names_a_package_host():
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert all(
            "--hash=sha256:" in block
            for block in re.split(r"\n(?=[a-z])", text)
            if re.match(r"[a-z0-9._-]+==", block)
        )
