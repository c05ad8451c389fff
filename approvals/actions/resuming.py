"""Resuming an intent: one call that works, finishes, asks people or answers for them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from approvals.actions.answer import decide
from approvals.actions.asking import ask, take_over
from approvals.actions.ending import end
from approvals.judging import Answer
from approvals.models import Gate
from approvals.refusals import NotYours, OutcomeNotAllowed
from approvals.resume_plan import Facts, Plan, Wish, plan
from intents import change as changes
from intents import deliveries
from intents.actions import AlreadyOver, lock, require_party
from intents.change import Change, error
from intents.lifecycle import Status
from intents.models import Intent

# What a person may do with any work of their workspace, as far as its gate lets them.
ANSWERS = {Plan.ANSWER, Plan.APPROVE_AND_CONTINUE, Plan.REFUSE_EMPTY, Plan.TAKE_OVER}


@dataclass(frozen=True, slots=True)
class Resumed:
    """The intent after the call. Nothing was applied when there is a reason: its policy generation
    had moved on, or it is a scenario, which only its steps move."""

    intent: Intent
    reason: str = ""

    @property
    def is_applied(self) -> bool:
        return not self.reason


@transaction.atomic
def resume(intent_id: UUID, *, wish: Wish, actor: Actor, now: datetime) -> Resumed:
    """Do what the wish amounts to, given where the intent stands.

    Raises: NoSuchIntent, AlreadyOver, NotAParty, KeyRefused, and every refusal of `decide`.
    """
    intent = lock(intent_id, actor=actor, now=now)
    if intent.is_over:
        raise AlreadyOver(intent)
    todo = plan(wish, _facts(intent, actor))
    if todo is Plan.STALE:
        return Resumed(intent, reason="stale_policy_generation")
    if not (actor.session_id and todo in ANSWERS):
        require_party(intent, actor, permission="resume")
    if todo is Plan.LEAVE:
        return Resumed(intent, reason="steps_in_progress")
    DOING[todo](intent, wish, actor, now)
    intent.refresh_from_db()
    return Resumed(intent)


def _facts(intent: Intent, actor: Actor) -> Facts:
    return Facts(
        generation=intent.policy_generation,
        waits_for_a_person=intent.waits_for_a_person,
        is_agent=actor.is_agent,
        is_handler=actor.address in {intent.to_address, intent.handler},
        is_step=intent.parent_id is not None,
        is_scenario=intent.is_scenario,
    )


def _ask(intent: Intent, wish: Wish, actor: Actor, now: datetime) -> None:
    if actor.is_agent:
        intent.handler = actor.address or ""
    spec: dict[str, Any] = {
        "title": wish.body.get("title") or wish.body.get("message") or intent.type,
        "assignees": _names(wish.body.get("assignees")),
        "allowed_outcomes": ["approved", "rejected"],
        **{name: wish.body.get(name) for name in ("description", "risk", "risk_level")},
    }
    ask(intent, spec, context=wish.data, actor=actor, now=now)


def _names(given: Any) -> list[str]:
    """An agent's own words: only what is a list of names is one."""
    return [name for name in given if isinstance(name, str)] if isinstance(given, list) else []


def _answer(intent: Intent, wish: Wish, actor: Actor, now: datetime) -> None:
    outcome = wish.outcome or "rejected"
    decide(_answer_to(intent, wish, actor, outcome), now=now)


def _approve_and_continue(intent: Intent, wish: Wish, actor: Actor, now: datetime) -> None:
    answer = _answer_to(intent, wish, actor, "approved")
    decide(replace(answer, then="continue"), now=now)


def _answer_to(intent: Intent, wish: Wish, actor: Actor, outcome: str) -> Answer:
    gate = Gate.objects.open().get(intent=intent)
    return Answer(gate.id, outcome, actor, comment=wish.comment, data=wish.form)


def _refuse(intent: Intent, wish: Wish, actor: Actor, now: datetime) -> None:
    if actor.is_agent:
        raise NotYours("People are asked about this intent; it goes on with their answer.")
    gate = Gate.objects.open().get(intent=intent)
    raise OutcomeNotAllowed("", [o["value"] for o in gate.outcomes])


def _take_over(intent: Intent, wish: Wish, actor: Actor, now: datetime) -> None:
    take_over(intent.id, actor=actor, now=now)
    _answer(intent, wish, actor, now)


def _complete(intent: Intent, wish: Wish, actor: Actor, now: datetime) -> None:
    end(intent, status=Status.COMPLETED, outcome=wish.data, actor=actor, now=now)


def _fail(intent: Intent, wish: Wish, actor: Actor, now: datetime) -> None:
    message = str(wish.data.get("message") or wish.body.get("reason") or "The agent failed.")
    code = str(wish.data.get("code") or "agent_failed")
    failure = error(code, message, now=now, details=wish.data)
    end(intent, status=Status.FAILED, outcome=failure, actor=actor, now=now)


def _work(intent: Intent, wish: Wish, actor: Actor, now: datetime) -> None:
    """Record that the handler did something; what it said is kept as the event's data."""
    change = Change(intent, actor=actor, now=now)
    if actor.is_agent:
        intent.handler = actor.address or ""
    change.work(wish.body)
    for address in {intent.to_address, intent.handler}:  # The handler, where it was handed on.
        deliveries.answered([intent.id], address, now=now)
    changes.write([change])


DOING: dict[Plan, Callable[[Intent, Wish, Actor, datetime], Any]] = {
    Plan.ASK: _ask,
    Plan.ANSWER: _answer,
    Plan.APPROVE_AND_CONTINUE: _approve_and_continue,
    Plan.REFUSE_EMPTY: _refuse,
    Plan.TAKE_OVER: _take_over,
    Plan.COMPLETE: _complete,
    Plan.FAIL: _fail,
    Plan.WORK: _work,
}
