"""Kill switches, sender lists, types, limits and health, without a database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from governance.health import health
from governance.limits import Spent, breach
from governance.verdicts import Standing, matches, refusal

HERE = "agent://acme/live"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def agent(name="desk", **rules):
    return Standing(uuid4(), f"{HERE}/{name}", **rules)


def rule(mode, *patterns):
    entries = [{"entry_id": str(n), "sender_pattern": p} for n, p in enumerate(patterns)]
    return {"mode": mode, "entries": entries}


def said(sender=None, recipient=None, *, by=f"{HERE}/shop", type="intent.refund.v1"):
    found = refusal(sender, recipient, from_address=by, type=type)
    return found.code if found else None


@pytest.mark.parametrize(
    ("pattern", "name", "is_named"),
    [
        ("*", "agent://a/b/c", True),
        ("agent://a/b/*", "agent://a/b/c", True),
        ("agent://a/*", "agent://a/b/c", True),
        ("agent://a/b/c", "agent://a/b/c", True),
        ("agent://a/b/c", "agent://a/b/cc", False),
        ("agent://a/b/*", "agent://a/bb/c", False),
        ("intent.refund.*", "intent.refund.v1", True),
        ("", "x", False),
    ],
)
def test_a_pattern_names_itself_or_all_that_begins_like_it(pattern, name, is_named):
    assert matches(pattern, name) is is_named


def test_agents_nobody_registered_have_no_rules():
    assert said() is None


def test_a_killed_agent_neither_sends_nor_is_sent_to():
    assert said(agent(is_killed=True), None) == "agent_killed"
    assert said(None, agent(is_killed=True)) == "agent_killed"
    assert said(agent(), agent()) is None


@pytest.mark.parametrize(
    ("receive", "code"),
    [
        ({}, None),
        (rule("open"), None),
        (rule("allowlist"), "sender_not_in_receive_allowlist"),
        (rule("allowlist", f"{HERE}/shop"), None),
        (rule("allowlist", f"{HERE}/*"), None),
        (rule("allowlist", f"{HERE}/other"), "sender_not_in_receive_allowlist"),
        (rule("denylist"), None),
        (rule("denylist", f"{HERE}/other"), None),
        (rule("denylist", "*"), "receiver_agent_closed"),
    ],
)
def test_who_may_send_to_an_agent(receive, code):
    assert said(None, agent(receive=receive)) == code


PARTNER = "agent://partner/prod/bot"


@pytest.mark.parametrize(
    ("override", "workspace", "code"),
    [
        ({}, {}, None),
        ({}, rule("closed"), "receiver_org_closed"),
        ({}, rule("allowlist"), "sender_not_in_receive_allowlist"),
        ({}, rule("allowlist", "agent://partner/*"), None),
        (rule("open"), rule("closed"), None),
        (rule("closed"), rule("open"), "receiver_agent_closed"),
        (rule("allowlist", PARTNER), rule("closed"), None),
        (rule("allowlist"), rule("open"), "sender_not_in_receive_allowlist"),
        (rule("use_org_default"), rule("closed"), "receiver_org_closed"),
    ],
)
def test_other_organisations_meet_the_override_and_then_the_workspaces_rule(
    override, workspace, code
):
    desk = agent(override=override, workspace_receive=workspace)

    assert said(None, desk, by=PARTNER) == code


@pytest.mark.parametrize("by", [f"{HERE}/shop", "agent://acme/other/x", "agent://examples/sender",
                                "initiator://cli", "ann@example.com", "human"])  # fmt: skip
def test_the_rule_for_other_organisations_does_not_concern_our_own_and_odd_names(by):
    desk = agent(override=rule("closed"), workspace_receive=rule("closed"))

    assert said(None, desk, by=by) is None


@pytest.mark.parametrize(
    ("types", "type", "code"),
    [
        ({"allow": [], "deny": []}, "a.b", None),
        ({"allow": ["a.*"], "deny": []}, "a.b", None),
        ({"allow": ["a.*"], "deny": []}, "b.a", "policy_denied"),
        ({"allow": [], "deny": ["a.b"]}, "a.b", "policy_denied"),
        ({"allow": ["*"], "deny": ["a.*"]}, "a.b", "policy_denied"),
    ],
)
def test_an_action_policy_holds_in_both_directions(types, type, code):
    assert said(agent(types=types), None, type=type) == code
    assert said(None, agent(types=types), type=type) == code


@pytest.mark.parametrize(
    ("limits", "spent", "more", "name"),
    [
        ({}, Spent(9, 9, Decimal(9)), 9, None),
        ({"max_intents_per_hour": 2}, Spent(1, 1), 0, None),
        ({"max_intents_per_hour": 2}, Spent(1, 1), 1, "max_intents_per_hour"),
        ({"max_intents_per_hour": 0}, Spent(), 0, "max_intents_per_hour"),
        ({"max_intents_per_day": 3}, Spent(0, 3), 0, "max_intents_per_day"),
        ({"max_cost_per_day_usd": 0.3}, Spent(cost=Decimal("0.299999")), 5, None),
        ({"max_cost_per_day_usd": 0.3}, Spent(cost=Decimal("0.3")), 0, "max_cost_per_day_usd"),
    ],
)
def test_a_limit_is_met_when_one_more_would_be_too_many(limits, spent, more, name):
    found = breach(agent(limits=limits), spent, more=more)

    assert (found.name if found else None) == name


def test_a_limit_refuses_unless_it_is_only_to_be_told():
    limits = {"max_intents_per_day": 0}

    assert breach(agent(limits=limits), Spent()).blocks
    assert not breach(agent(limits={**limits, "action_on_breach": "alert"}), Spent()).blocks


@pytest.mark.parametrize(
    ("age", "word"),
    [(0, "healthy"), (89, "healthy"), (90, "degraded"), (300, "degraded"), (301, "unreachable"),
     (None, "unknown")],
)  # fmt: skip
def test_health_is_told_from_the_age_of_the_last_heartbeat(age, word):
    heard = None if age is None else NOW - timedelta(seconds=age)

    assert health(None, heard, now=NOW) == word
    assert health(NOW, heard, now=NOW) == "killed"
