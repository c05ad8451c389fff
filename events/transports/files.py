"""The laptop's mail: each message is one .eml file under DATA_DIR/mail, named by its Message-ID.

Writing a message twice leaves one file: a crash between sending and noting it is harmless.
"""

import re
from collections.abc import Sequence
from email.utils import localtime
from pathlib import Path

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage


class MailFolder(BaseEmailBackend):
    """Writes mails where a person can open them; there is no server to talk to."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.MAIL_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        for mail in email_messages:
            _write(folder, mail)
        return len(email_messages)


def _write(folder: Path, mail: EmailMessage) -> None:
    message = mail.message()
    name = re.sub(r"[^\w.-]+", "-", str(message["Message-ID"]).strip("<>").split("@")[0])
    existing = list(folder.glob(f"*{name}.eml"))
    target = existing[0] if existing else folder / f"{localtime():%Y%m%d-%H%M%S}-{name}.eml"
    draft = target.with_suffix(".part")
    draft.write_bytes(message.as_bytes())
    draft.replace(target)
