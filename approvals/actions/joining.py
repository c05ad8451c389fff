"""Following an invitation at the desk: signed in, as somebody new, or by asking for its mail."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.actions import add_reviewer
from accounts.models import Membership, User
from accounts.people.models import Invite
from approvals.actions.inviting import InviteEnded, email_in, mail, tell_accepted

# One for the invitation, and some for those who lose it or mistype their address.
MOST_MAILS = 5


class NotTheirs(Exception):
    """The invitation is for somebody else."""

    def __init__(self, invite: Invite) -> None:
        super().__init__(f"This invitation is for {invite.email}. Sign in as that person.")


class EnoughMails(Exception):
    """This invitation was mailed often enough. Ask for a new one."""

    def __init__(self) -> None:
        super().__init__(EnoughMails.__doc__)


@transaction.atomic
def join(invite_id: UUID, *, person: User, now: datetime) -> Membership:
    """Let a signed-in person follow an invitation. Whoever is here already keeps their role.

    Raises: InviteEnded, NotTheirs.
    """
    held = _locked(invite_id, now=now)
    if held.email and held.email != person.email:
        raise NotTheirs(held)
    known = Membership.objects.filter(user=person, workspace=held.workspace).first()
    member = known or add_reviewer(held.workspace, email=person.email)
    held.joined_at, held.person = now, person
    held.save(update_fields=["joined_at", "person"])
    if held.profile is not None:
        held.profile.agent.person = person
        held.profile.agent.save(update_fields=["person"])
    tell_accepted(held, now=now)
    return member


@transaction.atomic
def join_anew(invite_id: UUID, *, email: str, name: str, password: str, now: datetime) -> User:
    """Make the account of somebody who came through their mail, and let them join.

    The caller has the secret that was mailed to `email`: that is what proves whose address it is.
    Raises: InviteEnded, NotTheirs when the invitation is for another address by now, or the
    account exists and has a password.
    """
    held = _locked(invite_id, now=now)
    if held.email != email:
        raise NotTheirs(held)
    person = User.objects.filter(email=held.email).first()
    if person is not None and (person.has_usable_password() or not person.is_active):
        raise NotTheirs(held)
    if person is None:
        person = User.objects.create_user(held.email, name=name)
    person.set_password(password)
    person.save(update_fields=["password"])
    join(invite_id, person=person, now=now)
    return person


@transaction.atomic
def mail_again(invite_id: UUID, *, email: str, now: datetime) -> Invite:
    """Mail an invitation to the address it is for, or, if it is for nobody yet, to this one.

    Raises: InviteEnded, EnoughMails.
    """
    held = _locked(invite_id, now=now)
    if held.mails_asked >= MOST_MAILS:
        raise EnoughMails
    if not email_in(held.recipient_hint):
        # The secret in an earlier mail proves that other address, and nothing about this one.
        held.email, held.mail_hash = email.lower(), None
        held.save(update_fields=["email", "mail_hash"])
    mail(held, now=now)
    return held


def _locked(invite_id: UUID, *, now: datetime) -> Invite:
    rows = Invite.objects.select_for_update(of=("self",))
    held = rows.select_related("workspace", "profile__agent").filter(id=invite_id).first()
    if held is None or not held.is_open(now):
        raise InviteEnded
    return held
