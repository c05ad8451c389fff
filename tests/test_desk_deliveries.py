"""The delivery log at the desk: who reads it, what it says, and sending again by a press only."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client

from accounts.actions import add_reviewer
from api.axme.outgoing import KINDS
from approvals import notices
from events import calls, outbox
from events.models import Outbox
from events.subscribing import Wish, subscribe
from intents.actions import announce
from intents.models import Intent
from tests.factories import make_called, make_gate, make_intent
from tests.signing_in import at_desk


@pytest.fixture(autouse=True)
def _surroundings(settings):
    settings.OUTGOING_HOSTS = ["127.0.0.1"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []


@pytest.fixture
def ann(people):
    return at_desk(people.ann)


def words(page):
    """Return a page's text as it is read."""
    main = page.content.decode().split("<main")[1].split("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def send(now):
    return calls.send_next(KINDS, now=now)


@pytest.fixture
def failed_push(people, receiver, now):
    receiver.status = 500
    make_called(people.here, "desk", receiver.url)
    make_intent(people.here, now=now)
    send(now)
    return Outbox.objects.get(kind="push")


def test_an_empty_log_says_what_will_be_in_it(ann):
    assert "Nothing was sent yet" in words(ann.get("/deliveries"))
    assert "Nothing failed" in words(ann.get("/deliveries?show=failed"))
    assert "Nothing waits to be sent" in words(ann.get("/deliveries?show=waiting"))


def test_pushes_webhooks_and_mails_say_whom_about_what_and_how_they_stand(
    people, ann, receiver, failed_push, now
):
    wish = Wish(people.here.id, "", "", "https://integrator.example/x", ["intent.created"])
    subscribe(wish, now=now - timedelta(seconds=1))
    make_gate(people.here, task={"assignees": ["bob@example.com"]}, now=now)
    announce(now=now)
    outbox.send_next(notices.compose, now=now)

    said = words(ann.get("/deliveries"))

    assert "Failed, tried again Push to desk intent.refund.v1 from shop · attempt 1" in said
    assert re.search(r"It answered 500\. Next try in \d+ s\.", said)
    assert (
        "Waiting Webhook to integrator.example intent.created of intent.refund.v1 from shop" in said
    )
    assert "Sent Mail to Bob Refund 120 to Dora?" in said
    assert "tries" not in said


def test_a_mailed_invitation_names_whom_it_invites(people, ann, now):
    ann.post(f"/people/{people.here.id}/invite", {"email": "dora@example.com"})

    assert "Mail to dora@example.com Invitation · " in words(ann.get("/deliveries"))


def test_several_tries_are_listed_with_what_each_came_to(people, ann, receiver, now):
    receiver.status = 500
    wish = Wish(people.here.id, "", "", receiver.url, ["intent.created"])
    subscribe(wish, now=now - timedelta(seconds=1))
    make_intent(people.here, now=now)
    announce(now=now)
    send(now)
    receiver.status = 503
    send(now + timedelta(seconds=7))

    said = words(ann.get("/deliveries"))

    assert "Failed so far Webhook to 127.0.0.1" in said
    assert "2 tries" in said
    assert said.index("It answered 500. (") < said.index("It answered 503. (")


def test_the_filters_choose(ann, failed_push):
    assert "Push to desk" in words(ann.get("/deliveries?show=failed"))
    assert "Push to desk" not in words(ann.get("/deliveries?show=sent"))
    assert "Push to desk" in words(ann.get("/deliveries?show=nonsense"))


def test_admins_and_auditors_read_it_and_reviewers_and_visitors_do_not(people, failed_push):
    eve = add_reviewer(people.here, email="eve@example.com", role="auditor").user
    page = at_desk(eve).get("/deliveries")

    assert "Push to desk" in words(page)
    assert "Send again" not in words(page)
    assert at_desk(people.bob).get("/deliveries").status_code == 404
    assert "Deliveries" not in at_desk(people.bob).get("/open").content.decode()
    assert Client().get("/deliveries")["Location"].startswith("/sign-in")


def test_an_admin_of_another_workspace_reads_and_sends_nothing_of_it(people, failed_push):
    dan = add_reviewer(people.elsewhere, email="dan@example.com", role="admin").user

    assert "Push to desk" not in words(at_desk(dan).get("/deliveries"))
    assert at_desk(dan).post(f"/deliveries/{failed_push.id}/send-again").status_code == 404


def test_a_failed_push_is_sent_again_by_a_press(ann, receiver, failed_push, now):
    receiver.status = 200
    page = ann.post(f"/deliveries/{failed_push.id}/send-again", {"show": "failed"}, follow=True)

    assert page.redirect_chain == [("/deliveries?show=failed", 302)]
    assert "It is sent now." in page.content.decode()
    assert send(Outbox.objects.get(state="pending").next_try_at)
    assert Intent.objects.get().status == "ACKNOWLEDGED"


def test_an_attempt_that_a_later_one_followed_offers_no_button_that_would_be_refused(
    ann, receiver, failed_push, now
):
    assert "Send again" in words(ann.get("/deliveries"))

    ann.post(f"/deliveries/{failed_push.id}/send-again")
    again = Outbox.objects.get(state="pending")
    assert "Send now" in words(ann.get("/deliveries"))
    send(again.next_try_at)

    said = words(ann.get("/deliveries"))
    assert said.count("Send again") == 1
    assert said.index("Send again") < said.index("attempt 1")
    assert "It answered 500. A later attempt followed." in said


def test_a_get_sends_nothing_and_a_press_needs_its_token(people, failed_push):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.ann)
    url = f"/deliveries/{failed_push.id}/send-again"

    assert strict.get(url).status_code == 302
    assert strict.post(url).status_code == 403
    assert not Outbox.objects.filter(state="pending").exists()


def test_a_push_whose_intent_has_ended_is_refused_with_the_reason(people, ann, settings, now):
    settings.OUTGOING_HOSTS = []
    make_called(people.here, "desk", "https://127.0.0.1/")
    make_intent(people.here, now=now)
    send(now)
    row = Outbox.objects.get()

    assert "Send again" not in words(ann.get("/deliveries"))
    page = ann.post(f"/deliveries/{row.id}/send-again", follow=True).content.decode()
    assert "already FAILED; its outcome is final" in page


def test_a_dead_webhook_is_sent_again(people, ann, receiver, settings, now):
    wish = Wish(people.here.id, "", "", receiver.url, ["intent.created"])
    subscribe(wish, now=now - timedelta(seconds=1))
    make_intent(people.here, now=now)
    announce(now=now)
    settings.OUTGOING_HOSTS = []
    send(now)
    settings.OUTGOING_HOSTS = ["127.0.0.1"]
    row = Outbox.objects.get()
    assert row.state == "dead"

    ann.post(f"/deliveries/{row.id}/send-again")

    assert send(Outbox.objects.get().next_try_at)
    assert Outbox.objects.get().state == "sent"
    page = ann.post(f"/deliveries/{row.id}/send-again", follow=True).content.decode()
    assert "This message was sent, is being sent" in page


def test_what_does_not_exist_is_a_404(ann):
    assert ann.post(f"/deliveries/{uuid4()}/send-again").status_code == 404


def test_what_others_wrote_is_shown_as_text(people, ann, receiver, now):
    make_called(people.here, "desk", receiver.url)
    make_intent(people.here, type="<b>refund\u202e.v1</b>", now=now)

    page = ann.get("/deliveries").content.decode()

    assert "<b>refund" not in page
    assert "U+202E" in page


def test_the_log_goes_on_where_its_page_ended_and_takes_as_many_queries_for_one_as_for_many(
    people, ann, receiver, now, django_assert_max_num_queries
):
    make_called(people.here, "desk", receiver.url)
    for number in range(60):
        make_intent(people.here, now=now + timedelta(seconds=number))

    with django_assert_max_num_queries(22):
        page = ann.get("/deliveries").content.decode()
    after = re.search(r'href="(/deliveries\?before=[^"]+)"', page)[1].replace("&amp;", "&")
    rest = ann.get(after).content.decode()

    assert page.count("Push to") >= 50
    ids = [set(re.findall(r"/deliveries/([0-9a-f-]{36})/", each)) for each in (page, rest)]
    assert [len(each) for each in ids] == [50, 10]
    assert not ids[0] & ids[1]
