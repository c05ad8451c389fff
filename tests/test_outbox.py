"""The outbox: claimed by one, tried again later and later, and given up in the end."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends import locmem

from approvals import notices
from approvals.actions import decide
from events import log, outbox
from events.models import Outbox
from tests.factories import answer, make_gate


class Moody(locmem.EmailBackend):
    """A mail server with moods: it fails as told, else takes the mail."""

    fails_with: Exception | None = None

    def send_messages(self, messages):
        if Moody.fails_with:
            raise Moody.fails_with
        return super().send_messages(messages)


@pytest.fixture(autouse=True)
def server(settings):
    settings.EMAIL_BACKEND = f"{__name__}.Moody"
    mail.outbox = []
    yield Moody
    Moody.fails_with = None


@pytest.fixture
def gate(people, now):
    return make_gate(people.here, task={"assignees": ["bob@example.com"]}, now=now)


def send(now):
    return outbox.send_next(notices.compose, now=now)


def the_row():
    return Outbox.objects.get()


def test_a_due_message_is_sent_once(people, gate, now):
    assert (send(now), send(now)) == (True, False)

    (message,) = mail.outbox
    assert message.to == ["bob@example.com"]
    assert (the_row().state, the_row().sent_at, the_row().attempts) == ("sent", now, 1)


def test_a_message_waits_for_its_time(gate, now):
    assert not send(now - timedelta(seconds=1))
    assert mail.outbox == []


def test_a_claimed_message_is_nobody_elses_for_two_minutes(gate, now):
    claimed = outbox.claim(now=now)

    assert outbox.claim(now=now + timedelta(seconds=119)) is None
    assert outbox.claim(now=now + timedelta(seconds=120)).id == claimed.id
    assert the_row().attempts == 2


def test_a_refused_connection_is_tried_again_later_and_later(gate, server, now):
    server.fails_with = ConnectionRefusedError("no answer")
    waits, at = [], now

    for _ in range(outbox.MOST_ATTEMPTS):
        assert send(at)
        waits.append((the_row().next_try_at - at).total_seconds())
        at = the_row().next_try_at

    assert waits[:5] == [5, 30, 120, 600, 1800]
    assert waits == sorted(waits)
    assert (the_row().state, the_row().last_error) == ("dead", "no answer")
    assert not send(at + timedelta(days=9))


def test_a_message_that_went_through_at_last_forgets_its_error(gate, server, now):
    server.fails_with = smtplib.SMTPServerDisconnected("gone")
    send(now)
    server.fails_with = None

    send(now + timedelta(seconds=5))

    assert (the_row().state, the_row().last_error, len(mail.outbox)) == ("sent", "", 1)


def test_a_refused_recipient_is_given_up_at_once(gate, server, now):
    server.fails_with = smtplib.SMTPRecipientsRefused({"bob@example.com": (550, b"unknown")})

    send(now)

    assert (the_row().state, the_row().attempts) == ("dead", 1)


def test_a_dead_message_is_sent_when_an_operator_says_so(gate, server, now):
    server.fails_with = smtplib.SMTPRecipientsRefused({})
    send(now)
    server.fails_with = None

    assert outbox.retry([the_row().id], now=now) == 1
    send(now)

    assert the_row().state == "sent"
    assert outbox.retry([the_row().id], now=now) == 0


def test_a_message_about_a_closed_gate_is_dropped_unsent(people, gate, now):
    decide(answer(gate, people.bob), now=now)

    send(now)

    assert (the_row().state, mail.outbox) == ("dropped", [])


def test_a_message_to_who_was_switched_off_is_dropped(people, gate, now):
    people.bob.is_active = False
    people.bob.save(update_fields=["is_active"])

    send(now)

    assert the_row().state == "dropped"


def test_one_message_that_cannot_be_written_holds_up_no_other(people, now, caplog):
    first, second = (make_gate(people.here, now=now) for _ in "ab")
    broken = Outbox.objects.filter(subject_id=first.id)

    def compose(row, at):
        if row.subject_id == first.id:
            raise ZeroDivisionError("a template broke")
        return notices.compose(row, at)

    while outbox.send_next(compose, now=now):
        pass

    assert set(broken.values_list("state", "last_error")) == {("pending", "a template broke")}
    assert set(Outbox.objects.filter(subject_id=second.id).values_list("state")) == {("sent",)}
    assert "A message could not be composed" in caplog.text


def test_a_message_is_put_in_once_for_one_occasion(people, gate, now):
    again = the_row()
    again.pk = None

    log.tell([Outbox(**{**copy_of(again), "id": None} | {"id": gate.id})])

    assert Outbox.objects.count() == 1


def copy_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_every_try_of_a_message_has_one_message_id_and_one_thread(gate, server, now):
    first = notices.compose(the_row(), now)
    second = notices.compose(the_row(), now)

    assert (
        (first.key, first.thread)
        == (second.key, second.thread)
        == (str(the_row().id), str(gate.id))
    )
