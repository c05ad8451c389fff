"""The people a page of one gate names: who may be given it, and what its trail's names are."""

from collections.abc import Mapping

from accounts.actor import Actor
from accounts.models import Membership, User
from approvals.desk import ended
from approvals.models import Gate


def takers(gate: Gate, actor: Actor) -> list[User]:
    """Return the reviewers who may be given this: all but the reader and who had it before."""
    away = {int(id) for id in gate.rule.get("away", {})}
    members = Membership.objects.filter(workspace=gate.workspace_id, role__in=Membership.DECIDING)
    people = User.objects.filter(is_active=True, memberships__in=members)
    return list(people.exclude(id__in={*away, actor.user_id}).order_by("name", "email", "id"))


def names(gate: Gate) -> Mapping[str, str]:
    """Return how people say the names that the trail of a gate has."""
    known = {decision.decider: ended.by(decision) for decision in gate.decisions.all()}
    handed = {*gate.rule.get("away", {}).values(), *gate.rule.get("voices", {}).values()}
    if handed - known.keys():
        known |= {user.email: str(user) for user in User.objects.filter(email__in=handed)}
    return known
