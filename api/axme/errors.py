"""How a refusal looks on the wire: one table from domain exceptions to status and code."""

import json
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from ninja.errors import HttpError, ValidationError

from accounts.agents import BadAgent, NameTaken, NoSuchAgent, NoSuchKey
from accounts.entering import NoDesk
from accounts.keys import KeyRefused
from accounts.managing import NotAManager
from accounts.people import nicknames
from accounts.sealing import Unreadable
from accounts.sessions.actors import OutsideMembership
from accounts.sessions.secrets import TokenExpired, TokenRefused
from api.idempotency import KeyReused
from approvals.actions import inviting
from approvals.logins import codes
from approvals.logins.codes import LoginOver, LoginUsed, NoSuchLogin, WrongCode
from approvals.logins.ending import NoSuchSession, RefreshRefused
from approvals.logins.grants import GrantOver, NoSuchGrant
from approvals.refusals import AlreadyDecided, FormInvalid, Refusal
from approvals.workflows.applying import MayNotRegister
from approvals.workflows.bundle import BadBundle
from events.subscribing import CallbackRefused, NoSuchSubscription, TooMany, TypeUnknown
from events.webhooks import NoSuchEvent
from governance.actions import NoSuchEntry
from governance.verdicts import NotAdmitted
from intents.actions import AlreadyOver, NoSuchIntent, NotAParty
from intents.feed import BadCursor
from intents.lifecycle import InvalidTransition
from intents.media.checks import NoSuchUpload, UploadRefused
from intents.registry import actions as registry
from intents.registry.checking import BadSchema

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
    "agent_killed": 403,
    "receiver_agent_closed": 403,
    "receiver_org_closed": 403,
    "sender_not_in_receive_allowlist": 403,
    "policy_denied": 403,
    "policy_limit_exceeded": 429,
    "unknown_delegate": 422,
    "delegation_cycle": 409,
    "delegation_too_deep": 409,
    "too_few_left": 409,
}
DOMAIN: dict[type[Exception], tuple[int, str]] = {
    TokenExpired: (401, "token_expired"),
    TokenRefused: (401, "invalid_actor_token"),
    RefreshRefused: (401, "invalid_refresh_token"),
    KeyRefused: (401, "invalid_platform_api_key"),
    OutsideMembership: (403, "invalid_actor_scope"),
    NoSuchSession: (404, "session_not_found"),
    NoSuchLogin: (404, "login_not_found"),
    LoginOver: (410, "login_expired"),
    LoginUsed: (409, "login_used"),
    WrongCode: (422, "invalid_code"),
    codes.TooMany: (429, "rate_limit_exceeded"),
    NoSuchGrant: (404, "grant_not_found"),
    GrantOver: (410, "grant_expired"),
    NoSuchIntent: (404, "intent_not_found"),
    NotAParty: (403, "invalid_actor_scope"),
    AlreadyOver: (409, "already_terminal"),
    InvalidTransition: (409, "invalid_transition"),
    KeyReused: (409, "idempotency_conflict"),
    NoSuchAgent: (404, "agent_not_found"),
    NoSuchKey: (404, "key_not_found"),
    NotAManager: (403, "invalid_actor_scope"),
    NoDesk: (403, "invalid_actor_scope"),
    NameTaken: (409, "name_taken"),
    BadAgent: (422, "schema_invalid"),
    Unreadable: (409, "secret_unreadable"),
    NoSuchEntry: (404, "entry_not_found"),
    CallbackRefused: (422, "callback_refused"),
    TypeUnknown: (422, "event_type_unknown"),
    TooMany: (422, "too_many_subscriptions"),
    NoSuchSubscription: (404, "subscription_not_found"),
    NoSuchEvent: (404, "webhook_event_not_found"),
    BadCursor: (422, "schema_invalid"),
    MayNotRegister: (403, "invalid_actor_scope"),
    Http404: (404, "not_found"),
    nicknames.BadNick: (422, "invalid_nick"),
    nicknames.NickTaken: (409, "nick_taken"),
    nicknames.NoSuchProfile: (404, "user_not_found"),
    inviting.NoSuchInvite: (404, "invite_not_found"),
    inviting.MayNotInvite: (403, "invalid_actor_scope"),
    inviting.InviteEnded: (410, "invite_ended"),
    NoSuchUpload: (404, "upload_not_found"),
    BadSchema: (422, "schema_invalid"),
    registry.NoSuchType: (404, "schema_not_found"),
    registry.Incompatible: (409, "schema_incompatible"),
}
UPLOADS = {
    "payload_too_large": 413,
    "media_type_not_allowed": 415,
    "media_type_mismatch": 422,
    "upload_mismatch": 422,
    "upload_incomplete": 409,
    "upload_finalized": 409,
    "upload_expired": 410,
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
    if isinstance(failure, Refusal | NotAdmitted):
        return envelope(REFUSALS[failure.code], failure.code, str(failure), **_more(failure))
    if isinstance(failure, ValidationError):
        return _invalid(failure)
    if known := _domain(failure):
        return known
    if isinstance(failure, OperationalError | InterfaceError):
        logger.error("The database did not answer", exc_info=failure)
        return envelope(503, "database_unavailable", "The database did not answer. Try again.")
    logger.error("A request failed", exc_info=failure)
    return envelope(500, "internal_error", "Something failed on our side; it was logged.")


def _domain(failure: Exception) -> HttpResponse | None:
    """Translate what our own actions refuse, or None for what is none of theirs."""
    if isinstance(failure, UploadRefused):
        return envelope(UPLOADS[failure.code], failure.code, str(failure))
    if isinstance(failure, registry.Misfit):
        return envelope(422, "schema_invalid", str(failure), fields=failure.errors)
    if isinstance(failure, BadBundle):
        return envelope(422, "schema_invalid", str(failure), errors=failure.errors)
    for kind, (status, code) in DOMAIN.items():
        if isinstance(failure, kind):
            return envelope(status, code, str(failure) or HTTPStatus(status).phrase)
    return None


def _more(refusal: Refusal | NotAdmitted) -> dict[str, Any]:
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
