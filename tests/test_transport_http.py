"""One POST to somebody else's machine: what it carries, and every way in which it can fail."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from events import signing
from events.transports import TransportError, http
from events.transports.http import Call
from tests.receiver import receiving

BODY = json.dumps({"intent_id": "1", "words": "žluťoučký"}, ensure_ascii=False).encode()
SECRET = "a secret of sixteen or more"
NOW = datetime(2026, 5, 14, 10, 21, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.OUTGOING_HOSTS = ["127.0.0.1"]


def post(url, **given):
    return http.send(Call(url, BODY, {"X-One": "1"}), **given)


def refused(url, **given):
    with pytest.raises(TransportError) as caught:
        post(url, **given)
    return caught.value


def test_the_body_arrives_byte_by_byte_with_its_headers_and_no_lookup_of_a_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with receiving(status=204) as receiver:
        assert post(f"{receiver.url}?a=b%20c") == 204

    (got,) = receiver.got
    assert (got.body, got.path, got.headers["x-one"]) == (BODY, "/hook?a=b%20c", "1")
    assert got.headers["host"] == receiver.url.split("/")[2]


def test_both_signatures_hold_over_the_raw_bytes():
    named = signing.headers(BODY, id="d-1", secret=SECRET, now=NOW)

    expected = hmac.new(SECRET.encode(), BODY, hashlib.sha256)
    assert named["X-Axme-Signature"] == f"sha256={expected.hexdigest()}"
    signed = f"d-1.{named['webhook-timestamp']}.".encode() + BODY
    standard = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert named["webhook-signature"] == f"v1,{base64.b64encode(standard).decode()}"
    assert named["webhook-timestamp"] == named["X-Axme-Timestamp"] == "1778754060"
    assert named["webhook-id"] == named["X-Axme-Delivery-Id"] == "d-1"


def test_a_standard_secret_is_read_from_its_base64():
    marked = "whsec_" + base64.b64encode(b"\x00\x01 bytes").decode()
    named = signing.headers(BODY, id="d", secret=marked, now=NOW)

    signed = f"d.{named['webhook-timestamp']}.".encode() + BODY
    mac = hmac.new(b"\x00\x01 bytes", signed, hashlib.sha256).digest()
    assert named["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"


def test_without_a_secret_nothing_pretends_to_be_signed():
    assert not any("signature" in name.lower() for name in signing.headers(
        BODY, id="d", secret="", now=NOW
    ))  # fmt: skip


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_an_answer_that_is_no_success_is_a_failure_worth_another_try(status):
    with receiving(status=status) as receiver:
        failure = refused(receiver.url)

    assert (failure.permanent, failure.status, str(failure)) == (
        False, status, f"It answered {status}."
    )  # fmt: skip


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_leads_nowhere(status):
    with receiving() as inner, receiving(status=status, location=inner.url) as receiver:
        failure = refused(receiver.url)

    assert (failure.status, inner.got) == (status, [])
    assert "not followed" in str(failure)


def test_nobody_listening_is_a_failure():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        failure = refused(f"http://127.0.0.1:{closed.getsockname()[1]}/")

    assert (failure.permanent, str(failure)) == (False, "Connection refused")


def _drip(handler):
    """A byte now and then, for ever: each one is well within any time limit of its own."""
    for byte in b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.05)


def _silence(handler):
    handler.rfile.read(1)


@pytest.mark.parametrize("manner", [_drip, _silence])
def test_neither_silence_nor_a_slow_drip_outlasts_the_limit(manner):
    with receiving(instead=manner) as receiver:
        began = time.monotonic()
        failure = refused(receiver.url, within=0.4)

    assert time.monotonic() - began < 1
    assert (failure.permanent, str(failure)) == (False, "No answer within 0.4 s.")


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"\x00\xff\x00\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200\r\n" + b"a" * 70_000],
)
def test_an_answer_that_is_no_http_is_a_failure(nonsense):
    with receiving(instead=lambda handler: handler.wfile.write(nonsense)) as receiver:
        assert not refused(receiver.url).permanent


def test_a_body_without_end_is_not_read():
    def endless(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 65_536)

    with receiving(instead=endless) as receiver:
        assert post(receiver.url, within=2) == 200


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "0.0.0.0"]
)
def test_a_name_that_leads_to_a_private_address_is_never_called(settings, address):
    settings.OUTGOING_HOSTS = []
    asked = []

    def resolve(host, port):
        asked.append((host, port))
        return [address]

    failure = refused("https://hooks.example.com/x", resolve=resolve)

    assert asked == [("hooks.example.com", 443)]
    assert failure.permanent
    assert "private address" in str(failure)


def test_a_private_literal_is_refused_without_a_lookup(settings):
    settings.OUTGOING_HOSTS = []

    failure = refused("https://127.0.0.1/x", resolve=lambda host, port: pytest.fail("looked up"))

    assert failure.permanent


def test_the_address_that_was_checked_is_the_one_that_is_called(settings):
    """A second lookup could lead elsewhere; here it would, and nobody asks for it."""
    settings.OUTGOING_HOSTS = ["hooks.internal"]
    answers = [["127.0.0.1"], ["10.9.9.9"]]

    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        url = f"http://hooks.internal:{port}/x"
        assert post(url, resolve=lambda host, port: answers.pop(0)) == 200

    assert receiver.got[0].headers["host"] == f"hooks.internal:{port}"
    assert answers == [["10.9.9.9"]]


def test_a_name_nobody_knows_is_tried_again_later():
    def resolve(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    failure = refused("https://integrator.example/x", resolve=resolve)

    assert (failure.permanent, str(failure)) == (
        False, "integrator.example was not found: Name or service not known."
    )  # fmt: skip


def test_a_resolver_that_never_answers_does_not_hold_us():
    answered = Event()

    failure = refused(
        "https://integrator.example/x", resolve=lambda h, p: answered.wait(5) and [], within=0.1
    )
    answered.set()

    assert "was not found" in str(failure)


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path):
    with _tls_server(tmp_path) as port:
        failure = refused(f"https://127.0.0.1:{port}/")

    assert "certificate" in str(failure).lower()


@contextmanager
def _tls_server(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            plain, _ = server.accept()
            with plain, suppress(OSError):
                context.wrap_socket(plain, server_side=True).close()

        thread = Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()
