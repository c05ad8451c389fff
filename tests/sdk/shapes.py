"""What every answer must have, by the protocol's published schemas where the contract agrees.

The contract wins: more fields are allowed everywhere, and a status is always the canonical one.
"""

from tests.sdk.fields import (
    ADDRESS,
    COUNT,
    FLAG,
    OBJECT,
    TIME,
    Schema,
    maybe,
    one_of,
    several,
    shape,
    text,
)  # fmt: skip

INTENT = shape("intent_id status created_at intent_type correlation_id from_agent to_agent payload")
EVENT = shape(
    "intent_id seq status at actor data details",
    event_type=text(pattern=r"^intent\.[a-z_]+$"),
    handler=maybe(ADDRESS),
)
THREAD = shape(
    "thread_id intent_id owner_agent from_agent to_agent created_at updated_at",
    status=one_of("pending", "active", "done"),
    timeline=several(shape("event_id event_type at details", actor=text(2)), 1),
)
ACCOUNT = shape(
    "service_account_id org_id workspace_id name created_by_actor_id created_at updated_at address",
    status=one_of("active", "suspended", "revoked"),
)
AGENT = shape(
    "address service_account_id service_account_name created_at",
    status=one_of("active", "suspended", "deleted"),
)
IN_MESH = shape("address_id address health_status created_at metrics", display_name=text())
SUBSCRIPTION = shape(
    "subscription_id owner_agent callback_url event_types active created_at updated_at",
    revoked_at=maybe(TIME),
    secret_hint=maybe(text()),
)
COUNTERS = "queued_deliveries processed_deliveries delivered pending dead_lettered"
TYPE = "semantic_type schema_hash compatibility_mode scope active created_at updated_at"
CHANGED = shape("ok applied policy_generation")
ONE_THREAD, ONE_ACCOUNT = shape("ok", thread=THREAD), shape("ok", service_account=ACCOUNT)
INVITE = shape(
    "ok token owner_agent created_at expires_at", status=one_of("pending", "accepted", "expired")
)

SHAPES: dict[str, Schema] = {
    "health": shape("ok"),
    "get_capabilities": shape(
        "ok",
        capabilities=several(text(3), 1),
        supported_intent_types=several(text(pattern=r"^intent\.[a-z0-9_]+\.v1$"), 1),
    ),
    "create_intent": shape("ok intent_id status created_at"),
    "get_intent": shape("ok intent_id intent_type payload", intent=INTENT, result=OBJECT),
    "list_intent_events": shape("ok", events=several(EVENT)),
    "resolve_intent": shape(
        "ok",
        intent=INTENT,
        event=shape("intent_id seq event_type status at details"),
        completion_delivery=shape("", delivered=FLAG),
    ),
    "resume_intent": shape("ok applied policy_generation", intent=INTENT),
    "update_intent_controls": CHANGED,
    "update_intent_policy": CHANGED,
    "wait_for": EVENT,
    "list_inbox": shape("ok", threads=several(THREAD)),
    "get_inbox_thread": ONE_THREAD,
    "list_inbox_changes": shape(
        "ok has_more",
        changes=several(shape("", cursor=text(3), thread=THREAD)),
        next_cursor=maybe(text(3)),
    ),
    **dict.fromkeys(["reply_inbox_thread", "delegate_inbox_thread"], ONE_THREAD),
    **dict.fromkeys(["approve_inbox_thread", "reject_inbox_thread"], ONE_THREAD),
    "delete_inbox_messages": shape(
        "ok deleted_count",
        thread=THREAD,
        mode=one_of("self", "both"),
        message_ids=several(text()),
    ),
    "decide_approval": shape(
        "ok",
        approval=shape(
            "approval_id decided_at", decision=one_of("approve", "reject"), comment=maybe(text(0))
        ),
    ),
    "validate_scenario": shape("ok valid", errors=several(text()), warnings={"type": "array"}),
    "apply_scenario": shape(
        "ok intent_id scenario_id created_at idempotent",
        status=one_of("DELIVERED", "IN_PROGRESS", "WAITING"),
        pending_with=text(),
        compile_id=text(),
        workflow_compile_id=text(),
        agents=several(shape("address", role=text(), created=FLAG)),
        agents_provisioned=several(shape("address service_account_id", role=text())),
        deadline_at=maybe(TIME),
    ),
    "create_service_account": ONE_ACCOUNT,
    "get_service_account": ONE_ACCOUNT,
    "list_service_accounts": shape("ok", service_accounts=several(ACCOUNT)),
    "create_service_account_key": shape(
        "ok",
        key=shape(
            "key_id service_account_id key_hint created_at token",
            status=one_of("active"),
            expires_at=maybe(TIME),
        ),
    ),
    "revoke_service_account_key": shape(
        "ok", key=shape("service_account_id key_id revoked_at", status=one_of("revoked"))
    ),
    "list_agents": shape("ok", agents=several(AGENT)),
    "get_agent": shape("ok", agent=AGENT),
    "mesh.heartbeat": shape("ok health_status"),
    "mesh.list_agents": shape(
        "ok",
        agents=several(IN_MESH),
        summary=shape(
            "", total=COUNT, healthy=COUNT, degraded=COUNT, unreachable=COUNT, killed=COUNT
        ),
    ),
    "mesh.get_agent": shape("ok metrics", agent=IN_MESH, events={"type": "array"}),
    "mesh.kill": shape("ok", status=one_of("killed")),
    "mesh.resume": shape("ok", status=one_of("active")),
    "mesh.list_events": shape(
        "ok", events=several(shape("address event_type details created_at", event_id=text()))
    ),
    "upsert_webhook_subscription": shape("ok", subscription=SUBSCRIPTION),
    "list_webhook_subscriptions": shape("ok", subscriptions=several(SUBSCRIPTION)),
    "delete_webhook_subscription": shape("ok subscription_id revoked_at"),
    "publish_webhook_event": shape(
        f"ok accepted_at event_type owner_agent event_id {COUNTERS}", source=text(2)
    ),
    "replay_webhook_event": shape(f"ok event_id owner_agent event_type replayed_at {COUNTERS}"),
    "create_invite": {**INVITE, "required": [*INVITE["required"], "invite_url"]},
    "get_invite": INVITE,
    "accept_invite": shape(
        "ok token invite_owner_agent user_id owner_agent nick public_address accepted_at",
        status=one_of("accepted"),
        registry_bind_status=one_of("propagated", "failed", "disabled", "skipped_no_hint"),
    ),
    "create_media_upload": shape(
        "ok upload_id owner_agent bucket object_path upload_url expires_at max_size_bytes",
        status=one_of("pending"),
    ),
    "get_media_upload": shape(
        "ok",
        upload=shape(
            "upload_id owner_agent bucket object_path mime_type filename size_bytes created_at "
            "expires_at",
            status=one_of("pending", "ready", "expired"),
            sha256=maybe(text(64)),
            finalized_at=maybe(TIME),
            download_url=maybe(text(8)),
            preview_url=maybe(text(8)),
        ),
    ),
    "finalize_media_upload": shape(
        "ok upload_id owner_agent bucket object_path mime_type size_bytes finalized_at",
        status=one_of("ready"),
    ),
    "upsert_schema": shape("ok", schema=shape(TYPE, schema_ref=text(), owner_agent=maybe(ADDRESS))),
    "get_schema": shape(
        "ok",
        schema=shape(f"{TYPE} schema_json", schema_ref=text(), owner_agent=maybe(ADDRESS)),
    ),
    "register_nick": shape("ok user_id owner_agent nick public_address created_at"),
    "check_nick": shape("ok nick public_address available", normalized_nick=text(3)),
    "rename_nick": shape("ok user_id owner_agent nick public_address renamed_at"),
    **dict.fromkeys(
        ["get_user_profile", "update_user_profile"],
        shape("ok user_id owner_agent nick public_address updated_at", normalized_nick=text(3)),
    ),
    "mcp_initialize": shape("", protocolVersion=text(), capabilities=OBJECT, serverInfo=OBJECT),
    "mcp_list_tools": shape("", tools=several(shape("name", inputSchema=OBJECT), 1)),
    "mcp_call_tool": shape("", tool=text(), status=text(), content={"type": "array"}),
}
