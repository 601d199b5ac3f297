"""A client that keeps a copy of one account's chats by Telegram's rules for updates, and nothing else.

https://core.telegram.org/api/updates is followed step by step, apart from Telethon's own handling: only its connection
and its requests are used. What the copy holds at the end must be what the world holds.
"""

import asyncio
from typing import Any

from telethon import TelegramClient, utils
from telethon.tl import functions, types

from sandbox.server import Sandbox

_ACCOUNT = 0


class Mirror:
    """The copy of one account; `drop` and `connect` lose and find the connection, as often as one likes."""

    def __init__(self, sandbox: Sandbox, client: TelegramClient, user_id: int) -> None:
        self.client, self.user_id = client, user_id
        self.peers = sandbox.world.peers
        self.chats: dict[int, dict[int, dict[str, Any]]] = {}
        self.inbox: dict[int, int] = {}
        self.outbox: dict[int, int] = {}
        self.pts: dict[int, int] = {}  # by channel (marked id); _ACCOUNT for the account's own
        self.date: Any = None
        self.differences = 0
        self.too_long = 0
        self._pump: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    async def connect(self) -> None:
        """Connect, catch up, then follow what is pushed."""
        if not self.client.is_connected():
            await self.client.connect()
        self.client._updates_handle.cancel()  # Telethon's own loop must not take the updates
        while not self.client._updates_queue.empty():
            self.client._updates_queue.get_nowait()
        if self.date is None:
            await self._reload()
        else:
            async with self._lock:
                await self._difference()
        self._pump = asyncio.create_task(self._follow(self.client._updates_queue))

    async def drop(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        await self.client.disconnect()

    async def ask(self, request: Any) -> Any:
        """Send a request; what its answer changes is applied like any update."""
        async with self._lock:
            result = await self.client(request)
            if isinstance(result, types.UpdateShortSentMessage):
                message = types.Message(
                    id=result.id,
                    peer_id=types.PeerUser(request.peer.user_id),
                    date=result.date,
                    message=request.message,
                )
                message.reply_to = _reply(request)
                update = types.UpdateNewMessage(message, result.pts, result.pts_count)
                result = types.Updates([update], [], [], result.date, 0)
            if isinstance(result, types.Updates):
                await self._container(result)
            return result

    async def asked_to_change_own(self, request: Any, update: Any) -> None:
        """Send a request that is answered by AffectedMessages; `update(pts, count)` is what it has done."""
        async with self._lock:
            result = await self.client(request)
            if result.pts_count:
                await self._container(
                    types.Updates([update(result.pts, result.pts_count)], [], [], self.client._message_box.date, 0)
                )

    # --- following

    async def _follow(self, queue: asyncio.Queue[Any]) -> None:
        while True:
            updates = await queue.get()
            async with self._lock:
                await self._container(updates)

    async def _container(self, updates: Any) -> None:
        if isinstance(updates, types.UpdateShort):
            return  # typing
        missed: set[int] = set()
        lost = {utils.get_peer_id(chat) for chat in updates.chats if _is_out(chat)}
        for update in sorted(updates.updates, key=lambda each: getattr(each, "pts", 0) - getattr(each, "pts_count", 0)):
            await self._one(update, missed, lost)
        for entry in missed:
            await (self._difference() if entry == _ACCOUNT else self._channel_difference(entry))

    async def _one(self, update: Any, missed: set[int], lost: set[int]) -> None:
        if isinstance(update, types.UpdateChannel):
            await self._moved(_channel(update.channel_id), lost)
            return
        count = getattr(update, "pts_count", None)
        entry = _entry(update)
        if count is None or entry in missed:
            if count is None:
                self._apply(update)
            return
        if entry not in self.pts:
            return  # a channel that UpdateChannel has not brought in
        if self.pts[entry] + count > update.pts:
            return
        if self.pts[entry] + count < update.pts:
            missed.add(entry)
            return
        self.pts[entry] = update.pts
        self._apply(update)

    async def _moved(self, channel: int, lost: set[int]) -> None:
        """The account has come or gone; it may have left and come back, so its marks are read again."""
        if channel in lost:
            self._forget(channel)
            return
        if channel not in self.pts:
            await self._load(channel)
        there = types.InputDialogPeer(self.peers.input_peer(self.user_id, channel))
        (dialog,) = (await self.client(functions.messages.GetPeerDialogsRequest([there]))).dialogs
        self.inbox[channel], self.outbox[channel] = dialog.read_inbox_max_id, dialog.read_outbox_max_id

    def _apply(self, update: Any) -> None:
        match update:
            case types.UpdateReadHistoryInbox():
                self._read(self.inbox, utils.get_peer_id(update.peer), update.max_id)
            case types.UpdateReadHistoryOutbox():
                self._read(self.outbox, utils.get_peer_id(update.peer), update.max_id)
            case types.UpdateReadChannelInbox():
                self._read(self.inbox, _channel(update.channel_id), update.max_id)
            case types.UpdateReadChannelOutbox():
                self._read(self.outbox, _channel(update.channel_id), update.max_id)
            case _:
                self._apply_to_messages(update)

    def _apply_to_messages(self, update: Any) -> None:
        if isinstance(update, types.UpdateDeleteMessages):
            for peer, messages in self.chats.items():
                if peer not in self.pts:  # not a channel's: its ids are its own
                    for number in update.messages:
                        messages.pop(number, None)
        elif isinstance(update, types.UpdateDeleteChannelMessages):
            for number in update.messages:
                self.chats.get(_channel(update.channel_id), {}).pop(number, None)
        elif isinstance(getattr(update, "message", None), types.Message | types.MessageService):
            self._put(update.message)

    def _put(self, message: Any) -> None:
        peer = utils.get_peer_id(message.peer_id)
        self.chats.setdefault(peer, {})[message.id] = _said(message)

    def _read(self, marks: dict[int, int], peer: int, max_id: int) -> None:
        marks[peer] = max(marks.get(peer, 0), max_id)

    # --- catching up

    async def _difference(self) -> None:
        more = True
        while more:
            self.differences += 1
            found = await self.client(
                functions.updates.GetDifferenceRequest(pts=self.pts[_ACCOUNT], date=self.date, qts=0)
            )
            if isinstance(found, types.updates.DifferenceTooLong):
                self.too_long += 1
                await self._reload()
                return
            if isinstance(found, types.updates.DifferenceEmpty):
                self.date = found.date
                return
            await self._take(found)
            more = isinstance(found, types.updates.DifferenceSlice)
            state = found.intermediate_state if more else found.state
            self.pts[_ACCOUNT], self.date = state.pts, state.date

    async def _take(self, found: Any) -> None:
        for message in found.new_messages:
            self._put(message)
        lost = {utils.get_peer_id(chat) for chat in found.chats if _is_out(chat)}
        channels: dict[int, None] = {}
        for update in found.other_updates:
            if isinstance(update, types.UpdateChannelTooLong):
                channels[_channel(update.channel_id)] = None
            elif isinstance(update, types.UpdateChannel):
                await self._moved(_channel(update.channel_id), lost)
            else:
                self._apply(update)
        for channel in channels:
            if channel in self.pts:
                await self._channel_difference(channel)

    async def _channel_difference(self, channel: int) -> None:
        everything = types.ChannelMessagesFilterEmpty()
        final = False
        while not final:
            self.differences += 1
            found = await self.client(
                functions.updates.GetChannelDifferenceRequest(
                    self.peers.input_peer(self.user_id, channel), everything, self.pts[channel], 100
                )
            )
            final = found.final
            if isinstance(found, types.updates.ChannelDifferenceTooLong):
                self.too_long += 1
                self._read(self.inbox, channel, found.dialog.read_inbox_max_id)
                self._read(self.outbox, channel, found.dialog.read_outbox_max_id)
                await self._load(channel)
                return
            self.pts[channel] = found.pts
            if isinstance(found, types.updates.ChannelDifference):
                for message in found.new_messages:
                    self._put(message)
                for update in found.other_updates:
                    self._apply(update)

    async def _reload(self) -> None:
        """Everything again, as after a sign-in: the state first, then what is newer comes as updates."""
        state = await self.client(functions.updates.GetStateRequest())
        self.chats, self.inbox, self.outbox = {}, {}, {}
        self.pts, self.date = {_ACCOUNT: state.pts}, state.date
        found = await self.client(
            functions.messages.GetDialogsRequest(None, 0, types.InputPeerEmpty(), limit=100, hash=0)
        )
        for dialog in found.dialogs:
            peer = utils.get_peer_id(dialog.peer)
            self.inbox[peer], self.outbox[peer] = dialog.read_inbox_max_id, dialog.read_outbox_max_id
            await self._load(peer)

    async def _load(self, peer: int) -> None:
        """One chat's whole history; for a channel, its pts too."""
        messages: dict[int, dict[str, Any]] = {}
        offset = 0
        first_pts = None
        while True:
            found = await self.client(
                functions.messages.GetHistoryRequest(
                    self.peers.input_peer(self.user_id, peer), offset, None, 0, 100, 0, 0, 0
                )
            )
            first_pts = first_pts or getattr(found, "pts", None)
            messages |= {message.id: _said(message) for message in found.messages}
            if not found.messages:
                break
            offset = found.messages[-1].id
        self.chats[peer] = messages
        if first_pts is not None:
            self.pts[peer] = first_pts

    def _forget(self, channel: int) -> None:
        self.chats.pop(channel, None)
        self.pts.pop(channel, None)
        self.inbox.pop(channel, None)
        self.outbox.pop(channel, None)


def comparable(snapshot: dict[Any, Any]) -> dict[int, dict[int, dict[str, Any]]]:
    """A world's snapshot in the mirror's form; chats without messages are none."""
    return {
        peer: {
            each["id"]: {name: each[name] for name in ("text", "edit_date", "reply_to", "action")} for each in messages
        }
        for peer, messages in snapshot.items()
        if peer != "read_marks" and messages
    }


def _said(message: Any) -> dict[str, Any]:
    action = getattr(message, "action", None)
    return {
        "text": message.message or "",
        "edit_date": int(message.edit_date.timestamp()) if message.edit_date else None,
        "reply_to": message.reply_to.reply_to_msg_id if message.reply_to else None,
        "action": type(action).__name__ if action else None,
    }


def _reply(request: Any) -> Any:
    if request.reply_to is None:
        return None
    return types.MessageReplyHeader(reply_to_msg_id=request.reply_to.reply_to_msg_id)


def _is_out(chat: Any) -> bool:
    return isinstance(chat, types.ChannelForbidden) or bool(getattr(chat, "left", False))


def _channel(channel_id: int) -> int:
    return -1_000_000_000_000 - channel_id


def _entry(update: Any) -> int:
    message = getattr(update, "message", None)
    if message is not None and isinstance(message.peer_id, types.PeerChannel):
        return _channel(message.peer_id.channel_id)
    if isinstance(update, types.UpdateDeleteChannelMessages | types.UpdatePinnedChannelMessages):
        return _channel(update.channel_id)
    return _ACCOUNT
