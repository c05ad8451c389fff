"""What agents do with intents alone. What also touches gates is in `approvals.actions`."""

from intents.actions.announcing import announce
from intents.actions.creating import Submission, begin, first_delivery
from intents.actions.locking import (
    AlreadyOver,
    NoSuchIntent,
    NotAParty,
    asking_usable,
    lock,
    require_party,
    require_usable,
)
from intents.actions.pushing import NothingToPush, push_again, settle_push
from intents.actions.redelivering import offer_again, offer_unanswered
from intents.actions.steering import acknowledge, merge_patch, patch, reply
from intents.actions.threads import hide_messages, mark_read

__all__ = [
    "AlreadyOver",
    "NoSuchIntent",
    "NotAParty",
    "NothingToPush",
    "Submission",
    "acknowledge",
    "announce",
    "asking_usable",
    "begin",
    "first_delivery",
    "hide_messages",
    "lock",
    "mark_read",
    "merge_patch",
    "offer_again",
    "offer_unanswered",
    "patch",
    "push_again",
    "reply",
    "require_party",
    "require_usable",
    "settle_push",
]
