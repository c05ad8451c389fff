"""What was sent to people and machines, as a log, with the names it is about. Reads only."""

from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from accounts.actor import Actor
from accounts.addresses import short
from accounts.models import Agent, User
from accounts.people.models import Invite
from approvals.actions.inviting import MAIL
from approvals.models import Gate
from approvals.queue import PAGE, Cursor, Page
from events.models import Outbox, Subscription, WebhookEvent
from events.webhooks import WEBHOOK
from intents.models import Delivery, Intent
from intents.outgoing import PUSH

State = Outbox.State
SHOWN = {
    "": [State.PENDING, State.RETRIED, State.DEAD, State.SENT, State.DROPPED],
    "waiting": [State.PENDING],
    "failed": [State.RETRIED, State.DEAD],
    "sent": [State.SENT],
}


@dataclass(frozen=True, slots=True)
class Names:
    """Whom the messages of a page go to and what they are about, read together."""

    receivers: dict[Any, str]
    subjects: dict[UUID, str]
    # How many attempts each pushed piece of work has had.
    attempts: dict[UUID, int]


def overseen(actor: Actor) -> frozenset[UUID]:
    """Return the workspaces whose log this person reads: its admins and auditors do.

    Reviewers do not: the log names machines, errors and the addresses of colleagues.
    """
    return actor.administers | (actor.workspaces - actor.reviews)


def page(actor: Actor, *, show: str, before: Cursor | None = None) -> Page:
    """Return one page of the log, the latest first."""
    lists = []
    for space in sorted(overseen(actor), key=str):
        for state in SHOWN.get(show, SHOWN[""]):
            rows = Outbox.objects.filter(workspace=space, state=state)
            rows = rows.exclude(queue=Outbox.Queue.NEWS)
            rows = rows.filter(before.before("created_at", "id")) if before else rows
            found = rows.order_by("-created_at", "-id").values_list("created_at", "id")
            lists.append(list(found[: PAGE + 1]))
    keys = list(islice(merge(*lists, reverse=True), PAGE + 1))
    shown = [id for _, id in keys[:PAGE]]
    whole = Outbox.objects.select_related("workspace").prefetch_related("tries")
    found_rows = whole.in_bulk(shown)
    at, id = keys[PAGE - 1] if len(keys) > PAGE else (None, None)
    after = f"{at.isoformat()},{id}" if at else ""
    return Page([found_rows[id] for id in shown if id in found_rows], after)


def names(rows: list[Outbox]) -> Names:
    """Return the names of receivers and subjects, with one query for each kind of them."""
    people = User.objects.in_bulk([row.recipient_id for row in rows if row.recipient_id])
    targets = [row.target_id for row in rows if row.target_id]
    agents = Agent.objects.in_bulk(targets)
    hooks = Subscription.objects.in_bulk(targets)
    receivers: dict[Any, str] = {id: str(person) for id, person in people.items()}
    receivers |= {id: str(agent) for id, agent in agents.items()}
    receivers |= {id: urlsplit(hook.callback_url).netloc for id, hook in hooks.items()}
    pushed = [row.subject_id for row in rows if row.kind == PUSH]
    work = Delivery.objects.select_related("intent").in_bulk(pushed)
    invites = Invite.objects.in_bulk([row.subject_id for row in rows if row.kind == MAIL])
    receivers |= {id: str(invite) for id, invite in invites.items()}
    attempts = {id: delivery.attempt for id, delivery in work.items()}
    subjects = _subjects(rows, work) | dict.fromkeys(invites, "Invitation")
    return Names(receivers, subjects, attempts)


def _subjects(rows: list[Outbox], work: dict[UUID, Delivery]) -> dict[UUID, str]:
    others = [row.subject_id for row in rows if row.kind not in (PUSH, WEBHOOK)]
    told = {
        id: f"{row.intent.type} from {short(row.intent.from_agent)}" for id, row in work.items()
    }
    told |= _events([row.subject_id for row in rows if row.kind == WEBHOOK])
    return told | {gate.id: gate.title for gate in Gate.objects.filter(id__in=others)}


def _events(ids: list[UUID]) -> dict[UUID, str]:
    """Return what happened, and to which intent, if it is about one."""
    events = WebhookEvent.objects.in_bulk(ids)
    about = Intent.objects.in_bulk([row.intent_id for row in events.values() if row.intent_id])
    return {
        id: f"{row.type} of {intent.type} from {short(intent.from_agent)}"
        if row.intent_id and (intent := about.get(row.intent_id))
        else row.type
        for id, row in events.items()
    }
