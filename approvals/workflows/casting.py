"""Who takes part in a bundle, and who or what each of its steps is for. Pure."""

from dataclasses import dataclass

from accounts.addresses import SCHEME, canonical
from approvals.workflows.bundle import AgentPart, Bundle, Findings, PersonPart, StepPart
from approvals.workflows.plan import Kind

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
        return ", ".join(part.role for part in self.bundle.parts if part.role)


def kind_of(
    part: StepPart, who: AgentPart | PersonPart | None, cast: Cast, found: Findings
) -> Kind:
    """Return what kind of step this is; that people are to approve is never dropped silently."""
    internal = INTERNAL.get(part.runtime) or INTERNAL.get(part.tool)
    asks = part.requires_approval or part.task is not None
    if internal:
        if asks:
            found.errors.append(
                f"{part.path}: a {internal} asks nobody; take requires_approval and human_task "
                "away, or give them to a step of their own"
            )
        return internal
    if isinstance(who, AgentPart):
        if asks:
            found.errors.append(
                f"{part.path}.assigned_to: only people approve and {who.role} is an agent; "
                "assign this to a human role, or take requires_approval and human_task away"
            )
        return Kind.AGENT
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
