"""Every method of the real axme client does what the contract says, or says that it is not served.

A method that a newer client adds, or that nobody thought of, fails the first test.
"""

import inspect

import pytest
from axme import AxmeClient
from axme_sdk.mesh import MeshClient

from tests.sdk import CALLS, NOT_SUPPORTED, SHAPES, Caller, connect, refused

# What these return is no answer of the server's, or comes piece by piece.
WITHOUT_ANSWER = {
    "close", "send_intent", "observe", "listen",
    "mesh.report_metric", "mesh.start_heartbeat", "mesh.stop_heartbeat",
}  # fmt: skip


def methods(kind):
    functions = inspect.getmembers(kind, inspect.isfunction)
    return {name for name, _ in functions if not name.startswith("_")}


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
    assert SHAPES.keys() | WITHOUT_ANSWER == CALLS.keys()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_method_does_what_the_contract_says(caller, name):
    CALLS[name](caller)


@pytest.mark.parametrize("name", sorted(NOT_SUPPORTED))
def test_a_method_that_is_not_served_says_so(caller, name):
    status, code = refused(lambda: NOT_SUPPORTED[name](caller.client))

    assert code == "not_supported"
    assert 400 <= status < 600
