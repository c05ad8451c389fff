"""Signing in by e-mail: ask for a code, and take it for a session."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import LoginCode, Session, User
from accounts.sessions import actions as sessions
from accounts.sessions.secrets import is_login_code
from events import log
from events.models import Outbox

LIFE = timedelta(minutes=10)
MOST_ATTEMPTS = 5
# How many codes an address is sent, in how long. With five guesses at each, guessing one of a
# million takes longer than anyone looks away.
MOST_CODES = ((timedelta(minutes=10), 5), (timedelta(days=1), 20))
KIND = "login.code"


class LoginRefused(Exception):
    """A login that does not go on; its docstring says why."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class NoSuchLogin(LoginRefused):
    """There is no login with this id. Ask for a new code."""


class LoginOver(LoginRefused):
    """This code has expired, or was guessed at too often. Ask for a new one."""


class LoginUsed(LoginRefused):
    """This code was used already. Ask for a new one."""


class WrongCode(LoginRefused):
    """This is not the code in the mail."""


class TooMany(LoginRefused):
    """Too many logins were asked for. Wait ten minutes."""


@transaction.atomic
def ask(email: str, *, device: str, now: datetime) -> LoginCode:
    """Put the mail with a code into the outbox. An unknown address gets a row and no mail.

    Whoever asks cannot tell the two apart. Raises: TooMany.
    """
    address = email.strip().lower()
    for span, most in MOST_CODES:
        if LoginCode.objects.filter(email=address, created_at__gt=now - span).count() >= most:
            raise TooMany
    user = User.objects.filter(email__iexact=address, is_active=True).first()
    workspace = sessions.first_workspace(user) if user else None
    login = LoginCode.objects.create(
        email=address,
        user=user if workspace else None,
        device=device[:120],
        created_at=now,
        expires_at=now + LIFE,
    )
    if user and workspace:
        log.tell([_letter(login, user, workspace.id, now=now)])
    return login


def redeem(login_id: UUID, code: str, *, now: datetime) -> Session:
    """Return the session of a login, begun with its code.

    Raises: NoSuchLogin, LoginOver, LoginUsed, WrongCode.
    """
    answer = _try(login_id, code, now=now)
    # Raised out here: the transaction in there has a guess to count.
    if isinstance(answer, LoginRefused):
        raise answer
    return answer


@transaction.atomic
def _try(login_id: UUID, code: str, *, now: datetime) -> Session | LoginRefused:
    login = LoginCode.objects.select_for_update(of=("self",)).filter(id=login_id).first()
    if login is None:
        return NoSuchLogin()
    if login.used_at is not None:
        return LoginUsed()
    if login.expires_at <= now or login.attempts >= MOST_ATTEMPTS:
        return LoginOver()
    user = login.user
    workspace = sessions.first_workspace(user) if user and user.is_active else None
    if user is None or workspace is None or not is_login_code(login.id, code):
        login.attempts += 1
        login.save(update_fields=["attempts"])
        return WrongCode()
    login.used_at = now
    login.save(update_fields=["used_at"])
    return sessions.start(user, workspace, client="cli", device=login.device, now=now)


def forget(*, now: datetime) -> int:
    """Delete logins of the day before yesterday; return how many."""
    return LoginCode.objects.filter(created_at__lt=now - timedelta(days=2)).delete()[0]


def _letter(login: LoginCode, user: User, workspace_id: UUID, *, now: datetime) -> Outbox:
    return Outbox(
        workspace_id=workspace_id,
        kind=KIND,
        subject_id=login.id,
        recipient_id=user.pk,
        dedupe=f"{KIND}:{login.id}",
        next_try_at=now,
        created_at=now,
    )
