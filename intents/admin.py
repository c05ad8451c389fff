"""The admin of deliveries, files and intent types. Intents, and withdrawing one, are elsewhere."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin import ReadOnly
from intents.actions import offer_again
from intents.media.models import Upload
from intents.models import Delivery
from intents.registry.models import IntentType


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """Work before its agent: offered, answered or not, and what went wrong."""

    list_display = (
        "created_at", "address", "intent", "purpose", "attempt",
        "offered_at", "acknowledged_at", "next_try_at", "closed_at", "last_error",
    )  # fmt: skip
    list_filter = ("workspace", "purpose", "is_paused", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("intent",)
    search_fields = ("=id", "=intent__id", "=address")
    search_help_text = "The id of a delivery or an intent, or a whole address"
    ordering = ("-created_at", "-id")
    actions = ("offer_again",)

    @admin.action(description="Offer again", permissions=["act"])
    def offer_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Put unanswered work before its agent once more; the sender's limit of attempts holds."""
        ids = list(queryset.values_list("id", flat=True))
        count = sum(offer_again(id, now=timezone.now()) is not None for id in ids)
        self.message_user(request, f"Offered again: {count} of {len(ids)}.")


@admin.register(Upload)
class UploadAdmin(ReadOnly):
    """Files: what was announced, and what came of it."""

    list_display = ("created_at", "filename", "mime_type", "size_bytes", "status", "brought_by")
    list_filter = ("workspace", "status", "mime_type")
    search_fields = ("=id", "filename", "brought_by")
    ordering = ("-created_at", "id")


@admin.register(IntentType)
class IntentTypeAdmin(ReadOnly):
    """Registered intent types; programs register them over the API."""

    list_display = ("name", "workspace", "mode", "is_active", "updated_at")
    list_filter = ("workspace", "mode", "is_active")
    search_fields = ("name",)
    ordering = ("name", "id")
