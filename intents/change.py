"""One intent on its way: the only place that assigns a status, and the events it leaves behind."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from events import hands, log
from events.models import Event
from events.rows import update_rows
from intents import outgoing
from intents.lifecycle import ENDS, EVENT, Status, WaitingFor, check
from intents.models import Intent

WRITTEN = (
    "status", "waiting_reason", "pending_with", "handler", "result", "error", "seq",
    "policy", "controls", "policy_generation", "payload", "deadline_at", "updated_at",
)  # fmt: skip


class Change:
    """Moves an intent (locked, or not inserted yet) and collects its events until `write`."""

    def __init__(self, intent: Intent, *, actor: Actor, now: datetime) -> None:
        self.intent, self.actor, self.now = intent, actor, now
        self.events: list[Event] = []

    def note(self, type: str, data: dict[str, Any]) -> None:
        """Add an event that leaves the status as it is."""
        intent = self.intent
        intent.seq += 1
        intent.updated_at = self.now
        self.events.append(
            Event(
                workspace_id=intent.workspace_id,
                intent_id=intent.id,
                seq=intent.seq,
                type=type,
                status=intent.status,
                actor=self.actor.name[:255],
                handler=intent.handler,
                waiting_reason=intent.waiting_reason,
                pending_with=intent.pending_with,
                data=data,
                trace_id=self.actor.trace_id,
                at=self.now,
            )
        )

    def move(self, status: Status, data: dict[str, Any]) -> None:
        """Go to another status. Raises: InvalidTransition when the lifecycle has no such step."""
        check(Status(self.intent.status), status)
        self.intent.status = status
        self.intent.waiting_reason = ""
        if status in ENDS:
            self.intent.pending_with = None
        self.note(EVENT[status], data)

    def wait(
        self, reason: WaitingFor, *, pending_with: dict[str, str], data: dict[str, Any]
    ) -> None:
        """Wait for somebody or something, named in `pending_with`."""
        check(Status(self.intent.status), Status.WAITING)
        self.intent.status = Status.WAITING
        self.intent.waiting_reason = reason
        self.intent.pending_with = pending_with
        self.note(EVENT[Status.WAITING], data)

    def work(self, data: dict[str, Any]) -> None:
        """Show that the handler did something."""
        self.intent.pending_with = None
        self.move(Status.IN_PROGRESS, data)

    def complete(self, result: dict[str, Any], *, doing: dict[str, Any] | None = None) -> None:
        """End well. A completion from elsewhere than IN_PROGRESS passes through it."""
        if self.intent.status != Status.IN_PROGRESS:
            self.work(doing if doing is not None else result)
        self.intent.result = result
        self.move(Status.COMPLETED, result)

    def fail(self, error: dict[str, Any]) -> None:
        """End badly, with the protocol's error object."""
        self.intent.error = error
        self.move(Status.FAILED, error)


def error(
    code: str, message: str, *, now: datetime, details: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the protocol's error object; `category` says whose business it is.

    Details may hold an agent's own words, so they never replace what we say.
    """
    category = "timeout" if "timeout" in code or "timed_out" in code else "policy"
    return {
        **(details or {}),
        "code": code,
        "message": message[:2000],
        "category": category,
        "retryable": False,
        "at": now.isoformat(),
    }


def write(changes: Sequence[Change], *, topics: Iterable[str] = ()) -> None:
    """Store what the changes collected: one UPDATE, one INSERT, and the wake-ups on commit."""
    moved = [change for change in changes if change.events]
    if any(change.intent.moves_a_scenario for change in moved):
        transaction.on_commit(lambda: hands.hurry(hands.ADVANCE), robust=True)
    update_rows([change.intent for change in moved], WRITTEN)
    record(moved, topics=topics)


def record(changes: Sequence[Change], *, topics: Iterable[str] = ()) -> None:
    """Store the events only, for intents that were just inserted as they are."""
    log.record([event for change in changes for event in change.events], topics=topics)
    outgoing.put_out([change.intent for change in changes], at=[change.now for change in changes])
