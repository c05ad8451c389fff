"""The task types, their usual outcomes, and what each outcome does to the intent. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices

ADVANCE = "advance"
FAIL = "fail"
# Compared as letters only, so that "Rejected " and "rejected_" are no other words.
NEGATIVE = {
    "rejected", "reject", "denied", "deny", "declined", "decline", "failed", "fail", "refused",
    "refuse", "disapproved", "disapprove", "changesrequested", "overriderejected", "no",
    "canceled", "cancelled", "cancel", "blocked", "block", "stop", "abort",
}  # fmt: skip
POSITIVE = {
    "approved", "approve", "overrideapproved", "confirmed", "confirm", "completed", "submitted",
    "assigned", "provided", "accepted", "accept", "yes", "ok",
}  # fmt: skip
PLAIN = re.compile(r"[^\W_][\w '.,/+-]*")


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


class BadOutcomes(ValueError):
    """The outcomes an agent named could mislead the person who chooses; the text says why."""


def effect_of(outcome: str) -> str:
    return FAIL if letters(outcome) in NEGATIVE else ADVANCE


def is_approval(outcome: str) -> bool:
    """Tell whether an answer says yes. A word of the agent's own lets it go on, and is no yes."""
    return letters(outcome) in POSITIVE


def letters(outcome: str) -> str:
    """Return what a reader makes of an outcome: its letters and digits, whatever stands between."""
    plain = unicodedata.normalize("NFKC", outcome).casefold()
    return "".join(c for c in plain if c.isalnum())


def check_outcomes(named: Sequence[str]) -> None:
    """Refuse outcomes that look alike or like something they are not. Raises: BadOutcomes."""
    if len({letters(outcome) for outcome in named}) < len(set(named)):
        raise BadOutcomes("allowed_outcomes has two answers that read the same.")
    for outcome in named:
        if not PLAIN.fullmatch(outcome) or not letters(outcome):
            raise BadOutcomes("allowed_outcomes may have letters, digits, spaces, _ and - only.")
        if len(_scripts(outcome)) > 1 and "LATIN" in _scripts(outcome):
            raise BadOutcomes("allowed_outcomes mixes letters of several scripts in one word.")


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(c, "UNKNOWN").split()[0] for c in text if c.isalpha()}


def outcomes_for(kind: Kind, named: list[str]) -> list[dict[str, Any]]:
    """Return the outcomes of a gate. Named ones are all there is.

    Otherwise the type's usual ones are shown, and the plain pair is understood too (`is_hidden`),
    because command-line clients only know approved and rejected. Refusing is always possible.
    """
    shown = list(dict.fromkeys(named)) or list(USUAL[kind].outcomes)
    if not any(effect_of(value) == FAIL for value in shown):
        shown.append("rejected")
    hidden = [] if named else [o for o in ("approved", "rejected") if o not in shown]
    return [
        {"value": value, "effect": effect_of(value), "is_hidden": value in hidden}
        for value in [*shown, *hidden]
    ]
