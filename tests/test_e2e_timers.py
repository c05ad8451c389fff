"""The clock: a reminder, an escalation and a deadline come in time, and once each."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.stage import question


def test_reminder_escalation_and_deadline_come_in_time_and_once_each(server, run):
    title = f"Refund 120 to Dora {uuid4().hex[:6]}?"
    deadline = datetime.now(UTC) + timedelta(seconds=6)
    timed = {
        "deadline_at": deadline.isoformat(),
        "remind_after_seconds": 1,
        "escalate_to": "ann@example.com",
    }

    agent = run(server, "ask", question(title, **timed))

    ended = agent.told("ended")
    assert ended["ended"]["status"] == "TIMED_OUT"
    assert 0 <= ended["at"] - deadline.timestamp() < 2
    assert ended["intent"]["error"]["code"] == "timed_out"
    told = sorted((mail.to, mail.subject) for mail in server.mails(title))
    assert told == [
        ("ann@example.com", f"Nobody has answered: {title}"),
        ("bob@example.com", title),
        ("bob@example.com", f"Still waiting: {title}"),
    ]
    with server.api() as api:
        listed = api.get(f"/v1/intents/{agent.told('sent')['sent']}/events").json()["events"]
    types = [each["event_type"] for each in listed]
    assert types[-3:] == ["intent.reminder", "intent.escalated", "intent.timed_out"]


def test_whom_it_was_escalated_to_may_answer(server, run):
    title = f"Refund 120 to Dora {uuid4().hex[:6]}?"
    agent = run(
        server,
        "ask",
        question(title, remind_after_seconds=1, escalate_to="ann@example.com"),
    )

    mail = server.mail(title, to="ann@example.com")

    assert mail.subject == f"Nobody has answered: {title}"
    with server.api() as api:
        task = next(
            t for t in api.get("/v1/me/tasks").json()["tasks"] if t["human_task"]["title"] == title
        )
        api.post(f"/v1/approvals/{task['approval_id']}/decision", json={"decision": "approve"})
    assert agent.told("ended")["ended"]["status"] == "COMPLETED"
