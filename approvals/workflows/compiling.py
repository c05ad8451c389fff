"""From a bundle to a plan: who carries out each step, and what follows it. Pure."""

from collections import Counter
from typing import Any

from approvals.workflows import graph
from approvals.workflows.bundle import AgentPart, Bundle, Findings, PersonPart, StepPart
from approvals.workflows.casting import Cast, kind_of
from approvals.workflows.plan import Kind, Plan, StepPlan

END = "end"


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
            if name and taken[name] > 1:
                found.errors.append(f'{path}.{what}: "{name}" is used twice; give each its own')
                taken[name] = 0


def _targets(bundle: Bundle, found: Findings) -> graph.Targets:
    """Return what follows each step after success and after failure; None is the end."""
    ids = [part.id for part in bundle.steps]
    if bundle.entry and bundle.entry not in ids:
        found.errors.append(_no_step("workflow.entry_step", bundle.entry, ids))
    targets: graph.Targets = {}
    for number, part in enumerate(bundle.steps):
        success = part.on_success or (ids[number + 1] if number + 1 < len(ids) else END)
        for name, target, known in (
            ("on_success", success, [*ids, END]),
            ("on_failure", part.on_failure, ids),
        ):
            if target and target not in known:
                found.errors.append(_no_step(f"{part.path}.{name}", target, known))
        after = None if success == END and END not in ids else success
        targets[part.id] = (after, part.on_failure or None)
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
    kind = kind_of(part, who, cast, found)
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
