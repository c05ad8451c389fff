"""A whole bundle against its workspace: the plan it makes, and what there is to say about it."""

import re
from collections.abc import Iterable

from accounts.addresses import RUNTIME
from accounts.models import AGENT_NAME, Agent, Workspace
from approvals.directory import ANY_REVIEWER, Directory
from approvals.workflows.bundle import AgentPart, Bundle, Findings
from approvals.workflows.compiling import compiled
from approvals.workflows.plan import Kind, Plan

NAME = re.compile(AGENT_NAME.regex)


def checked(bundle: Bundle, found: Findings, workspace: Workspace) -> Plan | None:
    """Return the plan of a bundle as this workspace can carry it out, or None with the errors."""
    plan = compiled(bundle, found, org=workspace.org, space=workspace.name)
    known = _known(workspace, [*(agent.address for agent in bundle.agents), *_addresses(plan)])
    for part in bundle.agents:
        _check_agent(part, known.get(part.address), found, workspace)
    named = {part.address: part.path for part in bundle.agents}
    for step in plan.steps if plan else ():
        if step.kind is Kind.AGENT and step.address not in named:
            _check_usable(
                f"workflow.steps: {step.id}", step.literal, known.get(step.address), found
            )
    _check_contacts(bundle, plan, found, workspace)
    return None if found.errors else plan


def missing(bundle: Bundle, workspace: Workspace) -> list[AgentPart]:
    """Return the agents that an apply would register."""
    known = _known(workspace, [agent.address for agent in bundle.agents])
    return [a for a in bundle.agents if a.is_made_if_missing and a.address not in known]


def _addresses(plan: Plan | None) -> list[str]:
    return [step.address for step in plan.steps if step.address] if plan else []


def _known(workspace: Workspace, addresses: Iterable[str]) -> dict[str, Agent]:
    """Return the agents there are; one that was removed may come back, unless it was killed."""
    rows = Agent.objects.filter(workspace=workspace, address__in=set(addresses)).exclude(
        removed_at__isnull=False, killed_at=None, kind=Agent.Kind.PROGRAM
    )
    return {row.address: row for row in rows}


def _check_agent(
    part: AgentPart, known: Agent | None, found: Findings, workspace: Workspace
) -> None:
    path = f"{part.path}.address"
    own = f"agent://{workspace}/"
    if known is not None:
        _check_usable(path, part.literal, known, found)
    elif part.address == RUNTIME:
        found.errors.append(f"{path}: agent_core is this server itself; name an agent of yours")
    elif not part.literal:
        pass  # That nothing names it has been told.
    elif not part.is_made_if_missing:
        found.warnings.append(
            f"{path}: no agent is registered at {part.address}; its work waits until one listens"
        )
    elif not part.address.startswith(own) or not NAME.fullmatch(part.address.removeprefix(own)):
        found.errors.append(
            f"{path}: cannot be registered; write a name of 2 to 63 letters, digits, . _ or -, "
            f"or {own}name"
        )


def _check_usable(path: str, literal: str, known: Agent | None, found: Findings) -> None:
    if known is None:
        return
    if known.kind == Agent.Kind.PEOPLE:
        found.errors.append(f"{path}: {literal} is an address of people; write it under humans")
    elif known.killed_at is not None or not known.is_on:
        found.errors.append(f"{path}: {literal} was switched off; switch it on before you use it")


def _check_contacts(
    bundle: Bundle, plan: Plan | None, found: Findings, workspace: Workspace
) -> None:
    """Warn of people that nobody here is: they cannot be asked, so any reviewer is."""
    paths = {
        name: f"workflow.steps: {s.id}" for s in (plan.steps if plan else ()) for name in s.people
    }
    paths |= {person.contact: f"{person.path}.contact" for person in bundle.people}
    asked = [name for name in paths if name and name.lower() not in ANY_REVIEWER]
    directory = Directory.of([workspace.id] if asked else [])
    for name in asked:
        is_all = directory.means_anyone(workspace.id, name)
        if not is_all and not directory.find(workspace.id, [name]):
            found.warnings.append(
                f"{paths[name]}: no reviewer here is {name}; any reviewer is asked"
            )
