"""What a stranger sees of another workspace through a session, a socket or a link: nothing."""

import json
import re
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.factories import PASSWORD
from tests.stage import question
from tests.waiting import until

SIGNED_OUT = 4401
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Visitor:
    """A person at the desk with a browser that keeps cookies and knows no scripts."""

    def __init__(self, server, name):
        self.server = server
        self.http = httpx.Client(base_url=server.url, trust_env=False, timeout=30)
        signed_in = self.post(
            "/sign-in", username=f"{name}@example.com", password=PASSWORD, next="/"
        )
        assert signed_in.status_code == 302

    def get(self, path):
        return self.http.get(path)

    def post(self, path, *, form="/sign-in", **fields):
        token = TOKEN.search(self.http.get(form).text)
        data = {"csrfmiddlewaretoken": token[1] if token else "", **fields}
        return self.http.post(path, data=data)

    def socket(self, *, origin=None) -> ClientConnection:
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        return listen(self.server, origin=origin or self.server.url, Cookie=cookies)


def listen(server, *, origin, **headers) -> ClientConnection:
    address = server.url.replace("http", "ws") + "/ws/desk"
    return connect(address, origin=origin, additional_headers=headers, proxy=None, open_timeout=30)


def ask(server, key="here", **more):
    """Ask people and return the title, the intent and the gate."""
    title = f"Refund {uuid4().hex[:6]}?"
    with server.api(key) as api:
        asked = api.post("/v1/intents", json=question(title, **more)).json()
        intent = api.get(f"/v1/intents/{asked['intent_id']}").json()["intent"]
    return title, intent["intent_id"], intent["approval_id"]


def told(socket):
    return json.loads(socket.recv(timeout=30))["gates"]


@pytest.fixture
def visit(server):
    visitors = []

    def enter(name):
        visitors.append(Visitor(server, name))
        return visitors[-1]

    yield enter
    for visitor in visitors:
        visitor.http.close()


def test_a_strangers_session_finds_nothing(server, visit):
    title, intent_id, gate_id = ask(server)
    ann, cid = visit("ann"), visit("cid")

    assert title in ann.get(f"/requests/{gate_id}").text
    assert cid.get(f"/requests/{gate_id}").status_code == 404
    for page in ("/", "/open", "/done", "/unclaimed", f"/live?list=open&open={gate_id}"):
        assert title not in cid.get(page).text
    answered = cid.post(f"/requests/{gate_id}/decide", form="/", outcome="approved", seen="")
    assert answered.status_code == 404
    assert cid.post(f"/unclaimed/{intent_id}/take-over", form="/").status_code == 404
    with server.api() as api:
        assert api.get(f"/v1/intents/{intent_id}").json()["status"] == "WAITING"


def test_a_strangers_socket_is_told_of_their_own_workspace_only(server, visit):
    ann, cid = visit("ann"), visit("cid")

    with ann.socket() as anns, cid.socket() as cids:
        _, _, here = ask(server)
        assert here in told(anns)
        _, _, elsewhere = ask(server, key="elsewhere")

        # The first thing Cid hears is about the request that came last.
        heard = told(cids)
        assert elsewhere in heard
        assert here not in heard


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1", "null", "http://127.0.0.1.evil.example"]
)
def test_a_socket_from_another_origin_is_refused(server, visit, origin):
    bob = visit("bob")

    with pytest.raises(InvalidStatus) as refused:
        bob.socket(origin=origin)

    assert refused.value.response.status_code == 403


def test_a_socket_without_an_origin_is_refused(server):
    with pytest.raises(InvalidStatus) as refused:
        listen(server, origin=None)

    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("cookie", ["", "assent_session=0123456789abcdefghijklmnopqrstuv"])
def test_a_socket_without_a_session_is_closed_before_it_is_told_anything(server, cookie):
    socket = listen(server, origin=server.url, Cookie=cookie)

    with socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=30)

    assert closed.value.rcvd.code == SIGNED_OUT


def test_after_signing_out_an_open_socket_is_closed_and_told_nothing_more(server, visit):
    bob = visit("bob")
    with bob.socket() as socket:
        _, _, gate_id = ask(server)
        assert gate_id in told(socket)

        assert bob.post("/sign-out", form="/").status_code == 302
        ask(server)

        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=30)
    assert closed.value.rcvd.code == SIGNED_OUT


def test_a_socket_takes_no_orders(server, visit):
    ann = visit("ann")
    _, intent_id, gate_id = ask(server)
    with ann.socket() as socket:
        for order in ("approve", "{", json.dumps({"type": "decide", "gate": gate_id}), b"\x00"):
            socket.send(order)
        _, _, later = ask(server)

        assert later in until(lambda: told(socket), what="News")
    with server.api() as api:
        assert api.get(f"/v1/intents/{intent_id}").json()["status"] == "WAITING"


def test_a_strangers_link_and_key_change_nothing_here(server, visit):
    _, intent_id, gate_id = ask(server)
    title, _, _ = ask(server, key="elsewhere", task={"assignees": ["cid@example.com"]})
    link = server.mail(title, to="cid@example.com").link.removeprefix(server.url)
    cid = visit("cid")

    cid.post(link, form=link, outcome="approved", gate=gate_id, gate_id=gate_id)
    with server.api("elsewhere") as api:
        for path in (f"/v1/intents/{intent_id}", f"/v1/intents/{intent_id}/events"):
            assert api.get(path).status_code == 404
        body = {"decision": "approve"}
        assert api.post(f"/v1/approvals/{gate_id}/decision", json=body).status_code == 404

    with server.api() as api:
        assert api.get(f"/v1/intents/{intent_id}").json()["status"] == "WAITING"
