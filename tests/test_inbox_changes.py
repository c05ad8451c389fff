"""The feed of an inbox: each change once, none missed, also when it is committed late."""

from datetime import timedelta
from threading import Event as Signal
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from approvals.actions import nudge
from intents import feed
from intents.actions import reply
from intents.feed import BadCursor, Cursor
from intents.models import Delivery
from tests.calling import agent_api, refusal, workspace_api
from tests.factories import HERE, anyone_in, make_gate, make_intent, make_people
from tests.racing import racers, rounds

pytestmark = pytest.mark.django_db(transaction=True)
DESK = f"{HERE}/desk"
OWNER = {"owner_agent": DESK}


def follow(api, cursor=None, **given):
    """Read on from a cursor to the end; return the threads' ids and the last cursor."""
    ids = []
    while True:
        params = OWNER | given | ({"cursor": cursor} if cursor else {})
        page = api.get("/v1/inbox/changes", params=params).json()
        assert set(page) == {"ok", "changes", "next_cursor", "has_more"}
        ids += [UUID(change["thread"]["thread_id"]) for change in page["changes"]]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return ids, cursor


def told_once(ids, but=()):
    """Leave out what came twice: PostgreSQL may tell again what it told while others write."""
    again = set(but) if connection.vendor == "postgresql" else set()
    return [id for id in dict.fromkeys(ids) if id not in again]


def test_an_empty_inbox_has_no_changes(api):
    assert api.get("/v1/inbox/changes", params=OWNER).json() == {
        "ok": True, "changes": [], "next_cursor": None, "has_more": False,
    }  # fmt: skip


def test_changes_come_page_by_page_each_once_and_then_only_what_is_new(people, api):
    sent = [make_intent(people.here).id for _ in range(7)]

    ids, cursor = follow(api, limit=3)
    assert sorted(told_once(ids)) == sorted(sent)
    assert told_once(follow(api, cursor)[0], but=sent) == []

    api.post(f"/v1/inbox/{sent[2]}/reply", {"message": "Which order?"}, params=OWNER)
    assert sent[2] in follow(api, cursor)[0]


def test_a_change_has_a_cursor_of_its_own_to_go_on_from(people, api):
    for _ in range(3):
        make_intent(people.here)

    first, *rest = api.get("/v1/inbox/changes", params=OWNER).json()["changes"]

    assert 3 <= len(first["cursor"]) <= 128
    assert follow(api, first["cursor"])[0] == [UUID(c["thread"]["thread_id"]) for c in rest]


@pytest.mark.parametrize("what", ["reply", "approve", "delegate"])
def test_what_happens_to_a_thread_is_a_change(people, api, what):
    intent = make_intent(people.here)
    _, cursor = follow(api)

    body = {"message": "x", "delegate_to": "agent://other"}
    api.post(f"/v1/inbox/{intent.id}/{what}", body, params=OWNER)

    assert follow(api, cursor)[0] == [intent.id]


def test_a_reminder_is_a_change(people, api, now):
    gate = make_gate(people.here, now=now, reminders={"after": 60})
    _, cursor = follow(api)

    nudge(gate.id, now=now + timedelta(seconds=61))

    assert follow(api, cursor)[0] == [gate.intent_id]


def test_work_that_is_handed_out_is_no_change(people, api):
    make_intent(people.here)
    _, cursor = follow(api)

    assert len(api.get("/v1/agents/desk/intents").json()["intents"]) == 1

    assert follow(api, cursor)[0] == []


def test_reading_and_hiding_are_the_owners_own_and_no_change(people, api):
    intent = make_intent(people.here)
    api.post(f"/v1/inbox/{intent.id}/reply", {"message": "x"}, params=OWNER)
    _, cursor = follow(api)

    api.post(f"/v1/inbox/{intent.id}/read", params=OWNER)
    api.post(f"/v1/inbox/{intent.id}/messages/delete", {"mode": "self"}, params=OWNER)

    assert follow(api, cursor)[0] == []


def test_a_change_that_is_committed_late_is_not_missed(people, api, now):
    early, late = (make_intent(people.here, now=now) for _ in range(2))
    actor = anyone_in(people.here)
    reply(early.id, message="x", actor=actor, now=now + timedelta(seconds=2))
    _, cursor = follow(api)

    reply(late.id, message="x", actor=actor, now=now + timedelta(seconds=1))

    ids, cursor = follow(api, cursor)
    assert ids == [late.id]
    assert follow(api, cursor)[0] == []


def test_more_late_changes_than_a_page_takes_are_all_told(people, api, now):
    early, *late = (make_intent(people.here, now=now) for _ in range(6))
    actor = anyone_in(people.here)
    reply(early.id, message="x", actor=actor, now=now + timedelta(seconds=2))
    _, cursor = follow(api)

    for row in late:
        reply(row.id, message="x", actor=actor, now=now + timedelta(seconds=1))

    ids, cursor = follow(api, cursor, limit=2)
    assert {*ids} == {row.id for row in late}
    assert follow(api, cursor)[0] == []


def test_a_change_in_a_transaction_that_is_still_open_is_told_after_its_commit():
    people, now = make_people(), timezone.now()
    early, late = (make_intent(people.here, now=now) for _ in range(2))
    actor, written, seen = anyone_in(people.here), Signal(), Signal()
    reply(early.id, message="x", actor=actor, now=now + timedelta(seconds=2))

    def write():
        with transaction.atomic():
            reply(late.id, message="x", actor=actor, now=now + timedelta(seconds=1))
            written.set()
            assert seen.wait(30)

    def read():
        assert written.wait(30)
        try:
            return feed.changes(people.here.id, DESK, after=None, limit=50).next
        finally:
            seen.set()

    with racers(2) as race:
        failed, cursor = race.run(write, read)
    page = feed.changes(people.here.id, DESK, after=cursor, limit=50)

    assert failed is None
    assert cursor.at == now + timedelta(seconds=2)
    assert late.id in {row.intent_id for _, row in page.rows}


def test_a_reader_beside_many_writers_sees_every_change():
    people = make_people()
    actor = anyone_in(people.here)
    intents = [make_intent(people.here) for _ in range(4)]
    seen, cursor = {}, None

    with racers(5) as race:
        for _ in range(rounds(60)):

            def write(intent):
                reply(intent.id, message="x", actor=actor, now=timezone.now())

            def read(cursor=cursor):
                return feed.changes(people.here.id, DESK, after=cursor, limit=2)

            calls = [lambda intent=intent: write(intent) for intent in intents]
            *done, page = race.run(*calls, read)
            assert done == [None] * 4
            cursor = page.next
            seen |= {row.intent_id: row.updated_at for _, row in page.rows}

    while page.has_more or page.rows:
        page = feed.changes(people.here.id, DESK, after=cursor, limit=2)
        cursor = page.next
        seen |= {row.intent_id: row.updated_at for _, row in page.rows}
    assert seen == dict(Delivery.objects.values_list("intent_id", "updated_at"))


def test_an_agent_follows_its_own_inbox_and_no_other(people):
    make_intent(people.here)
    desk, ops = agent_api(people.here, "desk"), agent_api(people.here, "ops")

    assert len(desk.get("/v1/inbox/changes").json()["changes"]) == 1
    assert ops.get("/v1/inbox/changes").json()["changes"] == []
    assert refusal(ops.get("/v1/inbox/changes", params=OWNER))[:2] == (403, "invalid_actor_scope")
    stranger = workspace_api(people.elsewhere)
    assert stranger.get("/v1/inbox/changes", params=OWNER).json()["changes"] == []


NO_CURSORS = [
    "x", "1", "1:2", f"-1:{uuid4()}", f"{10**18}:{uuid4()}", f"{'9' * 18}:{uuid4()}",
    f"1:{uuid4()}:", f"1:{uuid4()}:{10**30}", f"1:{'-' * 36}", f"1_0:{uuid4()}", "\u0661:x",
]  # fmt: skip


def test_a_cursor_that_is_none_is_refused(api, subtests):
    for cursor in NO_CURSORS:
        with subtests.test(cursor):
            answer = api.get("/v1/inbox/changes", params=OWNER | {"cursor": cursor})
            assert refusal(answer)[:2] == (422, "schema_invalid")


def test_limits_are_bounded(people, api):
    make_intent(people.here)

    for limit in (-1, 0, 1, 10**30):
        page = api.get("/v1/inbox/changes", params=OWNER | {"limit": limit}).json()
        assert len(page["changes"]) == 1
    assert refusal(api.get("/v1/inbox/changes?limit=many"))[:2] == (422, "schema_invalid")


def test_cursors_of_the_protocol_and_of_other_marks_are_taken(people, api):
    intent = make_intent(people.here)
    _, cursor = follow(api)
    micros, id, mark = cursor.split(":")

    for given in (f"{micros}:{id}", f"{micros}:{id}:{10**17}"):
        assert follow(api, given)[0] == []
    assert follow(api, f"0:{id}")[0] == [intent.id]
    assert str(Cursor.read(cursor)) == cursor
    with pytest.raises(BadCursor):
        Cursor.read("")
    assert int(mark) >= 0
