"""E-mail: one message to one person, through whatever EMAIL_URL names."""

import smtplib
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError

from events.transports import TransportError


@dataclass(frozen=True)
class Message:
    """A mail ready to go. `key` is the same for every try, `thread` for all mails of a gate."""

    key: str
    thread: str
    to: str
    subject: str
    text: str
    html: str


def send(message: Message) -> None:
    """Hand a mail over. Raises: TransportError, permanent when the address was refused."""
    mail = EmailMultiAlternatives(
        " ".join(message.subject.split()), message.text, to=[message.to], headers=_headers(message)
    )
    mail.attach_alternative(message.html, "text/html")
    try:
        mail.send()
    except (smtplib.SMTPRecipientsRefused, BadHeaderError) as failure:
        raise TransportError(str(failure), permanent=True) from failure
    except (smtplib.SMTPException, OSError) as failure:
        raise TransportError(str(failure)) from failure


def _headers(message: Message) -> dict[str, str]:
    """A mail sent twice has one Message-ID, so that a mailbox shows it once."""
    host = urlsplit(settings.PUBLIC_URL).hostname
    first = f"<{message.thread}@{host}>"
    return {
        "Message-ID": f"<{message.key}@{host}>",
        "References": first,
        "In-Reply-To": first,
        "Auto-Submitted": "auto-generated",
    }
