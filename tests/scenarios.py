"""Bundles as their authors write them, and what carries them through in tests."""

from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from api.axme.translate import bundles
from approvals.workflows import advance
from approvals.workflows.applying import Applied, apply
from approvals.workflows.models import Step
from intents.models import Intent
from tests.factories import HERE

WORKER, CHECKER = f"{HERE}/worker", f"{HERE}/checker"
OWNER = {"role": "owner", "contact": "bob@example.com", "display_name": "Data Owner"}


def agent_step(step_id: str, role: str = "worker", **more: Any) -> dict[str, Any]:
    return {"step_id": step_id, "tool_id": "tool.agent.task.v1", "assigned_to": role, **more}


def person_step(step_id: str, role: str = "owner", **more: Any) -> dict[str, Any]:
    task = {"title": f"Agree to {step_id}?", **more.pop("task", {})}
    return {"step_id": step_id, "assigned_to": role, "human_task": task, **more}


def bundle(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a bundle of two agents and a person, with these steps; `intent` adds to its own."""
    intent = {"type": "intent.deploy.v1", "payload": {"service": "api", "version": 3}}
    return {
        "scenario_id": "deploy.demo.v1",
        "title": "Deploy the API",
        "agents": [
            {"role": "worker", "address": "worker", "create_if_missing": True},
            {"role": "checker", "address": "checker", "create_if_missing": True},
        ],
        "humans": [OWNER],
        "workflow": {"steps": list(steps)},
        "intent": intent | more.pop("intent", {}),
        **more,
    }


def three_steps(**more: Any) -> dict[str, Any]:
    """Return the story all others vary: an agent, another agent, a person."""
    steps = agent_step("build"), agent_step("check", "checker"), person_step("release")
    return bundle(*steps, **more)


def applied(actor: Actor, given: dict[str, Any], *, now: Any = None) -> Applied:
    """Apply a bundle as the API does. Raises: BadBundle."""
    at = now or timezone.now()
    read, found = bundles.bundle(given, actor=actor, now=at)
    return apply(read, found, actor=actor, now=at)


def advanced(scenario: Intent, *, now: Any = None) -> Intent:
    """Let a scenario go on, and return it as it is then."""
    advance.advance(scenario.id, now=now or timezone.now())
    return Intent.objects.get(id=scenario.id)


def states(scenario: Intent) -> list[str]:
    return list(
        Step.objects.filter(workflow=scenario.id)
        .order_by("position")
        .values_list("state", flat=True)
    )


def work_of(scenario: Intent, step_id: str) -> Intent:
    """Return the intent that a step's agent has now."""
    return Intent.objects.filter(parent=scenario.id, step_id=step_id).order_by("-created_at")[0]
