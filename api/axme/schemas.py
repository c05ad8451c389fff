"""The shapes of the AXP calls. Tolerant by design: unknown fields are kept or ignored."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from intents.lifecycle import Status

Address = Annotated[str, Field(max_length=383)]
Seconds = Annotated[int, Field(ge=1, le=31_536_000)]
Text = Annotated[str, Field(max_length=2000)]


class Tolerant(BaseModel):
    model_config = ConfigDict(extra="allow", strict=False)


class HumanTask(Tolerant):
    title: Annotated[str, Field(max_length=255)] | None = None
    description: Text | None = None
    task_type: Annotated[str, Field(max_length=64)] | None = None
    allowed_outcomes: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=20)]
        | None
    ) = None
    required_comment: bool | None = None
    evidence_required: bool | None = None
    assignees: Annotated[list[Address], Field(max_length=20)] | None = None
    notify_email: Annotated[str, Field(max_length=254)] | None = None
    form_schema: dict[str, Any] | None = None
    risk: Annotated[str, Field(max_length=20)] | None = None
    exclude_requester: bool | None = None


class NewIntent(Tolerant):
    intent_type: Annotated[str, Field(min_length=1, max_length=255)]
    correlation_id: UUID | None = None
    to_agent: Address | None = None
    from_agent: Address | None = None
    reply_to: Address | None = None
    payload: dict[str, Any] = Field(default_factory=dict)
    deadline_at: datetime | None = None
    ttl_seconds: Annotated[int, Field(ge=60, le=604_800)] | None = None
    remind_after_seconds: Seconds | None = None
    remind_interval_seconds: Seconds | None = None
    max_reminders: Annotated[int, Field(ge=1, le=100)] | None = None
    max_delivery_attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    escalate_to: Address | None = None
    human_task: HumanTask | None = None


class Resolve(Tolerant):
    status: str | None = None


class Resume(Tolerant):
    approve_current_step: bool | None = None
    expected_policy_generation: int | None = None


class Controls(Tolerant):
    controls_patch: dict[str, Any] = Field(default_factory=dict)
    expected_policy_generation: int | None = None


class Policy(Tolerant):
    grants_patch: dict[str, Any] | None = None
    envelope_patch: dict[str, Any] | None = None
    expected_policy_generation: int | None = None


class Cancel(Tolerant):
    reason: Text = ""


class BulkCancel(Tolerant):
    """How old has to be said: an empty body withdraws nothing."""

    older_than_hours: Annotated[float, Field(ge=0, le=876_000, allow_inf_nan=False)]
    status_filter: Annotated[list[Status], Field(max_length=10)] = []
    limit: Annotated[int, Field(ge=1, le=200)] = 100
    reason: Text = ""
    dry_run: bool = False


class Reply(Tolerant):
    message: Annotated[str, Field(min_length=1, max_length=5000)]


class Comment(Tolerant):
    comment: Text | None = None
    reason: Text | None = None


class Delegate(Tolerant):
    delegate_to: Annotated[str, Field(min_length=3, max_length=255)]
    note: Text | None = None


class DeleteMessages(Tolerant):
    mode: Literal["self", "both"]
    message_ids: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=64)]],
            Field(min_length=1, max_length=100),
        ]
        | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=100)] = 100


class ApprovalDecision(Tolerant):
    decision: Annotated[str, Field(max_length=64)]
    comment: Text | None = None
    reason: Text | None = None


class WantedSubscription(Tolerant):
    callback_url: Annotated[str, Field(min_length=8, max_length=2048)]
    event_types: Annotated[
        list[Annotated[str, Field(min_length=3, max_length=64)]], Field(min_length=1, max_length=32)
    ]
    secret: Annotated[str, Field(min_length=16, max_length=128)] | None = None
    active: bool | None = None
    description: Annotated[str, Field(max_length=255)] | None = None


class PublishedEvent(Tolerant):
    event_type: Literal[
        "inbox.thread_created",
        "inbox.thread_updated",
        "inbox.reply_received",
        "invite.accepted",
        "auth.session_revoked",
    ]
    source: Annotated[str, Field(min_length=2, max_length=100)]
    payload: dict[str, Any]


class LoginIntent(Tolerant):
    email: Annotated[str, Field(min_length=3, max_length=254, pattern="@")]


class VerifyCode(Tolerant):
    code: Annotated[str, Field(min_length=1, max_length=64)]


class RefreshBody(Tolerant):
    refresh_token: Annotated[str, Field(min_length=1, max_length=255)]


class SessionId(Tolerant):
    session_id: Annotated[str, Field(max_length=64)]


class WorkspaceSelection(Tolerant):
    org_id: Annotated[str, Field(max_length=64)] = ""
    workspace_id: Annotated[str, Field(min_length=1, max_length=64)]


class Failure(BaseModel):
    """Every answer of 400 or above."""

    ok: bool = False
    error: dict[str, Any]
    detail: str
    message: str
