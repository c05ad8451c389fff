"""The tool that tells whether a nickname is free."""

from typing import Annotated

from pydantic import Field

from accounts.people import nicknames
from accounts.people.nicknames import BadNick
from api.axme.errors import BadRequest
from api.mcp.arguments import Arguments, Call, Found
from events import pool


class CheckNick(Arguments):
    nick: Annotated[str, Field(min_length=1, max_length=64, description="Such as @dora.")]


async def check_nick(call: Call, given: CheckNick) -> Found:
    here = call.actor.workspace_id
    try:
        is_free = await pool.run(nicknames.is_available, given.nick, workspace_id=here)
    except BadNick as failure:
        raise BadRequest(422, "invalid_nick", str(failure)) from failure
    normalized = nicknames.normalised(given.nick)
    data = {
        "nick": given.nick,
        "normalized_nick": normalized,
        "public_address": f"{normalized}@ax",
        "available": is_free,
    }
    return Found(f"{given.nick} is {'free' if is_free else 'taken'}.", data)
