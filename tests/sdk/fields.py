"""The words in which answers are described: what a field of a name is, wherever it stands."""

from typing import Any

Schema = dict[str, Any]


def text(least: int = 1, *, pattern: str = "") -> Schema:
    return {"type": "string", "minLength": least} | ({"pattern": pattern} if pattern else {})


def one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def several(schema: Schema, least: int = 0) -> Schema:
    return {"type": "array", "items": schema, "minItems": least}


def shape(names: str, **more: Schema) -> Schema:
    """Return the schema of an object that has these fields: named ones as in FIELDS, and more."""
    fields = {name: FIELDS[name] for name in names.split()} | more
    return {"type": "object", "required": list(fields), "properties": fields}


OBJECT, FLAG = {"type": "object"}, {"type": "boolean"}
COUNT, SIZE = {"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 1}
UUID = text(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
TIME = text(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$")
ADDRESS = text(3)
STATUS = one_of(
    "CREATED", "SUBMITTED", "DELIVERED", "ACKNOWLEDGED", "IN_PROGRESS", "WAITING", "COMPLETED",
    "FAILED", "CANCELED", "TIMED_OUT",
)  # fmt: skip
# A field of one name means one thing in the whole protocol, but for those given beside the names.
FIELDS: dict[str, Schema] = {
    "ok": {"const": True},
    **dict.fromkeys(["intent_id", "thread_id", "event_id", "correlation_id"], UUID),
    **dict.fromkeys(["user_id", "upload_id", "approval_id"], UUID),
    **dict.fromkeys(["created_at", "updated_at", "at", "expires_at", "decided_at"], TIME),
    **dict.fromkeys(["accepted_at", "renamed_at", "replayed_at", "revoked_at", "finalized_at"], TIME),
    **dict.fromkeys(["owner_agent", "from_agent", "to_agent", "address", "actor"], ADDRESS),
    **dict.fromkeys(["service_account_id", "key_id", "subscription_id", "invite_owner_agent"], ADDRESS),
    **dict.fromkeys(["bucket", "object_path", "mime_type", "callback_url"], ADDRESS),
    **dict.fromkeys(["name", "service_account_name", "created_by_actor_id", "filename"], text()),
    **dict.fromkeys(["org_id", "workspace_id", "intent_type", "scenario_id", "address_id"], text()),
    **dict.fromkeys(["payload", "data", "details", "metrics", "schema_json"], OBJECT),
    **dict.fromkeys(["size_bytes", "max_size_bytes"], SIZE),
    **dict.fromkeys(["active", "applied", "available", "has_more", "valid", "idempotent"], FLAG),
    **dict.fromkeys(["queued_deliveries", "processed_deliveries", "delivered", "pending"], COUNT),
    **dict.fromkeys(["dead_lettered", "policy_generation", "deleted_count"], COUNT),
    "nick": text(pattern=r"^@[\w.-]{3,32}$"),
    "seq": SIZE,
    "status": STATUS,
    "event_type": text(3),
    "public_address": text(pattern=r"^[\w.-]{3,32}@[a-z0-9-]{2,32}$"),
    "upload_url": text(pattern=r"^https?://"),
    "invite_url": text(pattern=r"^https?://"),
    "token": text(12),
    "key_hint": text(4),
    "schema_hash": text(pattern=r"^[0-9a-f]{64}$"),
    "semantic_type": text(pattern=r"^[a-z0-9_]+(?:\.[a-z0-9_]+){2,}\.v[0-9]+$"),
    "compatibility_mode": one_of("strict", "backward", "warn"),
    "scope": one_of("tenant", "core"),
    "event_types": several(text(3), 1),
    "health_status": one_of("healthy", "degraded", "unreachable", "killed", "unknown"),
}  # fmt: skip
