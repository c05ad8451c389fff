"""The desk's pages: who sees what, and that only a confirmed press decides."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.actions import add_reviewer, ensure_workspace
from accounts.actor import Channel
from accounts.keys import actor_for_user
from approvals.actions import Answer, decide, send_test_request
from approvals.models import Decision, EmailLink, Gate
from tests.factories import key, make_gate
from tests.signing_in import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return ensure_workspace("halden/freight")


@pytest.fixture
def ann(workspace):
    return add_reviewer(workspace, email="ann@halden.example", name="Ann").user


@pytest.fixture
def gate(workspace, ann):
    actor = actor_for_user(ann, channel=Channel.API)
    gate = send_test_request(workspace, actor=actor, now=timezone.now())
    gate.asker = "agent://halden/freight/first-agent"
    return gate


def answer(client, gate, **more):
    data = {"outcome": "approved", "seen": gate.digest, **more}
    return client.post(f"/requests/{gate.id}/decide", data)


def test_a_visitor_is_asked_to_sign_in(gate):
    for path in ("/open", f"/requests/{gate.id}", "/live", "/settings"):
        assert Client().get(path)["Location"].startswith("/sign-in")


def test_the_queue_lists_what_waits(ann, gate, django_assert_max_num_queries):
    client = at_desk(ann)

    with django_assert_max_num_queries(8):
        page = client.get("/")

    assert "Refund order 58213" in page.content.decode()
    assert "No deadline" in page.content.decode()


def test_where_nothing_was_ever_asked_the_page_says_how_to_begin(ann):
    page = at_desk(ann).get("/").content.decode()

    assert "issue_key first-agent --workspace halden/freight" in page
    assert "Send me a test request" in page


def test_a_test_request_opens_at_once(ann):
    response = at_desk(ann).post("/test-request")

    assert response["Location"] == f"/requests/{Gate.objects.get().id}"


def test_a_request_shows_its_sentence_version_and_digest(ann, gate):
    page = at_desk(ann).get(f"/requests/{gate.id}").content.decode()

    assert "asks for approval: <b>Refund order 58213, €64.90</b>" in page
    assert f'name="seen" value="{gate.digest}"' in page
    assert gate.short_digest in page


def test_a_title_that_asks_ends_its_own_sentence(workspace, ann):
    gate = make_gate(workspace, task={"title": "Refund 120 to Dora?"})
    page = at_desk(ann).get(f"/requests/{gate.id}").content.decode()

    assert "<b>Refund 120 to Dora?</b> With " in page


def test_a_key_that_answered_has_one_name_all_over_the_page(workspace, ann, gate):
    now = timezone.now()
    decide(Answer(gate.id, "approved", key(workspace, name="shop")), now=now)

    page = at_desk(ann).get(f"/requests/{gate.id}").content.decode()

    assert "key:shop" not in page
    assert page.count("Approved by key “shop”") > 2


def test_a_stranger_gets_a_404_everywhere(gate):
    cid = add_reviewer(ensure_workspace("other/space"), email="cid@other.example").user

    assert at_desk(cid).get(f"/requests/{gate.id}").status_code == 404
    assert answer(at_desk(cid), gate).status_code == 404
    assert not Decision.objects.exists()


def test_an_auditor_reads_and_is_told_why_there_are_no_answers(workspace, gate):
    eve = add_reviewer(workspace, email="eve@halden.example", role="auditor").user
    page = at_desk(eve).get(f"/requests/{gate.id}").content.decode()

    assert 'form="decide"' not in page
    assert "only reviewers may answer" in page
    assert "</kbd> approve" not in page


def test_a_get_never_decides(ann, gate):
    client = at_desk(ann)

    assert client.get(f"/requests/{gate.id}/decide").status_code == 302
    assert not Decision.objects.exists()


def test_an_answer_goes_on_and_says_who_is_told(ann, gate):
    client = at_desk(ann)
    response = answer(client, gate, comment="Fine.")

    assert response.status_code == 303
    assert Decision.objects.get().comment == "Fine."
    assert "Approved. first-agent is told." in client.get("/done").content.decode()


def test_the_second_answer_is_refused_and_says_who_was_first(workspace, ann, gate):
    answer(at_desk(ann), gate)
    ben = add_reviewer(workspace, email="ben@halden.example", name="Ben").user
    response = answer(at_desk(ben), gate, outcome="rejected")

    assert response.status_code == 409
    assert "Ann already answered" in response.content.decode()


def test_an_answer_to_another_version_is_refused(ann, gate):
    response = answer(at_desk(ann), gate, seen="0" * 64)

    assert response.status_code == 409
    assert not Decision.objects.exists()


def test_a_refused_answer_keeps_what_was_typed(ann, gate):
    Gate.objects.update(is_evidence_required=True)
    response = answer(at_desk(ann), gate, comment="half a sentence")

    assert response.status_code == 422
    assert "half a sentence" in response.content.decode()
    assert 'href="#f-evidence"' in response.content.decode()


def test_a_grave_answer_asks_once_more(ann, gate):
    Gate.objects.update(risk="high")
    client = at_desk(ann)

    assert "Nothing is decided yet" in answer(client, gate, comment="Go").content.decode()
    assert not Decision.objects.exists()
    assert answer(client, gate, comment="Go", confirmed="yes").status_code == 303
    assert Decision.objects.get().comment == "Go"


def test_a_critical_answer_takes_the_name_of_the_thing(ann, gate):
    Gate.objects.update(risk="critical")
    client = at_desk(ann)

    assert answer(client, gate, confirmed="yes", name="Refund").status_code == 422
    assert answer(client, gate, confirmed="yes", name=gate.title).status_code == 303


def test_live_sends_slots_and_never_the_form(ann, gate):
    page = at_desk(ann).get("/live", {"open": gate.id, "list": "inbox"}).content.decode()

    assert 'id="due-in"' in page
    assert 'id="count-inbox"' in page
    assert "<form" not in page
    assert "<button" not in page
    assert 'class="payload"' not in page


def test_agent_text_cannot_make_markup(ann, gate):
    Gate.objects.update(title="<script>x</script>\u202e", description="<img src=x>")
    page = at_desk(ann).get(f"/requests/{gate.id}").content.decode()

    assert "<script>x" not in page
    assert "<img" not in page
    assert "U+202E" in page


@pytest.fixture
def token(gate, ann):
    token = tokens.new_link_token()
    EmailLink.objects.create(
        hash=tokens.digest(token),
        gate=gate,
        person=ann,
        digest=gate.digest,
        version=gate.version,
        created_at=timezone.now(),
        expires_at=timezone.now() + timedelta(hours=1),
    )
    return token


def test_opening_a_mail_link_decides_nothing_however_often(token):
    for method in (Client().get, Client().head, Client().get):
        response = method(f"/m/{token}")
        assert response.status_code == 200
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["Cache-Control"] == "no-store"
        assert "noindex" in response["X-Robots-Tag"]
    assert not Decision.objects.exists()


def test_a_mail_link_decides_by_its_button_once(token, ann):
    data = {"outcome": "rejected", "comment": "No."}

    assert "Rejected by you" in Client().post(f"/m/{token}", data).content.decode()
    assert Client().post(f"/m/{token}", data).status_code == 409
    assert Decision.objects.get().person == ann


def test_a_grave_mail_link_leads_to_the_desk(token):
    Gate.objects.update(risk="high")

    assert 'name="outcome"' not in Client().get(f"/m/{token}").content.decode()
    assert Client().post(f"/m/{token}", {"outcome": "approved"}).status_code == 422
    assert not Decision.objects.exists()


def test_a_mail_link_of_another_version_shows_the_new_one(token):
    Gate.objects.update(digest="0" * 64, version=2)

    assert "changed after this mail was sent" in Client().get(f"/m/{token}").content.decode()


def test_an_unknown_link_says_what_to_do():
    response = Client().get("/m/nothing")

    assert response.status_code == 404
    assert "copy the whole of it" in response.content.decode()


def test_a_form_without_its_token_is_not_taken(gate, ann):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)

    assert answer(client, gate).status_code == 403
    assert not Decision.objects.exists()


def test_settings_are_kept_and_written_on_the_page(ann):
    client = at_desk(ann)
    client.post("/settings", {"theme": "dark"})

    page = client.get("/settings").content.decode()
    assert '<html lang="en" data-theme="dark" data-keys="off">' in page
