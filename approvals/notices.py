"""Writes mails at the moment they are sent; those about a gate with a fresh link in each."""

from datetime import datetime, timedelta

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from accounts import tokens
from accounts.models import User
from approvals import invitations
from approvals.actions.inviting import MAIL
from approvals.logins import codes, letter
from approvals.models import EmailLink, Gate
from approvals.rules import may_answer
from approvals.workflows import telling
from events.models import Outbox
from events.transports.email import Message

LINK_LIFE = timedelta(days=7)


def compose(row: Outbox, now: datetime) -> Message | None:
    """Return the mail for an outbox row, or None when its gate is closed or its reader is gone."""
    if row.kind == MAIL:
        return invitations.compose(row, now)
    if row.kind == codes.KIND:
        return letter.compose(row, now)
    if row.kind == telling.KIND:
        return telling.compose(row, now)
    gate = (
        Gate.objects.open().select_related("intent", "workspace").filter(id=row.subject_id).first()
    )
    person = User.objects.filter(id=row.recipient_id or 0, is_active=True).first()
    if gate is None or person is None or not _is_asked(person, gate):
        return None
    notice = row.kind.removeprefix("gate.")
    context = {
        "gate": gate,
        "person": person,
        "workspace": gate.workspace,
        "notice": notice,
        "handed": gate.delegations.order_by("-at", "-id").first(),
        "link_url": settings.PUBLIC_URL + reverse("mail_link", args=[_link(gate, person, now=now)]),
        "desk_url": settings.PUBLIC_URL + reverse("gate", args=[gate.id]),
    }
    base = f"mail/gate_{notice}"
    return Message(
        key=str(row.id),
        thread=str(gate.id),
        to=person.email,
        subject=render_to_string(f"{base}_subject.txt", context),
        text=render_to_string(f"{base}.txt", context),
        html=render_to_string(f"{base}.html", context),
    )


def _is_asked(person: User, gate: Gate) -> bool:
    """Whoever left the workspace since, or handed this on, is told nothing more of it."""
    if not any(may_answer(gate.rule, n, person.id) for n in range(len(gate.rule["stages"]))):
        return False
    return person.memberships.filter(workspace=gate.workspace_id).exists()


def _link(gate: Gate, person: User, *, now: datetime) -> str:
    token = tokens.new_link_token()
    end = now + LINK_LIFE
    EmailLink.objects.create(
        hash=tokens.digest(token),
        gate=gate,
        person=person,
        digest=gate.digest,
        version=gate.version,
        created_at=now,
        expires_at=min(end, gate.due_at) if gate.due_at else end,
    )
    return token
