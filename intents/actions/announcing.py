"""From "something happened to these intents" to who is told what of it.

An action leaves a row of news for each intent; here, some at a time, they become the webhooks.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from events import webhooks
from events.models import Event, Outbox, Subscription, WebhookEvent
from events.webhooks import OURSELVES, ears
from intents.models import Delivery, Intent

AT_ONCE = 50
Heard = tuple[WebhookEvent, list[Subscription]]


@transaction.atomic
def announce(*, now: datetime) -> bool:
    """Turn the oldest news into messages, and tell whether there was any.

    It is gone with the same commit. Nothing here waits for anybody, so the lock is claim enough.
    """
    rows = Outbox.objects.due(now, queue=Outbox.Queue.NEWS).order_by("next_try_at", "id")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    news = list(rows[:AT_ONCE])
    if news:
        told = list(_Announcer(news).heard())
        WebhookEvent.objects.bulk_create([event for event, _ in told])
        webhooks.queue(told, now=now)
        Outbox.objects.filter(id__in=[row.id for row in news]).delete()
    return bool(news)


class _Announcer:
    """What is needed to know who hears of some news, read together."""

    def __init__(self, news: Sequence[Outbox]) -> None:
        self.news = news
        ids = {row.subject_id for row in news}
        self.subscriptions = webhooks.live({row.workspace_id for row in news})
        self.intents = Intent.objects.in_bulk(ids)
        self.events: defaultdict[UUID, list[Event]] = defaultdict(list)
        since = min(row.created_at for row in news)
        for event in Event.objects.filter(intent_id__in=ids, at__gte=since).order_by("seq"):
            self.events[event.intent_id].append(event)
        self.deliveries: defaultdict[UUID, list[Delivery]] = defaultdict(list)
        for delivery in Delivery.objects.filter(intent__in=ids).order_by("created_at", "id"):
            self.deliveries[delivery.intent_id].append(delivery)
        # Two actions at the same instant leave news of the same events.
        told = WebhookEvent.objects.filter(intent_id__in=ids)
        self.told = set(told.values_list("intent_id", "seq"))

    def heard(self) -> Iterator[Heard]:
        """Yield what is told to anybody at all, in the order in which it happened."""
        for row in self.news:
            known = [
                s
                for s in self.subscriptions
                if s.workspace_id == row.workspace_id and s.created_at <= row.created_at
            ]
            happened = [e for e in self.events[row.subject_id] if self._is_news(e, row)]
            self.told.update((event.intent_id, event.seq) for event in happened)
            if known and happened:
                yield from self._of_intent(happened, known)
                yield from self._of_inboxes(happened, known, since=row.created_at)

    def _is_news(self, event: Event, row: Outbox) -> bool:
        is_recent = event.seq <= row.number and event.at >= row.created_at
        return is_recent and (event.intent_id, event.seq) not in self.told

    def _of_intent(self, happened: list[Event], known: list[Subscription]) -> Iterator[Heard]:
        owners = sorted(self.intents[happened[0].intent_id].parties)
        for event in happened:
            webhook = _webhook(event, event.type)
            if found := ears(webhook, known, owners=owners):
                yield webhook, found

    def _of_inboxes(
        self, happened: list[Event], known: list[Subscription], *, since: datetime
    ) -> Iterator[Heard]:
        for delivery in self.deliveries[happened[0].intent_id]:
            for type, event in _seen_in(delivery, happened, since=since):
                webhook = _webhook(event, type, delivery)
                if found := ears(webhook, known):
                    yield webhook, found


def _seen_in(
    delivery: Delivery, happened: list[Event], *, since: datetime
) -> Iterator[tuple[str, Event]]:
    """Yield what its owner's inbox shows of it: a new thread, or a change of one they have."""
    is_new = delivery.created_at >= since
    yield ("inbox.thread_created" if is_new else "inbox.thread_updated"), happened[-1]
    for event in happened:
        if event.type == "intent.message" and event.actor != delivery.address:
            yield "inbox.reply_received", event


def _webhook(event: Event, type: str, delivery: Delivery | None = None) -> WebhookEvent:
    return WebhookEvent(
        workspace_id=event.workspace_id,
        owner=delivery.address if delivery else "",
        literal=delivery.literal if delivery else "",
        type=type,
        source=OURSELVES,
        intent_id=event.intent_id,
        seq=event.seq,
        created_at=event.at,
    )
