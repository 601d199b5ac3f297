"""What a client has missed: the account's and the channels' state and differences, built in one step from the logs.

https://core.telegram.org/api/updates
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeGuard

from telethon.tl import TLObject, types

from sandbox.errors import RpcError
from sandbox.world.box import Box, Dialog, Event
from sandbox.world.chats import Chat
from sandbox.world.news import NUMBERED
from sandbox.world.posts import Post

if TYPE_CHECKING:
    from sandbox.protocol.keys import AuthKey
    from sandbox.world.world import World

SLICE = 100  # events in one answer
CHANNEL_KEPT = 100_000  # pts that a channel's log goes back: https://core.telegram.org/constructor/updates.channelDifferenceTooLong
FIRST_SEQ = 1
_ABOUT_PARTS = ("rcont", "draft", "react", "sched", "unsched")
"""Changes of messages or topics of a chat, not of the chat as a whole."""


class Updates:
    """The update states of accounts and channels, and the differences between them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._render = world.render
        self._boxes = world.boxes

    def state(self, user_id: int, key: AuthKey) -> types.updates.State:
        """https://core.telegram.org/method/updates.getState"""
        box = self._boxes.box(user_id)
        return self._state(box, box.pts, self._world.now(), key)

    def difference(
        self, user_id: int, key: AuthKey, pts: int, date: int, *, limit: int | None = None, total: int | None = None
    ) -> Any:
        """https://core.telegram.org/method/updates.getDifference; `limit` is pts_limit, `total` pts_total_limit."""
        box = self._boxes.box(user_id)
        _check_pts(pts, box)
        if date <= 0:
            raise RpcError(400, "DATE_EMPTY")
        if pts < box.floor or (total and pts + total < box.pts):
            return types.updates.DifferenceTooLong(box.pts)
        events = box.since(pts)
        now = self._world.now()
        most = max(1, min(limit or SLICE, SLICE))
        part, more = events[:most], len(events) > most
        # What has no pts is told again from the date on that the client names; all of it may be told twice.
        side = _latest(event for event in box.side if event.date >= date)
        moved = [chat for chat in self._world.chats.of_user(user_id) if self._moved_since(chat, date)]
        if not part and not side and not moved:
            return types.updates.DifferenceEmpty(now, self.seq(key))
        messages, updates, mentioned = self._replay(part, user_id, user_id)
        for event in side:
            update = self._render.side(event, user_id)
            if update is not None:
                updates.append(update)
                mentioned += self._render.side_mentions(event, user_id)
        for chat in moved:
            updates.append(types.UpdateChannelTooLong(chat.bare_id, self._boxes.box(chat.marked).pts))
            mentioned.append(chat.marked)
        users, chats = self._world.peers.entities(user_id, mentioned)
        answer: tuple[Any, ...] = (messages, [], updates, chats, users)
        if more:
            # The date stays: the next slice must not skip what happened in channels meanwhile.
            return types.updates.DifferenceSlice(*answer, self._state(box, part[-1].pts, date, key))
        return types.updates.Difference(*answer, self._state(box, box.pts, now, key))

    def channel_difference(self, user_id: int, channel: int, pts: int, limit: int) -> Any:
        """https://core.telegram.org/method/updates.getChannelDifference

        What is more than `limit` comes in slices; only what the log has lost is too long.
        """
        self._world.message_actions.readable_channel(user_id, channel)
        box = self._boxes.box(channel)
        _check_pts(pts, box)
        if pts == box.pts:
            return types.updates.ChannelDifferenceEmpty(box.pts, final=True, timeout=30)
        if pts < max(box.floor, box.pts - CHANNEL_KEPT):
            return self._channel_too_long(user_id, box, limit)
        events = box.since(pts)
        most = max(1, min(limit, SLICE))
        part, more = events[:most], len(events) > most
        messages, updates, mentioned = self._replay(part, channel, user_id)
        users, chats = self._world.peers.entities(user_id, [channel, *mentioned])
        reached = part[-1].pts if more else box.pts
        return types.updates.ChannelDifference(
            reached, messages, updates, chats, users, final=not more or None, timeout=30 if not more else None
        )

    def seq(self, key: AuthKey) -> int:
        """The number of the last numbered container that this key was sent."""
        return int(key.extra.get("seq", FIRST_SEQ))

    def is_numbered(self, updates: TLObject) -> TypeGuard[types.Updates]:
        """Whether a container takes a number of each key that it goes to: those that bear no pts do.

        https://core.telegram.org/api/updates#update-sequences
        """
        return isinstance(updates, types.Updates) and updates.seq == NUMBERED

    def for_key(self, key: AuthKey, updates: types.Updates) -> types.Updates:
        """A numbered container as this key gets it, with the key's next seq."""
        seq = self.seq(key) + 1
        key.extra = {**key.extra, "seq": seq}
        return types.Updates(updates.updates, updates.users, updates.chats, updates.date, seq)

    def _state(self, box: Box, pts: int, date: int, key: AuthKey) -> types.updates.State:
        unread = sum(self._boxes.unread(box.owner, dialog) for dialog in box.dialogs.values())
        return types.updates.State(pts, 0, date, self.seq(key), unread)

    def _replay(self, events: list[Event], owner: int, viewer: int) -> tuple[list[Any], list[Any], list[int]]:
        """The new messages, the other updates and the peers that they name.

        A message bears its present text, so of several edits only the last is told.
        """
        messages: list[Any] = []
        updates: list[Any] = []
        mentioned: list[int] = []
        last = {_subject(event): event for event in events}
        for event in events:
            if last[_subject(event)] is not event and event.kind != "new":
                continue
            update = self._render.update(event, owner, viewer)
            if update is None:
                continue
            mentioned += self._render.event_mentions(event, owner)
            if event.kind != "new":
                updates.append(update)
                continue
            messages.append(update.message)
            if event.data.random_id and event.data.author == viewer:
                updates.append(types.UpdateMessageID(update.message.id, event.data.random_id))
        return messages, updates, mentioned

    def _moved_since(self, chat: Chat, date: int) -> bool:
        if chat.is_group:
            return False
        log = self._boxes.box(chat.marked).log
        return bool(log) and log[-1].date >= date

    def _channel_too_long(self, user_id: int, box: Box, limit: int) -> Any:
        known = self._boxes.box(user_id).dialogs.get(box.owner)
        dialog = self._render.dialog(user_id, known or Dialog(box.owner))
        ids = box.ids[-max(1, min(limit, SLICE)) :][::-1]
        messages = [self._render.message(box.posts[number], box.owner, user_id) for number in ids]
        mentioned: list[int] = [box.owner]
        for number in ids:
            mentioned += self._render.mentioned(box.posts[number], box.owner)
        users, chats = self._world.peers.entities(user_id, mentioned)
        return types.updates.ChannelDifferenceTooLong(dialog, messages, chats, users, final=True, timeout=30)


def _subject(event: Event) -> object:
    """What an event is about: a later one about the same says all that this one says."""
    if isinstance(event.data, Post):
        return event.kind, event.data.uid
    if event.kind in ("rin", "rout"):
        return event.kind, event.data[0]
    return event.kind, event.pts


def _latest(side: Iterable[Event]) -> list[Event]:
    """Of several changes of the same thing only the last, in the order in which they came."""
    last: dict[object, Event] = {}
    for event in side:
        subject: object = event.kind, event.data if isinstance(event.data, int) else event.data[0]
        if event.kind in _ABOUT_PARTS:
            subject = event.kind, event.data[0], str(event.data[1])
        last.pop(subject, None)
        last[subject] = event
    return list(last.values())


def _check_pts(pts: int, box: Box) -> None:
    if pts == 0:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY")
    if pts < 0 or pts > box.pts:
        raise RpcError(400, "PERSISTENT_TIMESTAMP_INVALID")
