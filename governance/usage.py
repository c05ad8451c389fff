"""What agents did and spent, counted by the hour; a day is the day of the desk's clock."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, F, Sum, When
from django.utils.timezone import localtime

from events.rows import insert_rows
from governance.limits import Spent
from governance.models import Usage, hour_of

ADD = (
    "(agent_id, hour_at) DO UPDATE SET intents = governance_usage.intents + excluded.intents, "
    "cost_usd = governance_usage.cost_usd + excluded.cost_usd"
)
DAYS = {"day": 1, "week": 7, "month": 30}


def spent(agent_ids: Collection[UUID], *, now: datetime, days: int = 1) -> dict[UUID, Spent]:
    """Return what agents did this hour, and today or in the last days up to now."""
    rows = Usage.objects.filter(agent__in=agent_ids, hour_at__gte=since(now, days=days))
    this_hour = Sum(Case(When(hour_at=hour_of(now), then=F("intents")), default=0))
    sums = (
        rows.order_by()
        .values("agent_id")
        .annotate(here=this_hour, all=Sum("intents"), cost=Sum("cost_usd"))
    )
    return {
        row["agent_id"]: Spent(row["here"] or 0, row["all"] or 0, row["cost"] or Decimal(0))
        for row in sums
    }


def since(now: datetime, *, days: int = 1) -> datetime:
    """Return the midnight the last days begin with; one day is today."""
    midnight = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days - 1)


def add_cost(agent_id: UUID, cost: Decimal, *, now: datetime) -> None:
    """Add what an agent says it spent since it last said so."""
    insert_rows([Usage(agent_id=agent_id, hour_at=hour_of(now), cost_usd=cost)], conflict=ADD)
