"""What a bundle may look like, and how each mistake in one is named: the place, and what to write."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.callbacks import refuse_reason
from api.axme.translate import bundles
from approvals.workflows.compiling import compiled
from approvals.workflows.plan import Kind
from tests.factories import anyone_in
from tests.scenarios import agent_step, bundle, person_step, three_steps

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def read(people):
    """Return a bundle's plan, errors and warnings, without looking at any row of it."""

    def read_one(given):
        actor = anyone_in(people.here)
        whole, found = bundles.bundle(given, actor=actor, now=NOON)
        plan = compiled(whole, found, org="myorg", space="production")
        return plan, found.errors, found.warnings

    return read_one


def step_with(**more):
    return bundle(agent_step("build", **more))


def with_agent(**more):
    given = bundle(agent_step("build"))
    given["agents"][0] |= more
    return given


def without_steps(workflow):
    return bundle() | {"workflow": workflow}


WHOLE = "write a whole number from 1 to 31536000"
BAD = [
    ({}, "intent.type: is missing; write a text of 1 to 255 characters"),
    (bundle(), "workflow.steps: write at least one step"),
    (without_steps(None), "workflow.steps: write at least one step"),
    (without_steps([]), "workflow: write a JSON object"),
    (without_steps({"steps": "build"}), "workflow.steps: write a list of at most 100"),
    (bundle(*[agent_step(f"s{n}") for n in range(101)]), "workflow.steps: write a list of at most 100"),
    (without_steps({"steps": ["build"]}), "workflow.steps[0]: write a JSON object"),
    (without_steps({"steps": [{}]}), "workflow.steps[0].step_id: is missing; write a text of 1 to 100 characters"),
    (without_steps({"steps": [{"step_id": 3}]}), "workflow.steps[0].step_id: write a text of 1 to 100 characters"),
    (bundle(agent_step("a"), agent_step("a")), 'workflow.steps[0].step_id: "a" is used twice; give each its own'),
    (step_with(assigned_to="nobody"), 'workflow.steps[0].assigned_to: no agent or human has the role "nobody"; write one of: worker, checker, owner'),
    (step_with(assigned_to=""), "workflow.steps[0].assigned_to: nobody carries out this step; write one of: worker, checker, owner"),
    (step_with(assigned_to=["worker"]), "workflow.steps[0].assigned_to: write a text of 1 to 383 characters"),
    (step_with(requires_approval=True), "workflow.steps[0].assigned_to: only people approve and worker is an agent; assign this to a human role, or take requires_approval and human_task away"),
    (step_with(requires_approval="yes"), "workflow.steps[0].requires_approval: write true or false"),
    (step_with(on_success="ship"), 'workflow.steps[0].on_success: there is no step "ship"; write one of: build, end'),
    (step_with(on_failure="undo"), 'workflow.steps[0].on_failure: there is no step "undo"; write one of: build'),
    (step_with(on_failure="end"), 'workflow.steps[0].on_failure: there is no step "end"; write one of: build'),
    ({**bundle(), "workflow": {"steps": [{"step_id": "a", "runtime_type": "delay", "config": {"seconds": 1}, "requires_approval": True}]}}, "workflow.steps[0]: a delay asks nobody; take requires_approval and human_task away, or give them to a step of their own"),
    (bundle(agent_step("a"), workflow={"entry_step": "z", "steps": [agent_step("a")]}), 'workflow.entry_step: there is no step "z"; write one of: a'),
    (step_with(on_success="build"), "workflow.steps: build -> build goes in a circle; let the last lead on or to the end"),
    (bundle(agent_step("a"), agent_step("b", on_success="a")), "workflow.steps: a -> b -> a goes in a circle; let the last lead on or to the end"),
    (bundle(agent_step("a"), agent_step("b", on_failure="a")), "workflow.steps: a -> b -> a goes in a circle; let the last lead on or to the end"),
    (step_with(step_deadline_seconds=0), f"workflow.steps[0].step_deadline_seconds: {WHOLE}"),
    (step_with(step_deadline_seconds=10**30), f"workflow.steps[0].step_deadline_seconds: {WHOLE}"),
    (step_with(step_deadline_seconds=1.5), f"workflow.steps[0].step_deadline_seconds: {WHOLE}"),
    (step_with(step_deadline_seconds=True), f"workflow.steps[0].step_deadline_seconds: {WHOLE}"),
    (step_with(retry=[]), "workflow.steps[0].retry: write a JSON object"),
    (step_with(retry={"max_retries": -1}), "workflow.steps[0].retry.max_retries: write a whole number from 0 to 100"),
    (step_with(runtime_type="sleep"), "workflow.steps[0].runtime_type: write one of: human_approval, timeout, reminder, delay, escalation, notification"),
    (step_with(runtime_type=["delay"]), "workflow.steps[0].runtime_type: write one of: human_approval, timeout, reminder, delay, escalation, notification"),
    (step_with(runtime_type="delay"), "workflow.steps[0].config.seconds: write how long to wait, a whole number up to 31536000"),
    (bundle(person_step("ask", task={"title": 7})), "workflow.steps[0].human_task.title: Input should be a valid string"),
    (bundle(person_step("ask", task={"allowed_outcomes": ["yes", "Yes"]})), "workflow.steps[0].human_task: allowed_outcomes has two answers that read the same."),
    (bundle(agent_step("a"), agents="worker"), "agents: write a list of at most 50"),
    (bundle(agent_step("a"), agents=[{}]), "agents[0].role: is missing; write a text of 1 to 100 characters"),
    (bundle(agent_step("a"), agents=[{"role": "owner", "address": "x"}]), 'agents[0].role: "owner" is used twice; give each its own'),
    (with_agent(delivery_mode="pigeon"), "agents[0].delivery_mode: write one of: stream, poll, http, inbox"),
    (with_agent(address="https://example.com"), "agents[0].address: write an agent's name or agent://org/workspace/name"),
    (bundle(agent_step("a"), intent={"payload": "x"}), "intent.payload: write a JSON object"),
    (bundle(agent_step("a"), intent={"deadline_at": "tomorrow"}), "intent.deadline_at: write a time to come, such as 2030-01-31T12:00:00Z"),
    (bundle(agent_step("a"), intent={"deadline_at": "2020-01-01T00:00:00Z"}), "intent.deadline_at: write a time to come, such as 2030-01-31T12:00:00Z"),
    (bundle(agent_step("a"), intent={"deadline_at": "2030-01-01T00:00:00"}), "intent.deadline_at: write a time to come, such as 2030-01-31T12:00:00Z"),
    (without_steps({"macro_id": "macro.nothing"}), 'workflow.macro_id: there is no macro "macro.nothing"; write one of: macro.human_approval.v1, macro.agent_then_approval.v1'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "error"), BAD, ids=[f"{n} {row[1][:60]}" for n, row in enumerate(BAD)]
)
def test_each_mistake_is_named_with_its_place_and_what_to_write(read, given, error):
    plan, errors, _ = read(given)

    assert plan is None
    assert error in errors


NEAR = [
    "http://example.com/hook", "https://localhost/hook", "https://127.0.0.1/", "https://[::1]/",
    "https://169.254.169.254/latest/meta-data", "https://metadata.google.internal/", "https://10.0.0.8/",
    "https://192.168.1.1/", "https://[::ffff:127.0.0.1]/", "https://0x7f.1/", "https://2130706433/",
    "https://user:secret@example.com/", "ftp://example.com/", "example.com/hook", "https://", "https://a:b/",
    "https://exa mple.com/", "https://" + "a" * 2050, "https://0.0.0.0/", "https://printer.local/", "https://224.0.0.1/",
]  # fmt: skip


@pytest.mark.parametrize("url", NEAR, ids=[url[:40] for url in NEAR])
def test_no_bundle_lets_us_call_ourselves_our_network_or_the_clouds_metadata(read, url):
    _, errors, _ = read(with_agent(delivery_mode="http", callback_url=url))

    assert [error for error in errors if error.startswith("agents[0].callback_url: ")]


def test_a_public_address_may_be_called():
    assert refuse_reason("https://hooks.example.com/axme?x=1") is None
    assert refuse_reason("https://93.184.215.14:8443/") is None


def test_several_mistakes_are_told_at_once(read):
    given = three_steps(humans="Ann")
    given["workflow"]["steps"][0]["step_deadline_seconds"] = "soon"

    _, errors, _ = read(given)

    assert len(errors) == 3
    assert "humans: write a list of at most 20" in errors


def test_agents_without_a_role_are_not_offered_for_a_step(read):
    given = bundle({"step_id": "build"})
    given["agents"], given["humans"] = [{}, {}], []

    _, errors, _ = read(given)

    place = "workflow.steps[0].assigned_to: nobody carries out this step"
    assert f"{place}; add it to agents or humans" in errors


def test_empty_texts_are_absent_as_the_command_line_client_sends_them(read):
    step = agent_step("build", on_success="", on_failure="", runtime_type="", escalate_to="")
    person = person_step("release", tool_id="", task={"notify_email": "", "task_type": ""})
    given = bundle(step, person, humans=[{"role": "owner", "contact": ""}], description="")
    given["workflow"] |= {"entry_step": "", "macro_id": ""}

    plan, errors, _ = read(given)

    assert errors == []
    assert [part.kind for part in plan.steps] == [Kind.AGENT, Kind.PERSON]
    assert plan.step("release").people == ()


def test_the_older_dialect_is_read_too(read):
    pause = {"step_id": "pause", "runtime_type": "delay", "config": {"seconds": 10}}
    given = bundle() | {
        "workflow_steps": [agent_step("build"), pause, person_step("release")],
        "durability": {"deadline_minutes": 5, "remind_after_seconds": 40, "max_reminders": 2},
    }
    del given["workflow"]

    plan, errors, _ = read(given)

    assert errors == []
    assert [part.kind for part in plan.steps] == [Kind.AGENT, Kind.DELAY, Kind.PERSON]
    assert plan.step("release").reminders == {"after": 40, "most": 2}
    assert plan.step("pause").seconds == 10


KINDS = [
    (agent_step("s"), Kind.AGENT),
    (agent_step("s", "checker", tool_id=""), Kind.AGENT),
    (agent_step("s", "agent://myorg/production/worker"), Kind.AGENT),
    (agent_step("s", "agent://elsewhere/known/agent"), Kind.AGENT),
    (agent_step("s", "ann@example.com"), Kind.PERSON),
    (agent_step("s", "owner", tool_id="tool.approval.check_window"), Kind.PERSON),
    ({"step_id": "s", "requires_approval": True}, Kind.PERSON),
    ({"step_id": "s", "tool_id": "axme.approval.v1"}, Kind.PERSON),
    ({"step_id": "s", "tool_id": "tool.notification.notify_owner"}, Kind.PERSON),
    ({"step_id": "s", "runtime_type": "human_approval"}, Kind.PERSON),
    ({"step_id": "s", "runtime_type": "escalation"}, Kind.PERSON),
    ({"step_id": "s", "runtime_type": "notification"}, Kind.NOTIFICATION),
    (
        {"step_id": "s", "tool_id": "tool.internal.delay", "runtime_config": {"seconds": 1}},
        Kind.DELAY,
    ),
    ({"step_id": "s", "runtime_type": "timeout", "config": {"seconds": 1}}, Kind.TIMEOUT),
    ({"step_id": "s", "tool_id": "tool.approval.risk_assessment"}, Kind.CHECK),
]


@pytest.mark.parametrize(
    ("step", "kind"), KINDS, ids=[f"{n} {row[1]}" for n, row in enumerate(KINDS)]
)
def test_who_or_what_carries_a_step_out(read, step, kind):
    plan, errors, _ = read(bundle(step))

    assert errors == []
    assert plan.steps[0].kind is kind


def test_a_step_without_a_name_on_it_goes_to_the_only_agent(read):
    step = {"step_id": "build", "tool_id": "tool.agent.task.v1"}
    given = bundle(step, agents=[{"role": "worker", "address": "worker"}])

    plan, _, _ = read(given)

    assert plan.steps[0].address == "agent://myorg/production/worker"


def test_roles_stand_for_their_contacts(read):
    step = person_step("release", task={"assignees": ["backup"]}, escalate_to="owner")
    humans = [{"role": "owner", "contact": "bob@example.com"}, {"role": "backup"}]

    plan, _, _ = read(bundle(step, humans=humans))

    assert plan.steps[0].task["assignees"] == ["reviewers"]
    assert plan.steps[0].reminders == {"escalate_to": "bob@example.com"}


def test_surprises_are_told_and_are_no_errors(read):
    steps = agent_step("a", on_failure="c"), agent_step("b"), agent_step("c"), agent_step("d")
    given = bundle(*steps)
    given["workflow"]["steps"][1]["on_success"] = "c"
    given["workflow"]["steps"][2]["on_success"] = "end"

    plan, errors, warnings = read(given)

    assert plan is not None
    assert errors == []
    assert warnings == [
        "workflow.steps[3]: d is never reached",
        "workflow.steps[2]: c is for the failure of another step, but comes after b succeeds as well; "
        'write "on_success": "end" there if it should not',
    ]


def test_a_macro_stands_for_its_steps(read):
    parameters = {"agent": "worker", "title": "Release it?", "approver": "owner"}
    given = without_steps({"macro_id": "macro.agent_then_approval.v1", "parameters": parameters})

    plan, errors, _ = read(given)

    assert errors == []
    assert [(part.kind, part.deadline) for part in plan.steps] == [
        (Kind.AGENT, 3600),
        (Kind.PERSON, 86_400),
    ]
    assert plan.step("approval").task["title"] == "Release it?"


def test_a_macro_refuses_what_it_has_no_place_for(read):
    parameters = {"title": "Release it?", "colour": "red"}
    given = without_steps({"macro_id": "macro.human_approval.v1", "parameters": parameters})

    _, errors, _ = read(given)

    assert errors == [
        "workflow.parameters.colour: there is no such parameter; "
        "write one of: title, approver, deadline_seconds"
    ]


def test_the_deadline_of_the_whole_may_be_written_in_three_ways(people):
    actor = anyone_in(people.here)
    for intent, durability in (
        ({"deadline_at": "2026-03-01T12:05:00Z"}, {}),
        ({"ttl_seconds": 300}, {}),
        ({}, {"deadline_minutes": 5}),
    ):
        given = bundle(agent_step("a"), intent=intent, durability=durability)
        whole, _ = bundles.bundle(given, actor=actor, now=NOON)
        assert whole.deadline_at == NOON + timedelta(minutes=5)
