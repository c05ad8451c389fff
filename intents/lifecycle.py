"""Which status may follow which. Pure: no database, no clock. `change.Change.move` is its user.

CREATED > SUBMITTED > DELIVERED > ACKNOWLEDGED > IN_PROGRESS <> WAITING > an end, which is final.
"""

from enum import StrEnum


class Status(StrEnum):
    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    DELIVERED = "DELIVERED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    IN_PROGRESS = "IN_PROGRESS"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    TIMED_OUT = "TIMED_OUT"


class WaitingFor(StrEnum):
    HUMAN = "WAITING_FOR_HUMAN"
    TOOL = "WAITING_FOR_TOOL"
    AGENT = "WAITING_FOR_AGENT"
    TIME = "WAITING_FOR_TIME"


ENDS = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED, Status.TIMED_OUT})
OPEN = frozenset(Status) - ENDS
# A failure, a cancellation or a deadline may come at any time before the end.
SUDDEN = frozenset({Status.FAILED, Status.CANCELED, Status.TIMED_OUT})
WORKING = frozenset({Status.IN_PROGRESS, Status.WAITING})

MOVES: dict[Status, frozenset[Status]] = {
    Status.CREATED: SUDDEN | {Status.SUBMITTED},
    Status.SUBMITTED: SUDDEN | {Status.DELIVERED},
    Status.DELIVERED: SUDDEN | WORKING | {Status.ACKNOWLEDGED},
    Status.ACKNOWLEDGED: SUDDEN | WORKING,
    Status.IN_PROGRESS: SUDDEN | WORKING | {Status.COMPLETED},
    Status.WAITING: SUDDEN | WORKING,
    **{end: frozenset() for end in ENDS},
}

EVENT: dict[Status, str] = {status: f"intent.{status.lower()}" for status in Status}


class InvalidTransition(Exception):
    """The intent cannot go from its status to the wanted one."""

    def __init__(self, current: Status, wanted: Status) -> None:
        super().__init__(f"An intent that is {current} cannot become {wanted}.")
        self.current, self.wanted = current, wanted


def check(current: Status, wanted: Status) -> None:
    """Refuse a step the lifecycle does not have. Raises: InvalidTransition."""
    if wanted not in MOVES[current]:
        raise InvalidTransition(current, wanted)
