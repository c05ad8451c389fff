"""Why an answer was not taken. Each has a code for machines, and its text is for people."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from approvals.models import Decision, Gate


class Refusal(Exception):
    """An answer that was not taken; nothing was written."""

    code = "refused"


class NoSuchGate(Refusal):
    code = "approval_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such request.")


class NotYours(Refusal):
    code = "not_allowed_to_decide"


class GateClosed(Refusal):
    """The question has ended without this answer: expired or withdrawn."""

    code = "already_terminal"

    def __init__(self, gate: "Gate") -> None:
        super().__init__(
            "Nobody answered in time, so this request expired."
            if gate.state in {gate.State.EXPIRED, gate.State.OPEN}
            else "This request was withdrawn before it was answered."
        )
        self.gate = gate


class AlreadyDecided(Refusal):
    """Somebody was first; `decision` is theirs."""

    code = "already_decided"

    def __init__(self, decision: "Decision") -> None:
        super().__init__(
            f"{decision.by} already answered “{decision.outcome}” at {decision.at:%H:%M} UTC."
        )
        self.decision = decision


class PayloadChanged(Refusal):
    """What the decider saw is not what would run now."""

    code = "payload_changed"

    def __init__(self, gate: "Gate") -> None:
        super().__init__(
            f"The request changed after you read it. It is now version {gate.version}; "
            "look at what changed, then decide."
        )
        self.gate = gate


class OutcomeNotAllowed(Refusal):
    code = "outcome_not_allowed"

    def __init__(self, outcome: str, allowed: list[str]) -> None:
        super().__init__(f"“{outcome[:64]}” is not one of the answers: {', '.join(allowed)}.")


class CommentRequired(Refusal):
    code = "comment_required"

    def __init__(self) -> None:
        super().__init__("This answer needs a comment. Write one or two sentences.")


class EvidenceRequired(Refusal):
    code = "evidence_required"

    def __init__(self) -> None:
        super().__init__("This answer needs evidence: a link, a ticket or a file name.")


class EvidenceNotTaken(EvidenceRequired):
    """There is evidence, and it is none: no such file, or one we do not take."""

    def __init__(self, sentence: str) -> None:
        Refusal.__init__(self, sentence)


class FormInvalid(Refusal):
    """The form does not fit its schema; `errors` maps a field's name to a sentence."""

    code = "form_invalid"

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(
            "The form is not complete: " + "; ".join(f"{k}: {v}" for k, v in errors.items())
        )
        self.errors = errors
