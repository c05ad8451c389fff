"""Secrets that are stored so that only this server can read them."""

import pytest
from django.test import override_settings

from accounts.sealing import Unreadable, seal, unseal


def test_a_sealed_secret_is_not_readable_and_comes_back() -> None:
    sealed = seal("open sesame")

    assert "sesame" not in sealed
    assert unseal(sealed) == "open sesame"


def test_another_secret_key_cannot_read_it() -> None:
    sealed = seal("open sesame")

    with override_settings(SECRET_KEY="x" * 60), pytest.raises(Unreadable):
        unseal(sealed)
