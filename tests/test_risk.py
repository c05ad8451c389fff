"""How grave a request is: what is stated raises it, nothing lowers it."""

import pytest

from governance.risk import Risk, assess


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([{}], Risk.LOW),
        ([{"risk": "high"}], Risk.HIGH),
        ([{"risk": " HIGH "}], Risk.HIGH),
        ([{"risk_level": "severe"}], Risk.HIGH),
        ([{"risk": "moderate"}], Risk.MEDIUM),
        ([{"risk": "minor"}], Risk.LOW),
        ([{"risk": "low"}, {"risk": "critical"}], Risk.CRITICAL),
        ([{"risk": "high"}, {"risk": "low"}], Risk.HIGH),
        ([{"risk": "low", "risk_level": "medium"}], Risk.MEDIUM),
        ([{"risk": "banana"}], Risk.LOW),
        ([{"risk": None}], Risk.LOW),
        ([{"risk": ["high"]}], Risk.LOW),
        ([{"risk": 9}], Risk.LOW),
    ],
    ids=str,
)
def test_the_gravest_statement_counts(sources, expected):
    assert assess(*sources) is expected


def test_nothing_goes_below_the_floor():
    assert assess({"risk": "low"}, floor=Risk.HIGH) is Risk.HIGH
    assert assess({"risk": "critical"}, floor=Risk.HIGH) is Risk.CRITICAL


def test_only_high_and_critical_are_grave():
    assert [risk for risk in Risk if risk.is_grave] == [Risk.HIGH, Risk.CRITICAL]
