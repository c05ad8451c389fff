"""Applying a bundle: its agents, its intent and its first step, all at once or not at all."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.addresses import RUNTIME
from accounts.agents import provision
from accounts.models import Agent, Workspace
from approvals.workflows.advance import go_on
from approvals.workflows.bundle import AgentPart, BadBundle, Bundle, Findings
from approvals.workflows.checking import checked, missing
from approvals.workflows.models import Step, Workflow
from approvals.workflows.plan import Plan
from approvals.workflows.run import Run
from events.rows import insert_rows
from governance.admission import Tally, require_admitted
from intents import change as changes
from intents.actions import Submission, begin, require_usable
from intents.models import Intent


class MayNotRegister(Exception):
    """An agent key registers no agents. Apply this bundle with a key of the workspace."""

    def __init__(self) -> None:
        super().__init__(MayNotRegister.__doc__)


@dataclass(frozen=True, slots=True)
class Provided:
    """An agent of a bundle: registered before, just now, or not at all."""

    role: str
    address: str
    agent: Agent | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """A scenario that has just begun, and the agents it names."""

    intent: Intent
    workflow: Workflow
    agents: list[Provided]
    warnings: list[str]


@transaction.atomic
def apply(bundle: Bundle, found: Findings, *, actor: Actor, now: datetime) -> Applied:
    """Register the agents that are missing, store the scenario, and begin its first step.

    Raises: BadBundle with all that is wrong; MayNotRegister; KeyRefused; NotAdmitted.
    """
    require_usable(actor, now=now)
    workspace = Workspace.objects.get(id=actor.workspace_id)
    plan = checked(bundle, found, workspace)
    if plan is None:
        raise BadBundle(found.errors)
    if missing(bundle, workspace) and not actor.manages(workspace.id):
        raise MayNotRegister
    # In one order: two bundles that bring the same agents never wait for each other.
    parts = sorted(bundle.agents, key=lambda part: part.address)
    agents = {part: _provided(part, workspace, now=now) for part in parts}
    submission, tally = _submission(bundle, actor), Tally()
    require_admitted(submission, tally=tally, now=now)
    workflow = _store(bundle, plan, submission, now=now)
    run = Run(workflow, list(workflow.steps.order_by("position")), tally=tally, now=now)
    go_on(run)
    provided = [agents[part] for part in bundle.agents]
    return Applied(run.intent, workflow, provided, found.warnings)


def _provided(part: AgentPart, workspace: Workspace, *, now: datetime) -> Provided:
    if not part.is_made_if_missing:
        known = Agent.objects.filter(workspace=workspace, address=part.address).first()
        return Provided(part.role, part.address, known, is_new=False)
    agent, is_new = provision(
        workspace,
        part.address,
        display_name=part.name,
        mode=part.mode,
        callback_url=part.callback_url,
        now=now,
    )
    return Provided(part.role, part.address, agent, is_new)


def _store(bundle: Bundle, plan: Plan, submission: Submission, *, now: datetime) -> Workflow:
    """Insert the intent of a scenario and its plan, with every step still to come."""
    change = begin(submission, now=now)
    intent = change.intent
    intent.scenario_id, intent.reports_to = bundle.scenario_id, intent.id
    workflow = Workflow(intent=intent, title=bundle.title, plan=plan.frozen(), created_at=now)
    insert_rows([intent])
    insert_rows([workflow])
    insert_rows(
        [
            Step(workflow=workflow, position=number, step_id=step.id, kind=step.kind)
            for number, step in enumerate(plan.steps)
        ]
    )
    changes.record([change])
    return workflow


def _submission(bundle: Bundle, actor: Actor) -> Submission:
    sender = actor.address or actor.name
    return Submission(
        actor=actor,
        type=bundle.type,
        payload=bundle.payload,
        from_agent=sender,
        from_address=sender,
        to_agent=RUNTIME,
        to_address=RUNTIME,
        deadline_at=bundle.deadline_at,
        reminders=bundle.reminders,
        human_task=None,
        max_delivery_attempts=bundle.max_delivery_attempts,
    )
