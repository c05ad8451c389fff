"""Scenarios with real agent processes and the real client, and what happens when any of them dies."""

from datetime import datetime
from uuid import uuid4

import pytest

from tests.scenarios import agent_step, bundle, person_step
from tests.waiting import until

STARTED = ["intent.created", "intent.submitted", "intent.delivered"]
WAITING, ASKED = "intent.waiting", "intent.human_task_assigned"


@pytest.fixture
def names():
    """The addresses of two agents nobody else uses."""
    tag = uuid4().hex[:6]
    return f"builder-{tag}", f"checker-{tag}"


def story(names, **build):
    """Return a bundle of an agent, another agent and Bob."""
    agents = [
        {"role": role, "address": name, "create_if_missing": True, "delivery_mode": "stream"}
        for role, name in zip(("worker", "checker"), names, strict=True)
    ]
    steps = agent_step("build", **build), agent_step("check", "checker"), person_step("release")
    return bundle(*steps, agents=agents, idempotency_key=uuid4().hex)


def events(server, intent_id):
    with server.api() as api:
        found = api.get(f"/v1/intents/{intent_id}/events").json()["events"]
    assert [each["seq"] for each in found] == list(range(2, 2 * len(found) + 1, 2))
    return found


def types(server, intent_id):
    return [each["event_type"] for each in events(server, intent_id)]


def intent(server, intent_id):
    with server.api() as api:
        return api.get(f"/v1/intents/{intent_id}").json()["intent"]


def decide(server, intent_id, outcome):
    """Wait until people are asked, and answer as a workspace's own program."""
    until(lambda: intent(server, intent_id)["waiting_reason"] == "WAITING_FOR_HUMAN", what="A gate")
    with server.api() as api:
        body = {"task_result": {"outcome": outcome}}
        assert api.post(f"/v1/intents/{intent_id}/resume", json=body).status_code == 200


def steps(server, intent_id):
    return [each["status"] for each in intent(server, intent_id)["workflow"]["steps"]]


def start_agents(server, run, names, manner="finish"):
    agents = [run(server, "step", f"agent://myorg/production/{name}", manner) for name in names]
    for agent in agents:
        agent.told("listening")
    return agents


@pytest.mark.parametrize(
    ("outcome", "status", "last"),
    [
        ("approved", "COMPLETED", ["intent.in_progress", "intent.completed"]),
        ("rejected", "FAILED", ["intent.failed"]),
    ],
)
def test_two_agents_work_and_a_person_decides(server, run, names, outcome, status, last):
    agents = start_agents(server, run, names)

    sender = run(server, "apply", story(names))
    applied = sender.told("applied")["applied"]
    decide(server, applied["intent_id"], outcome)

    ended = sender.told("ended")
    assert sender.told("checked")["checked"]["valid"] is True
    assert [each["created"] for each in applied["agents_provisioned"]] == [True, True]
    assert ended["intent"]["lifecycle_status"] == status
    trail = events(server, applied["intent_id"])
    assert [e["event_type"] for e in trail] == [*STARTED, WAITING, WAITING, WAITING, ASKED, *last]
    given = agents[1].told("took")["payload"]
    assert given["previous_results"]["build"]["build"] == 3
    assert given["parent_payload"] == {"service": "api", "version": 3}
    assert_hops_are_quick(server, applied["intent_id"], trail)


def assert_hops_are_quick(server, intent_id, trail):
    """From the end of a step's work to the scenario's next step; generous, others run here too."""
    work = [
        s["intent_id"] for s in intent(server, intent_id)["workflow"]["steps"] if "intent_id" in s
    ]
    ends = [datetime.fromisoformat(events(server, id)[-1]["at"]) for id in work]
    starts = [datetime.fromisoformat(e["at"]) for e in trail if e["event_type"] == WAITING][1:]
    hops = [(b - a).total_seconds() for a, b in zip(ends, starts, strict=True)]
    assert min(hops) < 0.5, hops


def test_an_agents_failure_fails_the_scenario(server, run, names):
    start_agents(server, run, names, "fail")

    ended = run(server, "apply", story(names)).told("ended")

    assert ended["ended"]["event_type"] == "intent.failed"
    assert ended["intent"]["error"]["code"] == "step_failed"
    assert ended["intent"]["error"]["step_id"] == "build"
    assert [s["status"] for s in ended["intent"]["workflow"]["steps"]] == [
        "failed",
        "skipped",
        "skipped",
    ]


def test_a_step_that_nobody_takes_in_time_fails_the_scenario(server, run, names):
    sender = run(server, "apply", story(names, step_deadline_seconds=1))

    ended = sender.told("ended")

    assert ended["intent"]["error"]["code"] == "step_timeout"
    trail = types(server, ended["intent"]["intent_id"])
    assert trail[-3:] == ["intent.delivery_failed", "intent.timeout", "intent.failed"]


def test_an_agent_killed_in_the_middle_of_a_step_gets_it_again(server, run, names):
    (stalled,) = start_agents(server, run, names[:1], "stall")
    sender = run(server, "apply", story(names))
    taken = stalled.told("took")["took"]

    stalled.kill()
    again, _ = start_agents(server, run, names)

    assert again.told("finished")["finished"] == taken
    intent_id = sender.told("applied")["applied"]["intent_id"]
    decide(server, intent_id, "approved")
    assert sender.told("ended")["intent"]["status"] == "COMPLETED"
    assert types(server, taken).count("intent.completed") == 1


def test_a_server_killed_between_any_two_steps_goes_on_where_it_was(doomed, names):
    with doomed.api() as api:
        applied = api.post("/v1/scenarios/apply", json=story(names)).json()
    intent_id = applied["intent_id"]

    for name in names:
        work = until(lambda name=name: open_work(doomed, name), what=f"The work of {name}")
        with doomed.api() as api:
            done = {"action": "complete", "by": name}
            assert api.post(f"/v1/intents/{work}/resume", json=done).status_code == 200
            restart(doomed)
    decide(doomed, intent_id, "approved")
    restart(doomed)

    until(lambda: intent(doomed, intent_id)["status"] == "COMPLETED", what="The end")
    assert types(doomed, intent_id) == [
        *STARTED, WAITING, WAITING, WAITING, ASKED, "intent.in_progress", "intent.completed",
    ]  # fmt: skip
    assert steps(doomed, intent_id) == ["done"] * 3


def restart(server):
    """Take everything away in the middle of whatever it does, and start it again."""
    server.kill()
    server.flush_redis()
    server.start()


def open_work(server, name):
    with server.api() as api:
        found = api.get(f"/v1/agents/myorg/production/{name}/intents").json()["intents"]
    return found[0]["intent_id"] if found else None
