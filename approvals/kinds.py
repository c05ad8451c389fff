"""The task types, their usual outcomes, and what each outcome does to the intent. Pure."""

from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices

ADVANCE = "advance"
FAIL = "fail"
NEGATIVE = frozenset(
    {"rejected", "reject", "denied", "declined", "failed", "changes_requested", "override_rejected"}
)


class Kind(TextChoices):
    APPROVAL = "approval", "Approval"
    REVIEW = "review", "Review"
    FORM = "form", "Form"
    MANUAL_ACTION = "manual_action", "Manual action"
    OVERRIDE = "override", "Override"
    CONFIRMATION = "confirmation", "Confirmation"
    ASSIGNMENT = "assignment", "Assignment"
    CLARIFICATION = "clarification", "Clarification"


# Types of the protocol beyond the eight: shown by their nearest relative, answered like it.
RELATIVES = {
    "provide_data": Kind.FORM,
    "attach_file": Kind.MANUAL_ACTION,
    "validate_real_world": Kind.CONFIRMATION,
    "validate_output": Kind.REVIEW,
    "delegation": Kind.ASSIGNMENT,
    "reroute": Kind.ASSIGNMENT,
    "escalate": Kind.APPROVAL,
}


@dataclass(frozen=True)
class Usual:
    """What a task type offers when the agent names no outcomes, and what it asks for."""

    outcomes: tuple[str, ...]
    is_comment_required: bool = False


USUAL = {
    Kind.APPROVAL: Usual(("approved", "rejected")),
    Kind.REVIEW: Usual(("approved", "changes_requested", "rejected")),
    Kind.FORM: Usual(("submitted", "rejected")),
    Kind.MANUAL_ACTION: Usual(("completed", "failed")),
    Kind.OVERRIDE: Usual(("override_approved", "rejected"), is_comment_required=True),
    Kind.CONFIRMATION: Usual(("confirmed", "denied")),
    Kind.ASSIGNMENT: Usual(("assigned", "declined")),
    Kind.CLARIFICATION: Usual(("provided", "declined")),
}


def kind_of(name: str) -> Kind:
    """Return the task type of that name, or its nearest relative; an unknown one is an approval."""
    if name in Kind.values:
        return Kind(name)
    return RELATIVES.get(name, Kind.APPROVAL)


def effect_of(outcome: str) -> str:
    return FAIL if outcome.lower() in NEGATIVE else ADVANCE


def outcomes_for(kind: Kind, named: list[str]) -> list[dict[str, Any]]:
    """Return the outcomes of a gate. Named ones are all there is.

    Otherwise the type's usual ones are shown, and the plain pair is understood too (`is_hidden`),
    because command-line clients only know approved and rejected.
    """
    shown = list(dict.fromkeys(named)) or list(USUAL[kind].outcomes)
    hidden = [] if named else [o for o in ("approved", "rejected") if o not in shown]
    return [
        {"value": value, "effect": effect_of(value), "is_hidden": value in hidden}
        for value in [*shown, *hidden]
    ]
