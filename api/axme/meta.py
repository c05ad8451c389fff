"""What the server is and how it is doing: health, readiness, capabilities."""

from datetime import datetime
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja import Router

from approvals.models import Step
from events import bus, pool
from events.models import Outbox
from intents.models import Intent

public = Router(tags=["Server"])
router = Router(tags=["Server"])
CAPABILITIES = [
    "intents.create", "intents.events", "intents.events.stream", "intents.resolve",
    "intents.resume", "intents.controls", "intents.policy", "agents.stream", "inbox.read",
    "inbox.reply", "inbox.decide", "inbox.changes", "inbox.delegate", "approvals.decide",
    "tasks.list", "human_tasks", "service_accounts", "agents.read", "agents.policy",
    "mesh.heartbeat", "mesh.kill", "agents.push", "webhooks.subscriptions", "webhooks.events",
    "invites", "users", "media", "schemas", "audit.events",
    "scenarios.validate", "scenarios.apply", "tool_registry.macros",
]  # fmt: skip
# Later than this and readiness says so: the clock ticks every second.
LATE_SECONDS = 30


@public.get("/health", auth=None)
async def health(request: HttpRequest) -> dict[str, Any]:
    """Answer that the process is alive; asks nothing of the database."""
    return {"ok": True, "status": "healthy"}


@public.get("/ready", auth=None)
async def ready(request: HttpRequest) -> JsonResponse:
    """Tell whether the database and the bus answer, and how late the oldest timer and mail are."""
    try:
        report = await pool.run(_report, timezone.now())
    except DatabaseError:
        report = {"ok": False, "database": False, "bus": bus.answers()}
    return JsonResponse(report, status=200 if report["ok"] else 503)


@router.get("/capabilities")
async def capabilities(request: HttpRequest) -> dict[str, Any]:
    """List what this server can do. It takes any intent type; these stand for all."""
    types = ["intent.approval.v1", "intent.task.v1"]
    return {"ok": True, "capabilities": CAPABILITIES, "supported_intent_types": types}


def _report(now: datetime) -> dict[str, Any]:
    timer = Intent.objects.overdue(now).order_by("deadline_at").first()
    step = Step.objects.due(now).order_by("wake_at").first()
    # Not calls: how late those are depends on machines of others.
    mail = Outbox.objects.due(now, queue=Outbox.Queue.MAIL).order_by("next_try_at").first()
    late = {
        "timer_late_seconds": max(
            _seconds(timer.deadline_at if timer else None, now),
            _seconds(step.wake_at if step else None, now),
        ),
        "outbox_late_seconds": _seconds(mail.next_try_at if mail else None, now),
    }
    is_bus_up = bus.answers()
    is_ready = is_bus_up and max(late.values()) < LATE_SECONDS
    return {"ok": is_ready, "database": True, "bus": is_bus_up, **late}


def _seconds(since: datetime | None, now: datetime) -> float:
    return round((now - since).total_seconds(), 3) if since else 0.0
