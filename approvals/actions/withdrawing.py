"""Withdrawing what has been open for too long, many intents in one call."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from accounts.actor import Actor
from approvals.actions.ending import Ended, cancel
from approvals.refusals import NotYours
from intents.actions import AlreadyOver, NoSuchIntent, NotAParty
from intents.lifecycle import Status
from intents.models import Intent


def find_stale(actor: Actor, *, before: datetime, among: list[Status], most: int) -> list[UUID]:
    """Return what the caller may withdraw of all that was sent before then, oldest first.

    An agent sees what it sent itself. The work of a step goes when its scenario goes.
    """
    rows = Intent.objects.visible_to(actor).open().filter(parent=None, created_at__lt=before)
    if actor.is_agent:
        rows = rows.filter(from_address=actor.address)
    rows = rows.filter(status__in=among) if among else rows
    return list(rows.order_by("created_at", "id").values_list("id", flat=True)[:most])


def cancel_each(ids: list[UUID], *, reason: str, actor: Actor, now: datetime) -> list[Ended]:
    """Withdraw each of these by itself, so that no lock is held for the others."""
    ended: list[Ended] = []
    for id in ids:
        # What ended meanwhile is withdrawn no more.
        with suppress(AlreadyOver, NoSuchIntent, NotAParty, NotYours):
            ended.append(cancel(id, reason=reason, actor=actor, now=now))
    return ended
