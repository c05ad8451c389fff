"""One workflow while its intent is locked: its rows, how they stand, and what a turn changes."""

from datetime import datetime
from typing import Self
from uuid import UUID

from accounts.actor import Actor
from accounts.addresses import RUNTIME
from approvals import gates
from approvals.directory import Directory
from approvals.kinds import FAIL, is_approval
from approvals.models import Gate
from approvals.workflows.models import Step, Workflow
from approvals.workflows.plan import Facts, Kind, Plan, Standing, StepPlan, judge
from events.journeys import one_journey
from events.rows import insert_rows, update_rows, write_where
from governance.admission import Tally
from intents import change as changes
from intents import deliveries
from intents.change import Change
from intents.lifecycle import Status
from intents.models import Delivery, Intent

WRITTEN = (
    "state", "attempt", "child_id", "gate_id", "started_at", "ended_at", "deadline_at",
    "resume_at", "wake_at", "outcome", "result", "error",
)  # fmt: skip
RELEASE = "UPDATE intents_intent SET reports_to = NULL WHERE id"
WORK = {
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELED: "canceled",
    Status.TIMED_OUT: "timed out",
}


class Run:
    """A scenario's locked intent with its plan and steps, and all that this turn has to store."""

    def __init__(
        self, workflow: Workflow, steps: list[Step], *, tally: Tally | None = None, now: datetime
    ) -> None:
        self.intent, self.now = workflow.intent, now
        self.workflow, self.steps = workflow, steps
        self.plan = Plan.read(workflow.plan)
        self.change = Change(self.intent, actor=Actor.system(RUNTIME), now=now)
        self.directory: Directory | None = None
        self.begun: list[Change] = []
        self.placed: list[Delivery] = []
        self.asked: list[Gate] = []
        self.touched: list[Step] = []
        self.released: list[UUID] = []
        self.tally = tally or Tally()

    @classmethod
    def of(cls, intent: Intent, *, now: datetime) -> Self:
        """Read the rows of a scenario whose intent is locked."""
        workflow = Workflow.objects.get(intent=intent)
        workflow.intent = intent
        run = cls(workflow, list(workflow.steps.order_by("position")), now=now)
        if active := run.active:
            if active.gate_id:
                active.gate = Gate.objects.get(id=active.gate_id)
            active.child = run.child_of(active)
        return run

    @property
    def active(self) -> Step | None:
        return next((step for step in self.steps if step.state == Step.State.ACTIVE), None)

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.step_id == step_id)

    def plan_of(self, step: Step) -> StepPlan:
        return self.plan.step(step.step_id)

    def child_of(self, step: Step) -> Intent | None:
        """Read a step's work; locked, after its parent, when this turn may have to end it."""
        if step.child_id is None:
            return None
        is_late = step.deadline_at is not None and step.deadline_at <= self.now
        rows = Intent.objects.filter(id=step.child_id)
        return (rows.locked() if is_late or self.intent.is_over else rows).first()

    def people(self) -> Directory:
        if self.directory is None:
            self.directory = Directory.of([self.intent.workspace_id])
        return self.directory

    def standing(self) -> Standing:
        step = self.active
        if self.intent.is_over or step is None:
            return Standing(is_over=self.intent.is_over)
        has_fallback = self.plan_of(step).on_failure is not None
        verdict = judge(self._facts(step), has_fallback=has_fallback)
        return Standing(active=step.step_id, attempt=step.attempt, verdict=verdict)

    def _facts(self, step: Step) -> Facts:
        is_refused = step.error is not None and step.child is None and step.resume_at is None
        return Facts(
            kind=Kind(step.kind),
            now=self.now,
            has_work=step.child is not None,
            work=_work(step.child),
            answer=_answer(step.gate),
            is_refused=is_refused,
            resume_at=step.resume_at,
            deadline_at=step.deadline_at,
        )

    def touch(self, step: Step) -> None:
        if step not in self.touched:
            self.touched.append(step)

    def release(self, intent: Intent) -> None:
        """Its end has been taken note of, so it reports no more."""
        intent.reports_to = None
        self.released.append(intent.id)

    def write(self) -> None:
        """Store the turn. Ended steps go first: a workflow has one active step at any time."""
        over = [step for step in self.touched if step.state != Step.State.ACTIVE]
        placed = list({delivery.address: delivery for delivery in self.placed}.values())
        with one_journey():
            insert_rows([change.intent for change in self.begun])
            topics = deliveries.place(placed, now=self.now)
            if self.asked:
                gates.store(self.asked, self.people(), now=self.now)
                update_rows([self.intent], ("human_task",))
            changes.record(self.begun, topics=topics)
            update_rows(over, WRITTEN)
            update_rows([step for step in self.touched if step not in over], WRITTEN)
            write_where(RELEASE, self.released)
            if self.intent.is_over:
                deliveries.close([self.intent.id], now=self.now)
            changes.write([self.change])
            self.tally.record(now=self.now)


def _work(child: Intent | None) -> str:
    if child is None or not child.is_over:
        return ""
    was_refused = child.status == Status.FAILED and (child.error or {}).get("code") == "rejected"
    return "rejected" if was_refused else WORK[Status(child.status)]


def _answer(gate: Gate | None) -> str:
    if gate is None or gate.is_open:
        return ""
    if gate.state != Gate.State.DECIDED:
        return "withdrawn"
    if gate.effect_of(gate.outcome) == FAIL:
        return "fail"
    return "advance" if is_approval(gate.outcome) else "other"
