"""The digest a decision is bound to: equal for equal JSON, different for anything else."""

import hashlib

import pytest

from intents.payloads import canonical, digest, shortened

PAYLOAD = {"order": 58213, "amount": "64.90", "lines": [1, 2], "note": "größer"}


def test_the_order_of_names_does_not_matter():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})


@pytest.mark.parametrize(
    "change",
    [
        {"order": 58214},
        {"order": "58213"},
        {"order": 58213.5},
        {"order": True},
        {"lines": [2, 1]},
        {"note": "größer "},
        {"extra": None},
    ],
    ids=str,
)
def test_any_change_of_the_payload_changes_it(change):
    assert digest(PAYLOAD | change) != digest(PAYLOAD)


def test_it_is_the_sha256_of_sorted_compact_utf8():
    assert canonical({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'.encode()
    assert digest({}) == hashlib.sha256(b"{}").hexdigest()


def test_what_is_not_json_has_no_digest():
    with pytest.raises(ValueError, match="JSON"):
        digest({"rate": float("nan")})


def test_people_compare_its_two_ends():
    assert shortened("5e1c90ab" + "0" * 52 + "77d2") == "5e1c 90ab…77d2"
