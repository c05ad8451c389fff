"""Scenarios: checking a bundle, applying it, and the workflows that have a name."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from accounts.actor import Actor
from accounts.models import Workspace
from api import idempotency
from api.axme import calls
from api.axme.auth import actor_of
from api.axme.errors import BadRequest
from api.axme.schemas import Tolerant
from api.axme.translate import bundles, macros
from api.axme.translate import scenarios as outward
from approvals.workflows import applying, checking
from approvals.workflows.bundle import Bundle
from approvals.workflows.models import Workflow
from approvals.workflows.plan import Plan
from events import pool
from intents.models import Intent
from intents.payloads import digest
from intents.registry import actions as registry
from intents.registry import known

router = Router(tags=["Scenarios"])


class ScenarioBundle(Tolerant):
    """Any object: what is wrong with it is told field by field, in our own sentences."""


@router.post("/scenarios/validate")
async def validate_scenario(request: HttpRequest, body: ScenarioBundle) -> dict[str, Any]:
    """Say what is wrong with a bundle and what its author should know. Changes nothing."""
    return await pool.run(_validate, actor_of(request), body.model_dump())


@router.post("/scenarios/apply")
async def apply_scenario(request: HttpRequest, body: ScenarioBundle) -> dict[str, Any]:
    """Register missing agents, create the intent and begin its first step: all, or nothing.

    The same bundle with the same idempotency key, in the header or inside, gives the same answer.
    """
    actor, given = actor_of(request), body.model_dump()
    scope = calls.scope_for(request, actor)
    if scope is None and (key := bundles.key_of(given)):
        scope = idempotency.scope_of(actor, f"{request.method} {request.path}", key)
    return await pool.run(_apply_once, scope, actor, given)


@router.get("/tool-registry/macros")
async def list_macros(request: HttpRequest) -> dict[str, Any]:
    """List the workflows that a bundle can name instead of writing its steps."""
    return {"ok": True, "macros": [macros.summary(name) for name in macros.MACROS]}


@router.get("/tool-registry/macros/{macro_id}")
async def get_macro(request: HttpRequest, macro_id: str) -> dict[str, Any]:
    """Describe one such workflow and its parameters."""
    if macro_id not in macros.MACROS:
        raise BadRequest(404, "macro_not_found", "There is no macro of this name.")
    return {"ok": True, "macro": macros.whole(macro_id)}


def steps_of(row: Intent) -> dict[str, Any]:
    """Return how the steps of a scenario's intent stand."""
    workflow = Workflow.objects.get(intent=row)
    rows = list(workflow.steps.order_by("position"))
    return outward.steps(Plan.read(workflow.plan), rows, str(workflow.compile_id))


def _validate(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    bundle, found = bundles.bundle(given, actor=actor, now=timezone.now())
    checking.checked(bundle, found, Workspace.objects.get(id=actor.workspace_id))
    try:
        found.warnings += _misfits(bundle, actor)
    except registry.Misfit as misfit:
        found.errors += [f"intent.payload.{path}: {said}" for path, said in misfit.errors.items()]
    return {
        "ok": True,
        "valid": not found.errors,
        "errors": found.errors,
        "warnings": found.warnings,
    }


def _misfits(bundle: Bundle, actor: Actor) -> list[str]:
    """Return warnings about the payload, if its type is registered. Raises: Misfit."""
    row = known.types_of(actor.workspace_id).get(bundle.type)
    return registry.check_payload(row, bundle.payload) if row else []


def _apply_once(scope: str | None, actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    made: list[dict[str, Any]] = []

    def produce() -> dict[str, Any]:
        bundle, found = bundles.bundle(given, actor=actor, now=now)
        found.warnings += _misfits(bundle, actor)
        made.append(outward.applied(applying.apply(bundle, found, actor=actor, now=now)))
        return made[-1]

    answer = idempotency.once(scope, digest(given) if scope else "", produce, now=now)
    is_new = any(answer is each for each in made)
    return answer if is_new else {**answer, "idempotent": True}
