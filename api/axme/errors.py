"""How a refusal looks on the wire: one table from domain exceptions to status and code."""

import json
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from ninja.errors import HttpError, ValidationError

from accounts.keys import KeyRefused
from api.idempotency import KeyReused
from approvals.refusals import AlreadyDecided, FormInvalid, Refusal
from approvals.workflows.applying import MayNotRegister
from approvals.workflows.bundle import BadBundle
from intents.actions import AlreadyOver, NoSuchIntent, NotAParty
from intents.lifecycle import InvalidTransition

logger = logging.getLogger(__name__)

REFUSALS = {
    "approval_not_found": 404,
    "not_allowed_to_decide": 403,
    "already_terminal": 409,
    "already_decided": 409,
    "payload_changed": 409,
    "outcome_not_allowed": 422,
    "comment_required": 422,
    "evidence_required": 422,
    "form_invalid": 422,
}
DOMAIN: dict[type[Exception], tuple[int, str]] = {
    KeyRefused: (401, "invalid_platform_api_key"),
    NoSuchIntent: (404, "intent_not_found"),
    NotAParty: (403, "invalid_actor_scope"),
    AlreadyOver: (409, "already_terminal"),
    InvalidTransition: (409, "invalid_transition"),
    KeyReused: (409, "idempotency_conflict"),
    BadBundle: (422, "schema_invalid"),
    MayNotRegister: (403, "invalid_actor_scope"),
    Http404: (404, "not_found"),
}


class BadRequest(Exception):
    """The edge's own refusal: the request has the wrong shape."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.details = status, code, details


def envelope(status: int, code: str, message: str, **details: Any) -> HttpResponse:
    """Return the error superset every client of the protocol can read."""
    body = {
        "ok": False,
        "error": {"code": code, "message": message, "details": details},
        "detail": message,
        "message": message,
    }
    response = HttpResponse(json.dumps(body), status=status, content_type="application/json")
    if status in {429, 503}:
        response["Retry-After"] = "1"
    return response


def from_exception(failure: Exception) -> HttpResponse:
    """Translate any exception; what we did not expect is logged and told without its insides."""
    if isinstance(failure, HttpError):  # ninja wraps what its body parser raised.
        inner = failure.__cause__ or failure.__context__
        failure = inner if isinstance(inner, Exception) else failure
    if isinstance(failure, BadRequest):
        return envelope(failure.status, failure.code, str(failure), **failure.details)
    if isinstance(failure, Refusal):
        return envelope(REFUSALS[failure.code], failure.code, str(failure), **_more(failure))
    if isinstance(failure, ValidationError):
        return _invalid(failure)
    for kind, (status, code) in DOMAIN.items():
        if isinstance(failure, kind):
            message = str(failure) or HTTPStatus(status).phrase
            return envelope(status, code, message, **_more(failure))
    if isinstance(failure, OperationalError | InterfaceError):
        logger.error("The database did not answer", exc_info=failure)
        return envelope(503, "database_unavailable", "The database did not answer. Try again.")
    logger.error("A request failed", exc_info=failure)
    return envelope(500, "internal_error", "Something failed on our side; it was logged.")


def _more(refusal: Exception) -> dict[str, Any]:
    if isinstance(refusal, BadBundle):
        return {"errors": refusal.errors}
    if isinstance(refusal, AlreadyDecided):
        decision = refusal.decision
        return {
            "outcome": decision.outcome,
            "decided_by": decision.decider,
            "decided_at": decision.at.isoformat(),
        }
    return {"fields": refusal.errors} if isinstance(refusal, FormInvalid) else {}


def _invalid(failure: ValidationError) -> HttpResponse:
    """Name the fields and say what is wrong with each, in one sentence."""
    said = explained(failure.errors)
    sentence = "; ".join(f"{path}: {message}" for path, message in said.items())
    return envelope(422, "schema_invalid", sentence[:2000], fields=said)


def explained(errors: Iterable[Any]) -> dict[str, str]:
    """Return pydantic's complaints as sentences by the path of the field."""
    return {_path(error["loc"]): _sentence(error) for error in errors}


def _sentence(error: dict[str, Any]) -> str:
    if error["type"] == "model_type":
        return "must be a JSON object"
    return str(error["msg"]).removeprefix("Value error, ")


def _path(location: Any) -> str:
    """`("body", "body", "human_task", "title")` is `human_task.title` to a person."""
    parts = [str(part) for part in location if part not in {"body", "query", "path"}]
    return ".".join(parts) or "body"
