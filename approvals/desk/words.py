"""The desk's words: answers as buttons and as past forms, kinds, risks and channels. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.addresses import short
from approvals.desk.payload import human
from approvals.kinds import ADVANCE, FAIL, Kind, is_approval

LABELS = {
    "approved": "Approve",
    "rejected": "Reject",
    "changes_requested": "Request changes",
    "submitted": "Submit",
    "completed": "Mark completed",
    "failed": "Mark failed",
    "override_approved": "Approve override",
    "confirmed": "Confirm",
    "denied": "Deny",
    "assigned": "Assign",
    "declined": "Decline",
    "provided": "Provide",
}
PAST = {
    "completed": "Marked completed",
    "failed": "Marked failed",
    "override_approved": "Override approved",
}
ASKS = {
    Kind.APPROVAL: "asks for approval",
    Kind.REVIEW: "asks for a review",
    Kind.FORM: "asks for a form to be filled in",
    Kind.MANUAL_ACTION: "asks a person to do this",
    Kind.OVERRIDE: "asks to override a safeguard",
    Kind.CONFIRMATION: "asks for confirmation",
    Kind.ASSIGNMENT: "asks who takes this",
    Kind.CLARIFICATION: "asks for clarification",
}
ICONS = {
    Kind.APPROVAL: "done",
    Kind.REVIEW: "eye",
    Kind.FORM: "form",
    Kind.MANUAL_ACTION: "person",
    Kind.OVERRIDE: "flag",
    Kind.CONFIRMATION: "verified",
    Kind.ASSIGNMENT: "group",
    Kind.CLARIFICATION: "comment",
}
MESH = {
    "agent.killed": "Switched off",
    "agent.resumed": "Switched on",
    "policy.changed": "Rules changed",
    "policy.breached": "Met a limit",
}
RULES = {
    "receive": "Who may send to it",
    "receive_override": "Other organisations",
    "action": "Types of intents",
    "cost": "Limits",
}
CHANNELS = {
    "desk": "at the desk",
    "email": "by e-mail",
    "api": "by API",
    "admin": "in the admin",
    "system": "by the clock",
}


@dataclass(frozen=True, slots=True)
class Button:
    """One answer as it is offered; `tone` is yes, no, or empty for the others."""

    value: str
    label: str
    tone: str
    icon: str
    key: str


def label(outcome: str) -> str:
    return LABELS.get(outcome, human(outcome))


def past(outcome: str) -> str:
    """Return the form of "Approved by Ben"; an outcome of the agent's own keeps its words."""
    return PAST.get(outcome, human(outcome))


def buttons(outcomes: Sequence[dict[str, Any]]) -> tuple[list[Button], list[Button]]:
    """Return the one or two equal main answers, and the further ones.

    The pair is the first that lets the work go on and the first that ends it. Where all lead the
    same way, or going on is no plain yes, none is preferred: both stand there in a neutral tone.
    """
    seen = [o for o in outcomes if not o.get("is_hidden")]
    ahead = [o for o in seen if o["effect"] == ADVANCE][:1]
    against = [o for o in seen if o["effect"] == FAIL][:1]
    pair = [*ahead, *against] if ahead and against else seen[:2]
    is_clear = bool(ahead and against) and is_approval(ahead[0]["value"])
    main = [_button(o, is_main=True, is_clear=is_clear, number=n) for n, o in enumerate(pair)]
    return main, [_button(o, is_main=False) for o in seen if o not in pair]


def own_ways_on(outcomes: Sequence[dict[str, Any]]) -> list[str]:
    """Return the agent's own answers that let the work go on without being a plain yes."""
    ahead = [o["value"] for o in outcomes if o["effect"] == ADVANCE and not o.get("is_hidden")]
    return [label(value) for value in ahead if not is_approval(value)]


def name_of(address: str) -> str:
    """Return the part of an address, a key or an e-mail that a person recognises."""
    return short(address.removeprefix("key:"))


def mesh(type: str) -> str:
    """Return what was done to an agent, or what it met, in words."""
    return MESH.get(type, human(type))


def channel(name: str) -> str:
    return CHANNELS.get(name, "")


def _button(
    outcome: dict[str, Any], *, is_main: bool, is_clear: bool = False, number: int = 0
) -> Button:
    against = outcome["effect"] == FAIL
    tone = ("no" if against else "yes") if is_main and is_clear else ""
    key = "ar"[number] if is_main else ""
    value = outcome["value"]
    return Button(value, label(value), tone, "cross" if against else "check", key)
