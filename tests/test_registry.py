"""Which schemas the registry takes, how payloads are held against them, and what may change."""

import time

import pytest

from intents.registry.checking import BadSchema, check_schema, misfits
from intents.registry.compatibility import differences, narrowed

REFUND = {
    "type": "object",
    "title": "A refund",
    "required": ["order", "amount"],
    "properties": {
        "order": {"type": "integer", "title": "Order number"},
        "amount": {"type": "number", "minimum": 0, "maximum": 1000},
        "reason": {"type": "string", "enum": ["Damaged", "Late"]},
        "lines": {"type": "array", "maxItems": 3, "items": {"type": "object", "required": ["sku"]}},
    },
}


def nested(levels):
    schema = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def test_a_schema_that_is_one_is_taken():
    check_schema(REFUND)
    check_schema({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"})
    # A field may be called like a keyword.
    check_schema({"type": "object", "properties": {"pattern": {"type": "string"}, "$ref": True}})


@pytest.mark.parametrize(
    ("schema", "said"),
    [({}, '"type": "object"'), ({"type": "array"}, '"type": "object"'),
     ({"type": "object", "required": "order"}, "not a JSON Schema"),
     ({"type": "object", "properties": {"a": {"$ref": "https://evil.example/x"}}}, r"may not use \$ref"),
     ({"type": "object", "allOf": [{"$ref": "#"}]}, r"may not use \$ref"),
     ({"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}}, "may not use pattern"),
     ({"type": "object", "patternProperties": {"(a+)+$": {}}}, "may not use patternProperties"),
     ({"type": "object", "$schema": "http://json-schema.org/draft-03/schema#"}, "2020-12 or draft-07"),
     ({"type": "object", "$schema": ["x"]}, "2020-12 or draft-07"),
     ({"type": "object", "title": "x" * 33_000}, "larger than 32 KiB"),
     (nested(13), "deeper than 24 levels")],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_schema_that_is_none_or_not_safe_is_refused(schema, said):
    with pytest.raises(BadSchema, match=said):
        check_schema(schema)


@pytest.mark.parametrize(
    ("payload", "errors"),
    [({"order": 7, "amount": 12.5}, {}),
     ({"order": 7}, {"payload": "lacks amount"}),
     ({"order": "7", "amount": 1}, {"order": "must be integer"}),
     ({"order": 7, "amount": -1}, {"amount": "must be at least 0"}),
     ({"order": 7, "amount": 1, "reason": "Bad"}, {"reason": "must be one of: Damaged, Late"}),
     ({"order": 7, "amount": 1, "lines": [{"sku": 1}, {}]}, {"lines[1]": "lacks sku"})],
    ids=str,
)  # fmt: skip
def test_a_misfit_is_named_by_its_path_and_a_sentence(payload, errors):
    assert misfits(REFUND, payload) == errors


@pytest.mark.parametrize(
    ("schema", "payload"),
    [({"uniqueItems": True}, [{} for _ in range(40_000)]),
     ({"anyOf": [{"const": n} for n in range(800)]}, list(range(20_000))),
     ({"items": {"enum": list(range(3000))}}, list(range(20_000, 40_000))),
     ({"items": {"multipleOf": 1e-300}}, [1e300, 10**400])],
    ids=["unique", "any of", "enum", "numbers"],
)  # fmt: skip
def test_no_schema_and_payload_take_long(schema, payload):
    whole = {"type": "object", "properties": {"a": schema}}
    check_schema(whole)
    start = time.monotonic()

    assert misfits(whole, {"a": payload})

    assert time.monotonic() - start < 3


def test_many_rows_of_a_plain_type_are_checked():
    rows = [{"sku": str(n), "price": n, "unit": "kg"} for n in range(1500)]
    fields = {"sku": {"type": "string"}, "price": {"type": "number"}, "unit": {"enum": ["kg", "l"]}}
    row = {
        "type": "object",
        "required": ["sku"],
        "properties": fields,
        "additionalProperties": False,
    }
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": row}}}

    assert misfits(schema, {"rows": rows}) == {}
    assert misfits(schema, {"rows": [*rows, {}]}) == {"rows[1500]": "lacks sku"}


def having(**change):
    return REFUND | change


def with_field(name, spec):
    return having(properties=REFUND["properties"] | {name: spec})


WORDS_ONLY = [
    having(title="Another title"),
    with_field("order", {"type": "integer", "description": "As printed"}),
]
WIDER = [
    having(required=["order"]),
    with_field("amount", {"type": "number", "minimum": -5}),
    with_field("reason", {"type": "string", "enum": ["Damaged", "Late", "Lost"]}),
    with_field("order", {"type": ["integer", "string"]}),
    with_field("order", {"type": "number"}),
    with_field("order", {}),
    with_field("note", {}),
    with_field("lines", {"type": "array", "maxItems": 9}),
]
NARROWER = [
    (having(required=["order", "amount", "reason"]), "reason"),
    (with_field("amount", {"type": "number", "minimum": 1}), "amount.minimum"),
    (with_field("amount", {"type": "integer"}), "amount.type"),
    (with_field("reason", {"type": "string", "enum": ["Damaged"]}), "reason.enum"),
    (with_field("note", {"type": "string"}), "note"),
    (having(additionalProperties=False), "additionalProperties"),
    (with_field("lines", {"type": "array", "items": {"required": ["sku", "n"]}}), "lines[].n"),
    (with_field("order", {"type": "integer", "not": {"const": 7}}), "order.not"),
    (having(dependentRequired={"reason": ["lines"]}), "dependentRequired"),
    (having(unevaluatedProperties=False), "unevaluatedProperties"),
    (having(maxProperties=2), "maxProperties"),
]


def test_words_about_a_value_are_no_difference():
    for new in WORDS_ONLY:
        assert (differences(REFUND, new), narrowed(REFUND, new)) == ([], []), new


def test_what_accepts_more_is_a_difference_and_not_narrower():
    for new in WIDER:
        assert narrowed(REFUND, new) == [], new
        assert differences(REFUND, new), new


def test_what_may_refuse_more_is_narrower_and_says_where():
    for new, path in NARROWER:
        assert path in narrowed(REFUND, new), new


def test_what_depends_on_its_neighbours_must_stay_the_same():
    old = having(unevaluatedProperties=False)
    new = old | {"properties": {k: v for k, v in old["properties"].items() if k != "lines"}}

    assert narrowed(old, new)


def test_a_required_field_may_be_called_like_a_word():
    old = {"type": "object", "dependentRequired": {"a": ["b"]}}
    new = {"type": "object", "dependentRequired": {"a": ["b"], "title": ["b"]}}

    assert differences(old, new)
    assert narrowed(old, new)
