"""What the end-to-end stories are played on: a server, programs with the real client, browsers."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.factories import PASSWORD
from tests.process import Program
from tests.server import Server, serving

# A browser that talks to nobody but our server.
ALONE = ["--no-sandbox", "--disable-background-networking", "--disable-sync", "--disable-quic"]
SLOWEST = 15_000


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(_shared: Server) -> Server:
    """Return a running server. It is shared: a test finds its own intents among others."""
    _shared.start()
    return _shared


@pytest.fixture(scope="module")
def _separate(_shared: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Let the shared server rest meanwhile: both would use the same Redis."""
    _shared.kill()
    with serving(tmp_path_factory.mktemp("doomed")) as server:
        yield server


@pytest.fixture
def doomed(_separate: Server) -> Server:
    """Return a running server that a test may kill; the next one finds it started again."""
    _separate.start()
    return _separate


@pytest.fixture
def run(tmp_path: Any) -> Iterator[Callable[..., Program]]:
    """Start programs of `tests/programs`; all of them end with the test."""
    started: list[Program] = []

    def start(server: Server, name: str, *arguments: Any, key: str = "here") -> Program:
        log = tmp_path / f"{name}-{len(started)}.log"
        program = Program(name, *arguments, url=server.url, key=server.keys[key], log=log)
        started.append(program)
        return program

    yield start
    for program in started:
        program.kill()


@pytest.fixture
def browser(chromium: str) -> Iterator[Browser]:
    """Open a browser for one test only: Playwright keeps an event loop that others would meet."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ALONE)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Callable[..., Page]]:
    """Open pages in contexts of their own, signed in or not; what a page complains of fails."""
    complaints: list[str] = []

    def open_one(name: str = "") -> Page:
        page = browser.new_context(base_url=server.url).new_page()
        page.set_default_timeout(SLOWEST)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.extend(_complaint(message)))
        if name:
            sign_in(page, name)
        return page

    yield open_one
    assert complaints == []


def question(title: str, *, task: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return an intent that asks people, as an agent sends it; Bob, if `task` names nobody."""
    asked = {"task_type": "approval", "title": title, "assignees": ["bob@example.com"]}
    return {
        "intent_type": "intent.refund.v1",
        "from_agent": "agent://myorg/production/shop",
        "to_agent": "agent://myorg/production/desk",
        "payload": {"customer": "Dora", "amount": 120},
        "human_task": {**asked, **(task or {})},
        **more,
    }


def sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Waiting for you").wait_for()


def open_request(page: Page, title: str, *, place: str = "/") -> None:
    """Open a request from a list, as a reviewer does."""
    page.goto(place)
    page.get_by_role("link", name=title).click()
    page.get_by_role("heading", name=title).wait_for()


def _complaint(message: ConsoleMessage) -> list[str]:
    """Errors of scripts and of the content policy count; refused answers are pages, not errors."""
    is_answer = re.search(r"Failed to load resource.*status of 4(04|09|22)", message.text)
    return [message.text] if message.type == "error" and not is_answer else []
