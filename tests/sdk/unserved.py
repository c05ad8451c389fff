"""What a self-hosted server has no part in: each call is refused by one clear answer."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from axme import AxmeClient

from tests.sdk.caller import ORG, SPACE

ID = str(UUID(int=7))
NOT_SUPPORTED: dict[str, Callable[[AxmeClient], Any]] = {
    "create_organization": lambda c: c.create_organization({"name": "x"}),
    "get_organization": lambda c: c.get_organization("myorg"),
    "update_organization": lambda c: c.update_organization("myorg", {"legal_name": "x"}),
    "create_workspace": lambda c: c.create_workspace("myorg", {"name": "x"}),
    "list_workspaces": lambda c: c.list_workspaces("myorg"),
    "update_workspace": lambda c: c.update_workspace("myorg", "production", {"name": "x"}),
    "list_organization_members": lambda c: c.list_organization_members("myorg"),
    "add_organization_member": lambda c: c.add_organization_member("myorg", {"actor_id": "x"}),
    "update_organization_member": lambda c: c.update_organization_member("myorg", ID, {}),
    "remove_organization_member": lambda c: c.remove_organization_member("myorg", ID),
    "create_access_request": lambda c: c.create_access_request({"request_type": "x"}),
    "list_access_requests": lambda c: c.list_access_requests(**ORG),
    "get_access_request": lambda c: c.get_access_request(ID),
    "review_access_request": lambda c: c.review_access_request(ID, {"decision": "approve"}),
    "update_quota": lambda c: c.update_quota(SPACE),
    "get_quota": lambda c: c.get_quota(**SPACE),
    "get_usage_summary": lambda c: c.get_usage_summary(**SPACE),
    "get_usage_timeseries": lambda c: c.get_usage_timeseries(**SPACE, window_days=7),
    "create_principal": lambda c: c.create_principal(SPACE),
    "get_principal": lambda c: c.get_principal(ID),
    "bind_alias": lambda c: c.bind_alias({**SPACE, "alias": "x"}),
    "list_aliases": lambda c: c.list_aliases(**SPACE),
    "revoke_alias": lambda c: c.revoke_alias(ID),
    "resolve_alias": lambda c: c.resolve_alias(**SPACE, alias="x"),
    "register_routing_endpoint": lambda c: c.register_routing_endpoint(SPACE),
    "list_routing_endpoints": lambda c: c.list_routing_endpoints(**SPACE),
    "update_routing_endpoint": lambda c: c.update_routing_endpoint(ID, {}),
    "remove_routing_endpoint": lambda c: c.remove_routing_endpoint(ID),
    "resolve_routing": lambda c: c.resolve_routing(SPACE),
    "upsert_transport_binding": lambda c: c.upsert_transport_binding(SPACE),
    "list_transport_bindings": lambda c: c.list_transport_bindings(**SPACE),
    "remove_transport_binding": lambda c: c.remove_transport_binding(ID),
    "submit_delivery": lambda c: c.submit_delivery(SPACE),
    "list_deliveries": lambda c: c.list_deliveries(**SPACE),
    "get_delivery": lambda c: c.get_delivery(ID),
    "replay_delivery": lambda c: c.replay_delivery(ID),
    "update_billing_plan": lambda c: c.update_billing_plan(SPACE),
    "get_billing_plan": lambda c: c.get_billing_plan(**SPACE),
    "list_billing_invoices": lambda c: c.list_billing_invoices(**SPACE),
    "get_billing_invoice": lambda c: c.get_billing_invoice(ID),
}
