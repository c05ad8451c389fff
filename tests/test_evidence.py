"""Files at the desk: attached to a request, given as evidence, fetched by whoever may see them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from approvals import evidence
from approvals.actions import decide
from approvals.models import Decision
from approvals.refusals import EvidenceNotTaken
from intents.media.actions import keep_file
from intents.media.models import Upload
from tests.factories import answer, make_gate, person
from tests.signing_in import at_desk

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 a receipt"
NEEDED = {"evidence_required": True}


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    backend = "django.core.files.storage.InMemoryStorage"
    settings.STORAGES = settings.STORAGES | {"media": {"BACKEND": backend}}


@pytest.fixture
def bob(people):
    return at_desk(people.bob)


def file(data=PDF, name="receipt.pdf", kind="application/pdf"):
    return SimpleUploadedFile(name, data, kind)


def kept(workspace, by, now, data=PDF):
    return keep_file(
        workspace.id, file(data), filename="receipt.pdf", mime_type="application/pdf",
        size_bytes=len(data), actor=person(by), now=now,
    )  # fmt: skip


def press(client, gate, outcome="approved", **more):
    data = {"outcome": outcome, "seen": gate.digest, **more}
    return client.post(f"/requests/{gate.id}/decide", data)


def test_a_file_given_at_the_desk_is_evidence(people, bob):
    gate = make_gate(people.here, task=NEEDED)

    assert press(bob, gate, file=file()).status_code == 303

    upload = Upload.objects.get()
    assert (upload.filename, upload.status, upload.brought_by) == (
        "receipt.pdf",
        "ready",
        "bob@example.com",
    )
    assert Decision.objects.get().data["attachments"] == [str(upload.id)]
    page = bob.get(f"/requests/{gate.id}").content.decode()
    assert f"/files/{upload.id}/download" in page
    assert "receipt.pdf" in page
    assert "[&#x27;" not in page


def test_a_file_outlives_an_answer_that_is_refused(people, bob):
    gate = make_gate(people.here, task=NEEDED | {"required_comment": True})

    refused = press(bob, gate, file=file())

    upload = Upload.objects.get()
    assert refused.status_code == 422
    assert f'name="attached" value="{upload.id}"' in refused.content.decode()
    assert press(bob, gate, comment="Here.", attached=str(upload.id)).status_code == 303
    assert Decision.objects.get().data["attachments"] == [str(upload.id)]


def test_a_file_goes_through_the_confirmation_of_a_grave_answer(people, bob):
    gate = make_gate(people.here, task=NEEDED | {"risk": "high"})

    asked = press(bob, gate, file=file()).content.decode()

    upload = Upload.objects.get()
    assert "receipt.pdf" in asked
    assert f'name="attached" value="{upload.id}"' in asked
    assert not Decision.objects.exists()
    assert press(bob, gate, attached=str(upload.id), confirmed="yes").status_code == 303


@pytest.mark.parametrize(
    ("data", "name", "kind", "said"),
    [(b"<html>", "a.html", "text/html", "Files of this kind are not taken"),
     (b"<svg/>", "a.pdf", "application/pdf", "do not look like"), (b"", "a.txt", "text/plain", "")],
    ids=["html", "in disguise", "empty"],
)  # fmt: skip
def test_a_file_we_do_not_take_decides_nothing_and_says_why(people, bob, data, name, kind, said):
    gate = make_gate(people.here, task=NEEDED)

    answered = press(bob, gate, file=file(data, name, kind))

    assert answered.status_code == 422
    assert said in answered.content.decode()
    assert not Decision.objects.exists()


def test_a_file_that_is_not_taken_does_not_cost_the_one_before(people, bob):
    gate = make_gate(people.here, task=NEEDED | {"required_comment": True})
    press(bob, gate, file=file())
    first = Upload.objects.get()

    refused = press(
        bob, gate, comment="x", attached=str(first.id), file=file(b"<", "a.html", "text/html")
    )

    assert refused.status_code == 422
    assert f'name="attached" value="{first.id}"' in refused.content.decode()


def test_a_file_of_somebody_else_is_not_ones_own_evidence(people, bob, now):
    gate = make_gate(people.here, task=NEEDED)

    assert press(bob, gate, attached=str(kept(people.here, people.ann, now).id)).status_code == 422


def test_a_kind_the_browser_does_not_know_goes_by_its_name(people, bob):
    gate = make_gate(people.here, task=NEEDED)

    press(bob, gate, file=file(b"a;b", "sums.csv", "application/vnd.ms-excel"))

    assert Upload.objects.get().mime_type == "text/csv"


def test_who_may_not_answer_leaves_no_file(people):
    gate = make_gate(people.here, task=NEEDED | {"assignees": ["bob@example.com"]})
    client = Client()
    client.force_login(people.ann)

    assert press(client, gate, file=file()).status_code == 422
    assert not Upload.objects.exists()


def test_where_no_evidence_is_asked_for_none_is_kept(people, bob):
    press(bob, make_gate(people.here), file=file())

    assert not Upload.objects.exists()


def test_evidence_that_names_no_file_here_is_none(people, now):
    theirs = kept(people.elsewhere, people.cid, now)
    gate = make_gate(people.here, task=NEEDED)

    for named in (str(theirs.id), {"upload_id": str(theirs.id)}):
        with pytest.raises(EvidenceNotTaken, match="names a file that is not here"):
            decide(answer(gate, people.bob, data={"attachments": [named]}), now=now)
    assert not Decision.objects.exists()
    mine = kept(people.here, people.ann, now)
    assert decide(answer(gate, people.bob, data={"evidence": str(mine.id)}), now=now)


def test_words_are_evidence_still_and_ask_the_database_nothing(
    people, now, django_assert_num_queries
):
    gate = make_gate(people.here, task=NEEDED)
    with django_assert_num_queries(0):
        evidence.check(gate, Decision(gate=gate, effect="advance", data={"evidence": "TICKET-7"}))


def test_what_an_agent_attached_is_shown_with_the_request(people, bob, now):
    mine, theirs = kept(people.here, people.ann, now), kept(people.elsewhere, people.cid, now)
    gate = make_gate(
        people.here,
        payload={"amount": 1, "attachments": [{"upload_id": str(mine.id)}, str(theirs.id)]},
    )

    page = bob.get(f"/requests/{gate.id}").content.decode()

    assert f"/files/{mine.id}/download" in page
    assert f"/files/{theirs.id}" not in page


def test_files_are_found_in_every_spelling_and_once():
    one, two = "7f0d5b1e-3b7a-4a52-9b0e-5f0f4f6c1a11", "7f0d5b1e-3b7a-4a52-9b0e-5f0f4f6c1a12"
    told = {
        "attachments": [one, {"media_id": two}, {"id": one}, 7, None, {}, "x" * 36],
        "evidence": two,
    }

    assert [str(id) for id in evidence.ids_in(told, None, [], {"attachments": 7})] == [one, two]


def test_a_file_is_fetched_by_a_short_lived_address_and_by_members_only(people, bob, now):
    mine, theirs = kept(people.here, people.ann, now), kept(people.elsewhere, people.cid, now)

    led = bob.get(f"/files/{mine.id}/download")
    assert led.status_code == 302
    assert led["Location"].startswith(f"/v1/media/download/{mine.id}?token=")
    assert bob.get(f"/files/{mine.id}/upload").status_code == 404
    assert bob.get(f"/files/{theirs.id}/download").status_code == 404
    assert Client().get(f"/files/{mine.id}/download")["Location"].startswith("/sign-in")
