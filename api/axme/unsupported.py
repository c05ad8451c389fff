"""What AXP has and this server has not: one clear answer for each family, and no pretending."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from ninja import Router

from api.axme.errors import BadRequest

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# The family's path, and what to use instead.
FAMILIES = {
    "organizations": "Organizations, workspaces and members are managed in the admin, /admin/.",
    "workspaces": "Workspaces are managed in the admin, /admin/, or by manage.py.",
    "members": "Members join by an invitation, /v1/invites/create, or are added in the admin.",
    "access-requests": "Nobody asks for access here; an admin invites, /v1/invites/create.",
    "quotas": "There are no quotas: this is your own server.",
    "usage": "Use is not metered: this is your own server.",
    "billing": "There is nothing to pay: this is your own server.",
    "principals": "Whoever acts is an agent or a person; see /v1/agents and /v1/users/profile.",
    "aliases": "An agent has one address. People have nicknames: /v1/users/resolve-nick.",
    "routing": "An intent goes to the address in to_agent; there are no routes to set.",
    "transports": "How an agent is reached is its own delivery mode; see /v1/agents.",
    "deliveries": "Deliveries are events of their intent: /v1/intents/{intent_id}/events.",
    "matrix": "There is no bridge to Matrix.",
    "alpha": "There is no alpha programme: this is your own server.",
    "sessions": "A conversation is an intent and its thread: /v1/inbox/{thread_id}.",
}
router = Router(tags=["Not supported"])


def _add(family: str, sentence: str) -> None:
    # 404 and not 501: clients try again after a 5xx, and this will not change by itself.
    refusal = partial(BadRequest, 404, "not_supported", sentence, family=family)

    async def refuse(request: HttpRequest) -> dict[str, Any]:
        raise refusal()

    async def refuse_below(request: HttpRequest, rest: str) -> dict[str, Any]:
        raise refusal()

    router.api_operation(METHODS, f"/{family}", include_in_schema=False)(refuse)
    router.api_operation(METHODS, f"/{family}/{{path:rest}}", include_in_schema=False)(refuse_below)


for family, sentence in FAMILIES.items():
    _add(family, sentence)
