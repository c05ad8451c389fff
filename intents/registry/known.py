"""The registered types of a workspace, remembered for two seconds: every create asks for them."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from intents.registry.models import IntentType

# As long as a key is trusted for reading; an update in this process is known at once.
TRUST_SECONDS = 2.0
CACHE_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class Registered:
    """A type as every create needs it: parsed once."""

    name: str
    mode: str
    schema: dict[str, Any]


Types = dict[str, Registered]
_known: dict[UUID, tuple[float, Types]] = {}


def remembered(workspace_id: UUID) -> Types | None:
    """Return the types seen moments ago, without touching the database."""
    expires, types = _known.get(workspace_id, (0.0, {}))
    return types if time.monotonic() < expires else None


def types_of(workspace_id: UUID) -> Types:
    """Return the active types of a workspace by name."""
    types = remembered(workspace_id)
    if types is None:
        rows = _active(workspace_id)
        types = {row.name: Registered(row.name, row.mode, row.schema) for row in rows}
        if len(_known) >= CACHE_SIZE:
            _known.clear()
        _known[workspace_id] = (time.monotonic() + TRUST_SECONDS, types)
    return types


def schema_of(workspace_id: UUID, name: str) -> dict[str, Any]:
    """Return the schema of an intent type, or an empty one."""
    found = types_of(workspace_id).get(name)
    return found.schema if found else {}


def forget() -> None:
    """Drop what this process remembers: a type has changed."""
    _known.clear()


def _active(workspace_id: UUID) -> list[IntentType]:
    return list(IntentType.objects.filter(workspace=workspace_id, is_active=True).order_by("name"))
