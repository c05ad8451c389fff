"""Answering by the link in a mail: looking decides nothing, pressing decides once."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from tests.stage import question

SCANNERS = ("SafeLinks/1.0", "Slackbot-LinkExpanding 1.0", "curl/8", "Mozilla/5.0 (preview)")


def ask(server, run, **more):
    """Let the real client ask Bob; return its process, the id of its intent, and Bob's mail."""
    title = f"Refund 120 to Dora {uuid4().hex[:6]}?"
    agent = run(server, "ask", question(title, **more))
    sent = agent.told("sent")["sent"]
    return agent, sent, server.mail(title, to="bob@example.com")


def events(server, intent_id):
    with server.api() as api:
        return api.get(f"/v1/intents/{intent_id}/events").json()["events"]


def press(mailbox, link, outcome, **typed):
    """Open the page of a link as a browser without scripts would, and press one of its buttons."""
    page = mailbox.get(link).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    given = {"csrfmiddlewaretoken": token[1] if token else "", "outcome": outcome, **typed}
    return mailbox.post(link, data=given, headers={"Referer": link})


@pytest.fixture
def mailbox():
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.mark.e2e
def test_twenty_looks_decide_nothing_and_one_press_decides_once(server, run, open_page, mailbox):
    agent, intent_id, mail = ask(server, run)
    before = events(server, intent_id)

    for number in range(20):
        headers = {"User-Agent": SCANNERS[number % len(SCANNERS)]}
        looked = httpx.request(
            "HEAD" if number % 2 else "GET", mail.link, headers=headers, trust_env=False
        )
        assert looked.status_code == 200
        assert looked.headers["Cache-Control"] == "no-store"
    assert events(server, intent_id) == before

    page, late = open_page(), open_page()
    for opened in (page, late):
        opened.goto(mail.link)
    expect(page.get_by_text("You decide as Bob")).to_be_visible()
    page.get_by_label("Comment").fill("Seen on the train.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Approved by you")).to_be_visible()

    result = agent.told("ended")["intent"]["result"]
    assert (result["outcome"], result["comment"]) == ("approved", "Seen on the train.")
    assert (result["decided_by"], result["via"]) == ("bob@example.com", "email")

    late.get_by_role("button", name="Reject").click()
    expect(late.get_by_role("heading", name="Approved by Bob")).to_be_visible()
    again = press(mailbox, mail.link, "rejected")
    assert again.status_code in (403, 409)
    assert [each["event_type"] for each in events(server, intent_id)].count("intent.completed") == 1


def test_a_rejection_by_link_fails_the_intent_with_its_reason(server, run, mailbox):
    agent, _, mail = ask(server, run)

    pressed = press(mailbox, mail.link, "rejected", comment="No receipt.")

    assert pressed.status_code == 200
    assert "Rejected by you" in pressed.text
    error = agent.told("ended")["intent"]["error"]
    assert (error["code"], error["comment"]) == ("rejected", "No receipt.")


def test_a_link_decides_its_own_gate_and_no_other(server, run, mailbox):
    _, mine, mail = ask(server, run)
    _, other, other_mail = ask(server, run)
    digest = re.search(r"sha256 (\w{64})", mailbox.get(other_mail.link).text)[1]

    press(mailbox, mail.link, "approved", seen=digest)

    with server.api() as api:
        assert api.get(f"/v1/intents/{mine}").json()["status"] == "COMPLETED"
        assert api.get(f"/v1/intents/{other}").json()["status"] == "WAITING"
    assert "Your answer" in mailbox.get(other_mail.link).text


def test_a_link_is_dead_and_says_why_when_its_request_was_withdrawn(server, run, mailbox):
    _, intent_id, mail = ask(server, run)
    with server.api() as api:
        assert api.post(f"/v1/intents/{intent_id}/cancel", json={}).status_code == 200

    assert "This request was withdrawn" in mailbox.get(mail.link).text
    refused = press(mailbox, mail.link, "approved")
    assert refused.status_code in (403, 409)
    assert mailbox.get(f"{mail.link[:-4]}xxxx").status_code == 404
