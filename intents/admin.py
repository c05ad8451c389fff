"""The admin of deliveries. Intents are in `approvals.admin`: withdrawing one is done there."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin import ReadOnly
from intents.actions import offer_again
from intents.models import Delivery


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
