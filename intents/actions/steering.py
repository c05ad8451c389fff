"""What the parties of an intent say and set while it is on its way."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from intents import deliveries
from intents.actions.locking import AlreadyOver, lock, require_party
from intents.change import Change, write
from intents.models import Delivery, Intent


@transaction.atomic
def reply(intent_id: UUID, *, message: str, actor: Actor, now: datetime) -> Intent:
    """Add a message to the intent's thread. Raises: NoSuchIntent, NotAParty, KeyRefused."""
    intent = lock(intent_id, actor=actor, now=now)
    if actor.address not in _readers(intent):
        require_party(intent, actor, permission="reply")
    change = Change(intent, actor=actor, now=now)
    change.note("intent.message", {"message": message})
    intent.deliveries.update(updated_at=now, acknowledged_at=now)
    write([change])
    return intent


@transaction.atomic
def acknowledge(delivery: Delivery, *, actor: Actor, now: datetime) -> None:
    """Note that the owner of a thread has read it; the intent stays as it is.

    Raises: NoSuchIntent, KeyRefused.
    """
    lock(delivery.intent_id, actor=actor, now=now)
    Delivery.objects.filter(id=delivery.id).update(acknowledged_at=now, updated_at=now)


@transaction.atomic
def patch(
    intent_id: UUID,
    *,
    controls: dict[str, Any] | None = None,
    grants: dict[str, Any] | None = None,
    envelope: dict[str, Any] | None = None,
    expected_generation: int | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[bool, int]:
    """Merge into an intent's controls or policy; return whether it applied, and the generation.

    A stale `expected_generation` applies nothing. Raises: NoSuchIntent, NotAParty, AlreadyOver.
    """
    intent = lock(intent_id, actor=actor, now=now)
    permission = "update_controls" if controls is not None else "update_policy"
    require_party(intent, actor, permission=permission)
    if expected_generation not in (None, intent.policy_generation):
        return False, intent.policy_generation
    if intent.is_over:
        raise AlreadyOver(intent)
    change = Change(intent, actor=actor, now=now)
    _merge(change, controls=controls, grants=grants, envelope=envelope)
    deliveries.answered([intent.id], actor.address, now=now)
    write([change])
    return True, intent.policy_generation


def _merge(
    change: Change,
    *,
    controls: dict[str, Any] | None,
    grants: dict[str, Any] | None,
    envelope: dict[str, Any] | None,
) -> None:
    intent = change.intent
    intent.controls = merge_patch(intent.controls, controls or {})
    patches = {"grants": grants or {}, "envelope": envelope or {}}
    intent.policy = merge_patch(intent.policy, {k: v for k, v in patches.items() if v})
    intent.policy_generation += 1
    kind = "intent.controls_updated" if controls is not None else "intent.policy_updated"
    change.note(kind, {"policy_generation": intent.policy_generation})


def merge_patch(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return the target with a JSON merge patch applied (RFC 7396): null removes."""
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            old = merged.get(name)
            merged[name] = merge_patch(old if isinstance(old, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def _readers(intent: Intent) -> set[str]:
    return set(intent.deliveries.values_list("address", flat=True))
