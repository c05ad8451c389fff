"""The inbox as its clients use it: the protocol's own order of checks, and the real package."""

from uuid import UUID, uuid4

import httpx
import pytest
from axme import AxmeClient, AxmeClientConfig, AxmeHttpError, AxmeValidationError

OWNER, DELEGATE = "agent://conformance/owner", "agent://conformance/delegate"
FIELDS = {
    "thread_id", "intent_id", "status", "owner_agent", "from_agent", "to_agent", "created_at",
    "updated_at", "timeline",
}  # fmt: skip


@pytest.fixture
def owner():
    """An address nobody else uses, so that its inbox holds only what a test put there."""
    return f"agent://conformance/{uuid4().hex[:8]}"


@pytest.fixture
def client(server):
    with AxmeClient(AxmeClientConfig(api_key=server.keys["here"], base_url=server.url)) as client:
        yield client


@pytest.fixture
def bearer(server):
    """The client of the conformance suite: the key stands where a token would."""
    headers = {"Authorization": f"Bearer {server.keys['here']}", "Content-Type": "application/json"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=15, trust_env=False) as client:
        yield client


def approval(owner, number=0):
    return {
        "intent_type": "approval.request.v1",
        "from_agent": "agent://conformance/sender",
        "to_agent": owner,
        "payload": {"number": number},
        "human_task": {"task_type": "approval", "title": f"Question {number}"},
    }


def message(**more):
    return {
        "intent_type": "notify.message.v1",
        "from_agent": "agent://conformance/sender",
        "to_agent": "agent://conformance/receiver",
        "payload": {"text": "hello"},
        **more,
    }


def ok(answer):
    assert answer.status_code == 200, answer.text
    assert answer.json()["ok"] is True
    return answer.json()


def check_thread(thread):
    assert set(thread) >= FIELDS
    assert UUID(thread["thread_id"])
    assert UUID(thread["intent_id"])
    assert thread["status"] in {"pending", "active", "done"}
    assert thread["timeline"]


def test_an_inbox_of_five_questions_passes_what_the_protocol_checks(bearer):
    """Checks 9 to 16 of the suite, in its order: each acts on the first thread of the list."""
    for number in range(5):
        ok(bearer.post("/v1/intents", json=approval(OWNER, number)))
    mine = {"owner_agent": OWNER}

    def first():
        thread = ok(bearer.get("/v1/inbox", params=mine))["threads"][0]
        check_thread(thread)
        return f"/v1/inbox/{thread['thread_id']}", thread["thread_id"]

    target = "agent://conformance/reply-target"
    sent = ok(bearer.post("/v1/intents", json=message(reply_to=target)))["intent_id"]
    ended = ok(bearer.post(f"/v1/intents/{sent}/resolve", json={"status": "COMPLETED"}))
    assert ended["completion_delivery"]["delivered"] is True
    assert ended["completion_delivery"]["reply_to"] == target
    told = ok(bearer.get("/v1/inbox", params={"owner_agent": target}))["threads"]
    assert sent in {thread["thread_id"] for thread in told}

    path, id = first()
    assert ok(bearer.get(path, params=mine))["thread"]["thread_id"] == id
    replied = ok(bearer.post(f"{path}/reply", params=mine, json={"message": "ack"}))
    assert replied["thread"]["thread_id"] == id

    page = ok(bearer.get("/v1/inbox/changes", params=mine))
    check_thread(page["changes"][0]["thread"])
    assert len(page["changes"][0]["cursor"]) >= 3
    short = ok(bearer.get("/v1/inbox/changes", params={**mine, "limit": 2}))
    assert short["has_more"] is True
    ok(bearer.get("/v1/inbox/changes", params={**mine, "cursor": short["next_cursor"]}))

    path, handed = first()
    body = {"delegate_to": DELEGATE, "note": "handoff"}
    check_thread(ok(bearer.post(f"{path}/delegate", params=mine, json=body))["thread"])
    path, approved = first()
    assert approved != handed
    body = {"comment": "approved in conformance"}
    thread = ok(bearer.post(f"{path}/approve", params=mine, json=body))["thread"]
    assert thread["status"] == "done"
    path, _ = first()
    body = {"mode": "self", "limit": 1}
    gone = ok(bearer.post(f"{path}/messages/delete", params=mine, json=body))
    assert (gone["mode"], gone["deleted_count"], gone["message_ids"]) == ("self", 0, [])
    check_thread(gone["thread"])


def test_every_call_of_the_real_client_to_the_inbox(client, owner):
    ids = [client.send_intent(approval(owner, n)) for n in range(4)]
    asked, refused, given, said = ids
    mine = {"owner_agent": owner}

    assert [t["thread_id"] for t in client.list_inbox(**mine)["threads"]] == ids
    assert client.get_inbox_thread(asked, **mine)["thread"]["subject"] == "Question 0"
    page = client.list_inbox_changes(limit=3, **mine)
    assert (len(page["changes"]), page["has_more"]) == (3, True)
    page = client.list_inbox_changes(cursor=page["next_cursor"], **mine)
    assert (len(page["changes"]), page["has_more"]) == (1, False)

    replied = client.reply_inbox_thread(said, message="Which one?", **mine)
    assert replied["thread"]["status"] == "active"
    key = {"idempotency_key": uuid4().hex, **mine}
    gone = client.delete_inbox_messages(said, {"mode": "both", "limit": 5}, **key)
    assert gone == client.delete_inbox_messages(said, {"mode": "both", "limit": 5}, **key)
    assert gone["deleted_count"] == 1
    assert client.get_inbox_thread(said, **mine)["messages"] == []

    to = {"delegate_to": "bob@example.com", "note": "Yours"}
    handed = client.delegate_inbox_thread(given, to, **mine)["thread"]
    assert handed["delegated_to"] == "bob@example.com"
    assert client.list_inbox(**mine)["threads"][-1]["thread_id"] == given
    approved = client.approve_inbox_thread(asked, {"comment": "Fine"}, **mine)["thread"]
    rejected = client.reject_inbox_thread(refused, {"comment": "No"}, **mine)["thread"]
    assert (approved["status"], rejected["status"]) == ("done", "done")

    changed = client.list_inbox_changes(cursor=page["next_cursor"], **mine)["changes"]
    assert {change["thread"]["thread_id"] for change in changed} == set(ids)


def test_the_real_client_is_told_what_was_wrong(client, owner):
    sent = client.send_intent(approval(owner))

    with pytest.raises(AxmeValidationError, match="no reviewer of this workspace") as failure:
        client.delegate_inbox_thread(sent, {"delegate_to": "x@example.com"}, owner_agent=owner)
    assert failure.value.status_code == 422
    with pytest.raises(AxmeValidationError, match="next_cursor"):
        client.list_inbox_changes(owner_agent=owner, cursor="nonsense")
    with pytest.raises(AxmeHttpError) as failure:
        client.get_inbox_thread(str(uuid4()), owner_agent=owner)
    assert failure.value.status_code == 404


def test_who_handed_it_on_has_a_dead_link_and_the_delegate_a_living_one(server, client, owner):
    title = f"Refund {uuid4().hex[:6]}?"
    question = approval(owner)
    question["human_task"] |= {"title": title, "assignees": ["bob@example.com"]}
    sent = client.send_intent(question)
    old = server.mail(title, to="bob@example.com").link

    to = {"delegate_to": "ann@example.com", "note": "I am away until Monday."}
    client.delegate_inbox_thread(sent, to, owner_agent="bob@example.com")

    mail = server.mail(f"Delegated to you: {title}", to="ann@example.com")
    assert "bob@example.com delegated this to you" in mail.text
    assert "I am away until Monday." in mail.text
    with httpx.Client(trust_env=False) as browser:
        assert "You delegated this to ann@example.com" in browser.get(old).text
        assert title in browser.get(mail.link).text
