"""Withdrawing many intents in one call."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts.actor import Actor
from api.axme.auth import actor_of
from api.axme.schemas import BulkCancel
from approvals.actions.withdrawing import cancel_each, find_stale
from approvals.workflows import advance
from events import pool

router = Router(tags=["Intents"])


@router.post("/intents/bulk-cancel")
async def bulk_cancel(request: HttpRequest, body: BulkCancel) -> dict[str, Any]:
    """Withdraw what has been open for longer than some hours; `dry_run` only tells what it is."""
    return await pool.run(_withdraw, actor_of(request), body, now=timezone.now())


def _withdraw(actor: Actor, body: BulkCancel, *, now: datetime) -> dict[str, Any]:
    before = now - timedelta(hours=body.older_than_hours)
    ids = find_stale(actor, before=before, among=body.status_filter, most=body.limit)
    if body.dry_run:
        told = [str(id) for id in ids]
        return {"ok": True, "dry_run": True, "would_cancel": len(told), "intent_ids": told}
    ended = cancel_each(ids, reason=body.reason, actor=actor, now=now)
    for each in ended:
        if (scenario := each.intent.reports_to) and each.intent.moves_a_scenario:
            advance.at_once(scenario, now=now)
    told = [str(each.intent.id) for each in ended]
    return {"ok": True, "dry_run": False, "canceled": len(told), "intent_ids": told}
