"""The examples, run as their READMEs say, by people and machines that come and go."""

import os
import subprocess
import sys
import venv
from pathlib import Path
from uuid import uuid4

import pytest

from tests.process import ROOT, Process
from tests.waiting import until

EXAMPLES = ROOT / "examples"
# Where `make examples` puts the frameworks; EXAMPLES_PYTHON names another place that has them.
PYTHON = os.environ.get("EXAMPLES_PYTHON", str(ROOT / ".venv-examples/bin/python"))
FRAMEWORKS = ("langgraph_interrupt", "openai_agents_approval", "autogen_pair")
TITLES = {
    "langgraph_interrupt": "Refund order 58213?",
    "openai_agents_approval": "Let Support call refund?",
    "autogen_pair": "Refund order 58213?",
}
PAID = {
    "langgraph_interrupt": "Order 58213: refunded 64.90",
    "openai_agents_approval": "Refunded 64.90 for order 58213.",
    "autogen_pair": "Paid 64.90 for order 58213.",
}
REFUSED = {
    "langgraph_interrupt": "Order 58213: not refunded: ",
    "openai_agents_approval": "Not allowed: ",
    "autogen_pair": "Not paid: ",
}


@pytest.fixture
def start(server, tmp_path):
    """Start a program of an example, in an empty folder and with a key, as its README says."""
    started = []

    def start_one(program, *arguments, key=None):
        log = tmp_path / f"{len(started)}.log"
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
        env |= {"AXME_BASE_URL": server.url, "AXME_API_KEY": key or server.keys["here"]}
        # No example needs another machine: whatever is not ours leads nowhere.
        env |= {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
        command = (PYTHON, str(EXAMPLES / program), *arguments)
        started.append(Process(*command, env=env, log=log, cwd=tmp_path))
        return started[-1]

    if not Path(PYTHON).exists():
        pytest.skip("The examples' packages are not installed: make examples, or EXAMPLES_PYTHON.")
    yield start_one
    for process in started:
        process.kill()


def told(process, words):
    """Wait until a program has printed these words."""

    def has_told():
        assert words in process.output or process.is_running, process.output[-3000:]
        return words in process.output

    until(has_told, what=f"“{words}”")


def decide(server, title, decision, *, comment="Photos are clear."):
    """Answer the one open request with this title."""
    with server.api() as api:
        tasks = api.get("/v1/me/tasks").json()["tasks"]
        (task,) = [task for task in tasks if task["human_task"]["title"] == title]
        answer = {"decision": decision, "comment": comment}
        path = f"/v1/approvals/{task['approval_id']}/decision"
        assert api.post(path, json=answer).status_code == 200


def key_of(server, agent):
    """Return a new key, made by the command that the README names."""
    command = [sys.executable, "manage.py", "issue_key", agent, "--agent", agent]
    return subprocess.check_output(command, cwd=ROOT, env=server.env, text=True, timeout=60).strip()


def test_a_person_approves_and_the_program_goes_on_though_it_was_killed_meanwhile(server, start):
    order = uuid4().hex[:8]
    title = f"Refund order {order}, €64.90?"
    first = start("human_approval/ask.py", order)
    told(first, "Waiting for a person.")
    first.kill()

    second = start("human_approval/ask.py", order)
    told(second, "Waiting for a person.")
    decide(server, title, "approve")

    told(second, f"Refunded order {order}. They said: Photos are clear.")


def test_a_person_rejects_and_nothing_is_refunded(server, start):
    order = uuid4().hex[:8]
    program = start("human_approval/ask.py", order)
    told(program, "Waiting for a person.")

    decide(server, f"Refund order {order}, €64.90?", "reject")

    told(program, "Not refunded: ")
    assert "Photos are clear." in program.output


def test_two_agents_with_two_keys_hand_work_over_though_one_comes_late(server, start):
    ticket = f"T-{uuid4().hex[:6]}"
    triage = start("handoff/triage.py", ticket, key=key_of(server, "triage"))
    told(triage, f"Handed {ticket} to billing.")

    billing = start("handoff/billing.py", key=key_of(server, "billing"))

    told(billing, f"{ticket}: refund 64.90, charged twice")
    told(triage, f"{ticket}: billing says: refund 64.90, charged twice")


@pytest.mark.parametrize("example", FRAMEWORKS)
def test_a_framework_goes_on_with_the_answer_that_came_while_no_process_was_there(
    server, start, example
):
    first = start(f"{example}/refund.py")
    told(first, "Waiting for a person.")
    first.kill()
    decide(server, TITLES[example], "approve")

    second = start(f"{example}/refund.py")

    told(second, PAID[example])
    assert PAID[example] not in first.output


@pytest.mark.parametrize("example", FRAMEWORKS)
def test_a_framework_does_nothing_after_a_no_and_knows_why(server, start, example):
    program = start(f"{example}/refund.py")
    told(program, "Waiting for a person.")

    decide(server, TITLES[example], "reject", comment="No photos.")

    told(program, REFUSED[example])
    assert "No photos." in program.output
    assert PAID[example] not in program.output


UNCHANGED = """
from axme import AxmeClient, AxmeClientConfig
config = AxmeClientConfig(api_key="k")
print(config.base_url, AxmeClient(config).health()["ok"])
"""


def redirected(program, *, python=sys.executable, **env):
    """Run a program that knows nothing of us, with the helper on its path."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(EXAMPLES / "redirect"), **env}
    command = [python, "-c", program]
    return subprocess.check_output(command, env=env, text=True, timeout=60).strip()


def test_a_program_that_names_no_address_reaches_this_server(server):
    assert redirected(UNCHANGED, AXME_BASE_URL=server.url) == f"{server.url} True"


def test_an_address_a_program_names_itself_stays():
    named = (
        "from axme import *; print(AxmeClientConfig(base_url='http://me', api_key='k').base_url)"
    )

    assert redirected(named, AXME_BASE_URL="http://other") == "http://me"


def test_without_the_variable_nothing_changes():
    named = "from axme import *; print(AxmeClientConfig(api_key='k').base_url)"

    assert redirected(named) == "https://api.cloud.axme.ai"


def test_the_helper_is_silent_where_the_package_is_missing(tmp_path):
    venv.create(tmp_path / "bare", with_pip=False)

    said = redirected("print(1)", python=tmp_path / "bare/bin/python", AXME_BASE_URL="http://x")

    assert said == "1"
