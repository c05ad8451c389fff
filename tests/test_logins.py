"""Signing in from a terminal, by a code in a mail or by the desk: and what a guesser gets."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from accounts.models import CliGrant, LoginCode, Session
from accounts.sessions.secrets import login_code
from api.tasks import forget_logins
from approvals.logins import codes
from approvals.tasks import send_notices
from events.models import Outbox
from tests.calling import Api, refusal
from tests.factories import PASSWORD
from tests.signing_in import bearer

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = "/v1/auth/login-intent"


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()
    yield
    cache.clear()


def ask(email="bob@example.com"):
    told = Api().post(ASKED, {"email": email})
    assert told.status_code == 200, told.text
    return told.json()


def verify(login, code):
    return Api().post(f"{ASKED}/{login['intent_id']}/verify", {"code": code})


def mailed():
    """Send what is in the outbox and return the code in the last mail."""
    send_notices()
    return re.findall(r"^\d{6}$", mail.outbox[-1].body, re.MULTILINE)[0]


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_code_from_the_mail_signs_a_person_in(people):
    login = ask("Bob@Example.com ")
    code = mailed()

    told = verify(login, f" {code} ").json()

    assert (mail.outbox[0].to, mail.outbox[0].subject) == (["bob@example.com"], "Your sign-in code")
    assert told["org_id"] == str(people.here.org_id)
    assert told["workspace_id"] == str(people.here.id)
    assert told["refresh_token"]
    context = (
        Api()
        .get("/v1/portal/personal/context", headers=bearer(told["account_session_token"]))
        .json()
    )
    assert context["account"]["email"] == "bob@example.com"
    assert Api(told["api_key"]).get("/v1/capabilities").status_code == 200


def test_an_unknown_address_is_answered_alike_and_gets_no_mail(people):
    known, unknown = ask(), ask("nobody@example.com")

    assert known.keys() == unknown.keys()
    assert known["expires_in"] == unknown["expires_in"]
    assert Outbox.objects.count() == 1
    login = LoginCode.objects.get(id=unknown["intent_id"])
    for code in (login_code(login.id), "000000"):
        assert refusal(verify(unknown, code)) == refusal(verify(known, wrong(mailed())))
    assert not Session.objects.exists()


@pytest.mark.parametrize("who", ["inactive", "without a workspace"])
def test_whoever_may_not_sign_in_gets_no_mail(people, who):
    if who == "inactive":
        people.bob.is_active = False
        people.bob.save()
    else:
        people.bob.memberships.all().delete()

    login = ask()

    assert not Outbox.objects.exists()
    code = login_code(LoginCode.objects.get().id)
    assert refusal(verify(login, code))[:2] == (422, "invalid_code")


def test_a_code_works_once(people):
    login = ask()
    code = mailed()
    assert verify(login, code).status_code == 200

    assert refusal(verify(login, code))[:2] == (409, "login_used")
    assert Session.objects.count() == 1


def test_a_code_expires(people):
    login = ask()
    code = mailed()
    LoginCode.objects.update(expires_at=timezone.now())

    assert refusal(verify(login, code))[:2] == (410, "login_expired")


def test_five_wrong_guesses_end_a_code_even_for_the_right_one(people):
    login = ask()
    code = mailed()
    for _ in range(codes.MOST_ATTEMPTS):
        assert refusal(verify(login, wrong(code)))[:2] == (422, "invalid_code")

    assert refusal(verify(login, code))[:2] == (410, "login_expired")
    assert not Session.objects.exists()


def test_guesses_that_come_together_are_counted_one_by_one(people):
    login = ask()
    code = mailed()
    guess = ("POST", f"{ASKED}/{login['intent_id']}/verify", {"json": {"code": wrong(code)}})

    answers = Api().together(*[guess] * 12)

    statuses = [answer.status_code for answer in answers]
    assert sorted(set(statuses)) == [410, 422]
    assert statuses.count(422) == codes.MOST_ATTEMPTS


def test_an_address_is_sent_few_codes_whoever_asks(people):
    for _ in range(5):
        ask()

    assert refusal(Api().post(ASKED, {"email": "BOB@example.com"}))[:2] == (
        429, "rate_limit_exceeded",
    )  # fmt: skip
    assert Outbox.objects.count() == 5
    LoginCode.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    ask()


def test_an_address_is_sent_twenty_codes_a_day(people):
    for _ in range(20):
        ask()
        LoginCode.objects.update(created_at=timezone.now() - timedelta(hours=23))

    assert Api().post(ASKED, {"email": "bob@example.com"}).status_code == 429


def test_a_place_asks_for_so_many_logins_and_then_waits(people):
    for number in range(100):
        ask(f"nobody{number}@example.com")

    assert Api().post(ASKED, {"email": "bob@example.com"}).status_code == 429


def test_a_code_is_nowhere_in_the_database(people):
    ask()
    code = mailed()

    rows = [*LoginCode.objects.values(), *Outbox.objects.values()]
    stored = " ".join(str(value) for row in rows for name, value in row.items() if "id" not in name)
    assert code not in stored


def test_whoever_asks_writes_nothing_into_the_mail(people):
    lie = {"x-axme-client": "Go to https://evil.example now"}

    Api().post(ASKED, {"email": "bob@example.com"}, headers=lie)

    send_notices()
    (sent,) = mail.outbox
    assert "evil" not in sent.message().as_string()
    assert "evil" not in sent.alternatives[0].content


def test_a_mail_that_is_late_is_not_sent(people):
    ask()
    LoginCode.objects.update(expires_at=timezone.now())

    send_notices()

    assert mail.outbox == []
    assert Outbox.objects.get().state == Outbox.State.DROPPED


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (ASKED, {}, 422), (ASKED, {"email": 7}, 422), (ASKED, {"email": "bob"}, 422),
        (ASKED, {"email": "@" * 300}, 422), (ASKED, [], 422), (ASKED, {"email": "\x00@"}, 422),
        (f"{ASKED}/nonsense/verify", {"code": "000000"}, 404),
        (f"{ASKED}/{uuid4()}/verify", {"code": "000000"}, 404),
        (f"{ASKED}/{uuid4()}/verify", {"code": 7}, 422), (f"{ASKED}/{uuid4()}/verify", {}, 422),
    ],
    ids=lambda value: str(value)[-30:],
)  # fmt: skip
def test_malformed_logins_are_refused(people, path, body, status):
    assert refusal(Api().post(path, body))[0] == status


def test_a_code_of_digits_of_another_script_is_wrong(people):
    assert verify(ask(), "\u0661\u0662\u0663\u0664\u0665\u0666").status_code == 422


# By the desk


@pytest.fixture
def desk(client, people):
    client.force_login(people.bob)
    return client


def grant():
    return Api().post("/v1/auth/cli-grants", headers={"x-axme-client": "axme-cli/1.2"}).json()


def poll(given):
    return Api().get(f"/v1/auth/cli-grants/{given['grant_id']}")


def press(desk, given, answer="allow"):
    return desk.post("/cli", {"code": given["user_code"], "answer": answer})


def test_a_terminal_waits_until_a_person_allows_it(people, desk):
    given = grant()
    assert poll(given).json() == {
        "ok": True, "grant_id": given["grant_id"], "state": "pending",
    }  # fmt: skip
    page = desk.get(f"/cli?code={given['user_code']}&grant={given['grant_id']}").content.decode()
    assert given["user_code"] in page
    assert "axme-cli/1.2" in page

    assert press(desk, given).status_code == 200

    told = poll(given).json()
    assert told["state"] == "approved"
    assert told["api_key"] == poll(given).json()["api_key"]
    tasks = Api().get("/v1/me/tasks", headers=bearer(told["account_session_token"]))
    assert tasks.status_code == 200
    assert Session.objects.get().user == people.bob


def test_looking_at_a_grant_allows_nothing(desk):
    given = grant()

    for _ in range(5):
        desk.get(f"/cli?code={given['user_code']}&answer=allow")
        desk.head(f"/cli?code={given['user_code']}")

    assert poll(given).json()["state"] == "pending"
    assert not Session.objects.exists()


def test_a_stranger_is_asked_to_sign_in_first(client, people):
    given = grant()

    looked = client.get(f"/cli?code={given['user_code']}")
    pressed = press(client, given)

    assert (looked.status_code, pressed.status_code) == (302, 302)
    assert looked["Location"].startswith("/sign-in?next=/cli")
    assert poll(given).json()["state"] == "pending"


def test_a_form_of_another_site_allows_nothing(people):
    from django.test import Client

    checked = Client(enforce_csrf_checks=True)
    checked.force_login(people.bob)
    given = grant()

    assert press(checked, given).status_code == 403
    assert poll(given).json()["state"] == "pending"


def test_a_grant_is_allowed_once(desk):
    given = grant()
    press(desk, given)

    assert press(desk, given).status_code == 409
    assert Session.objects.count() == 1


def test_a_refused_terminal_is_told(desk):
    given = grant()

    assert "sent away" in press(desk, given, "refuse").content.decode()

    assert refusal(poll(given))[:2] == (410, "grant_expired")
    assert press(desk, given).status_code == 409
    assert not Session.objects.exists()


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_grant_expires_and_gives_nothing_any_more(desk, is_allowed):
    given = grant()
    if is_allowed:
        press(desk, given)
    CliGrant.objects.update(expires_at=timezone.now())

    assert refusal(poll(given))[:2] == (410, "grant_expired")
    assert desk.get(f"/cli?code={given['user_code']}").status_code == 404


@pytest.mark.parametrize("id", ["nonsense", str(uuid4()), "x" * 300])
def test_an_unknown_grant_is_not_found(people, id):
    assert refusal(Api().get(f"/v1/auth/cli-grants/{id}"))[:2] == (404, "grant_not_found")


@pytest.mark.parametrize("code", ["", "NOPE-NOPE", "\x00", "x" * 3000, "<script>"])
def test_an_unknown_code_says_so(desk, code):
    told = desk.get("/cli", {"code": code})

    assert told.status_code == 404
    assert "No terminal waits with this code" in told.content.decode()


def test_a_person_without_a_workspace_allows_nothing(desk, people):
    people.bob.memberships.all().delete()
    given = grant()

    told = press(desk, given)

    assert told.status_code == 409
    assert "You belong to no workspace" in told.content.decode()


def test_a_place_begins_so_many_grants_and_then_waits(people):
    for _ in range(100):
        grant()

    assert refusal(Api().post("/v1/auth/cli-grants"))[:2] == (429, "rate_limit_exceeded")


def test_a_lying_terminal_is_shown_as_text(desk):
    headers = {"x-axme-client": "<b>Your bank</b>"}
    given = Api().post("/v1/auth/cli-grants", headers=headers).json()

    page = desk.get(f"/cli?code={given['user_code']}").content.decode()

    assert "&lt;b&gt;Your bank" in page
    assert "<b>Your bank" not in page


def test_old_logins_are_forgotten(desk):
    press(desk, given := grant())
    ask()
    old = timezone.now() - timedelta(days=100)
    CliGrant.objects.update(expires_at=old)
    LoginCode.objects.update(created_at=old)
    Session.objects.update(expires_at=old)
    fresh = grant()

    forget_logins()

    assert not LoginCode.objects.exists()
    assert not Session.objects.exists()
    assert [str(row.id) for row in CliGrant.objects.all()] == [fresh["grant_id"]]
    assert given["grant_id"] != fresh["grant_id"]


def test_the_password_of_the_desk_is_not_what_a_terminal_sends(people):
    assert verify(ask(), PASSWORD).status_code == 422


def test_the_settings_list_a_persons_terminals_and_end_one(desk, people):
    press(desk, given := grant())
    token = poll(given).json()["account_session_token"]
    session = Session.objects.get()
    assert "axme-cli/1.2" in desk.get("/settings").content.decode()

    ended = desk.post(f"/cli/sessions/{session.id}/end")

    assert (ended.status_code, ended["Location"]) == (302, "/settings")
    assert "axme-cli/1.2" not in desk.get("/settings").content.decode()
    assert refusal(Api().get("/v1/me/tasks", headers=bearer(token)))[1] == "invalid_actor_token"


def test_nobody_ends_a_terminal_of_somebody_else(desk, client, people):
    press(desk, grant())
    session = Session.objects.get()

    for stranger in (people.ann, people.cid):
        client.force_login(stranger)
        assert client.post(f"/cli/sessions/{session.id}/end").status_code == 404
        assert "axme-cli/1.2" not in client.get("/settings").content.decode()
    assert client.get(f"/cli/sessions/{session.id}/end").status_code == 405
    session.refresh_from_db()
    assert session.revoked_at is None
