"""The admin of who may act, and the read-only base every other admin here is made of.

Whoever `is_staff` is an operator of the whole installation: Django's own permissions say which
tables they may open, and inside a table they see every workspace. Reviewers and workspace admins
are not staff; they work on the desk, behind the walls between workspaces.

`type-arg` is ignored where Django's classes are generic for the type checker and not when run.
"""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import keys
from accounts.actions import ensure_agent, issue_key, revoke_key
from accounts.models import Agent, ApiKey, Membership, Session, User, Workspace

admin.site.site_header = "Assent"
admin.site.site_title = "Assent"
admin.site.index_title = "Operating"


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows rows and changes none: every change to them is an action, and `save()` is no back door.

    It counts no further than the page, so that a table of millions opens like a small one.
    """

    show_full_result_count = False
    list_per_page = 50
    # Of a secret we keep a hash, and even that is nobody's to read.
    exclude: ClassVar[Any] = ("hash",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Tell who may use the actions of a page: whoever Django says may change these rows."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out Django's own, which deletes."""
        return {
            name: found
            for name, found in super().get_actions(request).items()
            if name != "delete_selected"
        }


class PersonForm(UserChangeForm):  # type: ignore[type-arg]
    def clean_email(self) -> str:
        """Addresses are kept in small letters; two spellings are one person."""
        return str(self.cleaned_data["email"]).lower()


class NewPersonForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """People. One who has decided something cannot be deleted; switch them off instead."""

    form, add_form = PersonForm, NewPersonForm
    list_display = ("email", "name", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff", "memberships__workspace")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ("user_permissions",)
    readonly_fields = ("last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "is_active")}),
        ("Operating", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    fields = ("user", "role", "wants_mail")
    autocomplete_fields = ("user",)
    extra = 1


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Workspaces with their people. The path is settled once: addresses and keys contain it."""

    list_display = ("__str__", "keys_may_decide", "created_at")
    search_fields = ("org", "name")
    ordering = ("org", "name")
    inlines = (MembershipInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Workspace | None = None) -> list[str]:
        return ["org", "name", "created_at"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Save, and let no key go on with the answer to whether it may decide."""
        super().save_model(request, obj, form, change)
        transaction.on_commit(keys.forget)


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Registered addresses. Where one is stays; its name for people and its switch may change."""

    list_display = ("address", "display_name", "kind", "person", "is_on", "killed_at", "removed_at")
    list_filter = ("workspace", "kind", "is_on")
    list_select_related = ("person",)
    search_fields = ("address", "display_name")
    ordering = ("address",)
    autocomplete_fields = ("person",)

    def get_fields(self, request: HttpRequest, obj: Agent | None = None) -> Any:
        where = ["address"] if obj else ["workspace", "name"]
        return [*where, "display_name", "kind", "person", "is_on"]

    def get_readonly_fields(self, request: HttpRequest, obj: Agent | None = None) -> list[str]:
        return ["address"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Let the action make the row and its address; the rest of the form is kept on top."""
        if not change:
            made = ensure_agent(obj.workspace, obj.name)
            obj.pk, obj.address, obj.created_at = made.pk, made.address, made.created_at
            obj._state.adding = False
        obj.save(update_fields=["display_name", "kind", "person", "is_on"])
        transaction.on_commit(keys.forget)


class NewKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ApiKey
        fields = ("workspace", "agent", "name", "expires_at")

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        agent, workspace = found.get("agent"), found.get("workspace")
        if agent and workspace and agent.workspace_id != workspace.pk:
            raise ValidationError({"agent": f"This agent is not in {workspace}."})
        return found


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    """Keys: issued here, shown once, revoked here, otherwise only looked at."""

    form = NewKeyForm
    list_display = (
        "name",
        "prefix",
        "workspace",
        "agent",
        "created_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = ("workspace", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace", "agent")
    search_fields = ("name", "prefix")
    ordering = ("-created_at", "id")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        fields = ["workspace", "agent", "name", "expires_at"]
        return [*fields, "prefix", "created_at", "revoked_at"] if obj else fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.add_apikey")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        made, token = issue_key(
            obj.workspace,
            name=obj.name,
            agent=obj.agent,
            expires_at=obj.expires_at,
            now=timezone.now(),
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        self.message_user(request, f"Copy the key now, it is not shown again: {token}")

    @admin.action(description="Revoke", permissions=["act"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            revoke_key(key, now=timezone.now())
        self.message_user(request, f"Revoked: {len(queryset)}.", messages.WARNING)


@admin.register(Session)
class SessionAdmin(ReadOnly):
    """Where people are signed in besides the desk. Locking a person out ends all of theirs."""

    list_display = ("user", "client", "device", "workspace", "created_at", "revoked_at")
    list_filter = ("workspace", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("user", "workspace")
    search_fields = ("user__email", "device")
    ordering = ("-created_at", "id")
