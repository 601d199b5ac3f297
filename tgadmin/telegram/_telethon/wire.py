"""One encrypted connection to a data centre: requests with a time limit, results that know their request, pings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812
from telethon.crypto import AuthKey
from telethon.errors import InvalidBufferError, RPCError, TypeNotFoundError
from telethon.errors.common import AuthKeyNotFound, BadMessageError, SecurityError
from telethon.network import MTProtoSender
from telethon.network.requeststate import RequestState
from telethon.tl.alltlobjects import LAYER
from telethon.tl.tlobject import TLRequest

from tgadmin.core.errors import Kind, TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.telegram._telethon import pings
from tgadmin.telegram._telethon.connection import QuietLogs
from tgadmin.telegram._telethon.packets import State
from tgadmin.telegram._telethon.pings import Pinger, Pings
from tgadmin.telegram._telethon.proxied import connection_to
from tgadmin.telegram._telethon.queue import UnreadablePacket, UpdatesQueue
from tgadmin.telegram._telethon.results import as_update, name_of

__all__ = ["LAYER", "Pings", "Wire"]

log = logging.getLogger("tgadmin.telegram.wire")

_KEY_UNKNOWN = 404

QUEUE_LIMIT = 10_000
"""Containers of updates that may wait; beyond it they are dropped and fetched as differences."""
ACKS_AT_ONCE = 1000
"""Messages that are acknowledged in a packet of its own; fewer go with whatever is sent next, the next ping at the
latest. (At most 8192, https://core.telegram.org/mtproto/service_messages_about_messages)"""
SLICE_SECONDS = 0.005
"""For which packets are opened before others get their turn in the loop."""
_UPDATES = frozenset(
    kind.CONSTRUCTOR_ID
    for kind in (
        T.Updates,
        T.UpdatesCombined,
        T.UpdateShort,
        T.UpdateShortMessage,
        T.UpdateShortChatMessage,
        T.UpdatesTooLong,
    )
)

KEY_TRIES = 4
"""Further tries to agree on a new key: Telethon fails one time in 256 (it drops a leading zero of the key), and now and
then because it finds no factors of a number (Telegram refuses the exchange then)."""


class Wire(MTProtoSender):
    """One connection's life. Never reconnects, never repeats, never sleeps on an error.

    ``ended`` resolves with why it ended: None if we closed it. ``updates`` gets containers of updates in the order in
    which they came, results of our own requests among them. ``last_received``, ``last_authorized``: time.monotonic() of
    the last packet, and of the last that an authorized key alone gets (pongs are not). ``wait_until``: so long Telegram
    wants to be asked little, because of a flood wait of whatever method (five minutes at most).
    """

    def __init__(
        self,
        address: tuple[int, str, int],
        auth_key: bytes,
        *,
        allowed: Callable[[], bool],
        timeout: float,
        pings: Pings | None = None,
        queue_limit: int = QUEUE_LIMIT,
        local_address: str | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self.updates = UpdatesQueue(queue_limit)
        logs = QuietLogs()
        super().__init__(
            AuthKey(auth_key or None),
            loggers=logs,
            retries=0 if auth_key else KEY_TRIES,
            delay=0,
            auto_reconnect=False,
            connect_timeout=timeout,
            updates_queue=self.updates,
        )
        self._state: State = State(self.auth_key, loggers=logs)
        self._state.on_unreadable = lambda number, data: self.updates.put_nowait(UnreadablePacket(number, data))
        self._send_queue._state = self._state  # it was made with the state that has just been replaced
        self._tcp = connection_to(
            address, proxy, allowed=allowed, on_bytes=self._note_bytes, local_address=local_address
        )
        self._allowed = allowed
        self._timeout = timeout
        self._pings = pings or Pings()
        self._answering: Any = None
        self._pinger: Pinger | None = None
        self._last_ping = 0
        self._failing: asyncio.Task[None] | None = None
        self.last_received = time.monotonic()
        self.last_authorized = self.last_received
        self.wait_until = 0.0
        self.ended: asyncio.Future[TelegramError | None] = asyncio.get_running_loop().create_future()

    # --- life ----------------------------------------------------------------------------------------------------

    async def open(self, init: Any) -> None:
        """Connect, agree on a key if there is none, announce the layer and the application; then ping for ever.

        ``init`` is an initConnection request without its query, or an invokeWithoutUpdates around one. Raises
        TelegramError.
        """
        try:
            await asyncio.wait_for(self.connect(self._tcp), self._timeout * 2)
        except (OSError, EOFError, TimeoutError, SecurityError, InvalidBufferError) as error:
            await self.close()
            raise self._connect_error(error) from None
        self._pinger = Pinger(self._pings, self._send_ping, self._socket_is_dead)
        try:
            await self.invoke(F.InvokeWithLayerRequest(LAYER, init))
        except TelegramError as error:
            if error.code in ("CONNECTION_LOST", "TIMEOUT") and (code := self._proxy_trouble()):
                raise TelegramError(code) from None
            raise

    async def close(self) -> None:
        """Close the connection; ``ended`` resolves with None unless it has ended already."""
        if self._pinger is not None:
            self._pinger.stop()
        if not self.ended.done():
            self.ended.set_result(None)
        await self.disconnect()

    async def fail(self, error: TelegramError) -> None:
        """Close the connection for a reason."""
        if not self.ended.done():
            self.ended.set_result(error)
        await self.close()

    def abort(self) -> None:
        """Close the socket at once, from whatever thread; ``ended`` follows in the loop."""
        self._tcp.abort()

    @property
    def clock_offset(self) -> int:
        """Seconds by which Telegram's clock is before this machine's, as far as the connection has noticed."""
        return int(self._state.time_offset)

    # --- requests ------------------------------------------------------------------------------------------------

    async def invoke(self, request: Any, timeout: float | None = None) -> Any:
        """Send one request and return its result. Raises TelegramError: Telegram's own, TIMEOUT, CONNECTION_LOST."""
        method = name_of(request)
        try:
            answer = self.send(request)
        except ConnectionError:
            raise self._lost(method) from None
        except Exception:  # noqa: BLE001 - a number too large, a text that is none: it cannot be written
            raise TelegramError("REQUEST_NOT_SENT", method=method) from None
        answer.add_done_callback(_retrieve)
        try:
            await asyncio.wait(
                (answer, self.ended), timeout=timeout or self._timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            answer.cancel()  # without effect if it has come
        if answer.cancelled():
            if self.ended.done():
                raise self._lost(method)
            raise TelegramError("TIMEOUT", method=method)
        try:
            result = answer.result()
        except RPCError as error:
            raise self._noted(error_of(error, method)) from None
        except Exception as error:  # noqa: BLE001 - whatever it is, callers get a TelegramError
            raise self._lost(method) if self.ended.done() else error_of(error, method) from None
        self.last_authorized = time.monotonic()
        return result

    def _noted(self, error: TelegramError) -> TelegramError:
        if error.kind is Kind.WAIT and error.code.startswith("FLOOD"):
            self.wait_until = max(self.wait_until, time.monotonic() + min(error.seconds or 0, 300))
        return error

    def _lost(self, method: str) -> TelegramError:
        ended = self.ended.result() if self.ended.done() else None
        code = "CONNECTION_LOST" if ended is None else ended.code
        return TelegramError(code, method=method, kind=None if ended is None else ended.kind)

    def _connect_error(self, error: BaseException) -> TelegramError:
        if not self._allowed():
            return TelegramError("CONNECTION_REFUSED_BY_LEASE")
        if code := self._proxy_trouble():
            return TelegramError(code)
        found = error_of(error, "")
        return found if found.code in ("AUTH_KEY_NOT_FOUND", "TRANSPORT_FLOOD") else TelegramError("CONNECTION_FAILED")

    def _proxy_trouble(self) -> str:
        """What of a connection that came to nothing lay at its proxy; "": nothing."""
        return self._tcp.failure or ("" if self._tcp.heard else self._tcp.silence)

    # --- Telethon's side -----------------------------------------------------------------------------------------

    async def _try_gen_auth_key(self, attempt: int) -> bool:
        """As Telethon's; but -404 refuses this one exchange. It cannot mean a lost key, for there is none yet."""
        try:
            return bool(await super()._try_gen_auth_key(attempt))
        except InvalidBufferError as error:
            if error.code != _KEY_UNKNOWN:
                raise
            raise ConnectionError("the key exchange was refused") from None  # Telethon connects again

    async def _send_loop(self) -> None:
        """As Telethon's, but acknowledgements wait for company: else each packet received would have one sent."""
        queue = self._send_queue
        while self._user_connected and not self._reconnecting:
            while not queue._deque and len(self._pending_ack) < ACKS_AT_ONCE:
                queue._ready.clear()
                await queue._ready.wait()
            if self._pending_ack:
                acks = RequestState(T.MsgsAck(list(self._pending_ack)))
                self._pending_ack.clear()
                queue.append(acks)
                self._last_acks.append(acks)
            batch, data = await queue.get()
            if not data:
                continue
            for state in batch:
                if isinstance(state.request, TLRequest):
                    self._pending_state[state.msg_id] = state
            try:
                await self._tcp.send(self._state.encrypt_message_data(data))
            except OSError as error:
                self._start_reconnect(error)
                return

    async def _recv_loop(self) -> None:
        """As Telethon's, but everything that has arrived is worked at in one go, for SLICE_SECONDS at a time."""
        while self._user_connected and not self._reconnecting:
            try:
                packets = await self._tcp.packets()
            except (OSError, EOFError) as error:
                self._start_reconnect(error)
                return
            until = time.monotonic() + SLICE_SECONDS
            for packet in packets:
                if not await self._receive(packet):
                    return
                if time.monotonic() > until:
                    await asyncio.sleep(0)
                    until = time.monotonic() + SLICE_SECONDS

    async def _receive(self, packet: bytes) -> bool:
        """Open a packet and handle what is in it; False when the connection ends with it."""
        try:
            message = self._state.decrypt_message_data(packet)
        except (TypeNotFoundError, SecurityError):
            return True  # dropped; the first has been noted
        except InvalidBufferError as error:
            await self._refused(error)
            return False
        except Exception as error:  # noqa: BLE001 - what cannot be read ends the connection, whatever it is
            self._start_reconnect(error)
            return False
        if message is None:
            return True
        if message.obj.CONSTRUCTOR_ID in _UPDATES:
            self._take_updates(message)
            return True
        try:
            await self._process_message(message)
        except Exception:  # noqa: BLE001 - as in Telethon: one message that fails does not end the connection
            log.warning("a message of Telegram's could not be handled: %s", type(message.obj).__name__)
        return True

    async def _refused(self, error: InvalidBufferError) -> None:
        """The data centre answered with a bare error number (https://core.telegram.org/mtproto/mtproto-transports)."""
        if error.code == _KEY_UNKNOWN:
            await self._disconnect(error=AuthKeyNotFound())
        else:
            self._start_reconnect(error)

    def _take_updates(self, message: Any) -> None:
        self.last_authorized = self.last_received
        acks = self._pending_ack
        acks.add(message.msg_id)
        if len(acks) >= ACKS_AT_ONCE:
            self._send_queue._ready.set()
        self.updates.put_nowait(message.obj)

    async def _handle_rpc_result(self, message: Any) -> None:
        answer = message.obj
        state = self._pending_state.get(answer.req_msg_id)
        self._answering = state and state.request
        try:
            await super()._handle_rpc_result(message)  # never awaits inside, so nothing comes between
        finally:
            self._answering = None
        if state is not None and answer.error is not None and not state.future.cancelled():
            # Telethon's exceptions for known names do not keep the name.
            state.future.exception().said = (answer.error.error_message, answer.error.error_code)

    def _store_own_updates(self, obj: Any, **_: Any) -> None:
        if self._answering is not None and (update := as_update(self._answering, obj)) is not None:
            self.updates.put_nowait(update)
        else:
            super()._store_own_updates(obj)

    async def _disconnect(self, error: BaseException | None = None) -> None:
        if not self.ended.done():
            self.ended.set_result(self._end_error(error))
        if self._pinger is not None:
            self._pinger.stop()
        await super()._disconnect(error)
        # Whoever looks at Telethon's own future instead of ours would have to retrieve this.
        if self._disconnected.done() and not self._disconnected.cancelled():
            self._disconnected.exception()

    def _end_error(self, error: BaseException | None) -> TelegramError:
        if not self._allowed():
            return TelegramError("CONNECTION_REFUSED_BY_LEASE")
        return TelegramError("CONNECTION_LOST") if error is None else error_of(error, "")

    def _note_bytes(self) -> None:
        self.last_received = time.monotonic()

    # --- pings ---------------------------------------------------------------------------------------------------

    def _send_ping(self) -> None:
        """At once when nothing else waits to be sent; with it otherwise, in one container."""
        if self._send_queue._deque or self._pending_ack or not self._tcp.is_idle:
            with contextlib.suppress(ConnectionError):
                self.send(pings.request(self._pings))
        else:
            self._last_ping, data = pings.packet(self._state, self._pings)
            self._tcp.write(data)

    def _socket_is_dead(self) -> None:
        self._tcp.abort()
        self._failing = asyncio.create_task(self.fail(TelegramError("SOCKET_DEAD")))

    async def _handle_pong(self, message: Any) -> None:
        if self._pinger is not None:
            self._pinger.pong()
        if message.seq_no % 2 == 0:  # not to be acknowledged, which Telethon would do with the next ping
            self._pending_ack.discard(message.msg_id)
        await super()._handle_pong(message)

    async def _handle_bad_server_salt(self, message: Any) -> None:
        await super()._handle_bad_server_salt(message)
        self._repeat_ping(message.obj)

    async def _handle_bad_notification(self, message: Any) -> None:
        await super()._handle_bad_notification(message)
        self._repeat_ping(message.obj)

    def _repeat_ping(self, refused: Any) -> None:
        """Telethon repeats what it has sent; it does not know of the pings that were written past it."""
        if refused.bad_msg_id == self._last_ping:
            with contextlib.suppress(ConnectionError):
                self.send(pings.request(self._pings))


def _retrieve(answer: asyncio.Future[Any]) -> None:
    """Nobody may be waiting for it any more: its error is no news then."""
    if not answer.cancelled():
        answer.exception()


def error_of(error: BaseException, method: str) -> TelegramError:
    """Any exception of a request or a connection as a TelegramError."""
    if isinstance(error, TelegramError):
        return error
    if isinstance(error, RPCError):
        said, number = getattr(error, "said", (error.message or "UNKNOWN_ERROR", error.code or 400))
        return TelegramError.parse(said, number, method)
    return TelegramError(_own_code(error), method=method)


def _own_code(error: BaseException) -> str:
    if isinstance(error, AuthKeyNotFound) or (isinstance(error, InvalidBufferError) and error.code == 404):
        return "AUTH_KEY_NOT_FOUND"
    if isinstance(error, InvalidBufferError) and error.code == 429:
        return "TRANSPORT_FLOOD"
    if isinstance(error, TypeNotFoundError):
        return "UNREADABLE_ANSWER"
    if isinstance(error, BadMessageError):
        return "BAD_MESSAGE"
    if isinstance(error, TimeoutError):
        return "TIMEOUT"
    if isinstance(error, (OSError, EOFError, BufferError)):
        return "CONNECTION_LOST"
    return "REQUEST_NOT_SENT"
