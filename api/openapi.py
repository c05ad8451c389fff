"""The API described as OpenAPI, and the page to read and try it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from ninja import NinjaAPI

from api.axme.schemas import Failure

FAILURE = {"$ref": "#/components/schemas/Failure"}
FAILED = {
    "description": "Refused. `error.code` is for programs, `detail` for people.",
    "content": {"application/json": {"schema": FAILURE}},
}
STREAM = {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {}}}}
OBJECT = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
ANSWER = {"description": "OK", "content": {"application/json": {"schema": OBJECT}}}


def describe(api: NinjaAPI) -> dict[str, Any]:
    """Return ninja's description with what every call answers beside it."""
    schema: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=""))
    schema.setdefault("components", {}).setdefault("schemas", {})
    schema["components"]["schemas"]["Failure"] = Failure.model_json_schema()
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            good = STREAM if path.endswith("/stream") else ANSWER
            operation["responses"] = {"200": good, "4XX": FAILED, "503": FAILED}
    return schema


def page(request: HttpRequest) -> HttpResponse:
    """Show the API with a form to try each call."""
    return render(request, "api/docs.html")


def document(api: NinjaAPI, request: HttpRequest) -> HttpResponse:
    return JsonResponse(describe(api))
