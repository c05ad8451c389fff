"""Following an invitation: whose secret is in the address, what its page shows, and its mail."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse

from accounts import tokens
from accounts.models import User
from accounts.people.models import Invite
from events.models import Outbox
from events.transports.email import Message


class State(StrEnum):
    """What the page of an invitation shows."""

    ENDED = "ended"
    JOIN = "join"
    OTHER = "other"
    NEW = "new"
    SIGN_IN = "sign in"
    ASK_MAIL = "ask mail"


@dataclass(frozen=True, slots=True)
class Found:
    """An invitation, and whether the reader came through its mail: then the address is theirs."""

    invite: Invite
    is_mailed: bool


def find(token: str) -> Found | None:
    """Return the invitation of a secret; looking changes nothing."""
    digest = tokens.digest(token)
    rows = Invite.objects.select_related("workspace", "profile")
    invite = rows.filter(Q(hash=digest) | Q(mail_hash=digest)).first()
    return Found(invite, is_mailed=invite.mail_hash == digest) if invite else None


def url_of(token: str) -> str:
    """Return the address of an invitation's page, also where only the API's addresses are known."""
    path = reverse("invitation", urlconf=settings.ROOT_URLCONF, args=[token])
    return settings.PUBLIC_URL + path


def state_of(found: Found, reader: User | None, *, now: datetime) -> State:
    """Tell what the reader can do with an invitation."""
    invite = found.invite
    if not invite.is_open(now):
        return State.ENDED
    if reader is not None:
        return State.JOIN if invite.email in ("", reader.email) else State.OTHER
    if not found.is_mailed:
        return State.ASK_MAIL
    known = User.objects.filter(email=invite.email).first()
    if known is None or (known.is_active and not known.has_usable_password()):
        return State.NEW
    return State.SIGN_IN


def compose(row: Outbox, now: datetime) -> Message | None:
    """Return the mail of an invitation with a fresh secret in it, or None when it has ended.

    Also None when it is for another address meanwhile: that one has a mail of its own to come.
    """
    invite = Invite.objects.select_related("workspace").filter(id=row.subject_id).first()
    if invite is None or not invite.email or not invite.is_open(now):
        return None
    token = tokens.new_link_token()
    # Only while it is for this address: a secret that goes there proves no other.
    still = Invite.objects.filter(id=invite.id, email=invite.email)
    if not still.update(mail_hash=tokens.digest(token)):
        return None
    context = {"invite": invite, "workspace": invite.workspace, "url": url_of(token)}
    return Message(
        key=str(row.id),
        thread=str(invite.id),
        to=invite.email,
        subject=render_to_string("mail/invite_subject.txt", context),
        text=render_to_string("mail/invite.txt", context),
        html=render_to_string("mail/invite.html", context),
    )
