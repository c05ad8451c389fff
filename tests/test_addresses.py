"""Addresses: every spelling the clients use, and the one form they are compared by."""

import pytest

from accounts.addresses import canonical, short

FORMS = {
    # Bare and one-part names belong to the caller's workspace.
    "analyzer": "agent://acme/live/analyzer",
    " analyzer ": "agent://acme/live/analyzer",
    "agent://analyzer": "agent://acme/live/analyzer",
    "agent://analyzer/": "agent://acme/live/analyzer",
    "risk-assessor_2.1": "agent://acme/live/risk-assessor_2.1",
    # Some proxies collapse the double slash.
    "agent:/analyzer": "agent://acme/live/analyzer",
    "agent:/myorg/production/x": "agent://myorg/production/x",
    # Two parts stay opaque, three are complete, whatever the caller's workspace is.
    "agent://examples/sender": "agent://examples/sender",
    "conformance/owner": "agent://conformance/owner",
    "agent://myorg/production/bot": "agent://myorg/production/bot",
    "myorg/production/bot": "agent://myorg/production/bot",
    # The runtime is one, in any organisation and workspace.
    "agent_core": "agent://agent_core",
    "agent://agent_core": "agent://agent_core",
    "agent://myorg/prod/agent_core": "agent://agent_core",
    # Names of their own.
    "human": "human",
    "Human": "human",
    "agent://human": "human",
    "initiator://Cli-1": "initiator://cli-1",
    "Bob@Example.com": "bob@example.com",
}


@pytest.mark.parametrize(("literal", "expected"), FORMS.items())
def test_a_spelling_has_one_canonical_form(literal, expected):
    assert canonical(literal, org="acme", workspace="live") == expected


@pytest.mark.parametrize("literal", FORMS)
def test_the_canonical_form_of_a_canonical_form_is_itself(literal):
    once = canonical(literal, org="acme", workspace="live")

    assert canonical(once, org="other", workspace="place") == once


def test_the_same_name_in_two_workspaces_is_two_addresses():
    here = canonical("bot", org="acme", workspace="live")

    assert here != canonical("bot", org="other", workspace="place")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("agent://myorg/production/shop", "shop"),
        ("agent://myorg/production/shop/", "shop"),
        ("human", "human"),
        ("/", "/"),
    ],
)
def test_people_are_shown_the_last_part(address, name):
    assert short(address) == name
