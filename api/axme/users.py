"""People as programs know them: nicknames and profiles."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from accounts.actor import Actor
from accounts.addresses import canonical
from accounts.models import Workspace
from accounts.people import nicknames
from accounts.people.models import Profile
from api.axme import calls
from api.axme.auth import actor_of
from api.axme.schemas import Tolerant
from api.axme.translate import stamp
from events import pool

router = Router(tags=["People"])
Nick = Annotated[str, Field(min_length=1, max_length=64)]
Owner = Annotated[str, Field(min_length=3, max_length=255)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Phone = Annotated[str, Field(min_length=3, max_length=32)]
Email = Annotated[str, Field(min_length=3, max_length=255)]


class Said(Tolerant):
    display_name: Name | None = None
    phone: Phone | None = None
    email: Email | None = None

    def given(self) -> dict[str, str]:
        """Return what the caller says of a person: only what is there."""
        return {
            name: value
            for name in ("display_name", "phone", "email")
            if (value := getattr(self, name)) is not None
        }


class Registration(Said):
    nick: Nick


class Renaming(Tolerant):
    owner_agent: Owner
    nick: Nick


class ProfileUpdate(Said):
    owner_agent: Owner
    nick: Nick | None = None


@router.get("/users/check-nick")
async def check_nick(request: HttpRequest, nick: str) -> dict[str, Any]:
    """Tell whether a nickname is free in this workspace."""
    space = actor_of(request).workspace_id
    return {
        "ok": True,
        "nick": nick,
        "normalized_nick": nicknames.normalised(nick),
        "public_address": f"{nicknames.normalised(nick)}@ax",
        "available": await pool.run(nicknames.is_available, nick, workspace_id=space),
    }


@router.post("/users/register-nick")
async def register_nick(request: HttpRequest, body: Registration) -> dict[str, Any]:
    """Give somebody a nickname and an address; whatever is sent there is asked of people."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        space = Workspace.objects.get(id=actor.workspace_id)
        row = nicknames.register(space, body.nick, more=body.given(), actor=actor, now=now)
        return _described(row) | {"created_at": stamp(row.created_at)}

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


@router.post("/users/rename-nick")
async def rename_nick(request: HttpRequest, body: Renaming) -> dict[str, Any]:
    """Give somebody another nickname; the address stays."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        row = _at(actor, body.owner_agent)
        nicknames.rename(row, body.nick, actor=actor, now=now)
        return _described(row) | {"renamed_at": stamp(row.updated_at)}

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


@router.get("/users/resolve-nick")
async def resolve_nick(request: HttpRequest, nick: str) -> dict[str, Any]:
    """Find the address behind a nickname."""
    row = await pool.run(nicknames.find, actor_of(request), nick=nick)
    return _described(row)


@router.get("/users/profile")
async def get_profile(request: HttpRequest, owner_agent: str) -> dict[str, Any]:
    """Read what is known of the person at an address."""
    row = await pool.run(_at, actor_of(request), owner_agent)
    return _profile(row)


@router.post("/users/profile/update")
async def update_profile(request: HttpRequest, body: ProfileUpdate) -> dict[str, Any]:
    """Change what is known of a person; fields that are not sent stay."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        row = _at(actor, body.owner_agent)
        if body.nick is not None:
            nicknames.rename(row, body.nick, actor=actor, now=now)
        nicknames.update(row, more=body.given(), actor=actor, now=now)
        return _profile(row)

    return await calls.once(request, actor, body.model_dump(mode="json"), produce)


def _at(actor: Actor, owner_agent: str) -> Profile:
    address = canonical(owner_agent, org=actor.org, workspace=actor.space)
    return nicknames.find(actor, address=address)


def _described(row: Profile) -> dict[str, Any]:
    return {
        "ok": True,
        "user_id": str(row.id),
        "owner_agent": row.agent.address,
        "nick": row.nick,
        "public_address": row.public_address,
        "display_name": row.display_name or None,
        "phone": row.phone or None,
        "email": row.email or None,
    }


def _profile(row: Profile) -> dict[str, Any]:
    more = {"normalized_nick": row.normalised, "updated_at": stamp(row.updated_at)}
    return _described(row) | more
