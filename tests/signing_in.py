"""Signing a person in, as a browser or as a terminal, without what comes before it."""

from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import User, Workspace
from accounts.sessions import actions as sessions
from api.axme import translate
from tests.calling import Api


def at_desk(user: User) -> Client:
    """Return a browser in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def signed_in(user: User, *, workspace: Workspace | None = None) -> dict[str, Any]:
    """Return what a login answers."""
    now = timezone.now()
    place = workspace or sessions.first_workspace(user)
    assert place is not None
    session = sessions.start(user, place, client="cli", device="tests", now=now)
    token = sessions.issue_refresh_token(session, now=now)
    return translate.signed_in(session, now=now) | {"refresh_token": token}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


class Terminal:
    """What the protocol's CLI sends once it is signed in: its key, and its token beside it."""

    def __init__(self, login: dict[str, Any]) -> None:
        self.login = login
        self.headers = bearer(login["account_session_token"]) | {"x-api-key": login["api_key"]}

    def get(self, path: str, **given: Any) -> Any:
        return Api().get(path, headers=self.headers, **given)

    def post(self, path: str, body: Any = None) -> Any:
        return Api().post(path, body, headers=self.headers)
