"""How an agent is, told from its last heartbeat. Pure, but for the same said as a condition."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q

SLOW = timedelta(seconds=90)
LOST = timedelta(seconds=300)


class Health(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNREACHABLE = "unreachable"
    KILLED = "killed"
    UNKNOWN = "unknown"


def health(killed_at: datetime | None, heard_at: datetime | None, *, now: datetime) -> Health:
    """Return how an agent is; one that never sent a heartbeat is unknown."""
    if killed_at is not None:
        return Health.KILLED
    if heard_at is None:
        return Health.UNKNOWN
    if now - heard_at < SLOW:
        return Health.HEALTHY
    return Health.DEGRADED if now - heard_at <= LOST else Health.UNREACHABLE


def during(wanted: Health, *, now: datetime) -> Q:
    """Say the same to the database: agents whose health is the wanted one."""
    if wanted is Health.KILLED:
        return Q(killed_at__isnull=False)
    alive = Q(killed_at=None)
    if wanted is Health.UNKNOWN:
        return alive & Q(last_heartbeat_at=None)
    slow, lost = now - SLOW, now - LOST
    return (
        alive
        & {
            Health.HEALTHY: Q(last_heartbeat_at__gt=slow),
            Health.DEGRADED: Q(last_heartbeat_at__lte=slow, last_heartbeat_at__gte=lost),
            Health.UNREACHABLE: Q(last_heartbeat_at__lt=lost),
        }[wanted]
    )
