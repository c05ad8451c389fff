"""Writes the mail with a login code, when it is sent."""

from datetime import datetime

from django.template.loader import render_to_string

from accounts.models import LoginCode
from accounts.sessions.secrets import login_code
from events.models import Outbox
from events.transports.email import Message


def compose(row: Outbox, now: datetime) -> Message | None:
    """Return the mail for a login, or None when its code has expired or was used."""
    login = LoginCode.objects.select_related("user").filter(id=row.subject_id).first()
    if login is None or login.user is None or login.used_at or login.expires_at <= now:
        return None
    # Not what the program calls itself: anybody may ask, and would write our mail.
    context = {"person": login.user, "code": login_code(login.id)}
    return Message(
        key=str(row.id),
        thread=str(login.id),
        to=login.user.email,
        subject=render_to_string("mail/login_code_subject.txt", context),
        text=render_to_string("mail/login_code.txt", context),
        html=render_to_string("mail/login_code.html", context),
    )
