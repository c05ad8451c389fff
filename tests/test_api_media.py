"""Files over the API: announced, brought, finalized, fetched; and everything that is not taken."""

import hashlib
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from intents.media import actions, kinds
from intents.media.models import Upload
from intents.tasks import give_up_uploads
from tests.calling import Api, agent_api, refusal, workspace_api

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 8
SHA = hashlib.sha256(PDF).hexdigest()


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.DATA_DIR = tmp_path
    options = {"location": str(tmp_path / "media")}
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = settings.STORAGES | {"media": {"BACKEND": backend, "OPTIONS": options}}
    return tmp_path / "media"


@pytest.fixture
def stranger(people):
    return workspace_api(people.elsewhere)


def announced(api, data=PDF, **more):
    body = {"owner_agent": "agent://myorg/production/shop", "filename": "invoice.pdf",
            "mime_type": "application/pdf", "size_bytes": len(data)}  # fmt: skip
    answer = api.post("/v1/media/create-upload", body | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def path_of(url):
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def brought(made, data=PDF):
    """PUT the bytes as a program without a key does, by the signed address alone."""
    return Api().call("PUT", path_of(made["upload_url"]), content=data)


def ready(api, data=PDF, **more):
    made = announced(api, data, **more)
    assert brought(made, data).status_code == 200
    done = api.post(
        "/v1/media/finalize-upload", {"upload_id": made["upload_id"], "size_bytes": len(data)}
    )
    assert done.status_code == 200, done.text
    return done.json()


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_announced_brought_finalized_and_fetched(api, folder):
    made = announced(api, sha256=SHA)
    assert made["status"] == "pending"
    assert brought(made).json()["status"] == "pending"
    done = api.post(
        "/v1/media/finalize-upload",
        {"upload_id": made["upload_id"], "size_bytes": len(PDF), "sha256": SHA},
    ).json()
    assert (done["status"], done["sha256"], done["size_bytes"]) == ("ready", SHA, len(PDF))

    told = api.get(f"/v1/media/{made['upload_id']}").json()["upload"]

    assert told["status"] == "ready"
    assert told["filename"] == "invoice.pdf"
    fetched = Api().get(path_of(told["download_url"]))
    assert fetched.content == PDF
    assert len(files(folder)) == 1


def test_a_download_is_an_attachment_that_no_browser_runs(api):
    id = ready(api, filename='..\\evil"\r\n.pdf')["upload_id"]

    answer = api.get(f"/v1/media/download/{id}")

    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; filename")
    assert "\n" not in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-length"] == str(len(PDF))


def test_a_preview_is_shown_in_place_for_harmless_kinds_only(api):
    text = b"<script>alert(1)</script>, 1"
    shown = ready(api, text, filename="a.csv", mime_type="text/csv")["upload_id"]
    answer = api.get(f"/v1/media/preview/{shown}")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("inline")
    assert "sandbox" in answer.headers["content-security-policy"]

    hidden = ready(api, b"PK\x03\x04 zip", filename="a.zip", mime_type="application/zip")
    assert refusal(api.get(f"/v1/media/preview/{hidden['upload_id']}"))[:2] == (415, "no_preview")
    told = api.get(f"/v1/media/{hidden['upload_id']}").json()["upload"]
    assert told["preview_url"] is None


def test_without_its_bytes_a_file_is_not_ready(api):
    made = announced(api)

    answer = api.post(
        "/v1/media/finalize-upload", {"upload_id": made["upload_id"], "size_bytes": len(PDF)}
    )

    assert refusal(answer)[:2] == (409, "upload_incomplete")
    told = api.get(f"/v1/media/{made['upload_id']}").json()["upload"]
    assert (told["status"], told["download_url"]) == ("pending", None)
    assert refusal(api.get(f"/v1/media/download/{made['upload_id']}"))[0] == 404


@pytest.mark.parametrize(
    ("data", "code"),
    [(PDF[:-1], "upload_mismatch"), (PDF + b"x", "upload_mismatch"), (b"", "upload_mismatch"),
     (b"x" * len(PDF), "media_type_mismatch"), (PDF[:-1] + b"\x00", "upload_mismatch")],
    ids=["too short", "too long", "nothing", "no PDF", "another digest"],
)  # fmt: skip
def test_bytes_that_were_not_announced_are_not_kept(api, folder, data, code):
    more = {"sha256": SHA} if code == "upload_mismatch" else {}
    made = announced(api, **more)

    assert refusal(brought(made, data))[:2] == (422, code)
    assert Upload.objects.get().stored_as == ""
    assert files(folder) == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [({"mime_type": "text/html"}, 415, "media_type_not_allowed"),
     ({"mime_type": "image/svg+xml"}, 415, "media_type_not_allowed"),
     ({"size_bytes": 2**31}, 413, "payload_too_large"),
     ({"size_bytes": 0}, 422, "schema_invalid"), ({"size_bytes": 10**30}, 422, "schema_invalid"),
     ({"sha256": "abc"}, 422, "schema_invalid"), ({"filename": ""}, 422, "schema_invalid"),
     ({"ttl_seconds": 10**9}, 422, "schema_invalid"), ({"filename": None}, 422, "schema_invalid")],
    ids=str,
)  # fmt: skip
def test_what_we_do_not_take_is_not_even_announced(api, change, status, code):
    body = {"owner_agent": "agent://a/b", "filename": "a", "mime_type": "application/pdf",
            "size_bytes": 10}  # fmt: skip

    answer = api.post("/v1/media/create-upload", body | change)

    assert refusal(answer)[:2] == (status, code)
    assert not Upload.objects.exists()


def test_a_file_over_the_body_limit_is_taken_and_one_over_its_own_limit_is_not(api, settings):
    data = b"x" * (settings.BODY_LIMIT_BYTES * 3)
    assert ready(api, data, filename="a.txt", mime_type="text/plain")["size_bytes"] == len(data)
    settings.MEDIA_LIMIT_BYTES = 1000

    body = {
        "owner_agent": "agent://a/b",
        "filename": "a",
        "mime_type": "text/plain",
        "size_bytes": 1001,
    }
    assert refusal(api.post("/v1/media/create-upload", body))[0] == 413


def test_brought_again_the_last_bytes_count_and_finalized_none_do(api, folder):
    first, second = b"one two", b"two one"
    made = announced(api, first, filename="a.txt", mime_type="text/plain")
    for data in (first, second):
        assert brought(made, data).status_code == 200
    assert len(files(folder)) == 1
    body = {"upload_id": made["upload_id"], "size_bytes": len(first)}
    done = api.post("/v1/media/finalize-upload", body).json()

    assert done["sha256"] == hashlib.sha256(second).hexdigest()
    assert refusal(brought(made, first))[:2] == (409, "upload_finalized")
    assert api.post("/v1/media/finalize-upload", body).json() == done
    assert api.get(f"/v1/media/download/{made['upload_id']}").content == second


def test_a_signature_is_good_for_one_file_and_one_purpose(api):
    one, other = announced(api), announced(api)
    token = one["upload_url"].split("token=")[1]

    for path in (
        f"upload/{other['upload_id']}",
        f"upload/{uuid4()}",
        f"download/{one['upload_id']}",
    ):
        method = "PUT" if path.startswith("upload") else "GET"
        answer = Api().call(method, f"/v1/media/{path}?token={token}", content=PDF)
        assert refusal(answer)[0] == 401, path
    assert refusal(Api().get(f"/v1/media/download/{one['upload_id']}"))[0] == 401


def test_files_of_another_workspace_do_not_exist(api, stranger):
    id, waiting = ready(api)["upload_id"], announced(api)["upload_id"]

    calls = [("GET", f"/v1/media/{id}", {}), ("GET", f"/v1/media/download/{id}", {}),
             ("GET", f"/v1/media/preview/{id}", {}),
             ("PUT", f"/v1/media/upload/{waiting}", {"content": PDF}),
             ("POST", "/v1/media/finalize-upload", {"json": {"upload_id": id, "size_bytes": len(PDF)}})]  # fmt: skip
    for method, path, given in calls:
        assert refusal(stranger.call(method, path, **given))[:2] == (404, "upload_not_found"), path
    assert refusal(api.get("/v1/media/nonsense"))[:2] == (404, "upload_not_found")


def test_an_agent_key_announces_for_its_own_address_only(people):
    agent = agent_api(people.here, "shop")
    body = {"owner_agent": "agent://myorg/production/shop", "filename": "a.txt",
            "mime_type": "text/plain", "size_bytes": 3}  # fmt: skip

    assert agent.post("/v1/media/create-upload", body).status_code == 200
    other = agent.post("/v1/media/create-upload", body | {"owner_agent": "agent://other"})
    assert refusal(other)[:2] == (403, "invalid_actor_scope")


def test_a_file_that_never_became_complete_is_given_up_and_its_bytes_go(api, folder):
    made = announced(api)
    brought(made)
    assert len(files(folder)) == 1
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert refusal(brought(made))[:2] == (410, "upload_expired")
    give_up_uploads()

    assert files(folder) == []
    assert api.get(f"/v1/media/{made['upload_id']}").json()["upload"]["status"] == "expired"
    actions.give_up(Upload.objects.get().id, now=timezone.now())


def test_a_ready_file_is_never_given_up(api, folder):
    ready(api)
    Upload.objects.update(expires_at=timezone.now() - timedelta(days=30))

    give_up_uploads()

    assert len(files(folder)) == 1


def test_files_may_be_kept_where_there_are_no_folders(api, settings):
    backend = "django.core.files.storage.InMemoryStorage"
    settings.STORAGES = settings.STORAGES | {"media": {"BACKEND": backend}}

    id = ready(api)["upload_id"]

    assert api.get(f"/v1/media/download/{id}").content == PDF
    assert storages["media"].listdir("")[0]


@pytest.mark.parametrize(
    ("kind", "head", "fits"),
    [("text/plain", "grün".encode(), True), ("text/plain", "grün".encode()[:-2], True),
     ("text/plain", b"a\x00b", False), ("text/plain", b"\xff\xfe", False),
     ("image/png", b"\x89PNG\r\n\x1a\n...", True), ("image/png", b"GIF89a", False),
     ("image/webp", b"RIFF1234WEBPVP8", True), ("image/webp", b"RIFF1234WAVE", False),
     ("image/jpeg", b"\xff\xd8\xff\xe0", True), ("application/json", b'{"a": 1}', True),
     ("application/pdf", b"<html>%PDF-", False)],
)  # fmt: skip
def test_first_bytes_give_a_kind_away(kind, head, fits):
    assert kinds.looks_like(kind, head) is fits


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a.pdf", "a.pdf"), ("../../etc/passwd", "passwd"), ("C:\\x\\y.txt", "y.txt"), ("..", "file"),
     ("a\u202efdp.exe", "afdp.exe"), ("\r\n", "file"), ("x" * 300, "x" * 255)],
)  # fmt: skip
def test_a_file_name_has_no_folders_and_no_tricks(name, safe):
    assert kinds.safe_name(name) == safe
