"""The two ASGI servers we run under, and how each one is ended: streams first, then the rest."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from daphne.http_protocol import WebRequest
from daphne.server import Server as DaphneServer
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings

from events import streams

PATIENCE_SECONDS = 3
# "Service restart": a browser that reads it comes back.
COMING_BACK = 1012


class PortTaken(Exception):
    """The address cannot be listened on; the text says why and what to do."""


def claim(host: str, port: int) -> None:
    """Find out before anything else is done whether this address is free.

    Raises: PortTaken when it is not.
    """
    advice = "Is Assent already running? HOST and PORT choose another address."
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as failure:
        reason = getattr(failure, "strerror", None) or str(failure)
        raise PortTaken(f"Cannot listen on {host} port {port}: {reason}. {advice}") from failure


def run(application: Any, *, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then end in an orderly way and return."""
    server = {"daphne": run_daphne, "uvicorn": run_uvicorn}[settings.ASGI_SERVER]
    server(application, ready=ready)


def run_daphne(application: Any, *, ready: Callable[[], None]) -> None:
    host = settings.HOST.replace(":", r"\:")  # A colon separates the parts of an endpoint.
    server = Daphne(
        application,
        endpoints=[f"tcp:port={settings.PORT}:interface={host}"],
        signal_handlers=False,
        http_timeout=None,
        ping_interval=20,
        verbosity=0,
        ready_callable=lambda: server.begin(ready),  # type: ignore[has-type]
        server_name="assent",
    )
    server.run()
    if server.refusal:
        raise PortTaken(server.refusal)


class Daphne(DaphneServer):  # type: ignore[misc]  # Daphne has no types.
    """Daphne, ended by us: it would cut every connection at once."""

    refusal = ""

    def begin(self, ready: Callable[[], None]) -> None:
        loop = asyncio.get_event_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._begin_to_end)
        self._ending: asyncio.Task[None] | None = None
        self.http_factory.buildProtocol = _leaving_forms_alone(self.http_factory.buildProtocol)
        ready()

    def listen_success(self, port: Any) -> None:
        self._port = port

    def listen_error(self, failure: Any) -> None:
        self.refusal = f"{failure.getErrorMessage()}"
        self.stop()

    def _begin_to_end(self) -> None:
        if self._ending is None:
            self._ending = asyncio.get_event_loop().create_task(self._end())

    async def _end(self) -> None:
        try:
            self._port.stopListening()
            streams.drain()
            self._send_desks_away()
            if unanswered := self._unanswered():
                await asyncio.wait(unanswered, timeout=PATIENCE_SECONDS)
        finally:
            # Whatever went wrong in being polite: who is asked to end, ends.
            self.stop()

    def _send_desks_away(self) -> None:
        for protocol in list(self.connections):
            if isinstance(protocol, WebSocketProtocol) and protocol.state == protocol.STATE_OPEN:
                # The public method takes no code below 3000.
                protocol.sendCloseFrame(COMING_BACK, b"", isReply=False)

    def _unanswered(self) -> list[asyncio.Future[None]]:
        running = [details.get("application_instance") for details in self.connections.values()]
        return [task for task in running if task is not None and not task.done()]

    def kill_all_applications(self) -> Any:
        # Daphne's own version fails on a connection that is open but has asked nothing yet.
        for protocol, details in list(self.connections.items()):
            if "application_instance" not in details:
                del self.connections[protocol]
        return super().kill_all_applications()


def _leaving_forms_alone(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Keep Twisted from parsing the forms in bodies: Django does, and each try costs every POST."""

    def build_protocol(address: Any) -> Any:
        protocol = build(address)
        protocol.requestFactory = partial(WebRequest, parsePOSTFormSubmission=False)
        return protocol

    return build_protocol


def run_uvicorn(application: Any, *, ready: Callable[[], None]) -> None:
    server = Uvicorn(
        uvicorn.Config(
            application,
            host=settings.HOST,
            port=settings.PORT,
            http="httptools",
            lifespan="on",
            log_level="warning",
            access_log=False,
            server_header=False,
            headers=[("server", "assent")],
            ws_ping_interval=20,
            timeout_graceful_shutdown=PATIENCE_SECONDS,
        )
    )
    server.ready = ready
    server.run()


class Uvicorn(uvicorn.Server):
    """Uvicorn, which ends our streams before it waits for them and exits with 0 when asked to."""

    ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        streams.drain()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._be_asked_to_end)
        yield

    def _be_asked_to_end(self, number: int, frame: FrameType | None) -> None:
        self.should_exit = True
