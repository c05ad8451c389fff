"""The tools: what each is called and takes, and the one way they are called and answer."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from pydantic import ValidationError

from accounts.actor import Actor, Channel
from api.axme import auth
from api.mcp import asking, deciding, naming
from api.mcp.arguments import Arguments, Call, Found
from api.mcp.errors import INVALID_PARAMS, RpcError, is_callers, told


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool, as it is listed and called."""

    title: str
    description: str
    arguments: type[Arguments]
    run: Callable[[Call, Any], Awaitable[Found]]
    is_reading: bool = True


TOOLS = {
    "axme.request_approval": Tool(
        "Ask a person to approve",
        "Ask a person to approve something before you do it, such as a deployment, a payment or "
        "deleting data. Returns at once with an intent_id: then call axme.wait_for_approval with "
        "it, and do nothing of what you asked about until it says approved. Put everything the "
        "person needs to decide into description and payload; their answer is bound to the "
        "payload.",
        asking.RequestApproval,
        asking.request_approval,
        is_reading=False,
    ),
    "axme.wait_for_approval": Tool(
        "Wait for the answer",
        "Wait until a person has answered what axme.request_approval asked, up to wait_seconds. "
        "decided: false means nobody has answered yet: call again with the same intent_id, as "
        "often as needed. Go on only when approved is true; otherwise comment says why not.",
        asking.WaitForApproval,
        asking.wait_for_approval,
    ),
    "axme.get_intent": Tool(
        "Read an intent",
        "Read one intent as it is now: its status, payload, result or error.",
        asking.GetIntent,
        asking.get_intent,
    ),
    "axme.list_tasks": Tool(
        "List what waits for you",
        "List the requests that wait for the person whose sign-in this is, the most urgent "
        "first. Needs a person's token; API keys have no tasks.",
        deciding.ListTasks,
        deciding.list_tasks,
    ),
    "axme.decide_task": Tool(
        "Answer a request",
        "Answer one request as the person whose sign-in this is, and only when that person told "
        "you what to answer after seeing the request. Final. Needs a person's token; API keys "
        "never decide here.",
        deciding.DecideTask,
        deciding.decide_task,
        is_reading=False,
    ),
    "axme.check_nick": Tool(
        "Check a nickname",
        "Tell whether a nickname such as @dora is free.",
        naming.CheckNick,
        naming.check_nick,
    ),
}


def described() -> list[dict[str, Any]]:
    """Return the tools as a client lists them."""
    return [
        {
            "name": name,
            "title": tool.title,
            "description": tool.description,
            "inputSchema": tool.arguments.model_json_schema(),
            "annotations": {"readOnlyHint": tool.is_reading, "destructiveHint": False},
        }
        for name, tool in TOOLS.items()
    ]


async def call(request: HttpRequest, actor: Actor, params: dict[str, Any]) -> dict[str, Any]:
    """Call a tool. What its person or its rules refuse is a result a model can read.

    Raises: RpcError when there is no such tool or its arguments do not fit, and for callers that
    may not call.
    """
    name, tool = _named(params.get("name"))
    given = _arguments(tool, params.get("arguments", {}))
    owner = given.owner_agent or _text(params.get("owner_agent"))
    address = auth.owner_of(request, actor, owner or None)
    made = Call(request, replace(actor, channel=Channel.MCP), address)
    try:
        found = await tool.run(made, given)
    except Exception as failure:
        if is_callers(failure) or (refusal := told(failure))[0] >= 500:
            raise
        return _result(name, owner or address, _refused(refusal[1]), is_error=True)
    return _result(name, owner or address, found)


def _named(name: Any) -> tuple[str, Tool]:
    if not isinstance(name, str) or name not in TOOLS:
        raise RpcError(INVALID_PARAMS, f"There is no tool {str(name)[:100]!r}.")
    return name, TOOLS[name]


def _arguments(tool: Tool, given: Any) -> Arguments:
    if not isinstance(given, dict):
        raise RpcError(INVALID_PARAMS, "arguments must be an object.")
    try:
        return tool.arguments.model_validate(given)
    except ValidationError as failure:
        wrong = {".".join(map(str, e["loc"])): e["msg"] for e in failure.errors()}
        said = "; ".join(f"{path}: {message}" for path, message in wrong.items())
        raise RpcError(INVALID_PARAMS, said[:2000], {"fields": wrong}) from failure


def _text(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise RpcError(INVALID_PARAMS, "owner_agent must be a text.")
    return value or ""


def _refused(error: dict[str, Any]) -> Found:
    return Found(error["message"], {"code": error["code"], "details": error["details"]})


def _result(name: str, owner: str, found: Found, *, is_error: bool = False) -> dict[str, Any]:
    """Return both shapes in one: the Model Context Protocol's result and AXP's."""
    text = f"{found.said}\n\n{json.dumps(found.data, ensure_ascii=False, indent=1)}"
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": found.data,
        "isError": is_error,
        "tool": name,
        "status": "refused" if is_error else "ok",
        "ok": not is_error,
        "owner_agent": owner,
        "data": found.data,
    }
