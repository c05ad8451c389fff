"""Pages for when a request cannot be served. 403, 404 and 500 are plain templates."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form was too old or came from elsewhere; `reason` is for the log only."""
    return render(request, "csrf.html", status=403)
