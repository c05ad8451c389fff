"""Secrets that we must be able to read again, such as those we sign with: encrypted at rest."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class Unreadable(Exception):
    """This secret was sealed with another SECRET_KEY. Set it anew."""

    def __init__(self) -> None:
        super().__init__(Unreadable.__doc__)


def seal(secret: str) -> str:
    """Return the secret encrypted with a key derived from SECRET_KEY."""
    return _box().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the secret. Raises: Unreadable when SECRET_KEY has changed since."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken as failure:
        raise Unreadable from failure


def _box() -> Fernet:
    key = hashlib.sha256(b"assent.sealing:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
