"""Sending a message again because a person says so: a mail, a webhook or a push."""

from datetime import datetime
from uuid import UUID

from accounts.actor import Actor
from events import hands, outbox
from events.models import Outbox
from intents.actions import push_again
from intents.outgoing import PUSH


class NoSuchMessage(Exception):
    """There is no such message, or you may not send it again."""

    def __init__(self) -> None:
        super().__init__(NoSuchMessage.__doc__)


class AlreadySent(Exception):
    """This message was sent, is being sent, or is no longer needed."""

    def __init__(self) -> None:
        super().__init__(AlreadySent.__doc__)


def send_again(message_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Let a message that waits, failed or was given up go now.

    Raises: NoSuchMessage, also for one of a workspace this person does not administer;
    AlreadySent; and for a push what `push_again` raises.
    """
    rows = Outbox.objects.filter(id=message_id, workspace__in=actor.administers)
    row = rows.exclude(queue=Outbox.Queue.NEWS).first()
    if row is None:
        raise NoSuchMessage
    if row.kind == PUSH:
        push_again(row.id, actor=actor, now=now)
    elif not outbox.retry([row.id], now=now):
        raise AlreadySent
    hands.hurry(hands.NOTICES if row.queue == Outbox.Queue.MAIL else hands.CALLS)
