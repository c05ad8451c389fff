"""Setting rules: who may send to an agent or a workspace, what an agent may do, and how much."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction

from accounts.actor import Actor
from accounts.addresses import canonical
from accounts.agents import BadAgent
from accounts.managing import require_manager
from accounts.models import Agent, Workspace
from governance import standings
from governance.models import AgentRules, WorkspaceRules
from governance.trail import note, note_at

MOST_ENTRIES = 200
Owner = Agent | Workspace
Rule = dict[str, Any]


class NoSuchEntry(Exception):
    """This list has no entry with this id."""


@transaction.atomic
def set_mode(owner: Owner, *, rule: str, mode: str, actor: Actor, now: datetime) -> Rule:
    """Set whom an agent or a workspace takes intents from; the list of senders stays.

    `rule` is `receive`, or `override` for an agent and senders of other organisations.
    Raises: NotAManager, KeyRefused.
    """
    return _change(owner, rule, lambda old: {**old, "mode": mode}, actor=actor, now=now)


@transaction.atomic
def add_entry(owner: Owner, *, rule: str, pattern: str, actor: Actor, now: datetime) -> Rule:
    """Put a sender pattern on the list; one that is there stays once. Raises: BadAgent too."""
    sender = _pattern(pattern, actor)

    def added(old: Rule) -> Rule:
        entries = old.get("entries", [])
        if any(entry["sender_pattern"] == sender for entry in entries):
            return old
        if len(entries) >= MOST_ENTRIES:
            raise BadAgent(f"A list has {MOST_ENTRIES} entries at most; use a pattern with *.")
        return {**old, "entries": [*entries, {"entry_id": str(uuid4()), "sender_pattern": sender}]}

    return _change(owner, rule, added, actor=actor, now=now)


@transaction.atomic
def drop_entry(owner: Owner, *, rule: str, entry_id: str, actor: Actor, now: datetime) -> Rule:
    """Take a sender pattern off the list. Raises: NoSuchEntry, as above."""

    def dropped(old: Rule) -> Rule:
        entries = old.get("entries", [])
        rest = [entry for entry in entries if entry["entry_id"] != entry_id]
        if len(rest) == len(entries):
            raise NoSuchEntry(NoSuchEntry.__doc__)
        return {**old, "entries": rest}

    return _change(owner, rule, dropped, actor=actor, now=now)


@transaction.atomic
def set_types(
    agent: Agent, *, allow: list[str], deny: list[str], actor: Actor, now: datetime
) -> Rule:
    """Set which types of intents an agent may send and be sent. Raises: NotAManager, KeyRefused."""
    types = {"allow": allow, "deny": deny} if allow or deny else {}
    return _change(agent, "types", lambda _: types, actor=actor, now=now)


@transaction.atomic
def set_limits(agent: Agent, *, limits: Rule, actor: Actor, now: datetime) -> Rule:
    """Set how much an agent may do and spend; what is left out has no limit. Raises: as above."""
    return _change(agent, "limits", lambda _: limits, actor=actor, now=now)


def _change(owner: Owner, rule: str, how: Any, *, actor: Actor, now: datetime) -> Rule:
    workspace_id = owner.id if isinstance(owner, Workspace) else owner.workspace_id
    require_manager(actor, workspace_id, now=now)
    standings.hold_alone(workspace_id)
    rules = _rules_of(owner)
    old: Rule = getattr(rules, rule)
    new: Rule = how(old)
    if new != old:
        setattr(rules, rule, new)
        rules.updated_at = now
        rules.save(update_fields=[rule, "updated_at"])
        _note(owner, rule, new, actor=actor, now=now)
    return new


def _rules_of(owner: Owner) -> AgentRules | WorkspaceRules:
    if isinstance(owner, Workspace):
        spaces = WorkspaceRules.objects.select_for_update()
        return spaces.get_or_create(workspace=owner)[0]
    return AgentRules.objects.select_for_update().get_or_create(agent=owner)[0]


def _note(owner: Owner, rule: str, new: Rule, *, actor: Actor, now: datetime) -> None:
    type, details = "policy.changed", {"policy": NAMES[rule], "rules": new}
    if isinstance(owner, Workspace):
        note_at(owner.id, f"agent://{owner}/*", type, details, actor=actor, now=now)
    else:
        note(owner, type, details, actor=actor, now=now)


NAMES = {"receive": "receive", "override": "receive_override", "types": "action", "limits": "cost"}


def _pattern(text: str, actor: Actor) -> str:
    """Return a pattern as addresses are compared: a whole one, or one that ends in a single `*`."""
    pattern = text.strip()
    if not pattern or "*" in pattern[:-1] or "\0" in pattern:
        raise BadAgent("sender_pattern: write a whole address, or one that ends in *.")
    if pattern.endswith("*"):
        return pattern
    return canonical(pattern, org=actor.org, workspace=actor.space)
