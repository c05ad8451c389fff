"""From a scenario bundle, in any of its public dialects, to our `Bundle`. Pure.

`workflow_steps`, `durability` and `config` are the older dialect. An empty text is an absent one,
because the command-line client writes out every field it knows. Unknown fields are ignored.
"""

from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from accounts.actor import Actor
from accounts.addresses import SCHEME, canonical
from accounts.callbacks import refuse_reason
from api.axme.errors import BadRequest, explained
from api.axme.schemas import HumanTask
from api.axme.translate import macros
from api.axme.translate.inward import FARTHEST, human_task
from api.axme.translate.reading import Reader
from approvals.workflows.bundle import AgentPart, Bundle, Findings, PersonPart, StepPart
from intents.models import LONGEST_ADDRESS

MODES = ("stream", "poll", "http", "inbox")
RUNTIMES = (
    "human_approval", "timeout", "reminder", "delay", "escalation", "notification",
)  # fmt: skip
MOST_AGENTS, MOST_PEOPLE, MOST_STEPS = 50, 20, 100


def bundle(given: dict[str, Any], *, actor: Actor, now: datetime) -> tuple[Bundle, Findings]:
    """Return the bundle and what is wrong with its shape; with errors it must not be used."""
    found = Findings()
    whole = Reader(given, "", found.errors)
    intent, durability = whole.inside("intent"), whole.inside("durability")
    title = whole.text("title", most=255)
    type = intent.text("type", "intent_type", least=1, most=255)
    workflow = Reader(whole.object("workflow"), "workflow", found.errors)
    return (
        Bundle(
            scenario_id=whole.text("scenario_id", most=255) or type,
            type=type,
            title=title,
            description=whole.text("description", most=5000),
            agents=tuple(_agent(part, actor) for part in whole.each("agents", most=MOST_AGENTS)),
            people=tuple(_person(part) for part in whole.each("humans", most=MOST_PEOPLE)),
            steps=_steps(whole, workflow, found),
            entry=workflow.text("entry_step", most=100),
            payload=intent.object("payload"),
            task=_task(intent),
            reminders=_reminders(durability) | _reminders(intent),
            deadline_at=_deadline(intent, durability, now=now),
            max_delivery_attempts=_attempts(intent) or _attempts(durability),
        ),
        found,
    )


def key_of(given: dict[str, Any]) -> str:
    """Return the idempotency key inside a bundle, or nothing. Raises: BadRequest."""
    key = given.get("idempotency_key")
    if key in (None, ""):
        return ""
    if not isinstance(key, str) or len(key) > 255:
        raise BadRequest(422, "schema_invalid", "idempotency_key: write a text of at most 255.")
    return key


def _agent(part: Reader, actor: Actor) -> AgentPart:
    role = part.text("role", most=100, least=1)
    literal = part.text("address", most=383) or role
    full = literal if "://" in literal else SCHEME + literal
    address = canonical(full, org=actor.org, workspace=actor.space)
    if len(address) > LONGEST_ADDRESS or not address.startswith(SCHEME):
        part.refuse("address", "write an agent's name or agent://org/workspace/name")
    mode = part.choice("delivery_mode", MODES, "stream")
    url = part.text("callback_url", most=2048)
    if url and (reason := refuse_reason(url)):
        part.refuse("callback_url", reason)
    return AgentPart(
        role=role,
        literal=literal,
        address=address,
        path=part.path,
        name=part.text("display_name", most=120),
        mode=mode,
        callback_url=url if mode == "http" else "",
        is_made_if_missing=part.flag("create_if_missing"),
    )


def _person(part: Reader) -> PersonPart:
    return PersonPart(
        role=part.text("role", most=100, least=1),
        path=part.path,
        contact=part.text("contact", most=383),
        name=part.text("display_name", most=255),
    )


def _steps(whole: Reader, workflow: Reader, found: Findings) -> tuple[StepPart, ...]:
    is_older = not workflow.given and "workflow_steps" in whole.given
    holder, name = (whole, "workflow_steps") if is_older else (workflow, "steps")
    macro = workflow.text("macro_id", most=255)
    if macro and not workflow.given.get("steps"):
        parameters = workflow.inside("parameters")
        steps = macros.expanded(macro, parameters)
        if steps is None:
            known = ", ".join(macros.MACROS)
            workflow.refuse("macro_id", f'there is no macro "{macro[:100]}"; write one of: {known}')
            return ()
        holder = Reader({"steps": steps}, workflow.path, found.errors)
    elif macro:
        found.warnings.append("workflow.macro_id: is not looked at, because there are steps")
    parts = tuple(_step(part) for part in holder.each(name, most=MOST_STEPS))
    if not parts and not found.errors:
        holder.refuse(name, "write at least one step")
    return parts


def _step(part: Reader) -> StepPart:
    retry = part.inside("retry")
    config = part.object("runtime_config", "config")
    return StepPart(
        id=part.text("step_id", most=100, least=1),
        path=part.path,
        tool=part.text("tool_id", most=255),
        runtime=part.choice("runtime_type", RUNTIMES, ""),
        assigned_to=part.text("assigned_to", most=383),
        requires_approval=part.flag("requires_approval"),
        task=_task(part),
        input=part.object("input"),
        config=config,
        reminders=_reminders(Reader(config, part.at("config"), part.errors)) | _reminders(part),
        deadline=part.number("step_deadline_seconds"),
        retries=retry.number("max_retries", least=0, most=100) or 0,
        retry_delay=retry.number("retry_delay_seconds") or 30,
        on_success=part.text("on_success", most=100),
        on_failure=part.text("on_failure", most=100),
    )


def _task(part: Reader) -> dict[str, Any] | None:
    """Return what people are asked, checked as in a create, or None when nothing is."""
    given = {k: v for k, v in part.object("human_task").items() if v not in (None, "")}
    if not given:
        return None
    try:
        return human_task(HumanTask.model_validate(given))
    except ValidationError as failure:
        for place, sentence in explained(failure.errors()).items():
            part.refuse(f"human_task.{place}", sentence)
    except BadRequest as failure:
        part.refuse("human_task", str(failure))
    return None


def _reminders(part: Reader) -> dict[str, Any]:
    given = {
        "after": part.number("remind_after_seconds"),
        "every": part.number("remind_interval_seconds"),
        "most": part.number("max_reminders", most=100),
        "escalate_to": part.text("escalate_to", most=383) or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _attempts(part: Reader) -> int | None:
    return part.number("max_delivery_attempts", most=100)


def _deadline(intent: Reader, durability: Reader, *, now: datetime) -> datetime | None:
    text = intent.text("deadline_at", most=64)
    seconds = intent.number("ttl_seconds", most=int(FARTHEST.total_seconds()))
    minutes = durability.number("deadline_minutes", most=525_600)
    if not text:
        seconds = seconds or (minutes * 60 if minutes else None)
        return now + timedelta(seconds=seconds) if seconds else None
    try:
        moment = datetime.fromisoformat(text)
        is_usable = moment.tzinfo is not None and now < moment <= now + FARTHEST
    except (ValueError, OverflowError):
        is_usable = False
    if not is_usable:
        intent.refuse("deadline_at", "write a time to come, such as 2030-01-31T12:00:00Z")
        return None
    return moment
