"""Rules, usage and the mesh's events, read only: they change by actions, which leave a trail."""

from django.contrib import admin

from accounts.admin import ReadOnly
from governance.models import AgentRules, MeshEvent, Usage, WorkspaceRules


@admin.register(AgentRules)
class AgentRulesAdmin(ReadOnly):
    list_display = ("agent", "receive", "override", "types", "limits", "updated_at")
    list_select_related = ("agent",)
    search_fields = ("agent__address",)
    ordering = ("agent__address", "agent_id")


@admin.register(WorkspaceRules)
class WorkspaceRulesAdmin(ReadOnly):
    list_display = ("workspace", "receive", "updated_at")
    list_select_related = ("workspace",)
    ordering = ("workspace__org", "workspace__name", "workspace_id")


@admin.register(Usage)
class UsageAdmin(ReadOnly):
    list_display = ("agent", "hour_at", "intents", "cost_usd")
    list_select_related = ("agent",)
    list_filter = ("agent__workspace",)
    ordering = ("-hour_at", "id")


@admin.register(MeshEvent)
class MeshEventAdmin(ReadOnly):
    list_display = ("at", "type", "address", "actor", "details")
    list_filter = ("workspace", "type")
    search_fields = ("address", "actor")
    ordering = ("-at", "-id")
