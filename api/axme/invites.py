"""Invitations to review, as programs make, read and accept them."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.models import Workspace
from accounts.people.models import Invite
from accounts.sealing import seal, unseal
from accounts.tokens import digest
from api.axme import calls
from api.axme.auth import actor_of, owner_of
from api.axme.schemas import Tolerant
from api.axme.translate import stamp
from approvals import invitations
from approvals.actions import inviting
from events import pool

router = Router(tags=["People"])


class NewInvite(Tolerant):
    owner_agent: Annotated[str, Field(min_length=3, max_length=255)]
    recipient_hint: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    ttl_seconds: Annotated[int, Field(ge=60, le=1_209_600)] | None = None


class Acceptance(Tolerant):
    nick: Annotated[str, Field(min_length=1, max_length=64)]
    display_name: Annotated[str, Field(min_length=1, max_length=120)] | None = None


@router.post("/invites/create")
async def create_invite(request: HttpRequest, body: NewInvite) -> dict[str, Any]:
    """Invite somebody to review here. A hint that is an e-mail address gets a mail."""
    actor = actor_of(request)
    owner_of(request, actor, body.owner_agent)
    life = timedelta(seconds=body.ttl_seconds) if body.ttl_seconds else inviting.LIFE

    def produce(now: datetime) -> dict[str, Any]:
        made, token = inviting.invite(
            Workspace.objects.get(id=actor.workspace_id),
            owner_agent=body.owner_agent,
            recipient_hint=body.recipient_hint or "",
            life=life,
            actor=actor,
            now=now,
        )
        # The answer may be kept for a repeated call, and a secret is never kept readable.
        return _described(made, now=now) | {"token": seal(token)}

    answer = await calls.once(request, actor, body.model_dump(mode="json"), produce)
    token = unseal(answer["token"])
    return answer | {"token": token, "invite_url": invitations.url_of(token)}


@router.get("/invites/{token}")
async def get_invite(request: HttpRequest, token: str) -> dict[str, Any]:
    """Read an invitation of this workspace."""
    row = await pool.run(inviting.find, token, actor=actor_of(request))
    return _described(row, now=timezone.now()) | _accepted(row) | {"token": token}


@router.post("/invites/{token}/accept")
async def accept_invite(request: HttpRequest, token: str, body: Acceptance) -> dict[str, Any]:
    """Bind a nickname to an invitation. A person joins by the mail, never by this."""
    actor = actor_of(request)

    def produce(now: datetime) -> dict[str, Any]:
        row = inviting.accept(
            token, nick=body.nick, display_name=body.display_name or "", actor=actor, now=now
        )
        name = row.profile.display_name if row.profile else ""
        return {
            "ok": True,
            "status": "accepted",
            "invite_owner_agent": row.owner_agent,
            "user_id": str(row.profile_id),
            "owner_agent": _accepted(row)["accepted_owner_agent"],
            **{k: v for k, v in _accepted(row).items() if k != "accepted_owner_agent"},
            "display_name": name or None,
            # There is no registry beyond this server to tell.
            "registry_bind_status": "disabled",
        }

    answer = await calls.once(request, actor, [digest(token), body.model_dump()], produce)
    return answer | {"token": token}


def _described(row: Invite, *, now: datetime) -> dict[str, Any]:
    return {
        "ok": True,
        "owner_agent": row.owner_agent,
        "recipient_hint": row.recipient_hint or None,
        "status": row.status(now),
        "created_at": stamp(row.created_at),
        "expires_at": stamp(row.expires_at),
    }


def _accepted(row: Invite) -> dict[str, Any]:
    known = row.profile
    return {
        "accepted_at": stamp(row.accepted_at or row.joined_at),
        "accepted_owner_agent": known.agent.address if known else None,
        "nick": known.nick if known else None,
        "public_address": known.public_address if known else None,
    }
