"""Signing in: the right password, the wrong one, and guessing."""

import pytest
from django.core.cache import cache

from accounts.models import User
from accounts.throttle import MOST


@pytest.fixture
def ann(db):
    cache.clear()
    yield User.objects.create_user("ann@example.com", "a fine password")
    cache.clear()


def sign_in(client, password, email="ann@example.com"):
    return client.post("/sign-in", {"username": email, "password": password})


def test_the_right_password_opens_the_desk(client, ann):
    answer = sign_in(client, "a fine password", email="Ann@Example.com")

    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_wrong_password_says_the_same_as_an_unknown_address(client, ann):
    wrong = sign_in(client, "another").content.decode()
    unknown = sign_in(client, "another", email="bob@example.com").content.decode()

    sentence = "This e-mail address and password do not fit together. Check both."
    assert sentence in wrong
    assert sentence in unknown


def test_guessing_is_paused_even_for_the_right_password(client, ann):
    for number in range(MOST):
        sign_in(client, f"guess {number}")

    answer = sign_in(client, "a fine password")

    assert answer.status_code == 200
    assert "Too many wrong passwords. Wait ten minutes" in answer.content.decode()


def test_guessing_at_one_person_pauses_nobody_else(client, ann):
    User.objects.create_user("bob@example.com", "bobs fine password")
    for number in range(MOST):
        sign_in(client, f"guess {number}")

    answer = sign_in(client, "bobs fine password", email="bob@example.com")

    assert answer.status_code == 302
