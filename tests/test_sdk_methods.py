"""Every method of the real axme client does what the contract says, or says that it is not served.

A method that a newer client adds, or that nobody thought of, fails the first test.
"""

import inspect

import pytest
from axme import AxmeClient
from axme_sdk import AxmeHttpError
from axme_sdk.mesh import MeshClient

from tests.sdk import CALLS, NOT_SUPPORTED, SHAPES, Caller, connect, refused

# Routes that are still being built, by the part that builds them. It shrinks to nothing: a method
# that has begun to work fails here until its name is taken out.
PENDING: dict[str, set[str]] = {
    "scenarios": {"validate_scenario", "apply_scenario"},
    "agents": {
        "create_service_account", "list_service_accounts", "get_service_account",
        "create_service_account_key", "revoke_service_account_key", "list_agents", "get_agent",
        "mesh.heartbeat", "mesh.report_metric", "mesh.start_heartbeat", "mesh.list_agents",
        "mesh.get_agent", "mesh.kill", "mesh.resume", "mesh.list_events",
    },
    "push": {
        "upsert_webhook_subscription", "list_webhook_subscriptions",
        "delete_webhook_subscription", "publish_webhook_event", "replay_webhook_event",
    },
    "inbox": {"list_inbox_changes", "delegate_inbox_thread", "delete_inbox_messages"},
    "mcp": {"mcp_initialize", "mcp_list_tools", "mcp_call_tool"},
    "families": {
        "create_invite", "get_invite", "accept_invite", "create_media_upload",
        "get_media_upload", "finalize_media_upload", "upsert_schema", "get_schema",
        "register_nick", "check_nick", "rename_nick", "get_user_profile", "update_user_profile",
        *NOT_SUPPORTED,
    },
}  # fmt: skip
# What these return is no answer of the server's, or comes piece by piece.
WITHOUT_ANSWER = {
    "close", "send_intent", "observe", "listen",
    "mesh.report_metric", "mesh.start_heartbeat", "mesh.stop_heartbeat",
}  # fmt: skip
PENDING_NAMES = set().union(*PENDING.values())


def methods(kind):
    functions = inspect.getmembers(kind, inspect.isfunction)
    return {name for name, _ in functions if not name.startswith("_")}


def each(names, *, fails_with):
    """Return the names as parameters. What is pending must fail, and in no other way than this."""
    pending = pytest.mark.xfail(reason="being built", strict=True, raises=fails_with)
    return [
        pytest.param(name, marks=pending if name in PENDING_NAMES else ()) for name in sorted(names)
    ]


@pytest.fixture
def caller(server, monkeypatch):
    """Give a client that reaches the server whatever proxies this machine knows."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with connect(server) as client:
        yield Caller(client, server)


def test_every_method_of_the_client_is_called_or_known_as_not_supported():
    everything = methods(AxmeClient) | {f"mesh.{name}" for name in methods(MeshClient)}

    assert CALLS.keys() | NOT_SUPPORTED.keys() == everything
    assert not CALLS.keys() & NOT_SUPPORTED.keys()
    assert everything >= PENDING_NAMES
    assert SHAPES.keys() | WITHOUT_ANSWER == CALLS.keys()


@pytest.mark.parametrize("name", each(CALLS, fails_with=AxmeHttpError))
def test_a_method_does_what_the_contract_says(caller, name):
    CALLS[name](caller)


@pytest.mark.parametrize("name", each(NOT_SUPPORTED, fails_with=AssertionError))
def test_a_method_that_is_not_served_says_so(caller, name):
    status, code = refused(lambda: NOT_SUPPORTED[name](caller.client))

    assert code == "not_supported"
    assert 400 <= status < 600
