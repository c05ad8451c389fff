"""From a bundle to a plan: who carries out each step, and what follows it. Pure."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from accounts.addresses import SCHEME, canonical
from approvals.workflows import graph
from approvals.workflows.bundle import AgentPart, Bundle, Findings, PersonPart, StepPart
from approvals.workflows.plan import Kind, Plan, StepPlan

END = "end"
INTERNAL = {
    "delay": Kind.DELAY,
    "tool.internal.delay": Kind.DELAY,
    "notification": Kind.NOTIFICATION,
    "tool.internal.notification": Kind.NOTIFICATION,
}
# What has always been asked of people; the last two say how, not who.
ASKS_PEOPLE = {
    "human_approval", "reminder", "escalation", "tool.internal.escalation",
    "tool.approval.human_signoff", "tool.human.approval.v1", "axme.approval.v1",
    "tool.notification.notify_owner",
}  # fmt: skip
CHECKS = {"tool.approval.check_window", "tool.approval.risk_assessment"}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part in a bundle, to be found by role or by address."""

    bundle: Bundle
    org: str
    space: str

    def find(self, named: str) -> AgentPart | PersonPart | None:
        """Return who is meant; an address or an e-mail needs no entry of its own."""
        for part in self.bundle.parts:
            if part.role == named:
                return part
        if "@" in named and "://" not in named:
            return PersonPart(named, "", contact=named)
        address = canonical(named, org=self.org, workspace=self.space)
        for agent in self.bundle.agents:
            if agent.address == address:
                return agent
        return AgentPart(named, named, address, "") if named.startswith(SCHEME) else None

    def contact(self, named: str) -> str:
        """Return how to reach who is named by a role; a role without a contact is any reviewer."""
        for person in self.bundle.people:
            if person.role == named:
                return person.contact or "reviewers"
        return named

    @property
    def roles(self) -> str:
        return ", ".join(part.role for part in self.bundle.parts)


def compiled(bundle: Bundle, found: Findings, *, org: str, space: str) -> Plan | None:
    """Return the plan of a bundle, or None; `found` gets what is wrong and what to know."""
    cast = Cast(bundle, org, space)
    _check_names(bundle, found)
    targets = _targets(bundle, found)
    steps = [_step(part, bundle, cast, found) for part in bundle.steps]
    if found.errors:
        return None
    entry = bundle.entry or bundle.steps[0].id
    found.errors += graph.cycles(targets)
    found.warnings += graph.surprises(targets, entry, {part.id: part.path for part in bundle.steps})
    whole = tuple(_with_targets(step, *targets[step["id"]]) for step in steps)
    return None if found.errors else Plan(whole, entry)


def _with_targets(step: dict[str, Any], success: str | None, failure: str | None) -> StepPlan:
    return StepPlan(**{**step, "on_success": success, "on_failure": failure})


def _check_names(bundle: Bundle, found: Findings) -> None:
    for what, names in (
        ("step_id", [(part.path, part.id) for part in bundle.steps]),
        ("role", [(part.path, part.role) for part in bundle.parts]),
    ):
        taken = Counter(name for _, name in names)
        for path, name in names:
            if taken[name] > 1:
                found.errors.append(f'{path}.{what}: "{name}" is used twice; give each its own')
                taken[name] = 0


def _targets(bundle: Bundle, found: Findings) -> graph.Targets:
    """Return what follows each step after success and after failure; None is the end."""
    ids = [part.id for part in bundle.steps]
    if bundle.entry and bundle.entry not in ids:
        found.errors.append(_no_step("workflow.entry_step", bundle.entry, ids))
    targets: graph.Targets = {}
    for number, part in enumerate(bundle.steps):
        following = ids[number + 1] if number + 1 < len(ids) else None
        for name, target in (("on_success", part.on_success), ("on_failure", part.on_failure)):
            if target and target not in ids and target != END:
                found.errors.append(_no_step(f"{part.path}.{name}", target, [*ids, END]))
        success = part.on_success or following
        targets[part.id] = (
            None if success == END and END not in ids else success,
            part.on_failure or None,
        )
    return targets


def _no_step(path: str, target: str, ids: list[str]) -> str:
    return f'{path}: there is no step "{target}"; write one of: {", ".join(ids[:20])}'


def _step(part: StepPart, bundle: Bundle, cast: Cast, found: Findings) -> dict[str, Any]:
    who = cast.find(part.assigned_to) if part.assigned_to else None
    if part.assigned_to and who is None:
        hint = f"write one of: {cast.roles}" if cast.roles else "add it to agents or humans"
        found.errors.append(
            f'{part.path}.assigned_to: no agent or human has the role "{part.assigned_to}"; {hint}'
        )
    kind = _kind(part, who, cast, found)
    if kind is Kind.AGENT and who is None and len(bundle.agents) == 1:
        who = bundle.agents[0]
    return {
        "id": part.id,
        "kind": kind,
        **(_told(who, bundle) if kind is Kind.NOTIFICATION else _given_to(who)),
        "task": _task(part, bundle, cast) if kind is Kind.PERSON else {},
        "input": part.input,
        "config": part.config,
        "reminders": _reminders(part.reminders or bundle.reminders, cast),
        "deadline": part.deadline,
        "seconds": _seconds(part, kind, found),
        "retries": part.retries,
        "retry_delay": part.retry_delay,
    }


def _given_to(who: AgentPart | PersonPart | None) -> dict[str, Any]:
    if isinstance(who, AgentPart):
        return {"literal": who.literal, "address": who.address, "name": who.name or who.role}
    if who is None:
        return {}
    return {"people": (who.contact,) if who.contact else (), "name": who.name or who.role}


def _told(who: AgentPart | PersonPart | None, bundle: Bundle) -> dict[str, Any]:
    """A notification is for whom it names, or for all people of the bundle."""
    people = [who] if isinstance(who, PersonPart) else bundle.people
    return {"people": tuple(person.contact for person in people if person.contact)}


def _kind(part: StepPart, who: AgentPart | PersonPart | None, cast: Cast, found: Findings) -> Kind:
    internal = INTERNAL.get(part.runtime) or INTERNAL.get(part.tool)
    if internal:
        return internal
    if isinstance(who, AgentPart):
        if part.requires_approval or part.task is not None:
            found.errors.append(
                f"{part.path}.assigned_to: only people approve and {who.role} is an agent; "
                "assign this to a human role, or take requires_approval and human_task away"
            )
        return Kind.AGENT
    asks = part.requires_approval or part.task is not None
    if who is not None or asks or {part.runtime, part.tool} & ASKS_PEOPLE:
        return Kind.PERSON
    return _nobodys_kind(part, cast, found)


def _nobodys_kind(part: StepPart, cast: Cast, found: Findings) -> Kind:
    """Return the kind of a step that is given to nobody."""
    if part.runtime == "timeout":
        return Kind.TIMEOUT
    if part.tool in CHECKS:
        found.warnings.append(
            f"{part.path}: nobody carries out {part.tool}, so it passes unchecked; "
            "assign it to an agent"
        )
        return Kind.CHECK
    if len(cast.bundle.agents) != 1 and not part.assigned_to:
        hint = f"write one of: {cast.roles}" if cast.roles else "add it to agents or humans"
        found.errors.append(f"{part.path}.assigned_to: nobody carries out this step; {hint}")
    return Kind.AGENT


def _task(part: StepPart, bundle: Bundle, cast: Cast) -> dict[str, Any]:
    """Return what people are asked: the step's own question, or the bundle's, with a title."""
    task = dict(part.task or bundle.task or {})
    if names := task.get("assignees"):
        task["assignees"] = [cast.contact(name) for name in names]
    return {**task, "title": task.get("title") or bundle.title or part.id}


def _reminders(given: dict[str, Any], cast: Cast) -> dict[str, Any]:
    escalated = given.get("escalate_to")
    return {**given, "escalate_to": cast.contact(escalated)} if escalated else given


def _seconds(part: StepPart, kind: Kind, found: Findings) -> int:
    if kind not in {Kind.DELAY, Kind.TIMEOUT}:
        return 0
    given = part.config.get("seconds", part.config.get("delay_seconds", part.deadline))
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= 31_536_000:
        found.errors.append(
            f"{part.path}.config.seconds: write how long to wait, a whole number up to 31536000"
        )
        return 0
    return given
