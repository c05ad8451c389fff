"""Whatever our own description allows and forbids, sent to a running server: never a 500."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server import Server, serving

SECONDS = 25
# Streams hold their reader on purpose, and readiness may say 503; both have tests of their own.
LEFT_OUT = r"(/stream|/ready)$"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("fuzz")) as running:
        yield running


def description(server: Server) -> dict[str, Any]:
    """Return the server's own description, with ids that exist in place of any text."""
    asks: list[dict[str, Any]] = [{}, {"human_task": {"title": "Go on?"}}] * 6
    with server.api() as api:
        sent = [api.post("/v1/intents", json={"intent_type": "a.b.v1", **more}) for more in asks]
        tasks = api.get("/v1/me/tasks").json()["tasks"]
        accounts = [api.post("/v1/service-accounts", json={"name": f"bot-{n}"}) for n in range(9)]
        described: dict[str, Any] = api.get("/api/openapi.json").json()
    intents = [answer.json()["intent_id"] for answer in sent]
    gates = [task["approval_id"] for task in tasks]
    agents = [answer.json()["id"] for answer in accounts]
    known = {"intent_id": intents, "thread_id": intents, "approval_id": gates}
    known |= {"service_account_id": agents, "address_id": agents}
    for operations in described["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in known:
                    parameter["schema"] = {"type": "string", "enum": known[parameter["name"]]}
    return described


def fuzz(server: Server) -> list[str]:
    """Run schemathesis for a while, and return its report line by line."""
    report, described = server.data / "report.ndjson", server.data / "openapi.json"
    described.write_text(json.dumps(description(server)))
    done = subprocess.run(
        [
            sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
            "run", str(described), "--url", server.url, "--checks", "not_a_server_error",
            "--header", f"x-api-key: {server.keys['here']}", "--exclude-path-regex", LEFT_OUT,
            "--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "1",
            "--max-time", str(SECONDS), "--suppress-health-check", "all", "--no-color",
            "--report", "ndjson", "--report-ndjson-path", str(report),
        ],
        cwd=server.data, env=server.env, capture_output=True, text=True, timeout=3 * SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return report.read_text().splitlines()


def test_nothing_the_description_lets_through_ends_in_a_500(server: Server):
    statuses = Counter(code for line in fuzz(server) for code in answered(json.loads(line)))

    assert statuses.total() > 300, statuses
    assert {200, 404, 409, 422} <= statuses.keys(), statuses
    assert max(statuses) < 500, statuses
    assert "A request failed" not in server.processes["web"].output


def answered(node: Any) -> Iterator[int]:
    """Yield every status code anywhere in a line of the report."""
    if isinstance(node, dict):
        if isinstance(node.get("status_code"), int):
            yield node["status_code"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from answered(child)
