"""The protocol's smaller families on a running server: its own checks, the real client, a browser."""

import re
from uuid import UUID, uuid4

import httpx
import pytest
from axme import AxmeClient, AxmeClientConfig
from axme_sdk.exceptions import AxmeHttpError, AxmeValidationError
from playwright.sync_api import expect

from tests.factories import PASSWORD
from tests.stage import open_request, question
from tests.waiting import until

OWNER = "agent://conformance/owner"
SENDER, RECEIVER = "agent://conformance/sender", "agent://conformance/receiver"
PDF = b"%PDF-1.7\n" + b"x" * (3 * 1024 * 1024)
INVITATION = re.compile(r"/invitations/[\w-]+")


@pytest.fixture
def bare(server):
    """Return a client with nothing but a workspace key in the bearer slot, as the suite has."""
    headers = {"Authorization": f"Bearer {server.keys['here']}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=15) as client:
        yield client


@pytest.fixture
def client(server):
    config = AxmeClientConfig(base_url=server.url, api_key=server.keys["here"])
    with AxmeClient(config) as sdk:
        yield sdk


def good(answer):
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["ok"] is True
    return body


def created(bare, *, key=None, **change):
    body = {"intent_type": "notify.message.v1", "from_agent": SENDER, "to_agent": RECEIVER,
            "payload": {"text": "hello"}, "correlation_id": str(uuid4()), **change}  # fmt: skip
    return bare.post("/v1/intents", json=body, headers={"Idempotency-Key": key} if key else {})


def frames(text):
    return [block for block in text.split("\n\n") if "event: intent." in block]


def test_checks_1_to_4_health_trace_create_and_repeat(bare):
    assert httpx.get(f"{bare.base_url}/health", trust_env=False).json()["ok"] is True
    traced = bare.get("/health", headers={"X-Trace-Id": "trace-7"})
    assert (traced.json()["ok"], traced.headers["x-trace-id"]) == (True, "trace-7")

    key = uuid4().hex
    first, again = (good(created(bare, key=key))["intent_id"] for _ in range(2))
    assert UUID(first)
    assert first == again
    other = created(bare, key=key, payload={"text": "other"})
    assert other.status_code == 409
    assert other.json()["detail"] == "idempotency key reused with different payload"


def test_checks_5_to_8_read_list_follow_and_resolve(bare):
    id = good(created(bare))["intent_id"]
    intent = good(bare.get(f"/v1/intents/{id}"))["intent"]
    assert (intent["intent_id"], intent["intent_type"]) == (id, "notify.message.v1")
    assert isinstance(intent["payload"], dict)

    events = good(bare.get(f"/v1/intents/{id}/events"))["events"]
    numbers = [event["seq"] for event in events]
    assert len(events) >= 2
    assert numbers == sorted(numbers)
    assert numbers[0] >= 1
    rest = good(bare.get(f"/v1/intents/{id}/events", params={"since": numbers[0]}))["events"]
    assert [event["seq"] for event in rest] == numbers[1:]
    stream = bare.get(f"/v1/intents/{id}/events/stream", params={"since": 1, "wait_seconds": 2})
    assert frames(stream.text)

    done = good(bare.post(f"/v1/intents/{id}/resolve", json={"status": "COMPLETED", "result": {}}))
    assert done["event"]["event_type"] == "intent.completed"
    assert done["event"]["status"] == "COMPLETED"
    late = bare.post(f"/v1/intents/{id}/resolve", json={"status": "CANCELED"})
    assert late.status_code == 409


def test_check_17_what_nobody_asked_cannot_be_decided(bare):
    """The suite wants 200 for a random id. It is a 404, and stays one."""
    answer = bare.post(f"/v1/approvals/{uuid4()}/decision", json={"decision": "approve"})

    assert answer.status_code == 404


def test_check_18_capabilities(bare):
    told = good(bare.get("/v1/capabilities"))

    assert all(len(each) >= 3 for each in told["capabilities"])
    assert all(re.fullmatch(r"intent\..+\.v1", each) for each in told["supported_intent_types"])


def test_checks_19_to_21_invitations_also_on_later_runs(bare):
    ids = set()
    for _ in range(2):
        body = {"owner_agent": OWNER, "recipient_hint": "Somebody", "ttl_seconds": 3600}
        made = good(bare.post("/v1/invites/create", json=body))
        assert len(made["token"]) >= 12
        assert made["invite_url"].startswith("http")
        assert made["status"] == "pending"
        read = good(bare.get(f"/v1/invites/{made['token']}"))
        assert (read["token"], read["owner_agent"]) == (made["token"], OWNER)
        taken = {"nick": "@Fixed.Nick.Of.A.Suite", "display_name": "Somebody"}
        told = good(bare.post(f"/v1/invites/{made['token']}/accept", json=taken))
        assert (told["status"], told["token"]) == ("accepted", made["token"])
        assert told["registry_bind_status"] == "disabled"
        ids.add(UUID(told["user_id"]))
    assert len(ids) == 1


def test_checks_22_to_24_files(bare):
    body = {"owner_agent": OWNER, "filename": "contract.pdf", "mime_type": "application/pdf",
            "size_bytes": 12_345}  # fmt: skip
    made = good(bare.post("/v1/media/create-upload", json=body))
    assert UUID(made["upload_id"])
    assert made["status"] == "pending"
    read = good(bare.get(f"/v1/media/{made['upload_id']}"))["upload"]
    assert (read["upload_id"], read["status"]) == (made["upload_id"], "pending")
    # Check 24 wants 200 without a byte having come. A file that never came is not ready.
    finish = {"upload_id": made["upload_id"], "size_bytes": 12_345}
    assert bare.post("/v1/media/finalize-upload", json=finish).status_code == 409

    data = PDF[:12_345]
    good(httpx.put(made["upload_url"], content=data, trust_env=False, timeout=15))
    done = good(bare.post("/v1/media/finalize-upload", json=finish))
    assert (done["status"], done["upload_id"]) == ("ready", made["upload_id"])
    assert done["finalized_at"]


def test_checks_25_and_26_intent_types(bare):
    schema = {"type": "object", "required": ["date"], "properties": {"date": {"type": "string"}}}
    body = {
        "semantic_type": "suite.calendar.schedule.v1",
        "schema_json": schema,
        "compatibility_mode": "strict",
    }
    for _ in range(2):
        made = good(bare.post("/v1/schemas", json=body))["schema"]
        assert made["semantic_type"] == body["semantic_type"]
        assert len(made["schema_hash"]) == 64
    assert good(bare.get(f"/v1/schemas/{body['semantic_type']}"))["schema"]["schema_json"] == schema


def test_checks_27_to_31_nicknames_and_profiles(bare):
    nick, other = (f"@suite_{uuid4().hex[:10]}" for _ in range(2))
    free = good(bare.get("/v1/users/check-nick", params={"nick": nick}))
    assert (free["nick"], free["available"]) == (nick, True)
    assert free["public_address"] == f"{free['normalized_nick']}@ax"
    made = good(bare.post("/v1/users/register-nick", json={"nick": nick, "display_name": "S"}))
    assert UUID(made["user_id"])
    owner = made["owner_agent"]
    renamed = good(bare.post("/v1/users/rename-nick", json={"owner_agent": owner, "nick": other}))
    assert (renamed["owner_agent"], renamed["nick"]) == (owner, other)
    read = good(bare.get("/v1/users/profile", params={"owner_agent": owner}))
    assert (read["owner_agent"], read["normalized_nick"]) == (owner, other[1:])
    change = {"owner_agent": owner, "display_name": "Somebody else"}
    changed = good(bare.post("/v1/users/profile/update", json=change))
    assert (changed["display_name"], bool(changed["updated_at"])) == ("Somebody else", True)


def test_the_real_client_uses_every_family(client, server):
    nick = f"@sdk_{uuid4().hex[:10]}"
    assert client.check_nick(nick)["available"]
    owner = client.register_nick({"nick": nick}, idempotency_key=uuid4().hex)["owner_agent"]
    assert client.rename_nick({"owner_agent": owner, "nick": nick.upper()})["nick"] == nick.upper()
    client.update_user_profile({"owner_agent": owner, "display_name": "Dora"})
    assert client.get_user_profile(owner)["display_name"] == "Dora"

    invite = client.create_invite({"owner_agent": owner, "ttl_seconds": 600})
    assert client.get_invite(invite["token"])["status"] == "pending"
    accepted = client.accept_invite(invite["token"], {"nick": f"{nick}_2"})
    assert accepted["public_address"] == f"{nick[1:]}_2@ax"

    name = f"sdk.n{uuid4().hex[:8]}.request.v1"
    strict = {"type": "object", "required": ["order"]}
    client.upsert_schema(
        {"semantic_type": name, "schema_json": strict, "compatibility_mode": "strict"}
    )
    assert client.get_schema(name)["schema"]["schema_json"] == strict
    with pytest.raises(AxmeValidationError, match="payload lacks order"):
        client.send_intent({"intent_type": name, "to_agent": "human", "payload": {}})

    upload = client.create_media_upload(
        {
            "owner_agent": owner,
            "filename": "a.pdf",
            "mime_type": "application/pdf",
            "size_bytes": len(PDF),
        }
    )
    assert httpx.put(upload["upload_url"], content=PDF, trust_env=False, timeout=30).is_success
    id = upload["upload_id"]
    client.finalize_media_upload({"upload_id": id, "size_bytes": len(PDF)})
    told = client.get_media_upload(id)["upload"]
    assert httpx.get(told["download_url"], trust_env=False, timeout=30).content == PDF

    where = {"org_id": "7", "workspace_id": "7"}
    for refused in (
        lambda: client.get_organization("7"),
        lambda: client.update_organization_member("7", "8", {}),
        lambda: client.create_access_request({}, idempotency_key="k"),
        lambda: client.get_quota(**where),
        lambda: client.get_usage_summary(**where),
        lambda: client.get_principal("7"),
        lambda: client.list_aliases(**where),
        lambda: client.remove_routing_endpoint("7"),
    ):
        with pytest.raises(AxmeHttpError) as failure:
            refused()
        told = failure.value.status_code, failure.value.body["error"]["code"]
        assert told == (404, "not_supported")


@pytest.mark.e2e
def test_somebody_new_is_invited_joins_and_answers_with_a_file(server, open_page, tmp_path):
    email, title = f"dora{uuid4().hex[:6]}@example.com", f"Refund {uuid4().hex[:6]}?"
    ann = open_page("ann")
    ann.get_by_role("link", name="People").click()
    ann.get_by_label("Invite a reviewer by e-mail").fill(email)
    ann.get_by_role("button", name="Send the invitation").click()
    expect(ann.get_by_text(email).first).to_be_visible()

    letter = server.mail("invites you to review", to=email)
    dora = open_page()
    dora.goto(INVITATION.findall(letter.text)[0])
    dora.get_by_label("Your name").fill("Dora")
    dora.get_by_label("A password").fill(PASSWORD)
    dora.get_by_role("button", name="Join").click()
    dora.get_by_role("heading", name="Waiting for you").wait_for()

    task = {"evidence_required": True, "assignees": [email]}
    with server.api() as api:
        intent = api.post("/v1/intents", json=question(title, task=task)).json()["intent_id"]
    receipt = tmp_path / "receipt.pdf"
    receipt.write_bytes(PDF)
    open_request(dora, title)
    dora.get_by_role("button", name="Approve").click()
    expect(dora.get_by_text("needs evidence").first).to_be_visible()
    dora.get_by_label("Or a file").set_input_files(receipt)
    asked_at = dora.url
    dora.get_by_role("button", name="Approve").click()

    with server.api() as api:
        ended = until(
            lambda: (row := api.get(f"/v1/intents/{intent}").json())["result"] and row,
            what="An end",
        )
        (id,) = ended["result"]["data"]["attachments"]
        assert api.get(f"/v1/media/download/{id}").content == PDF
    # On to the next request that waits, or to the empty list.
    dora.wait_for_url(lambda url: url != asked_at)
    open_request(dora, title, place="/done")
    with dora.expect_download() as fetched:
        dora.get_by_role("link", name="receipt.pdf", exact=True).click()
    assert fetched.value.path().read_bytes() == PDF
