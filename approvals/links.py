"""E-mail links: what one opens, whether it still works, and deciding through it, once."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction

from accounts import tokens
from accounts.actor import Channel
from accounts.keys import actor_for_user
from approvals.actions import Answer
from approvals.actions import decide as decide_gate
from approvals.judging import cannot_answer
from approvals.models import Decision, EmailLink, Gate
from approvals.refusals import NoSuchGate, NotYours, PayloadChanged


class State(StrEnum):
    """What the page of a link shows."""

    OPEN = "open"
    DECIDED = "decided"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CHANGED = "changed"
    GRAVE = "grave"
    NOT_YOURS = "not yours"


def find(token: str) -> EmailLink | None:
    """Return the link of a token with its gate and person; reading decides nothing."""
    links = EmailLink.objects.select_related("gate__intent", "gate__workspace", "person")
    return links.filter(hash=tokens.digest(token)).first()


def state_of(link: EmailLink, *, now: datetime) -> State:
    """Tell what a link is good for now; who was asked and may no longer answer is told so."""
    gate = link.gate
    actor = actor_for_user(link.person, channel=Channel.EMAIL)
    if gate.workspace_id not in actor.workspaces:
        return State.NOT_YOURS
    if gate.state == Gate.State.DECIDED:
        return State.DECIDED
    if gate.state == Gate.State.CANCELED:
        return State.WITHDRAWN
    refusal = cannot_answer(gate, actor, now=now)
    if gate.is_open and isinstance(refusal, NotYours):
        return State.NOT_YOURS
    if gate.state == Gate.State.EXPIRED or link.expires_at <= now or link.used_at:
        return State.EXPIRED
    if refusal:
        return State.NOT_YOURS
    if link.digest != gate.digest:
        return State.CHANGED
    return State.GRAVE if gate.is_grave else State.OPEN


@transaction.atomic
def decide(
    token: str, *, outcome: str, comment: str, data: dict[str, Any], now: datetime
) -> Decision:
    """Decide through a link. It is bound to its person, its gate and the digest it was mailed with.

    Raises: NoSuchGate for an unknown token, NotYours when the desk is needed, GateClosed when the
    link has expired, and every refusal of `decide`. A refused answer does not use the link up.
    """
    link = find(token)
    if link is None:
        raise NoSuchGate
    state = state_of(link, now=now)
    if state is State.GRAVE:
        raise NotYours("A request of this risk is answered at the desk, after signing in.")
    if state is State.CHANGED:
        raise PayloadChanged(link.gate)
    if state is State.EXPIRED and link.gate.is_open:
        raise NotYours("This link has expired. Open the request at the desk.")
    actor = actor_for_user(link.person, channel=Channel.EMAIL)
    answer = Answer(link.gate_id, outcome, actor, comment=comment, data=data, seen=link.digest)
    decision = decide_gate(answer, now=now)
    EmailLink.objects.filter(id=link.id).update(used_at=now)
    return decision
