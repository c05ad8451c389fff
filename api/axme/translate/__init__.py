"""The one place that knows both vocabularies: AXP's words and ours."""

from api.axme.translate.inward import decision_word, resolution, submission, wish
from api.axme.translate.outgoing import published, push, replayed, subscription, webhook
from api.axme.translate.outward import (
    approval,
    created,
    delivery,
    delivery_frame,
    ended,
    event,
    event_frame,
    intent,
    patched,
    resumed,
    summary,
    task,
)
from api.axme.translate.people import (
    access_token,
    overview,
    personal_context,
    session,
    signed_in,
)
from api.axme.translate.threads import (
    message_id,
    message_seqs,
    messages,
    thread,
    thread_status,
)
from api.axme.translate.wire import own_seq, stamp, wire_seq

__all__ = [
    "access_token",
    "approval",
    "created",
    "decision_word",
    "delivery",
    "delivery_frame",
    "ended",
    "event",
    "event_frame",
    "intent",
    "message_id",
    "message_seqs",
    "messages",
    "overview",
    "own_seq",
    "patched",
    "personal_context",
    "published",
    "push",
    "replayed",
    "resolution",
    "resumed",
    "session",
    "signed_in",
    "stamp",
    "submission",
    "subscription",
    "summary",
    "task",
    "thread",
    "thread_status",
    "webhook",
    "wire_seq",
    "wish",
]
