"""What agents do with intents alone. What also touches gates is in `approvals.actions`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts import keys
from accounts.actor import Actor
from accounts.keys import KeyRefused
from intents import deliveries
from intents.change import Change, error, write
from intents.lifecycle import Status
from intents.models import Delivery, Intent


class NoSuchIntent(Exception):
    """There is no intent with this id."""

    def __init__(self) -> None:
        super().__init__(NoSuchIntent.__doc__)


class AlreadyOver(Exception):
    """The intent has its outcome; nothing may change it."""

    def __init__(self, intent: Intent) -> None:
        super().__init__(f"This intent is already {intent.status}; its outcome is final.")
        self.intent = intent


class NotAParty(Exception):
    """The key belongs to neither side of the intent and was granted nothing."""

    def __init__(self) -> None:
        super().__init__("This key takes no part in the intent: it is not its sender or handler.")


@dataclass(frozen=True, slots=True)
class Submission:
    """A new intent as its sender wants it, with every address in both forms."""

    actor: Actor
    type: str
    payload: dict[str, Any]
    from_agent: str
    from_address: str
    to_agent: str
    to_address: str
    reply_to: str = ""
    correlation_id: UUID | None = None
    deadline_at: datetime | None = None
    reminders: dict[str, Any] = field(default_factory=dict)
    human_task: dict[str, Any] | None = None
    max_delivery_attempts: int | None = None

    @property
    def workspace_id(self) -> UUID:
        return self.actor.workspace_id


def begin(submission: Submission, *, now: datetime) -> Change:
    """Return a new intent, delivered but not stored, with its first three events."""
    actor = submission.actor
    intent = Intent(
        id=uuid4(),
        workspace_id=submission.workspace_id,
        key_id=actor.key_id,
        type=submission.type,
        correlation_id=submission.correlation_id or uuid4(),
        from_agent=submission.from_agent,
        from_address=submission.from_address,
        to_agent=submission.to_agent,
        to_address=submission.to_address,
        reply_to=submission.reply_to,
        payload=submission.payload,
        status=Status.CREATED,
        deadline_at=submission.deadline_at,
        reminders=submission.reminders,
        human_task=submission.human_task,
        max_delivery_attempts=submission.max_delivery_attempts,
        created_at=now,
        updated_at=now,
    )
    change = Change(intent, actor=actor, now=now)
    change.note("intent.created", {})
    change.move(Status.SUBMITTED, {})
    change.move(Status.DELIVERED, {"delivery_attempt": 1, "to_agent": intent.to_agent})
    return change


def first_delivery(intent: Intent, *, now: datetime) -> Delivery:
    """Return the entry of a new intent on its recipient's stream and in its inbox."""
    return Delivery(
        workspace_id=intent.workspace_id,
        intent=intent,
        address=intent.to_address,
        literal=intent.to_agent,
        is_paused=intent.waits_for_a_person,
        created_at=now,
        updated_at=now,
    )


def ensure_usable(actors: Sequence[Actor], *, now: datetime) -> set[UUID]:
    """Return the ids of the keys that hold right now, asked inside the writing transaction."""
    asked = {actor.key_id for actor in actors if actor.key_id}
    return keys.still_usable(asked, now=now) if asked else set()


def require_usable(actor: Actor, *, now: datetime) -> None:
    """Refuse a key that was revoked since it was looked up. Raises: KeyRefused."""
    if actor.key_id and not ensure_usable([actor], now=now):
        keys.forget()
        raise KeyRefused(KeyRefused.__doc__)


def lock(intent_id: UUID, *, actor: Actor, now: datetime) -> Intent:
    """Lock one intent that this actor may see; the first thing any action on it does.

    Raises: NoSuchIntent, also for one of another workspace; KeyRefused.
    """
    require_usable(actor, now=now)
    intent = Intent.objects.visible_to(actor).locked().filter(id=intent_id).first()
    if intent is None:
        raise NoSuchIntent
    return intent


def require_party(intent: Intent, actor: Actor, *, permission: str) -> None:
    """Refuse an agent key that takes no part. Raises: NotAParty."""
    if not actor.is_agent or actor.address in intent.parties:
        return
    if not intent.grants(actor.address, permission):
        raise NotAParty


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


@transaction.atomic
def offer_again(delivery_id: UUID, *, now: datetime) -> Delivery | None:
    """Put unanswered work at the end of its stream once more, or give up at the sender's limit.

    Returns None when there is nothing to do: answered, paused or over in the meantime.
    """
    locked = Intent.objects.locked().filter(deliveries=delivery_id).first()
    delivery = Delivery.objects.actionable().filter(id=delivery_id).first()
    if locked is None or delivery is None or locked.is_over:
        return None
    change = Change(locked, actor=Actor.system(), now=now)
    if locked.max_delivery_attempts and delivery.attempt >= locked.max_delivery_attempts:
        _give_up(change, delivery, now=now)
        topics: set[str] = set()
    else:
        topics = deliveries.offer_again(delivery, now=now)
        change.note(
            "intent.delivered", {"delivery_attempt": delivery.attempt, "to_agent": locked.to_agent}
        )
    write([change], topics=topics)
    return delivery


def _give_up(change: Change, delivery: Delivery, *, now: datetime) -> None:
    told = {"delivery_attempt": delivery.attempt, "reason": "no_answer"}
    change.note("intent.delivery_failed", told)
    message = f"{delivery.literal} took the work {delivery.attempt} times and never answered."
    change.fail(error("delivery_failed", message, now=now, details=told))
    deliveries.close([delivery.intent_id], now=now)
    Delivery.objects.filter(id=delivery.id).update(last_error=message)


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
