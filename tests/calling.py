"""Calling the whole ASGI application in this process, through the front door, as a client does."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx

from accounts.models import Workspace
from config.asgi import application
from tests.factories import make_token

HOST = "http://127.0.0.1"


@dataclass(frozen=True)
class Frame:
    """One server-sent event."""

    id: int | None
    event: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Api:
    """A client with one key. Every call is a loop of its own, so a test may use the ORM between."""

    token: str | None = None

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.call("GET", path, **given)

    def post(self, path: str, body: Any = None, **given: Any) -> httpx.Response:
        return self.call("POST", path, json={} if body is None else body, **given)

    def call(self, method: str, path: str, **given: Any) -> httpx.Response:
        (answer,) = self.together((method, path, given))
        return answer

    def together(self, *calls: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
        """Send all calls at once, as many clients would."""
        return asyncio.run(self._send(calls))

    def stream(self, path: str, **given: Any) -> list[Frame]:
        """Read a stream to its end."""
        answer = self.get(path, **given)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        return frames(answer.text)

    async def _send(self, calls: Any) -> list[httpx.Response]:
        transport = httpx.ASGITransport(application, raise_app_exceptions=True)
        async with httpx.AsyncClient(
            transport=transport, base_url=HOST, trust_env=False, timeout=60
        ) as client:
            return await asyncio.gather(
                *(self._one(client, method, path, **given) for method, path, given in calls)
            )

    async def _one(self, client: Any, method: str, path: str, **given: Any) -> httpx.Response:
        headers = {"x-api-key": self.token} if self.token else {}
        given["headers"] = headers | given.pop("headers", {})
        return await client.request(method, path, **given)


def workspace_api(workspace: Workspace) -> Api:
    return Api(make_token(workspace))


def agent_api(workspace: Workspace, agent: str) -> Api:
    return Api(make_token(workspace, agent=agent))


def frames(text: str) -> list[Frame]:
    """Return the events of a stream, and hold every line to the format clients can read."""
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        fields = dict(line.split(": ", 1) for line in lines)
        if fields:
            assert list(fields) in (["id", "event", "data"], ["event", "data"]), block
            number = int(fields["id"]) if "id" in fields else None
            found.append(Frame(number, fields["event"], json.loads(fields["data"])))
    return found


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Return status, code and sentence of a refusal, which is in the shape every client reads."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert set(body) == {"ok", "error", "detail", "message"}, body
    assert set(body["error"]) == {"code", "message", "details"}, body
    assert body["ok"] is False
    assert body["detail"] == body["message"] == body["error"]["message"]
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert isinstance(body["error"]["details"], dict)
    return answer.status_code, body["error"]["code"], body["detail"]


def counts(*models: Any) -> dict[str, int]:
    """Return how many rows there are, to show that a refusal wrote nothing."""
    return {model.__name__: model.objects.count() for model in models}
