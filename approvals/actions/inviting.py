"""Inviting people to review: made, mailed, accepted, followed at the desk, revoked."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts import nicknames, tokens
from accounts.actions import add_reviewer
from accounts.actor import Actor, Kind
from accounts.joining import Invite, Profile
from accounts.models import Membership, User, Workspace
from events import log
from events.models import Outbox
from intents.actions import require_usable

MAIL = "invite.mail"
LIFE = timedelta(days=7)
# One for the invitation, and some for those who lose it or mistype their address.
MOST_MAILS = 5


class NoSuchInvite(Exception):
    """There is no such invitation."""

    def __init__(self) -> None:
        super().__init__(NoSuchInvite.__doc__)


class MayNotInvite(Exception):
    """Only admins of a workspace, and keys of it that may decide, invite people to it."""

    def __init__(self) -> None:
        super().__init__(MayNotInvite.__doc__)


class InviteEnded(Exception):
    """This invitation has expired, was revoked, or was used already. Ask for a new one."""

    def __init__(self) -> None:
        super().__init__(InviteEnded.__doc__)


class NotTheirs(Exception):
    """The invitation is for somebody else."""

    def __init__(self, invite: Invite) -> None:
        super().__init__(f"This invitation is for {invite.email}. Sign in as that person.")


class EnoughMails(Exception):
    """This invitation was mailed often enough. Ask for a new one."""

    def __init__(self) -> None:
        super().__init__(EnoughMails.__doc__)


@transaction.atomic
def invite(
    workspace: Workspace,
    *,
    owner_agent: str,
    recipient_hint: str = "",
    life: timedelta = LIFE,
    actor: Actor,
    now: datetime,
) -> tuple[Invite, str]:
    """Make an invitation and return it with its secret; a hint that is an e-mail is mailed to.

    Raises: MayNotInvite, KeyRefused.
    """
    require_usable(actor, now=now)
    _require_inviter(actor, workspace.id)
    token = tokens.new_link_token()
    made = Invite.objects.create(
        workspace=workspace,
        hash=tokens.digest(token),
        owner_agent=owner_agent,
        recipient_hint=recipient_hint,
        email=_email(recipient_hint),
        inviter=actor.name,
        created_at=now,
        expires_at=now + life,
    )
    if made.email:
        _mail(made, now=now)
    return made, token


@transaction.atomic
def accept(token: str, *, nick: str, display_name: str = "", actor: Actor, now: datetime) -> Invite:
    """Bind a nickname to an invitation, over the API. The same again is the same answer.

    Nobody joins and nobody is signed in by this: a person joins at the desk, through the mail.
    Raises: NoSuchInvite, InviteEnded, BadNick, NickTaken, MayNotInvite, KeyRefused.
    """
    require_usable(actor, now=now)
    found = Invite.objects.visible_to(actor).filter(hash=tokens.digest(token))
    held = found.select_for_update(of=("self",)).select_related("workspace").first()
    if held is None:
        raise NoSuchInvite
    _require_inviter(actor, held.workspace_id)
    if held.profile is not None and held.profile.normalised == nicknames.normalised(nick):
        return held
    if held.status(now) != "pending":
        raise InviteEnded
    held.profile = _known_by(held, nick, display_name, actor=actor, now=now)
    held.accepted_at = now
    held.save(update_fields=["profile", "accepted_at"])
    return held


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
    return member


@transaction.atomic
def join_anew(invite_id: UUID, *, name: str, password: str, now: datetime) -> User:
    """Make the account of somebody who came through their mail, and let them join.

    The caller has the mailed secret: that is what proves whose address it is.
    Raises: InviteEnded, NotTheirs when the account exists by now and has a password.
    """
    held = _locked(invite_id, now=now)
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
    if not _email(held.recipient_hint):
        held.email = email.lower()
        held.save(update_fields=["email"])
    _mail(held, now=now)
    return held


@transaction.atomic
def revoke(invite_id: UUID, *, actor: Actor, now: datetime) -> None:
    """End an invitation that nobody has followed. Raises: NoSuchInvite, MayNotInvite."""
    held = Invite.objects.visible_to(actor).select_for_update().filter(id=invite_id).first()
    if held is None:
        raise NoSuchInvite
    _require_inviter(actor, held.workspace_id)
    held.revoked_at = held.revoked_at or now
    held.save(update_fields=["revoked_at"])


def find(token: str, *, actor: Actor) -> Invite:
    """Return an invitation of the actor's workspace. Raises: NoSuchInvite."""
    found = Invite.objects.visible_to(actor).select_related("profile__agent", "workspace")
    held = found.filter(hash=tokens.digest(token)).first()
    if held is None:
        raise NoSuchInvite
    return held


def _require_inviter(actor: Actor, workspace_id: UUID) -> None:
    """A key that may not decide may not bring in somebody who does."""
    able = actor.administers if actor.kind is Kind.PERSON else actor.reviews
    if actor.is_agent or workspace_id not in able:
        raise MayNotInvite


def _email(hint: str) -> str:
    """Return the hint where it is an e-mail address, else nothing."""
    try:
        validate_email(hint.strip())
    except ValidationError:
        return ""
    return hint.strip().lower() if len(hint.strip()) <= 254 else ""


def _known_by(
    held: Invite, nick: str, display_name: str, *, actor: Actor, now: datetime
) -> Profile:
    """Return who is known by this nickname: somebody new, or who had the same invitation before.

    A nickname that a person stands behind is never handed to somebody else.
    """
    known = Profile.objects.filter(
        workspace=held.workspace,
        normalised=nicknames.normalised(nick),
        agent__person=None,
        invites__email=held.email,
        invites__recipient_hint=held.recipient_hint,
    )
    if profile := known.order_by("created_at", "id").first():
        return profile
    more = {"display_name": display_name}
    return nicknames.register(held.workspace, nick, more=more, actor=actor, now=now)


def _locked(invite_id: UUID, *, now: datetime) -> Invite:
    rows = Invite.objects.select_for_update(of=("self",))
    held = rows.select_related("workspace", "profile__agent").filter(id=invite_id).first()
    if held is None or not held.is_open(now):
        raise InviteEnded
    return held


def _mail(held: Invite, *, now: datetime) -> None:
    held.mails_asked += 1
    held.save(update_fields=["mails_asked"])
    row = Outbox(
        id=uuid4(),
        workspace_id=held.workspace_id,
        kind=MAIL,
        subject_id=held.id,
        dedupe=f"{MAIL}:{held.id}:{held.mails_asked}",
        next_try_at=now,
        created_at=now,
    )
    log.tell([row])
