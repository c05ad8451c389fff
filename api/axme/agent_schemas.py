"""The shapes of the calls about agents, their keys, their rules and the mesh."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AliasChoices, Field, FiniteFloat, model_validator

from accounts.models import Agent
from api.axme.schemas import Text, Tolerant

MOST_METRICS = 4096
Mode = Annotated[str, Field(max_length=16)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Number = Annotated[FiniteFloat, Field(ge=0, le=1_000_000_000)]


def _one_of(*words: str) -> AfterValidator:
    """Accept one of a few words; the sentence names them all."""

    def check(word: str) -> str:
        if word not in words:
            raise ValueError(f"use one of: {', '.join(words)}")
        return word

    return AfterValidator(check)


def _type_pattern(pattern: str) -> str:
    if "*" in pattern[:-1]:
        raise ValueError("a pattern has one * at most, at its end")
    return pattern


class AgentDescription(Tolerant):
    """What may be said of an agent. Empty texts count as not said: some clients send them all."""

    display_name: Annotated[str, Field(max_length=120)] | None = None
    description: Annotated[str, Field(max_length=1024)] | None = None
    delivery_mode: Annotated[Mode, _one_of("", *Agent.Mode.values)] | None = None
    callback_url: Annotated[str, Field(max_length=2048)] | None = None
    push_secret: Annotated[str, Field(min_length=16, max_length=128)] | None = None

    def said(self) -> dict[str, str]:
        names = ("display_name", "description", "delivery_mode", "callback_url", "push_secret")
        return {name: value for name in names if (value := getattr(self, name))}


class NewServiceAccount(AgentDescription):
    name: Annotated[str, Field(max_length=120)]
    org_id: Annotated[str, Field(max_length=200)] | None = None
    workspace_id: Annotated[str, Field(max_length=200)] | None = None


class NewKey(Tolerant):
    expires_at: datetime | None = None


class ReceivePolicy(Tolerant):
    policy_type: Annotated[Mode, _one_of("open", "allowlist", "denylist")]


class ReceiveOverride(Tolerant):
    override_type: Annotated[Mode, _one_of("open", "allowlist", "closed", "use_org_default")]


class OrgReceivePolicy(Tolerant):
    policy_type: Annotated[Mode, _one_of("open", "allowlist", "closed")]


class NewEntry(Tolerant):
    sender_pattern: Annotated[str, Field(min_length=1, max_length=383)]


class Metrics(Tolerant):
    """What an agent says it did since its last heartbeat; further names are kept as they are."""

    intents_total: Count | None = None
    intents_succeeded: Count | None = None
    intents_failed: Count | None = None
    avg_latency_ms: Number | None = None
    cost_usd: Annotated[FiniteFloat, Field(ge=0, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def is_small(self) -> Self:
        if len(json.dumps(self.said())) > MOST_METRICS:
            raise ValueError(f"metrics are larger than {MOST_METRICS // 1024} KiB")
        return self

    def said(self) -> dict[str, Any]:
        return {k: v for k, v in self.model_dump(mode="json").items() if v is not None}


class Heartbeat(Tolerant):
    metrics: Metrics | None = None
    agent: Annotated[str, Field(max_length=383)] | None = Field(
        default=None, validation_alias=AliasChoices("agent", "address", "owner_agent")
    )


class Switch(Tolerant):
    reason: Text = ""


class CostPolicy(Tolerant):
    """Limits of an agent; what is left out or null has none."""

    max_intents_per_hour: Count | None = None
    max_intents_per_day: Count | None = None
    max_cost_per_day_usd: Number | None = None
    action_on_breach: Literal["block", "alert"] = "block"

    def limits(self) -> dict[str, Any]:
        numbers = ("max_intents_per_hour", "max_intents_per_day", "max_cost_per_day_usd")
        given = {n: value for n in numbers if (value := getattr(self, n)) is not None}
        return {**given, "action_on_breach": self.action_on_breach} if given else {}


Patterns = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_type_pattern)]],
    Field(max_length=100),
]


class ActionPolicy(Tolerant):
    allow: Patterns = Field(
        default_factory=list, validation_alias=AliasChoices("allow", "allowed_intent_types")
    )
    deny: Patterns = Field(
        default_factory=list, validation_alias=AliasChoices("deny", "denied_intent_types")
    )
