"""Slows down guessing and flooding: so many from one place in ten minutes, then a pause."""

import contextlib
import hashlib

import redis
from django.core.cache import cache

MOST = 10
PAUSE_SECONDS = 600


def is_paused(email: str, place: str) -> bool:
    """Tell whether this place has guessed too often for this person lately."""
    with _without_cache():
        return int(cache.get(_name(email, place), 0)) >= MOST
    return False


def failed(email: str, place: str) -> None:
    """Count a wrong password; the count is forgotten ten minutes after the first."""
    name = _name(email, place)
    with _without_cache():
        cache.add(name, 0, PAUSE_SECONDS)
        cache.incr(name)


def is_spent(what: str, place: str, *, most: int) -> bool:
    """Count one more of something from a place; tell whether that is too many in ten minutes."""
    name = _name(what, place)
    with _without_cache():
        cache.add(name, 0, PAUSE_SECONDS)
        return int(cache.incr(name)) > most
    return False


def _without_cache() -> contextlib.suppress:
    """People must be able to sign in while Redis is away, or forgets the count in between."""
    return contextlib.suppress(redis.RedisError, ValueError)


def _name(email: str, place: str) -> str:
    digest = hashlib.sha256(f"{email.strip().lower()} {place}".encode()).hexdigest()
    return f"sign-in:{digest}"
