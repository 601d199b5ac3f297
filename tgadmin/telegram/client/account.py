"""One connection's life of one signed-in account: what the gateway drives."""

from __future__ import annotations

import asyncio
import logging
import random as random_module
import time
from collections.abc import Callable, Mapping
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from tgadmin.core.errors import TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.core.types import Checkpoint, Incoming, Peer
from tgadmin.telegram._telethon import Pings
from tgadmin.telegram.client.access_hashes import AccessHashes, Lookup
from tgadmin.telegram.client.authorization_check import AuthorizationCheck
from tgadmin.telegram.client.connection import Connector, introduction
from tgadmin.telegram.client.context import Context
from tgadmin.telegram.client.devices import Devices
from tgadmin.telegram.client.dialogs import Dialogs, first_state
from tgadmin.telegram.client.keys import Key
from tgadmin.telegram.client.link import Link
from tgadmin.telegram.client.messages import Messages
from tgadmin.telegram.client.network import Network
from tgadmin.telegram.client.sink import UpdateSink
from tgadmin.telegram.client.updates import UpdateStream
from tgadmin.telegram.convert import profile

log = logging.getLogger(__name__)


class AccountClient:
    """ONE connection of one signed-in account: thrown away after it has ended, and built again from what was committed.

    What it can do at Telegram is in its parts: ``messages``, ``dialogs``, ``devices``.

    ``me`` is (user id, access hash). ``checkpoint`` is the last committed state; None begins at Telegram's present one
    and puts it into the sink. ``channel_hashes`` maps marked ids to access hashes of the checkpoint's channels; one
    that is missing is looked up. ``lookup`` answers for peers not seen on this connection. ``sink`` takes the updates.
    ``allowed`` is asked before the connection is made and before each packet; when it says no, the socket is closed.
    ``timeout`` is in seconds, for each request.

    ``on_new_device`` is called when Telegram says that a new authorization of the account was made or confirmed.

    Every method, and every method of a part, raises TelegramError and nothing else of Telegram's; a fatal one also ends
    the connection. Results' updates go into the sink too, before the method returns or soon after.
    """

    def __init__(
        self,
        network: Network,
        key: Key,
        *,
        me: tuple[int, int],
        checkpoint: Checkpoint | None,
        channel_hashes: Mapping[int, int],
        lookup: Lookup,
        sink: UpdateSink,
        timeout: float = 15,
        allowed: Callable[[], bool] = lambda: True,
        pings: Pings | None = None,
        proxy: Proxy | None = None,
        random: Callable[[], float] = random_module.random,
        on_new_device: Callable[[], None] = lambda: None,
    ) -> None:
        self.key = key
        self._network = network
        self._link = Link(Connector(network, proxy, allowed, timeout, pings), key)
        self._context = Context(self._link.call, AccessHashes(me, channel_hashes, lookup), me[0])
        self._checkpoint = checkpoint
        self._sink = sink
        self._random = random
        self._on_new_device = on_new_device
        self._check: AuthorizationCheck | None = None
        self._running: asyncio.Task[None] | None = None
        self.messages = Messages(self._context)
        self.dialogs = Dialogs(self._context, self._link.follow)
        self.devices = Devices(self._context)

    # --- life ----------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect, make sure that the key is this account's, and begin to catch up from the checkpoint.

        Raises TelegramError; ``error.is_fatal`` tells a key that is of no use any more. After an error the client is
        closed already.
        """
        if not self.key.auth_key:
            raise TelegramError("KEYS_MISSING")
        wire = self._link.make_wire()
        try:
            await wire.open(introduction(self._network, updates=True))
            user = await self._self_user()
            if user.id != self._context.me:
                raise TelegramError("ACCOUNT_MISMATCH")
            self._context.hashes.extend([user], [])
            checkpoint = self._checkpoint or await self.state()
        except TelegramError as error:
            await wire.fail(error)
            raise
        if self._checkpoint is None:
            self._sink.put(Incoming((), (), checkpoint))
        stream = self._link.stream = UpdateStream(
            wire,
            self._context.hashes,
            self._sink,
            checkpoint,
            self._context.me,
            self._random,
            self._on_new_device,
        )
        self._check = AuthorizationCheck(wire, self._link.call, self._random)
        self._running = asyncio.create_task(stream.run())
        self._running.add_done_callback(self._stream_ended)
        wire.ended.add_done_callback(self._wire_ended)

    async def disconnect(self) -> None:
        """Close the connection; safe to call at any time, and more than once."""
        await self._link.close()
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait((self._running,))

    def abort(self) -> None:
        """Close the socket at once, from whatever thread; wait_closed follows in the loop."""
        self._link.abort()

    async def wait_closed(self) -> TelegramError | None:
        """Wait until the connection has ended, and say why; None: we were asked to disconnect."""
        reason = await asyncio.shield(self._link.connected.ended)
        await self.disconnect()
        return reason

    async def caught_up(self) -> None:
        """Wait until the differences of the account and of every known channel, asked for at connect, are in the sink.

        Raises TelegramError if the connection ends before.
        """
        stream, ended = self._link.stream, self._link.connected.ended
        if stream is None:
            raise TelegramError("CONNECTION_LOST")
        waiting = asyncio.ensure_future(stream.caught_up.wait())
        try:
            await asyncio.wait((waiting, ended), return_when=asyncio.FIRST_COMPLETED)
            if not stream.caught_up.is_set():
                raise ended.result() or TelegramError("CONNECTION_LOST")
        finally:
            waiting.cancel()

    @property
    def last_received(self) -> float:
        """time.monotonic() of the last packet from Telegram."""
        return self._link.wire.last_received if self._link.wire is not None else time.monotonic()

    @property
    def failed_answers(self) -> int:
        """How often in a row missed updates have been asked for in vain; 0 while all is well, however quiet the account
        or slow Telegram is."""
        return self._link.stream.failed_answers if self._link.stream is not None else 0

    @property
    def at_work(self) -> int | None:
        """The number of the update that is being worked at here; None while there is none."""
        return self._link.stream.at_work if self._link.stream is not None else None

    # --- who and where it is --------------------------------------------------------------------------------------

    async def me(self) -> Peer:
        """The account itself."""
        return profile(await self._self_user())

    async def state(self) -> Checkpoint:
        """Telegram's present state of the account."""
        return await first_state(self._link.call)

    # --- inside --------------------------------------------------------------------------------------------------

    async def _self_user(self) -> Any:
        users = await self._link.call(F.users.GetUsersRequest([T.InputUserSelf()]))
        if not users or not isinstance(users[0], T.User):
            raise TelegramError("AUTH_KEY_UNREGISTERED", method="users.getUsers")
        return users[0]

    def _stream_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, TelegramError):
            self._link.end(error)
        else:
            # A supervisor's record: where it happened, never what it was about.
            log.error("updates failed: %s", _place(error))
            self._link.end(TelegramError("UPDATES_FAILED"))

    def _wire_ended(self, _: object) -> None:
        if self._check is not None:
            self._check.stop()
        if self._running is not None:
            self._running.cancel()


def _place(error: BaseException | None) -> str:
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "unknown place"
    return f"{type(error).__name__} at {where}"
