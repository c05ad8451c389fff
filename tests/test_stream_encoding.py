"""How one event looks on the wire, and that no line grows beyond what clients can read."""

import json

import pytest

from events.streams import Frame, encode, encode_end

LINE = 64 * 1024


def lines(raw):
    return raw.decode().split("\n")


def test_a_frame_is_id_event_data_and_an_empty_line():
    raw = encode(Frame(12, "intent.waiting", {"seq": 12, "note": "für Dora"}))

    assert lines(raw) == [
        "id: 12",
        "event: intent.waiting",
        'data: {"seq":12,"note":"für Dora"}',
        "",
        "",
    ]


def test_the_end_says_where_to_go_on():
    assert encode_end(12) == b'event: stream.timeout\ndata: {"next_seq":12}\n\n'


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\rb", "\n\nid: 9\n", "a\u2028b"], ids=repr)
def test_no_text_of_an_agent_starts_a_line_of_its_own(text):
    raw = encode(Frame(2, "intent.waiting", {"data": {"text": text}}))

    assert len(lines(raw)) == 5
    assert b"\r" not in raw
    assert json.loads(lines(raw)[2].removeprefix("data: "))["data"]["text"] == text


@pytest.mark.parametrize("letter", ["a", "ü", "𝄞", '"', "\n"], ids=ascii)
def test_a_line_stays_below_64_kib_and_says_what_was_left_out(letter):
    large = {"text": letter * 130_000}
    body = {"intent_id": "i", "seq": 4, "data": large, "details": large, "result": large}

    raw = encode(Frame(4, "intent.completed", body))

    assert max(len(line.encode()) for line in lines(raw)) < LINE
    shown = json.loads(lines(raw)[2].removeprefix("data: "))
    assert (shown["intent_id"], shown["seq"]) == ("i", 4)
    assert all(shown[name]["is_truncated"] for name in ("data", "details", "result"))


def test_data_and_details_stay_the_same_object_when_left_out():
    large = {"text": "a" * 70_000}

    raw = encode(Frame(4, "intent.waiting", {"data": large, "details": large}))

    shown = json.loads(lines(raw)[2].removeprefix("data: "))
    assert shown["data"] == shown["details"]
    assert "result" not in shown


def test_the_description_of_a_question_is_bounded_too():
    """The event that says a person was asked repeats it in `human_task`."""
    large = {"title": "x", "note": "a" * 70_000}
    body = {"data": large, "details": large, "human_task": large}

    raw = encode(Frame(10, "intent.human_task_assigned", body))

    assert max(len(line) for line in lines(raw)) < LINE


def test_what_fits_is_written_whole():
    raw = encode(Frame(4, "intent.waiting", {"data": {"text": "a" * 50_000}}))

    assert "is_truncated" not in raw.decode()
