"""How a refusal looks in JSON-RPC: the caller's mistakes are errors, people's refusals results."""

import json
from typing import Any

from accounts.keys import KeyRefused
from accounts.sessions.actors import OutsideMembership
from api.axme.errors import BadRequest, from_exception

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL = (
    -32700, -32600, -32601, -32602, -32603,
)  # fmt: skip
# The protocol's own: who are you, you may not, too often.
CODES = {401: -32001, 403: -32003, 429: -32004, 400: INVALID_PARAMS, 422: INVALID_PARAMS}


class RpcError(Exception):
    """An answer with an error in place of a result."""

    def __init__(
        self, code: int, message: str, data: dict[str, Any] | None = None, *, status: int = 200
    ) -> None:
        super().__init__(message)
        self.code, self.data, self.status = code, data or {}, status

    def as_object(self) -> dict[str, Any]:
        return {"code": self.code, "message": str(self), "data": self.data}


def told(failure: Exception) -> tuple[int, dict[str, Any]]:
    """Return the status and the error that the REST dialect answers for a failure."""
    response = from_exception(failure)
    error: dict[str, Any] = json.loads(response.content)["error"]
    return response.status_code, error


def from_failure(failure: Exception) -> RpcError:
    status, error = told(failure)
    data = {"code": error["code"], "status": status, "details": error["details"]}
    return RpcError(CODES.get(status, INTERNAL), error["message"], data)


def is_callers(failure: Exception) -> bool:
    """Tell whether the caller got the call wrong, or may not make it at all."""
    return isinstance(failure, BadRequest | KeyRefused | OutsideMembership)
