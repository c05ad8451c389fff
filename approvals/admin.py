"""The admin of intents, gates, decisions, links and invitations. Answering is for the desk."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.actor import Channel
from accounts.admin import ReadOnly
from accounts.keys import actor_for_user
from accounts.people.models import Invite, Profile
from approvals.actions import cancel
from approvals.models import Decision, Delegation, EmailLink, Gate, Step
from intents.actions import AlreadyOver, NoSuchIntent
from intents.models import Intent


@admin.register(Intent)
class IntentAdmin(ReadOnly):
    list_display = ("created_at", "type", "status", "waiting_reason", "from_agent", "to_agent")
    list_filter = ("workspace", "status", "waiting_reason")
    search_fields = ("=id", "=correlation_id", "=type")
    search_help_text = "An id, a correlation id or a whole type"
    ordering = ("-created_at", "-id")
    list_select_related = ("workspace",)
    actions = ("cancel",)

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Intent]) -> None:
        """Withdraw intents in this person's name, so only in workspaces they belong to."""
        assert request.user.is_authenticated  # noqa: S101 - for mypy; the admin let them in.
        actor = actor_for_user(request.user, channel=Channel.ADMIN)
        for intent in queryset.select_related("workspace"):
            try:
                cancel(
                    intent.id, reason="Canceled by an operator.", actor=actor, now=timezone.now()
                )
                self.message_user(request, f"Canceled: {intent}.")
            except NoSuchIntent:
                refusal = f"{intent}: you are not a member of {intent.workspace}."
                self.message_user(request, refusal, messages.ERROR)
            except AlreadyOver as failure:
                self.message_user(request, f"{intent}: {failure}", messages.WARNING)


@admin.register(Gate)
class GateAdmin(ReadOnly):
    list_display = ("opened_at", "title", "kind", "risk", "state", "outcome", "due_at", "workspace")
    list_filter = ("workspace", "state", "kind", "risk")
    search_fields = ("=id", "=intent__id", "title")
    search_help_text = "The id of a request or an intent, or words of the title"
    ordering = ("-opened_at", "-id")
    list_select_related = ("workspace",)


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ("at", "decider", "outcome", "gate", "channel", "stage")
    list_filter = ("channel", "outcome", "gate__workspace")
    search_fields = ("=id", "=gate__id", "decider")
    ordering = ("-at", "-id")
    list_select_related = ("gate",)


@admin.register(Delegation)
class DelegationAdmin(ReadOnly):
    """Who gave which request to whom."""

    list_display = ("at", "giver_name", "taker_name", "gate", "depth", "actor")
    list_filter = ("gate__workspace",)
    search_fields = ("=gate__id", "=intent__id", "giver_name", "taker_name")
    ordering = ("-at", "-id")
    list_select_related = ("gate",)


@admin.register(Step)
class StepAdmin(ReadOnly):
    """The steps of scenarios: where one stands, and when the clock looks at it again."""

    list_display = ("step_id", "kind", "state", "attempt", "wake_at", "workflow")
    list_filter = ("state", "kind", "workflow__intent__workspace")
    search_fields = ("=workflow__intent__id", "=workflow__intent__scenario_id")
    search_help_text = "The id of a scenario's intent, or a whole scenario id"
    ordering = ("-workflow__created_at", "position", "id")
    list_select_related = ("workflow__intent",)


@admin.register(EmailLink)
class EmailLinkAdmin(ReadOnly):
    """Links that were mailed. The secret in a link is kept as a hash, which is not shown either."""

    list_display = ("created_at", "person", "gate", "expires_at", "used_at")
    search_fields = ("=gate__id", "person__email")
    ordering = ("-created_at", "-id")
    list_select_related = ("person", "gate")


@admin.register(Invite)
class InviteAdmin(ReadOnly):
    """Invitations. Whoever administers a workspace makes and revokes them at the desk."""

    exclude = ("hash", "mail_hash")
    list_display = (
        "created_at",
        "__str__",
        "workspace",
        "inviter",
        "expires_at",
        "accepted_at",
        "joined_at",
        "revoked_at",
    )
    list_filter = ("workspace",)
    list_select_related = ("workspace",)
    search_fields = ("email", "recipient_hint", "inviter")
    ordering = ("-created_at", "id")


@admin.register(Profile)
class ProfileAdmin(ReadOnly):
    """Nicknames, and what programs say of who has them."""

    list_display = ("nick", "workspace", "display_name", "agent", "updated_at")
    list_filter = ("workspace",)
    list_select_related = ("workspace", "agent")
    search_fields = ("normalised", "display_name")
    ordering = ("normalised", "id")
