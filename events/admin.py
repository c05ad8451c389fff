"""The admin of what happened and of what has yet to be told; nothing here can be edited."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin import ReadOnly
from events import outbox
from events.models import Event, Outbox, Subscription, WebhookEvent


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("at", "type", "status", "actor", "handler", "intent_id", "seq", "workspace")
    list_filter = ("workspace", "type", "status")
    list_select_related = ("workspace",)
    search_fields = ("=intent_id", "actor")
    search_help_text = "The id of an intent, or who did it"
    ordering = ("-id",)


@admin.register(Outbox)
class OutboxAdmin(ReadOnly):
    """Messages and what became of them. One that was given up can be tried again from here."""

    list_display = ("created_at", "kind", "state", "attempts", "next_try_at", "last_error")
    list_filter = ("state", "kind", "workspace")
    search_fields = ("=id", "=subject_id", "last_error")
    search_help_text = "The id of a message or of what it is about, or words of the error"
    ordering = ("-created_at", "-id")
    actions = ("send_again",)

    @admin.action(description="Send again", permissions=["act"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Outbox]) -> None:
        chosen = list(queryset.values_list("id", flat=True))
        count = outbox.retry(chosen, now=timezone.now())
        self.message_user(request, f"To be sent again: {count} of {len(chosen)}.")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly):
    list_display = ("created_at", "callback_url", "literal", "is_active", "revoked_at", "workspace")
    list_filter = ("workspace", "is_active", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace",)
    search_fields = ("=id", "callback_url", "=owner")
    search_help_text = "The id of a subscription, its address, or its owner's whole address"
    ordering = ("-created_at", "-id")
    exclude = ("secret",)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly):
    list_display = ("created_at", "type", "source", "owner", "intent_id", "workspace")
    list_filter = ("workspace", "type")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=intent_id")
    search_help_text = "The id of a webhook event or of an intent"
    ordering = ("-created_at", "-id")
