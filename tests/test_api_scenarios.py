"""Validate and apply over the API: clear answers, once for each key, and behind the workspace's walls."""

import pytest

from accounts.actions import ensure_agent
from accounts.models import Agent
from approvals.models import Gate
from approvals.workflows.models import Step, Workflow
from events.models import Event, Outbox
from intents.models import Delivery, Intent
from tests.calling import Api, agent_api, counts, refusal
from tests.factories import HERE, make_people, make_token
from tests.scenarios import agent_step, bundle, person_step, three_steps

APPLY, VALIDATE, MACROS = (
    "/v1/scenarios/apply",
    "/v1/scenarios/validate",
    "/v1/tool-registry/macros",
)
pytestmark = pytest.mark.django_db(transaction=True)
ROWS = (Agent, Intent, Event, Delivery, Workflow, Step, Gate, Outbox)


@pytest.fixture
def people():
    return make_people()


def test_apply_answers_with_every_name_its_readers_know(people, api):
    ensure_agent(people.here, "checker")

    body = api.post(APPLY, three_steps()).json()

    row = Intent.objects.get(id=body["intent_id"])
    agents = {agent.name: agent for agent in Agent.objects.all()}
    provided = body["agents_provisioned"][0]
    assert body["status"] == row.status == "WAITING"
    assert body["pending_with"] == f"{HERE}/worker"
    assert body["compile_id"] == body["workflow_compile_id"]
    assert body["idempotent"] is False
    assert body["agents"] == [
        {"role": "worker", "address": f"{HERE}/worker", "created": True},
        {"role": "checker", "address": f"{HERE}/checker", "created": False},
    ]
    assert provided["service_account_id"] == provided["sa_id"] == str(agents["worker"].id)
    assert provided["agent_address"] == provided["address"] == f"{HERE}/worker"


def test_an_agent_taken_off_the_register_is_registered_anew(people, api):
    gone = ensure_agent(people.here, "worker")
    api.call("DELETE", f"/v1/service-accounts/{gone.id}")

    body = api.post(APPLY, three_steps()).json()

    assert body["agents"][0] == {"role": "worker", "address": f"{HERE}/worker", "created": True}
    told = api.get("/v1/agents/worker").json()["agent"]
    assert (told["service_account_id"], told["status"]) == (str(gone.id), "active")


def test_a_killed_agent_does_not_come_back_by_being_removed(people, api):
    gone = ensure_agent(people.here, "worker")
    api.post(f"/v1/mesh/agents/{gone.id}/kill")
    api.call("DELETE", f"/v1/service-accounts/{gone.id}")

    answer = api.post(APPLY, three_steps())

    assert refusal(answer)[0] == 422
    assert "switched off" in answer.text


def test_reading_a_scenario_shows_its_steps_and_reading_its_work_shows_the_scenario(people, api):
    scenario_id = api.post(APPLY, three_steps()).json()["intent_id"]

    parent = api.get(f"/v1/intents/{scenario_id}").json()["intent"]
    steps = parent["workflow"]["steps"]
    child = api.get(f"/v1/intents/{steps[0]['intent_id']}").json()["intent"]

    assert [(step["step_id"], step["status"]) for step in steps] == [
        ("build", "active"),
        ("check", "waiting"),
        ("release", "waiting"),
    ]
    assert parent["pending_with"] == {"type": "agent", "ref": f"{HERE}/worker", "name": "worker"}
    assert parent["scenario_id"] == "deploy.demo.v1"
    assert child["parent_intent_id"] == scenario_id
    assert (child["scenario_id"], child["step_id"]) == ("deploy.demo.v1", "build")
    assert "workflow" not in child


def test_a_person_may_be_first_and_the_task_has_the_id_the_command_line_resumes(people, api):
    applied = api.post(APPLY, bundle(person_step("release"))).json()

    (task,) = api.get("/v1/me/tasks").json()["tasks"]
    decided = api.post(
        f"/v1/intents/{applied['intent_id']}/resume", {"task_result": {"outcome": "approved"}}
    )

    assert applied["pending_with"] == "Data Owner"
    assert task["intent_id"] == applied["intent_id"]
    assert task["human_task"]["title"] == "Agree to release?"
    assert decided.json()["intent"]["status"] == "IN_PROGRESS"


def test_a_task_for_any_reviewer_lists_no_empty_assignees(people, api):
    api.post(APPLY, bundle(person_step("release"), humans=[{"role": "owner"}]))

    (task,) = api.get("/v1/me/tasks").json()["tasks"]

    assert "assignees" not in task["human_task"]


def test_approving_the_current_step_of_a_scenario_goes_on_with_it(people, api):
    applied = api.post(APPLY, bundle(person_step("release"))).json()

    body = {"approve_current_step": True, "reason": "Fine"}
    answer = api.post(f"/v1/intents/{applied['intent_id']}/resume", body)

    assert answer.json()["applied"] is True
    assert Gate.objects.get().outcome == "approved"


@pytest.mark.parametrize("place", ["header", "bundle", "both"])
def test_the_same_key_applies_once_and_says_so(people, api, place):
    given = three_steps() | ({"idempotency_key": "k1"} if place != "header" else {})
    headers = {"idempotency-key": "k1"} if place != "bundle" else {}

    first = api.post(APPLY, given, headers=headers).json()
    before = counts(*ROWS)
    again = api.post(APPLY, given, headers=headers).json()

    assert again == {**first, "idempotent": True}
    assert counts(*ROWS) == before


def test_the_same_key_for_another_bundle_is_refused(people, api):
    api.post(APPLY, three_steps(idempotency_key="k1"))

    answer = api.post(APPLY, bundle(agent_step("build"), idempotency_key="k1"))

    assert refusal(answer)[:2] == (409, "idempotency_conflict")


def test_the_same_apply_many_times_at_once_makes_one_scenario(people, api):
    given = {"json": three_steps(idempotency_key="k1")}

    answers = api.together(*[("POST", APPLY, given)] * 6)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["intent_id"] for answer in answers}) == 1
    assert Workflow.objects.count() == 1


def test_validate_says_what_apply_refuses_and_neither_leaves_anything(people, api):
    given = three_steps()
    given["workflow"]["steps"][1]["assigned_to"] = "nobody"
    before = counts(*ROWS)

    checked = api.post(VALIDATE, given)
    status, code, sentence = refusal(applied := api.post(APPLY, given))

    assert checked.status_code == 200
    assert checked.json()["valid"] is False
    assert checked.json()["errors"] == applied.json()["error"]["details"]["errors"]
    assert (status, code) == (422, "schema_invalid")
    assert sentence.startswith("workflow.steps[1].assigned_to: ")
    assert counts(*ROWS) == before


def test_a_good_bundle_is_valid_and_validating_makes_nothing(people, api):
    before = counts(*ROWS)

    body = api.post(VALIDATE, three_steps()).json()

    assert body == {"ok": True, "valid": True, "errors": [], "warnings": []}
    assert counts(*ROWS) == before


def test_an_agent_nobody_registered_is_a_warning(people, api):
    given = bundle(agent_step("build"), agents=[{"role": "worker", "address": "worker"}])

    body = api.post(APPLY, given).json()

    assert body["warnings"] == [
        f"agents[0].address: no agent is registered at {HERE}/worker; "
        "its work waits until one listens"
    ]
    assert body["agents_provisioned"] == []
    assert not Agent.objects.exists()


def test_people_nobody_here_is_are_a_warning(people, api):
    humans = [{"role": "owner", "contact": "cid@example.com"}, {"role": "backup"}]
    steps = (
        person_step("first"),
        person_step("second", "dora@example.com"),
        person_step("third", "bob@example.com"),
    )

    body = api.post(VALIDATE, bundle(*steps, humans=humans)).json()

    assert sorted(body["warnings"]) == [
        "humans[0].contact: no reviewer here is cid@example.com; any reviewer is asked",
        "workflow.steps: second: no reviewer here is dora@example.com; any reviewer is asked",
    ]


MINE = f"or {HERE}/name"
USED = [
    ({"address": "agent://other/place/worker"}, f"cannot be registered; write a name of 2 to 63 letters, digits, . _ or -, {MINE}"),
    ({"address": "a b"}, f"cannot be registered; write a name of 2 to 63 letters, digits, . _ or -, {MINE}"),
    ({"address": "agent_core"}, "agent_core is this server itself; name an agent of yours"),
    ({"address": "desk"}, "desk is an address of people; write it under humans"),
    ({"address": "killed"}, "killed was switched off; switch it on before you use it"),
]  # fmt: skip


@pytest.mark.parametrize(("agent", "error"), USED, ids=[row[0]["address"] for row in USED])
def test_an_address_that_cannot_work_is_refused(people, api, now, agent, error):
    for name, more in (("desk", {"kind": "people"}), ("killed", {"killed_at": now})):
        row = ensure_agent(people.here, name)
        Agent.objects.filter(id=row.id).update(**more)
    agents = [{"role": "worker", "create_if_missing": True, **agent}]
    before = counts(*ROWS)

    answer = api.post(APPLY, bundle(agent_step("build"), agents=agents))

    assert answer.json()["error"]["details"]["errors"] == [f"agents[0].address: {error}"]
    assert counts(*ROWS) == before


def test_an_agent_key_applies_but_registers_no_one(people):
    ensure_agent(people.here, "worker")
    api = agent_api(people.here, "shop")
    known = [{"role": "worker", "address": "worker", "create_if_missing": True}]

    assert api.post(APPLY, bundle(agent_step("build"), agents=known)).status_code == 200
    assert refusal(api.post(APPLY, three_steps()))[:2] == (403, "invalid_actor_scope")


def test_an_agent_never_decides_a_step(people, api):
    applied = api.post(APPLY, bundle(person_step("release"))).json()
    agent = agent_api(people.here, "worker")

    body = {"task_result": {"outcome": "approved"}}
    answer = agent.post(f"/v1/intents/{applied['intent_id']}/resume", body)

    assert answer.status_code == 403
    assert Gate.objects.get().is_open


def test_another_workspaces_scenario_does_not_exist(people, api):
    applied = api.post(APPLY, three_steps()).json()
    child = Intent.objects.get(parent=applied["intent_id"])
    stranger = Api(make_token(people.elsewhere))

    for id in (applied["intent_id"], child.id):
        assert refusal(stranger.get(f"/v1/intents/{id}"))[0] == 404
        assert refusal(stranger.post(f"/v1/intents/{id}/resume", {"action": "complete"}))[0] == 404
        assert refusal(stranger.post(f"/v1/intents/{id}/cancel", {}))[0] == 404


def test_an_agent_of_another_workspace_is_not_reached_by_its_full_address(people, api):
    """The address is kept as written, and the work stays in the sender's workspace."""
    ensure_agent(people.elsewhere, "worker")
    agents = [{"role": "worker", "address": "agent://other/place/worker"}]

    api.post(APPLY, bundle(agent_step("build"), agents=agents))

    there = agent_api(people.elsewhere, "worker")
    assert there.get("/v1/agents/other/place/worker/intents").json()["intents"] == []


@pytest.mark.parametrize(
    "body", [[], "bundle", 7, None, {"agents": {"a": 1}}, {"workflow": {"steps": {}}}]
)
@pytest.mark.parametrize("path", [APPLY, VALIDATE])
def test_what_is_no_bundle_gets_a_clear_answer(people, api, path, body):
    answer = api.call("POST", path, json=body)

    assert answer.status_code in {200, 422}
    if answer.status_code == 422:
        refusal(answer)
    else:
        assert answer.json()["valid"] is False
    assert not Intent.objects.exists()


@pytest.mark.parametrize("path", [APPLY, VALIDATE, MACROS])
def test_nothing_is_told_without_a_key(db, path):
    answer = Api().call("GET" if path == MACROS else "POST", path, json=None)

    assert refusal(answer)[0] == 401


def test_macros_are_listed_and_described(people, api):
    listed = api.get(MACROS).json()["macros"]

    for each in listed:
        macro = api.get(f"{MACROS}/{each['macro_id']}").json()["macro"]
        assert macro["description"] == each["description"]
        assert {"name", "default", "description"} == set(macro["parameters"][0])
    assert refusal(api.get(f"{MACROS}/nothing"))[:2] == (404, "macro_not_found")


def test_a_payload_must_fit_its_registered_type(people, api):
    schema = {"type": "object", "properties": {"order": {"type": "integer"}}}
    named = {
        "semantic_type": "shop.refund.v1",
        "schema_json": schema,
        "compatibility_mode": "strict",
    }
    api.post("/v1/schemas", named)
    given = bundle(
        person_step("release"), intent={"type": "shop.refund.v1", "payload": {"order": "many"}}
    )
    before = counts(*ROWS)

    found = api.post(VALIDATE, given).json()
    refused = api.post(APPLY, given)

    assert found["valid"] is False
    assert found["errors"] == ["intent.payload.order: must be integer"]
    assert refusal(refused)[:2] == (422, "schema_invalid")
    assert counts(*ROWS) == before


def test_an_agent_that_is_not_named_is_missed_and_no_address_is_made_up_for_it(people, api):
    given = bundle(agent_step("build")) | {"agents": [{"display_name": "A"}, {}]}

    told = api.post(VALIDATE, given).json()

    assert "agents[0].role: is missing; write a text of 1 to 100 characters" in told["errors"]
    assert told["warnings"] == []
