"""The page behind an invitation, and the admins' page that makes them."""

import re
from datetime import timedelta
from functools import partial

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.actions import add_reviewer, ensure_workspace
from accounts.models import Membership, User
from accounts.people.models import Invite
from approvals import invitations, notices
from approvals.actions import inviting, joining
from approvals.tasks import send_notices
from events import outbox
from events.models import Outbox, WebhookEvent
from tests.factories import PASSWORD, key, make_person, person
from tests.racing import racers, rounds
from tests.signing_in import at_desk

pytestmark = pytest.mark.django_db
LINK = re.compile(r"/invitations/[\w-]+")
NEW = {"name": "Dora", "password": "correct horse battery"}


@pytest.fixture(autouse=True)
def _mailbox(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def invited(people, hint="dora@example.com", **more):
    """Return an invitation and the address its maker has."""
    made, token = inviting.invite(
        people.here, owner_agent="key:ci", recipient_hint=hint, actor=person(people.ann),
        now=timezone.now(), **more,
    )  # fmt: skip
    return made, f"/invitations/{token}"


def mailed():
    """Send what is in the outbox and return the address in the last mail."""
    while outbox.send_next(notices.compose, now=timezone.now()):
        pass
    return LINK.findall(mail.outbox[-1].body)[0]


def test_an_admin_invites_and_the_mail_lets_somebody_new_in(people):
    ann = at_desk(people.ann)
    ann.post(f"/people/{people.here.id}/invite", {"email": "Dora@Example.com"})
    link = mailed()
    assert mail.outbox[-1].to == ["dora@example.com"]
    assert "ann@example.com" in mail.outbox[-1].subject
    dora = Client()
    before = Membership.objects.count(), User.objects.count()

    for _ in range(3):
        page = dora.get(link)
        assert page.status_code == 200
        assert page["Referrer-Policy"] == "no-referrer"
    assert (Membership.objects.count(), User.objects.count()) == before
    joined = dora.post(link, NEW, follow=True)

    assert joined.redirect_chain[-1][0] == "/"
    member = Membership.objects.get(user__email="dora@example.com")
    assert (member.workspace, member.role, str(member.user)) == (people.here, "reviewer", "Dora")
    assert Client().login(username="dora@example.com", password=NEW["password"])
    assert Client().get(link).status_code == 410
    assert Client().post(link, NEW | {"name": "Eve"}).status_code == 410


def test_the_makers_address_makes_no_account_and_only_mails(people):
    made, plain = invited(people)
    page = Client().get(plain).content.decode()
    assert "Send the mail again" in page

    answered = Client().post(plain, NEW | {"email": "eve@example.com"})

    assert answered.status_code == 200
    assert not User.objects.filter(email__in=["dora@example.com", "eve@example.com"]).exists()
    mailed()
    assert {to for sent in mail.outbox for to in sent.to} == {"dora@example.com"}
    made.refresh_from_db()
    assert made.email == "dora@example.com"


def test_an_invitation_for_nobody_yet_is_mailed_to_who_follows_it(people):
    _, plain = invited(people, hint="the new colleague")
    assert not Outbox.objects.exists()

    Client().post(plain, {"email": "Dora@example.com"})
    link = mailed()

    assert Client().post(link, NEW).status_code == 302
    assert Membership.objects.filter(user__email="dora@example.com").exists()


def test_the_secret_of_one_mailbox_takes_no_account_of_another(people):
    dora = add_reviewer(people.elsewhere, email="dora@example.com").user
    _, plain = invited(people, hint="the new colleague")
    Client().post(plain, {"email": "eve@example.com"})
    link = mailed()

    Client().post(plain, {"email": "dora@example.com"})
    answered = Client().post(link, NEW)

    assert answered.status_code == 404
    dora.refresh_from_db()
    assert not dora.has_usable_password()
    assert not people.here.memberships.filter(user=dora).exists()


def test_who_read_the_page_before_the_address_changed_makes_no_account_of_the_new_one(people):
    made, plain = invited(people, hint="the new colleague")
    Client().post(plain, {"email": "eve@example.com"})
    joining.mail_again(made.id, email="dora@example.com", now=timezone.now())

    with pytest.raises(joining.NotTheirs):
        joining.join_anew(made.id, email="eve@example.com", **NEW, now=timezone.now())

    assert not User.objects.filter(email="dora@example.com").exists()


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_is_overtaken_by_another_address_carries_no_secret(people):
    with racers(2) as team:
        for number in range(rounds(20)):
            made, _ = invited(people, hint=f"new colleague {number}")
            joining.mail_again(made.id, email="eve@example.com", now=timezone.now())
            row = Outbox.objects.get(subject_id=made.id)
            written, _ = team.run(
                partial(invitations.compose, row, timezone.now()),
                partial(joining.mail_again, made.id, email="dora@example.com", now=timezone.now()),
            )
            if written and written.to == "eve@example.com":
                found = invitations.find(LINK.findall(written.text)[0].rpartition("/")[2])
                assert found is None


def test_mails_come_to_an_end_and_only_the_last_link_works(people):
    _, plain = invited(people, hint="")
    links = []
    for _ in range(joining.MOST_MAILS):
        assert Client().post(plain, {"email": "dora@example.com"}).status_code == 200
        links.append(mailed())

    refused = Client().post(plain, {"email": "dora@example.com"})

    assert refused.status_code == 422
    assert "mailed often enough" in refused.content.decode()
    assert [Client().get(link).status_code for link in links] == [404] * 4 + [200]


def test_somebody_with_an_account_signs_in_and_joins_by_a_press(people):
    made, _ = invited(people, hint="cid@example.com")
    link = mailed()
    assert "Sign in to join" in Client().get(link).content.decode()
    assert Client().post(link, NEW).status_code == 200
    people.cid.refresh_from_db()
    assert people.cid.check_password(PASSWORD)
    cid = at_desk(people.cid)
    assert f"Join {people.here}" in cid.get(link).content.decode()
    assert people.cid.memberships.count() == 1

    cid.post(link)

    assert people.cid.memberships.count() == 2
    made.refresh_from_db()
    assert made.person == people.cid


def test_somebody_else_cannot_follow_it(people):
    _, plain = invited(people)
    link = mailed()
    cid = at_desk(people.cid)

    for address in (plain, link):
        assert "this invitation is for" in cid.get(address).content.decode()
        cid.post(address, NEW)
    assert people.cid.memberships.count() == 1
    assert not User.objects.filter(email="dora@example.com").exists()


def test_whoever_is_here_already_keeps_their_role(people):
    invited(people, hint="ann@example.com")
    link = mailed()

    at_desk(people.ann).post(link)

    assert people.ann.memberships.get().role == Membership.Role.ADMIN


def test_who_was_added_without_a_password_chooses_one(people):
    add_reviewer(ensure_workspace("other/place"), email="dora@example.com")
    invited(people)
    link = mailed()

    Client().post(link, NEW)

    dora = User.objects.get(email="dora@example.com")
    assert dora.check_password(NEW["password"])
    assert dora.memberships.count() == 2


def test_a_person_who_is_switched_off_stays_so(people):
    User.objects.create_user("dora@example.com", is_active=False)
    invited(people)
    link = mailed()

    Client().post(link, NEW)

    dora = User.objects.get(email="dora@example.com")
    assert not dora.has_usable_password()
    assert not dora.memberships.exists()


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"password": ""}, {"password": "12345678"}, {"password": "password"}],
    ids=str,
)
def test_a_poor_answer_joins_nobody_and_says_why(people, change):
    invited(people)
    link = mailed()

    answered = Client().post(link, NEW | change)

    assert answered.status_code == 422
    assert 'aria-invalid="true"' in answered.content.decode()
    assert not User.objects.filter(email="dora@example.com").exists()


def test_an_invitation_that_is_over_lets_nobody_in(people):
    made, plain = invited(people)
    link = mailed()
    ann = at_desk(people.ann)

    ann.post(f"/people/revoke/{made.id}")

    for address in (plain, link):
        assert Client().get(address).status_code == 410
        assert Client().post(address, NEW).status_code == 410
    Invite.objects.update(revoked_at=None, expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(link, NEW).status_code == 410
    assert Client().get("/invitations/" + "x" * 32).status_code == 404
    assert not User.objects.filter(email="dora@example.com").exists()


def test_a_revoked_invitation_is_not_mailed(people):
    made, _ = invited(people)
    inviting.revoke(made.id, actor=person(people.ann), now=timezone.now())

    send_notices()

    assert mail.outbox == []
    assert Outbox.objects.get().state == Outbox.State.DROPPED


def test_who_joins_stands_behind_the_address_that_was_accepted_for_them(people, now):
    _, plain = invited(people)
    link = mailed()
    token = plain.rsplit("/", 1)[1]
    held = inviting.accept(token, nick="@Dora", actor=key(people.here), now=now)

    Client().post(link, NEW)

    held.profile.agent.refresh_from_db()
    assert held.profile.agent.person == User.objects.get(email="dora@example.com")


def test_only_admins_see_and_change_the_people(people):
    made, _ = invited(people)

    for client in (at_desk(people.bob), at_desk(people.cid)):
        assert client.get("/people").status_code == 403
        assert (
            client.post(f"/people/{people.here.id}/invite", {"email": "e@e.example"}).status_code
            == 404
        )
        assert client.post(f"/people/revoke/{made.id}").status_code == 404
    assert Client().get("/people")["Location"].startswith("/sign-in")
    page = at_desk(people.ann).get("/people").content.decode()
    assert "bob@example.com" in page
    assert "dora@example.com" in page
    assert "by Ann, until" in page
    assert "cid@example.com" not in page
    assert Invite.objects.open(timezone.now()).count() == 1


def test_an_admin_of_one_workspace_invites_to_no_other(people):
    refused = at_desk(people.ann).post(
        f"/people/{people.elsewhere.id}/invite", {"email": "e@e.example"}
    )

    assert refused.status_code == 404
    answered = at_desk(people.ann).post(f"/people/{people.here.id}/invite", {"email": "nobody"})
    assert answered.status_code == 422
    assert "autofocus" in answered.content.decode()
    assert not Invite.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_follow_it_at_once_one_joins(people):
    strangers = [people.cid, make_person("Dora", people.elsewhere)]
    with racers(2) as team:
        for _ in range(rounds(10)):
            Membership.objects.filter(user__in=strangers, workspace=people.here).delete()
            made, _ = invited(people, hint="whoever comes first")

            ends = team.run(
                *(partial(joining.join, made.id, person=p, now=timezone.now()) for p in strangers)
            )

            assert sum(isinstance(end, inviting.InviteEnded) for end in ends) == 1
            assert people.here.memberships.filter(user__in=strangers).count() == 1


def test_whoever_subscribed_hears_of_an_invitation_that_was_followed(people):
    made, _ = invited(people)

    joining.join_anew(
        made.id, email=made.email, name="Dora", password=NEW["password"], now=timezone.now()
    )

    event = WebhookEvent.objects.get()
    assert (event.type, event.literal) == ("invite.accepted", "key:ci")
    assert event.payload == {
        "invite_id": str(made.id), "owner_agent": "key:ci", "nick": None, "joined": True,
    }  # fmt: skip
