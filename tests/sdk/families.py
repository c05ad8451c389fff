"""Invites, files, intent types, names."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from tests.sdk.caller import Caller, calls


def new_invite(caller: Caller) -> dict[str, Any]:
    return caller.client.create_invite({"owner_agent": caller.address, "ttl_seconds": 3600})


def new_upload(caller: Caller) -> dict[str, Any]:
    """Announce a file of five bytes."""
    given = {"owner_agent": caller.address, "filename": "a.txt", "mime_type": "text/plain"}
    return caller.client.create_media_upload({**given, "size_bytes": 5})


def new_nick(caller: Caller) -> dict[str, Any]:
    return caller.client.register_nick({"nick": f"@Ann.{caller.name}", "display_name": "Ann"})


@calls("create_invite")
def _(caller: Caller) -> None:
    told = new_invite(caller)
    assert (told["status"], told["owner_agent"]) == ("pending", caller.address)
    assert told["invite_url"].startswith("http")
    assert len(told["token"]) >= 12


@calls("get_invite")
def _(caller: Caller) -> None:
    token = new_invite(caller)["token"]
    told = caller.client.get_invite(token)
    assert (told["token"], told["status"]) == (token, "pending")


@calls("accept_invite")
def _(caller: Caller) -> None:
    token = new_invite(caller)["token"]
    told = caller.client.accept_invite(token, {"nick": f"@Dora.{caller.name}"})
    assert (told["status"], told["invite_owner_agent"]) == ("accepted", caller.address)
    assert UUID(told["user_id"])


@calls("create_media_upload")
def _(caller: Caller) -> None:
    told = new_upload(caller)
    assert told["status"] == "pending"
    assert UUID(told["upload_id"])
    assert told["upload_url"]


@calls("get_media_upload")
def _(caller: Caller) -> None:
    id = new_upload(caller)["upload_id"]
    told = caller.client.get_media_upload(id)["upload"]
    assert (told["upload_id"], told["status"]) == (id, "pending")


@calls("finalize_media_upload")
def _(caller: Caller) -> None:
    upload = new_upload(caller)
    where = urlsplit(upload["upload_url"])._replace(scheme="", netloc="").geturl()
    with caller.server.api() as api:
        sent = api.put(where, content=b"hello", headers={"content-type": "text/plain"})
    assert sent.is_success, sent.text
    told = caller.client.finalize_media_upload({"upload_id": upload["upload_id"], "size_bytes": 5})
    assert told["status"] == "ready"


SHAPE = {"type": "object", "required": ["date"], "properties": {"date": {"type": "string"}}}


@calls("upsert_schema")
def _(caller: Caller) -> None:
    given = {
        "semantic_type": "axme.calendar.schedule.v1",
        "schema_json": SHAPE,
        "compatibility_mode": "strict",
    }
    told = caller.client.upsert_schema(given)["schema"]
    assert told["semantic_type"] == given["semantic_type"]
    assert len(told["schema_hash"]) == 64


@calls("get_schema")
def _(caller: Caller) -> None:
    name = "axme.calendar.appointment.v1"
    given = {"semantic_type": name, "schema_json": SHAPE, "compatibility_mode": "strict"}
    caller.client.upsert_schema(given)
    assert caller.client.get_schema(name)["schema"]["schema_json"] == SHAPE


@calls("register_nick")
def _(caller: Caller) -> None:
    told = new_nick(caller)
    assert told["nick"] == f"@Ann.{caller.name}"
    assert told["public_address"]
    assert UUID(told["user_id"])


@calls("check_nick")
def _(caller: Caller) -> None:
    nick = f"@Ann.{caller.name}"
    told = caller.client.check_nick(nick)
    assert (told["nick"], told["available"]) == (nick, True)
    new_nick(caller)
    assert caller.client.check_nick(nick.upper())["available"] is False


@calls("rename_nick")
def _(caller: Caller) -> None:
    owner, nick = new_nick(caller)["owner_agent"], f"@Zoe.{caller.name}"
    told = caller.client.rename_nick({"owner_agent": owner, "nick": nick})
    assert (told["nick"], bool(told["renamed_at"])) == (nick, True)


@calls("get_user_profile")
def _(caller: Caller) -> None:
    owner = new_nick(caller)["owner_agent"]
    told = caller.client.get_user_profile(owner)
    assert (told["owner_agent"], told["display_name"]) == (owner, "Ann")


@calls("update_user_profile")
def _(caller: Caller) -> None:
    owner = new_nick(caller)["owner_agent"]
    told = caller.client.update_user_profile({"owner_agent": owner, "display_name": "Ann B."})
    assert (told["display_name"], bool(told["updated_at"])) == ("Ann B.", True)
