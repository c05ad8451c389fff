"""What a call of one method of the real axme client is made with, and where it is written down."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from axme import AxmeClient, AxmeClientConfig
from axme_sdk import AxmeHttpError

from tests.sdk.checked import Checked
from tests.server import Server
from tests.stage import question

HERE = "agent://myorg/production"
ORG = {"org_id": "myorg"}
SPACE = {**ORG, "workspace_id": "production"}


@dataclass
class Caller:
    """One test's client with a key of the workspace, and an address that no other test uses."""

    client: Checked
    server: Server

    def __post_init__(self) -> None:
        self.name = f"sdk-{uuid4().hex[:8]}"
        self.address = f"{HERE}/{self.name}"

    def send(self, **more: Any) -> str:
        """Send work that nobody takes."""
        intent = {"intent_type": "intent.sum.v1", "to_agent": self.address, "payload": {"n": 1}}
        return self.client.send_intent({**intent, **more})

    def ask(self) -> str:
        """Ask people."""
        return self.client.send_intent({**question("Refund?"), "to_agent": self.address})

    def gate(self, intent_id: str) -> str:
        return str(self.client.get_intent(intent_id)["intent"]["approval_id"])


def connect(server: Server, token: str = "") -> Checked:
    """Return a client that tries once: a 5xx must show itself, not be tried again."""
    key = token or server.keys["here"]
    config = AxmeClientConfig(base_url=server.url, api_key=key, max_retries=0)
    return Checked(AxmeClient(config))


Call = Callable[[Caller], None]
CALLS: dict[str, Call] = {}


def calls(name: str) -> Callable[[Call], Call]:
    """Say which method a function calls for real."""

    def register(call: Call) -> Call:
        assert name not in CALLS, name
        CALLS[name] = call
        return call

    return register


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """Return status and code of the refusal a call ends with."""
    with pytest.raises(AxmeHttpError) as refusal:
        call()
    body = refusal.value.body
    assert body["detail"] == body["error"]["message"] == refusal.value.message, body
    return refusal.value.status_code, body["error"]["code"]
