"""New intents, as rows that are not stored yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from accounts.actor import Actor
from intents.change import Change
from intents.lifecycle import Status
from intents.models import Delivery, Intent


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
    # What of the payload does not fit its type, where that is no reason to refuse it.
    warnings: Sequence[str] = ()

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
        person_id=actor.user_id if actor.session_id else None,
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
    warned = {"warnings": list(submission.warnings)} if submission.warnings else {}
    change.note("intent.created", warned)
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
