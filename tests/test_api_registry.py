"""Intent types over the API: registered, changed as far as they allow, and held against creates."""

import pytest

from events.models import Event
from intents.models import Intent
from intents.registry import known
from intents.registry.models import IntentType
from tests.calling import agent_api, refusal, workspace_api

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "shop.refund.request.v1"
SCHEMA = {"type": "object", "required": ["order"], "properties": {"order": {"type": "integer"}}}


@pytest.fixture(autouse=True)
def _fresh():
    known.forget()


def register(api, mode="strict", schema=None, **more):
    body = {"semantic_type": NAME, "schema_json": schema or SCHEMA, "compatibility_mode": mode}
    return api.post("/v1/schemas", body | more)


def create(api, payload, **more):
    return api.post("/v1/intents", {"intent_type": NAME, "payload": payload, **more})


def test_a_type_is_registered_and_read(api):
    made = register(api).json()["schema"]

    assert (made["semantic_type"], made["compatibility_mode"]) == (NAME, "strict")
    assert len(made["schema_hash"]) == 64
    read = api.get(f"/v1/schemas/{NAME}").json()["schema"]
    assert read == made | {"schema_json": SCHEMA}
    again = register(api).json()["schema"]
    assert again["schema_hash"] == made["schema_hash"]


@pytest.mark.parametrize("mode", ["strict", "backward"])
def test_a_payload_that_does_not_fit_is_refused_with_its_path(api, mode):
    register(api, mode)

    answer = create(api, {"order": "seven"})

    assert refusal(answer)[:2] == (422, "schema_invalid")
    assert answer.json()["error"]["details"]["fields"] == {"order": "must be integer"}
    assert not Intent.objects.exists()
    assert create(api, {"order": 7}).status_code == 200
    assert "warnings" not in create(api, {"order": 7}).json()


def test_a_lenient_type_takes_it_with_a_warning_that_the_trail_keeps(api):
    register(api, "warn")

    told = create(api, {"order": "seven"}).json()

    assert told["warnings"] == ["order must be integer"]
    first = Event.objects.get(intent_id=told["intent_id"], seq=1)
    assert first.data == {"warnings": ["order must be integer"]}


def test_repeated_with_its_key_the_answer_is_the_same(api):
    register(api, "warn")
    headers = {"Idempotency-Key": "k"}
    body = {"intent_type": NAME, "payload": {}}

    first, second = (api.post("/v1/intents", body, headers=headers).json() for _ in range(2))

    assert first == second
    assert first["warnings"]


def test_a_type_that_is_switched_off_refuses_nothing(api):
    register(api)
    register(api, active=False)

    assert create(api, {}).status_code == 200


def test_a_strict_type_changes_in_words_only(api):
    register(api)
    titled = SCHEMA | {"title": "A refund"}
    assert register(api, schema=titled).status_code == 200

    for mode in ("strict", "warn"):
        answer = register(api, mode, SCHEMA | {"required": []})
        assert refusal(answer)[:2] == (409, "schema_incompatible")
    assert IntentType.objects.get().schema == titled


def test_a_backward_type_may_accept_more_and_never_less(api):
    register(api, "backward")

    assert register(api, "backward", SCHEMA | {"required": []}).status_code == 200
    answer = register(api, "warn")
    assert refusal(answer)[:2] == (409, "schema_incompatible")
    assert "order" in refusal(answer)[2]
    # To loosen it is a step of its own: first the mode, then the schema.
    assert register(api, "warn", SCHEMA | {"required": []}).status_code == 200
    assert register(api, "warn").status_code == 200


def test_types_of_another_workspace_do_not_exist_and_bind_nobody(people, api):
    register(api)
    stranger = workspace_api(people.elsewhere)

    assert refusal(stranger.get(f"/v1/schemas/{NAME}"))[:2] == (404, "schema_not_found")
    assert create(stranger, {}).status_code == 200
    assert register(stranger, "warn", {"type": "object"}).status_code == 200
    assert IntentType.objects.count() == 2
    assert refusal(create(api, {}))[0] == 422


def test_an_agent_key_reads_types_and_registers_none(people, api):
    register(api)
    agent = agent_api(people.here, "shop")

    assert agent.get(f"/v1/schemas/{NAME}").status_code == 200
    assert refusal(register(agent, "warn"))[:2] == (403, "invalid_actor_scope")
    assert refusal(create(agent, {}))[0] == 422


@pytest.mark.parametrize(
    "change",
    [{"semantic_type": "a b"}, {"semantic_type": None}, {"schema_json": []}, {"schema_json": None},
     {"compatibility_mode": "loose"}, {"schema_json": {"type": "object", "$ref": "file:///etc"}},
     {"schema_json": {"type": 7}}, {"active": "perhaps"}, {"schema_ref": "x" * 513}],
    ids=str,
)  # fmt: skip
def test_a_malformed_type_is_not_registered(api, change):
    body = {"semantic_type": NAME, "schema_json": SCHEMA, "compatibility_mode": "strict"}

    assert refusal(api.post("/v1/schemas", body | change))[:2] == (422, "schema_invalid")
    assert not IntentType.objects.exists()


def test_creates_ask_for_types_once_in_a_while_only(api):
    create(api, {})
    space = Intent.objects.get().workspace_id

    assert known.remembered(space) == {}
