"""Registering intent types, and holding payloads against them. The only writer of their rows."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.actor import Actor
from accounts.managing import require_manager
from accounts.models import Workspace
from intents.payloads import digest
from intents.registry import known
from intents.registry.checking import Schema, check_schema, misfits
from intents.registry.compatibility import differences, narrowed
from intents.registry.known import Registered
from intents.registry.models import IntentType


class NoSuchType(Exception):
    """This intent type is not registered in this workspace."""

    def __init__(self) -> None:
        super().__init__(NoSuchType.__doc__)


class Incompatible(Exception):
    """The registered mode forbids this change of the schema; `paths` says where."""

    def __init__(self, mode: str, paths: list[str]) -> None:
        why = "accepts something else" if mode == IntentType.Mode.STRICT else "may refuse more"
        where = ", ".join(paths[:10])
        super().__init__(
            f"This type is registered as {mode}, and the new schema {why} at: {where}. "
            "Register a new version of the type, or change its mode first."
        )
        self.paths = paths


class Misfit(Exception):
    """A payload that its intent type's schema refuses; `errors` maps paths to sentences."""

    def __init__(self, name: str, errors: dict[str, str]) -> None:
        said = "; ".join(f"{path} {sentence}" for path, sentence in errors.items())
        super().__init__(f"The payload does not fit {name}: {said}.")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Registration:
    """An intent type as its owner wants it registered."""

    name: str
    schema: Schema
    mode: str
    schema_ref: str = ""
    owner_agent: str = ""
    is_active: bool = True


@transaction.atomic
def register(
    wanted: Registration, *, workspace_id: UUID, actor: Actor, now: datetime
) -> IntentType:
    """Register an intent type, or change it as far as its present mode allows.

    Raises: BadSchema, Incompatible, NotAManager, KeyRefused.
    """
    require_manager(actor, workspace_id, now=now)
    check_schema(wanted.schema)
    # The workspace is locked, as there may be no row of the type yet to lock. Creates go on.
    Workspace.objects.select_for_update(no_key=True).get(id=workspace_id)
    row = IntentType.objects.filter(workspace=workspace_id, name=wanted.name).first()
    if row is None:
        row = IntentType(id=uuid4(), workspace_id=workspace_id, name=wanted.name, created_at=now)
    else:
        _check_change(row, wanted)
    row.text, row.hash = json.dumps(wanted.schema), digest(wanted.schema)
    row.mode, row.schema_ref, row.owner_agent = wanted.mode, wanted.schema_ref, wanted.owner_agent
    row.is_active, row.updated_at = wanted.is_active, now
    row.save()
    transaction.on_commit(known.forget)
    return row


def find(name: str, *, actor: Actor) -> IntentType:
    """Return a registered type. Raises: NoSuchType, also for another workspace's."""
    row = IntentType.objects.visible_to(actor).filter(name=name).first()
    if row is None:
        raise NoSuchType
    return row


def check_payload(known_as: Registered, payload: dict[str, Any]) -> list[str]:
    """Return warnings about a payload. Raises: Misfit, unless its type only warns."""
    errors = misfits(known_as.schema, payload)
    if errors and known_as.mode != IntentType.Mode.WARN:
        raise Misfit(known_as.name, errors)
    return [f"{path} {sentence}" for path, sentence in errors.items()]


def _check_change(row: IntentType, wanted: Registration) -> None:
    """Hold a new schema against the present mode; a looser one that comes with it is too late."""
    if row.mode == IntentType.Mode.STRICT:
        paths = differences(row.schema, wanted.schema)
    elif row.mode == IntentType.Mode.BACKWARD:
        paths = narrowed(row.schema, wanted.schema)
    else:
        paths = []
    if paths:
        raise Incompatible(row.mode, paths)
