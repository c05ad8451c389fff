"""The form a JSON Schema asks for."""

from approvals.desk import fields

SCHEMA = {
    "type": "object",
    "properties": {
        "centre": {"type": "integer", "minimum": 100, "maximum": 999, "description": "Digits."},
        "watch": {"type": "string", "title": "Who watches", "enum": ["Ann", "Ben"]},
        "size": {"enum": [1, 2]},
        "announce": {"type": "boolean", "default": True},
        "on": {"type": "string", "format": "date"},
        "why": {"type": "string", "maxLength": 1000},
        "tags": {"type": "array"},
        "comment": {"type": "string"},
    },
    "required": ["centre"],
}


def test_each_type_has_its_control_and_the_answers_own_fields_are_left_out():
    kinds = {field.name: field.kind for field in fields.drawn(SCHEMA)}

    assert kinds == {
        "centre": "number",
        "watch": "select",
        "size": "select",
        "announce": "check",
        "on": "date",
        "why": "area",
        "tags": "json",
    }


def test_limits_are_held_by_the_browser_and_said_in_words():
    centre = fields.drawn(SCHEMA)[0]

    assert centre.limits == {"min": 100, "max": 999, "step": 1}
    assert centre.hint == "Digits. From 100 to 999."
    assert centre.is_required


def test_what_was_typed_comes_back_with_its_error():
    centre = fields.drawn(SCHEMA, {"centre": "7"}, {"centre": "must be at least 100"})[0]

    assert (centre.value, centre.error) == ("7", "must be at least 100")
    assert centre.described_by == "f-centre-hint f-centre-error"


def test_a_box_that_is_not_ticked_is_a_no():
    assert fields.typed_in(SCHEMA, {"f.centre": "7"}) == {"centre": "7", "announce": "false"}


def test_a_field_left_empty_was_not_given():
    sent = {"f.centre": " ", "f.why": "", "f.watch": ""}

    assert fields.typed_in(SCHEMA, sent) == {"announce": "false"}


def test_a_choice_keeps_the_type_it_has_in_the_schema():
    assert fields.typed_in(SCHEMA, {"f.size": "2"})["size"] == 2


def test_names_with_odd_characters_make_different_ids():
    schema = {"properties": {"a b": {}, "a.b": {}}}

    assert len({field.id for field in fields.drawn(schema)}) == 2
