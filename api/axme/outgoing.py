"""Writes the calls we make to other machines, at the moment they are made."""

import json
from datetime import datetime
from typing import Any

from accounts.models import Agent
from accounts.sealing import Unreadable, unseal
from api.axme import translate
from events import signing, webhooks
from events.calls import Kind
from events.models import Event, Outbox, Subscription, WebhookEvent
from events.transports import TransportError
from events.transports.http import Call
from intents.actions import settle_push
from intents.models import Delivery, Intent


def push(row: Outbox, now: datetime) -> Call | None:
    """Return the call that puts work before an agent; None when it is over, paused or taken away.

    Raises: TransportError when its secret cannot be read: nothing goes out unsigned instead.
    """
    work = Delivery.objects.actionable().filter(id=row.subject_id, attempt=row.number)
    delivery = work.select_related("intent").first()
    agent = Agent.objects.called().filter(id__in=[row.target_id]).first()
    if delivery is None or agent is None:
        return None
    body = translate.push(delivery)
    return _call(agent.callback_url, body, row, sealed=agent.push_secret, now=now)


def webhook(row: Outbox, now: datetime) -> Call | None:
    """Return the call that tells a subscriber; None when it was ended or switched off meanwhile.

    Raises: TransportError when its secret cannot be read.
    """
    event = WebhookEvent.objects.filter(id=row.subject_id).first()
    subscription = Subscription.objects.live().filter(id__in=[row.target_id]).first()
    if event is None or subscription is None:
        return None
    body = translate.webhook(event, *_subject(event))
    return _call(subscription.callback_url, body, row, sealed=subscription.secret, now=now)


def _subject(event: WebhookEvent) -> tuple[Intent | None, Event | None]:
    """Return the intent an event is about, and what happened to it; nothing for published ones."""
    if event.intent_id is None or event.seq is None:
        return None, None
    happened = Event.objects.filter(intent_id=event.intent_id, seq=event.seq).first()
    return Intent.objects.filter(id=event.intent_id).first(), happened


KINDS = {"push": Kind(push, settle_push), "webhook": Kind(webhook, webhooks.settle)}


def _call(url: str, body: dict[str, Any], row: Outbox, *, sealed: str, now: datetime) -> Call:
    raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    try:
        secret = unseal(sealed) if sealed else ""
    except Unreadable as failure:
        raise TransportError(str(failure)) from failure
    named = {"id": str(row.id), "delivery": str(body.get("delivery_id", ""))}
    return Call(url, raw, signing.headers(raw, secret=secret, now=now, **named))
