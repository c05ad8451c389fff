"""Forms: what was typed becomes the types of the JSON Schema, or a sentence for each field."""

import pytest

from approvals.forms import BadSchema, check, check_schema, coerce
from approvals.refusals import FormInvalid

GRANT = {
    "type": "object",
    "required": ["approved", "days", "scope_confirmed"],
    "properties": {
        "approved": {"type": "boolean"},
        "days": {"type": "integer", "minimum": 1, "maximum": 90},
        "scope_confirmed": {"type": "boolean"},
        "notes": {"type": "string", "minLength": 3, "maxLength": 10},
        "level": {"type": "string", "enum": ["P1", "P2"]},
        "rate": {"type": "number"},
        "hosts": {"type": "array"},
        "more": {"type": "object"},
    },
}
GOOD = {"days": "30", "scope_confirmed": "true"}


def answer(data, *, outcome="approved", comment="", advances=True, schema=GRANT):
    return check(schema, data, outcome=outcome, comment=comment, advances=advances)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("days", "30", 30),
        ("days", " 30 ", 30),
        ("rate", "1.5", 1.5),
        ("approved", "true", True),
        ("approved", "Off", False),
        ("approved", "1", True),
        ("hosts", '["a"]', ["a"]),
        ("more", '{"a": 1}', {"a": 1}),
        ("notes", "30", "30"),
        ("unknown", "30", "30"),
        # What does not fit stays as it is and fails the check.
        ("days", "thirty", "thirty"),
        ("approved", "perhaps", "perhaps"),
        ("hosts", "[", "["),
        pytest.param("days", 30, 30, id="a number already"),
    ],
)
def test_text_takes_the_type_of_its_field(name, typed, value):
    (made,) = coerce(GRANT, {name: typed}).values()

    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize("typed", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_no_database_keeps_stays_text(typed):
    assert coerce(GRANT, {"rate": typed}) == {"rate": typed}


@pytest.mark.parametrize("typed", ['["\\u0000"]', '["\\ud800"]', "[1e999]"])
def test_text_no_database_keeps_is_not_made_from_escapes(typed):
    assert coerce(GRANT, {"hosts": typed}) == {"hosts": typed}


def test_an_empty_optional_field_counts_as_not_given():
    assert coerce(GRANT, {"notes": "", "level": "", "days": ""}) == {"days": ""}


def test_a_complete_form_is_returned_in_its_own_types():
    assert answer(GOOD) == {"days": 30, "scope_confirmed": True}


def test_missing_fields_are_named_all_at_once():
    with pytest.raises(FormInvalid) as refused:
        answer({})

    assert refused.value.errors == {"days": "is needed", "scope_confirmed": "is needed"}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("days", "0", "must be at least 1"),
        ("days", "91", "must be at most 90"),
        ("days", "x", "must be a integer"),
        ("notes", "ab", "must have at least 3 characters"),
        ("notes", "a" * 11, "must have at most 10 characters"),
        ("level", "P9", "must be one of: P1, P2"),
    ],
)
def test_a_field_that_does_not_fit_gets_its_sentence(field, value, sentence):
    with pytest.raises(FormInvalid) as refused:
        answer({**GOOD, field: value})

    assert refused.value.errors == {field: sentence}
    assert str(refused.value) == f"The form is not complete: {field}: {sentence}"


def test_a_negative_answer_needs_no_field_at_all():
    assert answer({}, outcome="rejected", advances=False) == {}


def test_outcome_comment_and_approved_are_filled_in_from_the_answer():
    asked = {"required": ["outcome", "comment", "approved"], "properties": {}}

    assert answer({}, schema=asked, comment="Fine") == {}
    with pytest.raises(FormInvalid) as refused:
        answer({}, schema=asked)
    assert list(refused.value.errors) == ["comment"]


def test_a_gate_without_a_form_takes_whatever_is_sent():
    assert answer({"any": "thing"}, schema={}) == {"any": "thing"}


BAD = {
    "a reference": {"properties": {"a": {"$ref": "http://evil.example/x"}}},
    "a pattern": {"properties": {"a": {"type": "string", "pattern": "(a+)+$"}}},
    "patterns for names": {"patternProperties": {"a": {}}},
    "too many fields": {"properties": {f"f{n}": {} for n in range(51)}},
    "fields in a list": {"properties": ["a"]},
    "fields as a number": {"properties": 5},
    "fields as nothing": {"properties": None},
    "fields as a long text": {"properties": "a" * 60},
    "an unknown type": {"type": "banana"},
    "a field that is no schema": {"properties": {"a": 5}},
    "needed fields as a text": {"required": "a"},
}


@pytest.mark.parametrize("schema", [pytest.param(schema, id=name) for name, schema in BAD.items()])
def test_a_schema_we_cannot_use_is_refused(schema):
    with pytest.raises(BadSchema, match="form_schema"):
        check_schema(schema)


@pytest.mark.parametrize(
    "schema", [{}, GRANT, {"properties": {f"f{n}": {} for n in range(50)}}], ids="abc"
)
def test_a_usable_schema_passes(schema):
    check_schema(schema)
