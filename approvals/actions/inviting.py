"""Inviting people to review: made, mailed, accepted over the API, revoked. `joining` follows."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts import tokens
from accounts.actor import Actor, Kind
from accounts.addresses import canonical
from accounts.models import Workspace
from accounts.people import nicknames
from accounts.people.models import Invite, Profile
from events import log, webhooks
from events.models import Outbox
from intents.actions import require_usable

MAIL = "invite.mail"
LIFE = timedelta(days=7)


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
        email=email_in(recipient_hint),
        inviter=actor.name,
        created_at=now,
        expires_at=now + life,
    )
    if made.email:
        mail(made, now=now)
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
    tell_accepted(held, now=now)
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


def email_in(hint: str) -> str:
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


def tell_accepted(held: Invite, *, now: datetime) -> None:
    """Tell those who subscribed that an invitation was accepted or followed."""
    told = {
        "invite_id": str(held.id),
        "owner_agent": held.owner_agent,
        "nick": held.profile.nick if held.profile else None,
        "joined": held.joined_at is not None,
    }
    space = held.workspace
    webhooks.publish(
        workspace_id=space.id,
        owner=canonical(held.owner_agent, org=space.org, workspace=space.name),
        literal=held.owner_agent,
        type="invite.accepted",
        payload=told,
        now=now,
    )


def mail(held: Invite, *, now: datetime) -> None:
    """Put the mail of an invitation into the outbox, inside the caller's transaction."""
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
