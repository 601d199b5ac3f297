"""The server: accepts connections within the limits, and runs the application for their requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from daphne import server as daphne  # first: it makes the reactor one of asyncio's
from twisted.internet import defer, reactor
from twisted.logger import globalLogBeginner
from twisted.web.http import HTTPFactory

from tgadmin.core import origin, pool
from tgadmin.web.channel import Channel
from tgadmin.web.connections import Connections
from tgadmin.web.lanes import Lane, Turn
from tgadmin.web.limits import Limits
from tgadmin.web.request import Request
from tgadmin.web.socket import GoneError, Socket, SocketFactory
from tgadmin.web.transport import Port

log = logging.getLogger("tgadmin.web")

Scope = dict[str, Any]
Message = dict[str, Any]
Application = Callable[..., Awaitable[None]]

SWEEP_SECONDS = 0.5
REPORT_SECONDS = 60.0
SLICE = 64 << 10
"""Bytes of an answer that are written at once."""
BACKLOG = 512
PING_SECONDS, PONG_SECONDS = 20, 30
"""A socket that was silent for so long is pinged, and has so long to answer."""
HANDSHAKE_SECONDS = 10
SAFE = ("GET", "HEAD", "OPTIONS")
ANSWERS = ("http.response.start", "websocket.accept", "websocket.close")


class Factory(HTTPFactory):
    """Makes a channel for each connection that has a slot."""

    def __init__(self, server: Server) -> None:
        super().__init__(timeout=None)
        self.server = server

    def buildProtocol(self, address: Any) -> Channel | None:
        connection = self.server.admit(getattr(address, "host", ""))
        if connection is None:
            return None
        channel = Channel(connection, self.server.limits)
        channel.factory, channel.requestFactory, channel.timeOut = self, Request, None
        return channel


class Server(daphne.Server):
    """daphne's, with our own connections.

    ``proxies``: how many proxies of ours stand in front; ``is_known``: whether a scope's client is known to be signed
    in. Those who are not share a few slots (``lanes``).

    What daphne does stays: an application that has not ended ``limits.close_seconds`` after its client has left is
    cancelled, wherever it waits; its ``finally`` clauses run, and what it runs in a thread goes on to its end there.
    """

    def __init__(
        self,
        application: Application,
        limits: Limits,
        *,
        proxies: int = 0,
        is_known: Callable[[Scope], bool],
        cookie: str = "",
    ) -> None:
        """``cookie``: the name of the login's; ``is_known``: whether a login is known to be good."""
        super().__init__(
            application=application,
            endpoints=["ours"],
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
            websocket_connect_timeout=HANDSHAKE_SECONDS,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
            websocket_max_message_size=limits.frame,
            websocket_max_frame_size=limits.frame,
            application_close_timeout=limits.close_seconds,
            server_name="",
            verbosity=0,
        )
        self.limits, self._proxies, self._is_known = limits, proxies, is_known
        self._cookie = cookie.encode() + b"="
        self.slots = Connections(limits, time.monotonic)
        self._asking = Lane(limits.anonymous)
        self._doing = Lane(max(1, limits.anonymous // 2))
        self._saying_so = Lane(limits.unknown)
        self._waiting: set[Any] = set()
        self._reported, self._reported_at = 0, 0.0

    # --- its life -----------------------------------------------------------------------------------------------------

    def listen(self, host: str, port: int) -> None:
        """Raises twisted.internet.error.CannotListenError."""
        self.connections: dict[Any, dict[str, Any]] = {}
        self.http_factory = Factory(self)
        self.ws_factory = SocketFactory(self, self.limits)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        Port(port, self.http_factory, BACKLOG, host, reactor).startListening()

    def run(self) -> None:
        """Until SIGTERM or SIGINT: then all applications are cancelled, and waited for."""
        globalLogBeginner.beginLoggingTo([lambda _: None], redirectStandardIO=False, discardBuffer=True)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.callLater(SWEEP_SECONDS, self._sweep)
        asyncio.set_event_loop(reactor._asyncioEventloop)  # noqa: SLF001 - as daphne does
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.run()

    def _sweep(self) -> None:
        try:
            self.slots.sweep()
            self._tell()
        except Exception:
            log.exception("connections could not be looked through")
        reactor.callLater(SWEEP_SECONDS, self._sweep)

    def _tell(self) -> None:
        """Once a minute at most."""
        now = time.monotonic()
        if self.slots.refused > self._reported and now - self._reported_at > REPORT_SECONDS:
            log.warning(
                "%d connections were refused or gave way to newer ones (WEB_CONNECTIONS, WEB_CONNECTIONS_PER_ADDRESS)",
                self.slots.refused - self._reported,
            )
            self._reported, self._reported_at = self.slots.refused, now

    def application_checker(self) -> None:
        try:
            super().application_checker()
        except Exception:  # one application's end may not end the looking after all others
            log.exception("an application's end could not be told")
            reactor.callLater(1, self.application_checker)

    def kill_all_applications(self) -> defer.Deferred[Any]:
        started = [one.get("application_instance") for one in self.connections.values()]
        running = [application for application in started if application is not None and not application.done()]
        for application in running:
            application.cancel()
        ended = defer.Deferred.fromFuture(asyncio.gather(*running, return_exceptions=True))
        return ended.addErrback(lambda failure: None)

    # --- connections --------------------------------------------------------------------------------------------------

    def admit(self, host: str) -> Any:
        """A slot for a connection from there; None if there is none."""
        return self.slots.admit("" if self._proxies else origin.network_of(origin.client_address(host, "", 0)))

    def protocol_disconnected(self, protocol: Any) -> None:
        details = self.connections.get(protocol)
        if details is None:
            return
        super().protocol_disconnected(protocol)
        if protocol in self._waiting:  # nothing has been begun for it
            details["application_instance"].cancel()

    # --- the application ----------------------------------------------------------------------------------------------

    def create_application(self, protocol: Request | Socket, scope: Scope) -> Any:
        """The queue into which daphne puts what the application is to receive."""
        if protocol not in self.connections:
            return None
        scope.setdefault("asgi", {"version": "3.0"})
        inbox = protocol.make_inbox()
        run = self._run(protocol, scope, inbox.get)
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(run)
        return inbox

    async def _run(self, protocol: Request | Socket, scope: Scope, receive: Callable[[], Awaitable[Message]]) -> None:
        try:
            turn = await self._turn(protocol, scope)
        except TimeoutError:
            protocol.busy(pool.FULL.message, pool.FULL.retry_after)
            return

        async def send(message: Message) -> None:
            if message["type"] in ANSWERS:
                turn.over()  # what is left to do is the client's: to read
            await self.handle_reply(protocol, message)

        try:
            await self.application(scope=scope, receive=receive, send=send)
        except GoneError:
            pass
        finally:
            turn.over()

    async def _turn(self, protocol: Request | Socket, scope: Scope) -> Turn:
        if self._is_known(scope):
            protocol.connection.known()
            return Turn(None)
        lane = self._lane(scope)
        self._waiting.add(protocol)
        try:
            await lane.take(self._client(scope), self.limits.wait_seconds)
        finally:
            self._waiting.discard(protocol)
        return Turn(lane)

    def _lane(self, scope: Scope) -> Lane:
        """Who has a login's cookie that is not known yet (after a restart all are) is probably one of ours: there are
        more slots for them, and one look at the database tells. A sign-in is a stranger's in any case."""
        if scope.get("method", "GET") not in SAFE:
            return self._doing
        says_so = any(name == b"cookie" and self._cookie in value for name, value in scope["headers"])
        return self._saying_so if says_so and len(self._cookie) > 1 else self._asking

    def _client(self, scope: Scope) -> str:
        remote = (scope.get("client") or [""])[0]
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
        return origin.network_of(origin.client_address(remote, forwarded, self._proxies))

    async def handle_reply(self, protocol: Request | Socket, message: Message) -> None:
        """Returns when what is sent is on its way, or near it. For a client that has left: a socket's application is
        told by ``GoneError``, others by http.disconnect alone (Django would leave a response unclosed)."""
        kind = message["type"]
        if kind == "websocket.send":
            if self._has_left(protocol):
                raise GoneError
            await protocol.room()
        elif kind == "http.response.body":
            await self._send_body(protocol, message)
            return
        await super().handle_reply(protocol, message)

    def _has_left(self, protocol: Request | Socket) -> bool:
        return "disconnected" in self.connections.get(protocol, {"disconnected": True})

    async def _send_body(self, protocol: Request, message: Message) -> None:
        """A slice at a time; the last one does not wait to be read."""
        body, more = memoryview(message.get("body", b"")), message.get("more_body", False)
        while await protocol.valve.passed():
            piece, body = body[:SLICE], body[SLICE:]
            is_last = not body
            part = {**message, "body": bytes(piece), "more_body": more or not is_last}
            await super().handle_reply(protocol, part)
            if is_last:
                return
