"""The notification step: a mail to people through the outbox, and copies in inboxes."""

import re
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string

from accounts.addresses import canonical
from accounts.models import User
from approvals.directory import Person
from approvals.workflows.models import Step
from approvals.workflows.plan import Plan, StepPlan
from approvals.workflows.run import Run
from events import log
from events.models import Outbox
from events.transports.email import Message
from intents import deliveries
from intents.models import Intent

KIND = "step.notice"
SLOT = re.compile(r"\{\{\s*(\w{1,40})\s*\}\}")
LONGEST = 10_000


def tell(run: Run, step: Step, plan: StepPlan) -> int:
    """Put the notification into the outbox and inboxes; return how many are told by mail."""
    named = plan.config.get("channels")
    channels = named if isinstance(named, list) else ["email"]
    people = _people(run, plan) if "email" in channels else []
    log.tell(_notice(run, step, person) for person in people)
    if "inbox" in channels:
        space = run.intent.workspace
        addresses = [name for name in plan.people if "://" in name]
        wanted = {canonical(name, org=space.org, workspace=space.name): name for name in addresses}
        run.placed += deliveries.copies(run.intent, wanted, now=run.now)
    return len(people)


def compose(row: Outbox, now: datetime) -> Message | None:
    """Return the mail for a notification, or None when its reader is gone."""
    step = Step.objects.select_related("workflow__intent__workspace").get(id=row.subject_id)
    intent = step.workflow.intent
    person = User.objects.filter(id=row.recipient_id or 0, is_active=True).first()
    if person is None or not person.memberships.filter(workspace=intent.workspace_id).exists():
        return None
    plan = Plan.read(step.workflow.plan).step(step.step_id)
    context = {
        "person": person,
        "workspace": intent.workspace,
        "intent": intent,
        "subject": filled(str(plan.config.get("subject") or step.workflow), intent),
        "body": filled(str(plan.config.get("body") or ""), intent),
        "desk_url": settings.PUBLIC_URL,
    }
    return Message(
        key=str(row.id),
        thread=str(intent.id),
        to=person.email,
        subject=render_to_string("mail/step_notice_subject.txt", context),
        text=render_to_string("mail/step_notice.txt", context),
        html=render_to_string("mail/step_notice.html", context),
    )


def filled(text: str, intent: Intent) -> str:
    """Return the text with `{{intent_id}}`, its like and the payload's own values filled in.

    A slot that we cannot fill stays as it was written: the reader then sees what is missing.
    """
    known = {
        **{name: value for name, value in intent.payload.items() if isinstance(value, str | int)},
        "intent_id": str(intent.id),
        "scenario_id": intent.scenario_id,
        "intent_type": intent.type,
    }
    return SLOT.sub(lambda slot: str(known.get(slot[1], slot[0])), text[:LONGEST])


def _people(run: Run, plan: StepPlan) -> list[Person]:
    """Return the people named in the bundle that are reviewers here; else all who want mail."""
    space = run.intent.workspace_id
    named = run.people().find(space, plan.people)
    return named or [p for p in run.people().reviewers.get(space, []) if p.wants_mail]


def _notice(run: Run, step: Step, person: Person) -> Outbox:
    return Outbox(
        workspace_id=run.intent.workspace_id,
        kind=KIND,
        subject_id=step.id,
        recipient_id=person.id,
        dedupe=f"{KIND}:{step.id}:{person.id}",
        next_try_at=run.now,
        created_at=run.now,
    )
