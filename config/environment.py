"""Reads the environment: one small function per kind of value, each failing with a sentence."""

import os
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

MAIL_SCHEMES = {"smtp": 25, "smtps": 465, "smtp+tls": 587}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool) -> bool:
    """Read a yes/no setting.

    Raises: ImproperlyConfigured when the value is neither.
    """
    value = text(name, "yes" if default else "no").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; write yes or no.")


def number(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number.")
    return int(value)


def listed(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def hosts(name: str) -> list[str]:
    """Read host names, addresses and networks.

    Raises: ImproperlyConfigured for an entry that is none of these, such as a whole address.
    """
    found = listed(name)
    for entry in found:
        if "://" in entry or ("/" in entry and not _is_network(entry)):
            raise ImproperlyConfigured(
                f"{name} has {entry!r}; write host names, addresses or networks like 10.0.0.0/8."
            )
    return found


def choice(name: str, options: tuple[str, ...]) -> str:
    """Read one word out of a few; the first is the default.

    Raises: ImproperlyConfigured when it is another word.
    """
    value = text(name, options[0])
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}; choose one of: {', '.join(options)}.")
    return value


def secret(name: str, *, keep_in: Path) -> str:
    """Read a secret, or make one on first use and keep it in a file only the owner may read."""
    if value := text(name):
        return value
    if not keep_in.exists():
        keep_in.parent.mkdir(parents=True, exist_ok=True)
        keep_in.touch(mode=0o600)
        keep_in.write_text(os.urandom(48).hex())
    return keep_in.read_text().strip()


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def mail(url: str) -> dict[str, object]:
    """Turn EMAIL_URL (smtp, smtp+tls or smtps://user:password@host:port?from=…) into settings.

    Raises: ImproperlyConfigured for an unknown scheme or a missing host.
    """
    parts = urlsplit(url)
    if parts.scheme not in MAIL_SCHEMES or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL must look like smtp+tls://user:password@host:587.")
    found: dict[str, object] = {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or MAIL_SCHEMES[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": 20,
    }
    if sender := dict(parse_qsl(parts.query)).get("from"):
        found["DEFAULT_FROM_EMAIL"] = sender
    return found


def storage(url: str, *, folder: Path) -> dict[str, object]:
    """Turn STORAGE_URL (s3://key:secret@bucket?endpoint=…&region=…) into where files are kept.

    Raises: ImproperlyConfigured for another scheme, without a bucket, or without its package.
    """
    if not url:
        where = {"location": str(folder)}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": where}
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname:
        raise ImproperlyConfigured("STORAGE_URL must look like s3://bucket?endpoint=https://host.")
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise ImproperlyConfigured(
            "STORAGE_URL names a bucket, which needs more packages: install requirements-s3.txt."
        )
    query = dict(parse_qsl(parts.query))
    options = {
        "bucket_name": parts.hostname,
        "endpoint_url": query.get("endpoint"),
        "region_name": query.get("region"),
        # Without these two, the machine's own role or AWS_ACCESS_KEY_ID and the like are used.
        "access_key": unquote(parts.username or "") or None,
        "secret_key": unquote(parts.password or "") or None,
        "default_acl": None,
        "file_overwrite": False,
        "querystring_auth": True,
    }
    given = {name: value for name, value in options.items() if value is not None}
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": given}
