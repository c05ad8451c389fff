"""Where the machines' API lives, and the page to read and try it."""

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from api import openapi
from api.axme import (
    approvals,
    audit,
    deliveries,
    entry,
    inbox,
    intent_types,
    intents,
    invites,
    media,
    mesh,
    meta,
    policies,
    portal,
    scenarios,
    service_accounts,
    sessions,
    steering,
    threads,
    unsupported,
    users,
    webhooks,
    withdrawing,
)
from api.axme.auth import KeyAuth
from api.axme.body import StrictParser
from api.axme.errors import from_exception
from api.mcp.protocol import mcp


def answer_failure(request: HttpRequest, failure: Exception | type[Exception]) -> HttpResponse:
    return from_exception(failure if isinstance(failure, Exception) else failure())


api = NinjaAPI(
    title="Assent",
    version="1",
    description="Agents ask, people decide, agents go on. The AXP intent protocol.",
    auth=KeyAuth(),
    parser=StrictParser(),
    docs_url=None,
    openapi_url=None,
    urls_namespace="axme",
)
api.add_router("", meta.public)
for module in (
    withdrawing,  # Its address looks like an intent's.
    intents,
    steering,
    deliveries,
    inbox,
    approvals,
    webhooks,
    meta,
    service_accounts,
    policies,
    mesh,
    entry,
    threads,
    audit,
    invites,
    media,
    users,
    intent_types,
    portal,
    sessions,
    scenarios,
):
    api.add_router("/v1", module.router)
# Last: they take whatever the routes above have left.
for router in (policies.catch_all, unsupported.router):
    api.add_router("/v1", router)
for failure in (Exception, HttpError, ValidationError, Http404):  # ninja has handlers of its own.
    api.add_exception_handler(failure, answer_failure)


urlpatterns = [
    path("api/docs", openapi.page, name="api_docs"),
    path("api/openapi.json", partial(openapi.document, api), name="openapi"),
    path("mcp", mcp, name="mcp"),
    path("", api.urls),
]
