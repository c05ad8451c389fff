"""JSON-RPC at `/mcp`: one message a call, one JSON answer. What the tools do is in `tools`."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from api.axme import auth
from api.axme.body import parse
from api.axme.errors import BadRequest
from api.mcp import tools
from api.mcp.errors import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RpcError,
    from_failure,
)

# Newest first: it is what a client is offered that asks for one we do not know.
VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
INSTRUCTIONS = (
    "Ask a person before you do something they may want to refuse: axme.request_approval, then "
    "axme.wait_for_approval with the intent_id until it is decided. Go on only when approved is "
    "true. What you put into payload is what they see and what their answer is bound to."
)
LONGEST_ID = 1000
Params = dict[str, Any]


async def mcp(request: HttpRequest) -> HttpResponse:
    """Answer one JSON-RPC message. Notifications are taken and not answered."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    message: Any = None
    try:
        message = _read(request)
        _check(message)
        if "id" not in message:
            return HttpResponse(status=202)
        return JsonResponse(await _answer(request, message))
    except RpcError as refusal:
        error = {"jsonrpc": "2.0", "id": _id_of(message), "error": refusal.as_object()}
        return JsonResponse(error, status=refusal.status)


async def _answer(request: HttpRequest, message: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request. Raises: RpcError."""
    method, params = message["method"], message.get("params", {})
    if method not in METHODS:
        raise RpcError(METHOD_NOT_FOUND, f"There is no method {str(method)[:100]!r}.")
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "params must be an object.")
    try:
        result = await METHODS[method](request, params)
    except RpcError:
        raise
    except Exception as failure:
        raise from_failure(failure) from failure
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


async def _initialize(request: HttpRequest, params: Params) -> dict[str, Any]:
    """Agree on a version: theirs if we know it, else our newest, which they may then refuse."""
    await auth.caller(request)
    asked = params.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
        "capabilities": {"tools": {"listChanged": False}},
        "serverInfo": {"name": "assent", "title": "Assent", "version": "1"},
        "instructions": INSTRUCTIONS,
    }


async def _ping(request: HttpRequest, params: Params) -> dict[str, Any]:
    return {}


async def _list_tools(request: HttpRequest, params: Params) -> dict[str, Any]:
    await auth.caller(request)
    return {"tools": tools.described()}


async def _call_tool(request: HttpRequest, params: Params) -> dict[str, Any]:
    actor = await auth.caller(request)
    return await tools.call(request, actor, params)


METHODS: dict[str, Callable[[HttpRequest, Params], Awaitable[dict[str, Any]]]] = {
    "initialize": _initialize,
    "ping": _ping,
    "tools/list": _list_tools,
    "tools/call": _call_tool,
}


def _read(request: HttpRequest) -> Any:
    """Return the JSON of a request. Raises: RpcError, also for foreign pages and versions."""
    if (origin := auth.header_of(request, "origin")) and origin not in settings.ORIGINS:
        raise RpcError(INVALID_REQUEST, "Pages of other sites may not call this.", status=403)
    version = auth.header_of(request, "mcp-protocol-version")
    if version and version not in VERSIONS:
        said = f"This server speaks {', '.join(VERSIONS)}."
        raise RpcError(INVALID_REQUEST, said, {"supported": list(VERSIONS)}, status=400)
    try:
        return parse(request.body)
    except BadRequest as failure:
        code = PARSE_ERROR if failure.code == "invalid_json" else INVALID_REQUEST
        raise RpcError(code, str(failure), {"code": failure.code}) from failure


def _check(message: Any) -> None:
    """Refuse what is no request and no notification. Raises: RpcError."""
    if isinstance(message, list):
        raise RpcError(INVALID_REQUEST, "Send one message a call; batches are not taken.")
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, 'A message is an object with "jsonrpc": "2.0".')
    if not isinstance(message.get("method"), str):
        raise RpcError(INVALID_REQUEST, "method must be a text.")
    if "id" in message and _id_of(message) is None:
        raise RpcError(INVALID_REQUEST, "id must be a text or a whole number.")


def _id_of(message: Any) -> str | int | None:
    """Return the id to answer under, where there is one that can be repeated."""
    id = message.get("id") if isinstance(message, dict) else None
    if isinstance(id, bool) or not isinstance(id, str | int):
        return None
    return id if len(str(id)) <= LONGEST_ID else None
