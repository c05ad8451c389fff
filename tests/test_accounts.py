"""Who may act: workspaces, people, agents, keys, and how quickly a revoked key ends."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts import keys, tokens
from accounts.actions import (
    add_reviewer,
    ensure_agent,
    ensure_workspace,
    issue_key,
    revoke_key,
)
from accounts.actor import Actor, Channel, Kind
from accounts.keys import KeyRefused
from accounts.models import Agent, ApiKey, Membership, User, Workspace
from tests.factories import HERE, PASSWORD, key, make_token, person

LONG_AGO = timedelta(days=400)


@pytest.fixture(autouse=True)
def forgotten():
    """Remembered keys belong to the process; no test inherits them."""
    keys.forget()
    yield
    keys.forget()


def test_a_workspace_is_made_once(db):
    assert ensure_workspace("acme/live") == ensure_workspace("acme/live")
    assert str(Workspace.objects.get()) == "acme/live"


@pytest.mark.parametrize("path", ["Acme/live", "acme/l", "acme/li ve", "-acme/live", "acme/liv_e"])
def test_a_workspace_is_named_by_slugs(db, path):
    with pytest.raises(ValidationError):
        ensure_workspace(path)
    assert not Workspace.objects.exists()


@pytest.mark.parametrize("path", ["acme", "a/b/c"])
def test_a_workspace_has_two_names(db, path):
    with pytest.raises(ValueError, match="values to unpack"):
        ensure_workspace(path)


@pytest.mark.parametrize("spelling", ["shop", "agent://shop", f"{HERE}/shop", "shop/"])
def test_an_agent_is_registered_once_at_its_full_address(people, spelling):
    first = ensure_agent(people.here, "shop")

    assert ensure_agent(people.here, spelling) == first
    assert (first.address, first.name) == (f"{HERE}/shop", "shop")


@pytest.mark.parametrize("name", ["a", "a b", "ä-agent", "a" * 64])
def test_an_agent_has_a_plain_name(people, name):
    with pytest.raises(ValidationError):
        ensure_agent(people.here, name)


def test_of_a_key_only_the_hash_is_kept(people, now):
    row, token = issue_key(people.here, name="ci", now=now)

    assert token.startswith(f"{row.prefix}_")
    assert token.startswith("axme_sa_")
    assert row.hash == tokens.digest(token)
    assert token not in str(ApiKey.objects.values().get())


def test_two_keys_are_never_the_same(people, now):
    assert len({make_token(people.here) for _ in range(50)}) == 50


def test_a_workspace_key_may_decide_and_speaks_under_its_own_name(people, now):
    actor = key(people.here, name="Night Shift", now=now)

    assert (actor.kind, actor.name) == (Kind.WORKSPACE, "key:Night Shift")
    assert actor.address == f"{HERE}/night-shift"
    assert actor.reviews == actor.workspaces == {people.here.id}


def test_an_agent_key_may_not(people, now):
    actor = key(people.here, agent="shop", now=now)

    assert (actor.kind, actor.name, actor.address) == (Kind.AGENT, f"{HERE}/shop", f"{HERE}/shop")
    assert actor.reviews == frozenset()


@pytest.mark.parametrize("token", ["", "nonsense", "axme_sa_00000000_" + "a" * 32, "ü"])
def test_an_unknown_key_is_refused(people, now, token):
    with pytest.raises(KeyRefused, match="unknown, revoked or expired"):
        keys.actor_for_key(token, now=now)


def test_an_expired_key_is_refused(people, now):
    _, token = issue_key(people.here, name="ci", expires_at=now, now=now - LONG_AGO)

    assert keys.actor_for_key(token, now=now - timedelta(seconds=1))
    with pytest.raises(KeyRefused):
        keys.actor_for_key(token, now=now)


def test_the_key_of_an_agent_that_is_switched_off_is_refused(people, now):
    token = make_token(people.here, agent="shop")
    Agent.objects.update(is_on=False)

    with pytest.raises(KeyRefused):
        keys.actor_for_key(token, now=now)


def test_a_key_seen_moments_ago_is_remembered_without_a_query(
    people, now, django_assert_num_queries
):
    token = make_token(people.here)
    known = keys.actor_for_key(token, now=now)

    with django_assert_num_queries(0):
        assert keys.remembered(token) == known


@pytest.mark.django_db(transaction=True)
def test_revoking_forgets_it_in_this_process_and_every_write_asks_again(now):
    space = ensure_workspace("acme/live")
    row, token = issue_key(space, name="ci", now=now)
    keys.actor_for_key(token, now=now)

    revoke_key(row, now=now)

    assert keys.remembered(token) is None
    assert keys.standing({row.id}, now=now) == {}


def test_revoking_twice_keeps_the_first_time(people, now):
    row, _ = issue_key(people.here, name="ci", now=now)
    revoke_key(row, now=now)

    revoke_key(row, now=now + LONG_AGO)

    assert ApiKey.objects.get(id=row.id).revoked_at == now


def test_a_reviewer_is_one_person_however_the_address_is_written(people):
    again = add_reviewer(people.here, email="BOB@example.com", role=Membership.Role.AUDITOR)

    assert again.user == people.bob
    assert User.objects.filter(email__iexact="bob@example.com").count() == 1
    assert people.bob.memberships.get().role == Membership.Role.AUDITOR


def test_a_password_is_kept_unless_another_is_given(people):
    add_reviewer(people.elsewhere, email="bob@example.com")
    assert User.objects.get(id=people.bob.id).check_password(PASSWORD)

    add_reviewer(people.elsewhere, email="bob@example.com", password="another one")
    assert User.objects.get(id=people.bob.id).check_password("another one")


def test_a_person_decides_where_their_role_says_so(people):
    add_reviewer(people.elsewhere, email="ann@example.com", role=Membership.Role.AUDITOR)

    ann = person(people.ann)

    assert ann.workspaces == {people.here.id, people.elsewhere.id}
    assert ann.reviews == ann.administers == {people.here.id}


def test_a_person_who_was_switched_off_belongs_nowhere(people):
    people.ann.is_active = False

    assert person(people.ann).workspaces == frozenset()


def test_the_system_sees_no_workspace_by_itself():
    system = Actor.system()

    assert (system.name, system.workspaces, system.channel) == (
        "scheduler",
        frozenset(),
        Channel.SYSTEM,
    )
