"""One connection's life of one signed-in account: what the gateway drives."""

from __future__ import annotations

import asyncio
import logging
import random as random_module
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from tgadmin.core.errors import Kind, TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.core.types import Checkpoint, Devices, Entity, Incoming, Peer, is_channel
from tgadmin.telegram import devices as device_list
from tgadmin.telegram import dialogs, requests
from tgadmin.telegram._telethon import Pings, Wire
from tgadmin.telegram.application import introduction
from tgadmin.telegram.convert import clean, peer_of_user
from tgadmin.telegram.hashes import Hashes, Lookup
from tgadmin.telegram.inbox import Inbox
from tgadmin.telegram.moving import ELSEWHERE, Elsewhere, Line
from tgadmin.telegram.network import Key, Network
from tgadmin.telegram.stream import Stream

log = logging.getLogger(__name__)
DELETE_LIMIT = 100  # ids in one request


class AccountClient:
    """ONE connection of one signed-in account: thrown away after it has ended, and built again from what was committed.

    ``me`` is (user id, access hash). ``checkpoint`` is the last committed state; None begins at Telegram's present one
    and puts it into the inbox. ``channel_hashes`` maps marked ids to access hashes of the checkpoint's channels; one
    that is missing is looked up. ``lookup`` answers for peers not seen on this connection. ``allowed`` is asked before
    the connection is made and before each packet; when it says no, the socket is closed. ``timeout`` is in seconds, for
    each request.

    ``on_new_device`` is called when Telegram says that a new authorization of the account was made or confirmed.

    Every method raises TelegramError and nothing else of Telegram's; a fatal one also ends the connection. Results'
    updates go through the inbox too, before the method returns or soon after.
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
        inbox: Inbox,
        timeout: float = 15,
        allowed: Callable[[], bool] = lambda: True,
        pings: Pings | None = None,
        proxy: Proxy | None = None,
        random: Callable[[], float] = random_module.random,
        on_new_device: Callable[[], None] = lambda: None,
    ) -> None:
        self.key = key
        self._network = network
        self._proxy = proxy
        self._me = me[0]
        self._checkpoint = checkpoint
        self._hashes = Hashes(me, channel_hashes, lookup)
        self._inbox = inbox
        self._timeout = timeout
        self._allowed = allowed
        self._pings = pings
        self._random = random
        self._elsewhere = Elsewhere(Line(network, proxy, allowed, timeout, pings), key)
        self._on_new_device = on_new_device
        self._wire: Wire | None = None
        self._stream: Stream | None = None
        self._running: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    # --- life ----------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Connect, make sure that the key is this account's, and begin to catch up from the checkpoint.

        Raises TelegramError; ``error.is_fatal`` tells a key that is of no use any more. After an error the client is
        closed already.
        """
        if self._wire is not None:
            raise RuntimeError("a client lives for one connection")
        if not self.key.auth_key:
            raise TelegramError("KEYS_MISSING")
        self._network.install()
        address = (self.key.dc_id, self.key.server_address, self.key.port)
        wire = self._wire = Wire(
            address,
            self.key.auth_key,
            allowed=self._allowed,
            timeout=self._timeout,
            pings=self._pings,
            local_address=self._network.local_address,
            proxy=self._proxy,
        )
        try:
            await wire.open(introduction(self._network, updates=True))
            user = await self._self_user()
            if user.id != self._me:
                raise TelegramError("ACCOUNT_MISMATCH")
            self._hashes.extend([user], [])
            checkpoint = self._checkpoint or await self.state()
        except TelegramError as error:
            await wire.fail(error)
            raise
        if self._checkpoint is None:
            self._inbox.put(Incoming((), (), checkpoint))
        self._stream = Stream(wire, self._hashes, self._inbox, checkpoint, self._me, self._random, self._on_new_device)
        self._running = asyncio.create_task(self._stream.run())
        self._running.add_done_callback(self._stream_ended)
        wire.ended.add_done_callback(self._wire_ended)

    async def disconnect(self) -> None:
        """Close the connection; safe to call at any time, and more than once."""
        if self._wire is not None:
            await self._wire.close()
        await self._elsewhere.close()
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait((self._running,))

    def abort(self) -> None:
        """Close the socket at once, from whatever thread; wait_closed follows in the loop."""
        self._elsewhere.abort()
        if self._wire is not None:
            self._wire.abort()

    async def wait_closed(self) -> TelegramError | None:
        """Wait until the connection has ended, and say why; None: we were asked to disconnect."""
        reason = await asyncio.shield(self._connected.ended)
        await self.disconnect()
        return reason

    async def caught_up(self) -> None:
        """Wait until the differences of the account and of every known channel, asked for at connect, are in the inbox.

        Raises TelegramError if the connection ends before.
        """
        if self._stream is None:
            raise TelegramError("CONNECTION_LOST")
        waiting = asyncio.ensure_future(self._stream.caught_up.wait())
        try:
            await asyncio.wait((waiting, self._connected.ended), return_when=asyncio.FIRST_COMPLETED)
            if not self._stream.caught_up.is_set():
                raise self._connected.ended.result() or TelegramError("CONNECTION_LOST")
        finally:
            waiting.cancel()

    @property
    def last_received(self) -> float:
        """time.monotonic() of the last packet from Telegram."""
        return self._wire.last_received if self._wire is not None else time.monotonic()

    @property
    def overdue(self) -> float:
        """Seconds for which missed updates have been asked for in vain, or one been worked at without end; 0 while all
        is well, however quiet the account is."""
        return self._stream.overdue if self._stream is not None else 0.0

    # --- messages ------------------------------------------------------------------------------------------------

    async def send_message(
        self,
        peer_id: int,
        text: str,
        random_id: int,
        *,
        reply_to_id: int | None = None,
        entities: Sequence[Entity] = (),
    ) -> int | None:
        """Send a text; the id that Telegram gave it, None if the result does not say.

        A repeated ``random_id`` is never a second message: the first result comes again, or RANDOM_ID_DUPLICATE.
        """
        request = F.messages.SendMessageRequest(
            peer=await self._hashes.input_peer(peer_id),
            message=clean(text),
            random_id=random_id,
            reply_to=None if reply_to_id is None else T.InputReplyToMessage(reply_to_id),
            entities=requests.entities(entities),
        )
        return requests.sent_id(await self._call(request), random_id)

    async def edit_message(self, peer_id: int, message_id: int, text: str) -> None:
        peer = await self._hashes.input_peer(peer_id)
        await self._call(F.messages.EditMessageRequest(peer, message_id, message=clean(text)))

    async def delete_messages(self, peer_id: int, ids: Sequence[int], *, revoke: bool = True) -> None:
        """Delete messages of one chat; ``revoke``: for everybody. (In channels it is always for everybody.)"""
        for start in range(0, len(ids), DELETE_LIMIT):
            some = list(ids[start : start + DELETE_LIMIT])
            if is_channel(peer_id):
                channel = await self._hashes.input_channel(peer_id)
                await self._call(F.channels.DeleteMessagesRequest(channel, some))
            else:
                await self._call(F.messages.DeleteMessagesRequest(some, revoke=revoke))

    async def mark_read(self, peer_id: int, max_id: int) -> None:
        if is_channel(peer_id):
            await self._call(F.channels.ReadHistoryRequest(await self._hashes.input_channel(peer_id), max_id))
        else:
            await self._call(F.messages.ReadHistoryRequest(await self._hashes.input_peer(peer_id), max_id))

    async def send_typing(self, peer_id: int, action: str = "typing") -> None:
        """Tell the chat that we are typing; raises ValueError for an action that we do not send."""
        chosen = requests.typing_action(action)
        await self._call(F.messages.SetTypingRequest(await self._hashes.input_peer(peer_id), chosen))

    async def history(self, peer_id: int, *, before_id: int = 0, limit: int = 100) -> Incoming:
        """Up to ``limit`` (1 to 100) messages below ``before_id`` (0: the newest): one History, and its peers."""
        request = F.messages.GetHistoryRequest(
            peer=await self._hashes.input_peer(peer_id),
            offset_id=before_id,
            offset_date=None,
            add_offset=0,
            limit=limit,
            max_id=0,
            min_id=0,
            hash=0,
        )
        answer = await self._call(request)
        self._note(answer)
        return requests.history(answer, peer_id, before_id, self._me)

    # --- the account ---------------------------------------------------------------------------------------------

    async def dialogs(self) -> AsyncIterator[Incoming]:
        """Page by page all dialogs, each Dialog followed by a History with its top message, and their peers.

        Channels that were not followed yet are from then on.
        """
        async for answer in dialogs.pages(self._call):
            self._note(answer)
            if self._stream is not None:
                self._stream.learn(dialogs.channel_pts(answer))
            yield dialogs.converted(answer, self._me)

    async def peer_dialogs(self, peer_ids: Sequence[int]) -> Incoming:
        """These dialogs (up to 100), as a page of ``dialogs`` has them."""
        peers = [T.InputDialogPeer(await self._hashes.input_peer(peer_id)) for peer_id in peer_ids]
        answer = await self._call(F.messages.GetPeerDialogsRequest(peers))
        self._note(answer)
        return dialogs.converted(answer, self._me)

    async def state(self) -> Checkpoint:
        """Telegram's present state of the account and of every channel in its dialogs."""
        return await dialogs.first_state(self._call)

    async def me(self) -> Peer:
        """The account itself."""
        found = peer_of_user(await self._self_user())
        assert found is not None  # noqa: S101 - _self_user returns a User
        return found

    async def devices(self) -> Devices:
        """Every authorization of the account, this one first."""
        return device_list.devices(await self._call(F.account.GetAuthorizationsRequest()))

    async def end_device(self, hash: int) -> None:  # noqa: A002 - Telegram's word
        """End another authorization. HASH_INVALID: there is none; FRESH_RESET_AUTHORISATION_FORBIDDEN: this one is
        younger than 24 hours."""
        await self._call(F.account.ResetAuthorizationRequest(hash))

    async def end_other_devices(self) -> None:
        """End every authorization but this one. FRESH_RESET_AUTHORISATION_FORBIDDEN as above."""
        await self._call(F.auth.ResetAuthorizationsRequest())

    async def set_authorization_ttl(self, days: int) -> None:
        """Have Telegram end authorizations that are not used for so many days (1 to 366)."""
        await self._call(F.account.SetAuthorizationTTLRequest(days))

    async def log_out(self) -> None:
        """End this authorization at Telegram for good. AUTH_KEY_UNREGISTERED means that it had ended before."""
        await self._call(F.auth.LogOutRequest())

    # --- inside --------------------------------------------------------------------------------------------------

    @property
    def _connected(self) -> Wire:
        if self._wire is None:
            raise TelegramError("CONNECTION_LOST")
        return self._wire

    async def _call(self, request: Any) -> Any:
        """What lies at another data centre is asked for there; an account that has moved there ends the connection."""
        try:
            return await self._connected.invoke(request)
        except TelegramError as error:
            if error.code in ELSEWHERE and error.number is not None:
                return await self._elsewhere.invoke(self._connected, error.number, request)
            if error.is_fatal or error.kind is Kind.MIGRATE:
                self._end(error)
            raise

    async def _self_user(self) -> Any:
        users = await self._call(F.users.GetUsersRequest([T.InputUserSelf()]))
        if not users or not isinstance(users[0], T.User):
            raise TelegramError("AUTH_KEY_UNREGISTERED", method="users.getUsers")
        return users[0]

    def _note(self, answer: Any) -> None:
        self._hashes.extend(getattr(answer, "users", ()), getattr(answer, "chats", ()))

    def _end(self, error: TelegramError) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._connected.fail(error))

    def _stream_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, TelegramError):
            self._end(error)
        else:
            # A supervisor's record: where it happened, never what it was about.
            log.error("updates failed: %s", _place(error))
            self._end(TelegramError("UPDATES_FAILED"))

    def _wire_ended(self, _: object) -> None:
        if self._running is not None:
            self._running.cancel()


def _place(error: BaseException | None) -> str:
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "unknown place"
    return f"{type(error).__name__} at {where}"
