"""Scheduled messages: what waits in a chat's queue for its time, or for the other to come online.

A queue is its author's own; that of a channel is shared by all who may post there. Its ids are the queue's own.
https://core.telegram.org/api/scheduled-messages
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from telethon.tl import types
from telethon.tl.patched import Message

from sandbox.errors import RpcError
from sandbox.world import text as texts
from sandbox.world.message_actions import Draft
from sandbox.world.news import Push
from sandbox.world.peers import peer as tl_peer
from sandbox.world.posts import Post, objects

if TYPE_CHECKING:
    from sandbox.world.world import World

AT_ONCE_SECONDS = 10  # what is due sooner is sent right away
LATEST_SECONDS = 366 * 86400
QUEUE_LIMIT = 100
WHEN_ONLINE = 0x7FFFFFFE  # the date that means: as soon as the other comes online

Queue = tuple[int, int]  # whose it is (a user, or the channel itself), and the chat


@dataclass
class Waiting:
    """One message in a queue; entities and the header of a forwarded one as TL objects in hex."""

    number: int
    author: int
    peer: int
    date: int
    text: str
    entities: str = ""
    reply_to: int | None = None
    random_id: int = 0
    silent: bool = False
    forward: str = ""
    edit_date: int = 0

    def draft(self) -> Draft:
        """What is sent in the end."""
        forward = objects(self.forward)[0] if self.forward else None
        return Draft(
            self.text, self._entities(), self.reply_to, self.random_id, self.silent, forward=forward, scheduled=True
        )

    def message(self, *, is_post: bool) -> Message:
        """The message as it stands in the queue; its date is the one that it waits for."""
        reply = types.MessageReplyHeader(reply_to_msg_id=self.reply_to) if self.reply_to else None
        return Message(
            id=self.number,
            peer_id=tl_peer(self.peer),
            date=self.date,
            message=self.text,
            out=True,
            silent=self.silent or None,
            post=is_post or None,
            from_id=None if is_post else types.PeerUser(self.author),
            fwd_from=objects(self.forward)[0] if self.forward else None,
            reply_to=reply,
            entities=self._entities() or None,
            edit_date=self.edit_date or None,
        )

    def _entities(self) -> list[Any]:
        return objects(self.entities) if self.entities else []


class Schedule:
    """All queues. Peers are marked ids, times unix seconds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queues: dict[Queue, dict[int, Waiting]] = {}
        self._last: dict[Queue, int] = {}
        for key, row in world.store.rows("queue"):
            owner, peer = (int(part) for part in key.split(":"))
            self._last[owner, peer] = row["last"]
        for _, row in world.store.rows("waiting"):
            waiting = Waiting(**row)
            self._queues.setdefault(self._queue(waiting.author, waiting.peer), {})[waiting.number] = waiting

    def add(self, author: int, peer: int, draft: Draft, date: int, push: Push) -> Waiting:
        """Put a message into the queue; a `random_id` that waits there already stands for what it waits for.

        https://core.telegram.org/method/messages.sendMessage
        """
        queue = self._queue(author, peer)
        for waiting in self._queues.get(queue, {}).values():
            if draft.random_id and (waiting.author, waiting.random_id) == (author, draft.random_id):
                return waiting
        self._check_date(author, peer, date)
        self._world.message_actions.check_can_write(author, peer)
        if len(self._queues.get(queue, {})) >= QUEUE_LIMIT:
            raise RpcError(400, "SCHEDULE_TOO_MUCH")
        text, entities, _ = texts.accept(draft.text, self._world.message_actions.kept_entities(author, draft.entities))
        self._world.message_actions.replied(author, peer, draft.reply_to)
        self._last[queue] = self._last.get(queue, 0) + 1
        self._world.store.put("queue", f"{queue[0]}:{queue[1]}", {"last": self._last[queue]})
        waiting = Waiting(
            self._last[queue], author, peer, date, text, _hex(entities), draft.reply_to, draft.random_id, draft.silent,
            forward=_hex([draft.forward] if draft.forward is not None else []),
        )  # fmt: skip
        self._keep(queue, waiting, push)
        return waiting

    def edit(
        self, editor: int, peer: int, number: int, text: str | None, entities: list[Any] | None, date: int, push: Push
    ) -> Waiting:
        """Change what waits, or until when. https://core.telegram.org/method/messages.editMessage"""
        self.check_may(editor, peer)
        queue = self._queue(editor, peer)
        waiting = self._queues.get(queue, {}).get(number)
        if waiting is None:
            raise RpcError(400, "MESSAGE_ID_INVALID")
        self._check_date(editor, peer, date)
        if text is not None:
            kept = self._world.message_actions.kept_entities(editor, entities)
            waiting.text, accepted, _ = texts.accept(text, kept)
            waiting.entities = _hex(accepted)
        waiting.date, waiting.edit_date = date, self._world.now()
        self._keep(queue, waiting, push)
        return waiting

    def waiting(self, user_id: int, peer: int) -> list[Waiting]:
        """The queue of that chat as this account sees it, what is due last first."""
        queue = self._queues.get(self._queue(user_id, peer), {})
        return sorted(queue.values(), key=lambda each: (each.date, each.number), reverse=True)

    def find(self, user_id: int, peer: int, number: int) -> Waiting | None:
        """The message of that id in that queue."""
        return self._queues.get(self._queue(user_id, peer), {}).get(number)

    def update(self, viewer: int, peer: int, number: int) -> types.UpdateNewScheduledMessage | None:
        """What tells of a message in the queue as it is now; None if it waits no more."""
        waiting = self.find(viewer, peer, number)
        if waiting is None:
            return None
        return types.UpdateNewScheduledMessage(waiting.message(is_post=self._is_shared(peer)))

    def send(self, user_id: int, peer: int, numbers: Iterable[int], push: Push) -> list[Post]:
        """Send messages of the queue now. https://core.telegram.org/method/messages.sendScheduledMessages"""
        self.check_may(user_id, peer)
        queue = self._queue(user_id, peer)
        chosen = [self._queues.get(queue, {}).get(number) for number in dict.fromkeys(numbers)]
        if not chosen or any(each is None for each in chosen):
            raise RpcError(400, "MESSAGE_ID_INVALID")
        return [self._publish(queue, each, push) for each in chosen if each is not None]

    def delete(self, user_id: int, peer: int, numbers: Iterable[int], push: Push) -> None:
        """Take messages out of the queue. https://core.telegram.org/method/messages.deleteScheduledMessages"""
        self.check_may(user_id, peer)
        queue = self._queue(user_id, peer)
        there = [number for number in dict.fromkeys(numbers) if number in self._queues.get(queue, {})]
        if there:
            self._drop(queue, there, [], push)

    def next_due(self) -> int | None:
        """When the next message has to be sent; None if none waits for a time."""
        dates = (each.date for queue in self._queues.values() for each in queue.values() if each.date != WHEN_ONLINE)
        return min(dates, default=None)

    def send_due(self, push: Push) -> None:
        """Send all whose time has come."""
        now = self._world.now()
        for queue in list(self._queues):
            due = [each for each in self._queues[queue].values() if each.date <= now]
            for each in sorted(due, key=lambda each: (each.date, each.number)):
                self._attempt(queue, each, push)

    def came_online(self, user_id: int, push: Push) -> None:
        """Send what has waited for that account to come online."""
        for queue in [queue for queue in self._queues if queue[1] == user_id]:
            for each in [each for each in self._queues[queue].values() if each.date == WHEN_ONLINE]:
                self._attempt(queue, each, push)

    def check_may(self, user_id: int, peer: int) -> None:
        """Raise 400 CHAT_ADMIN_REQUIRED for a channel's queue and somebody who may not post there."""
        if self._is_shared(peer) and not self._world.chats[peer].is_admin(user_id, "post_messages"):
            raise RpcError(400, "CHAT_ADMIN_REQUIRED")

    def _attempt(self, queue: Queue, waiting: Waiting, push: Push) -> None:
        """Send one; what may not be written there any more is dropped, what slow mode forbids waits on."""
        try:
            self._publish(queue, waiting, push)
        except RpcError as error:
            if error.code == 420:
                waiting.date = self._world.now() + int(error.message.rpartition("_")[2])
                self._keep(queue, waiting, push)
            else:
                self._drop(queue, [waiting.number], [], push)

    def _publish(self, queue: Queue, waiting: Waiting, push: Push) -> Post:
        post = self._world.message_actions.send(waiting.author, waiting.peer, waiting.draft(), push)
        owner = self._world.message_actions.box_of(waiting.author, waiting.peer).owner
        sent = [post.copies[owner].id] if owner in post.copies else []
        self._drop(queue, [waiting.number], sent, push)
        return post

    def _keep(self, queue: Queue, waiting: Waiting, push: Push) -> None:
        self._queues.setdefault(queue, {})[waiting.number] = waiting
        self._world.store.put("waiting", _key(queue, waiting.number), asdict(waiting))
        for viewer in self._sharers(queue):
            self._world.news.aside(viewer, "sched", [waiting.peer, waiting.number], push)

    def _drop(self, queue: Queue, numbers: list[int], sent: list[int], push: Push) -> None:
        for number in numbers:
            del self._queues[queue][number]
            self._world.store.delete("waiting", _key(queue, number))
        if not self._queues[queue]:
            del self._queues[queue]
        for viewer in self._sharers(queue):
            self._world.news.aside(viewer, "unsched", [queue[1], numbers, sent], push)

    def _sharers(self, queue: Queue) -> list[int]:
        owner, peer = queue
        if owner > 0:
            return [owner]
        chat = self._world.chats[peer]
        return [user_id for user_id in chat.members if chat.is_admin(user_id, "post_messages")]

    def _queue(self, user_id: int, peer: int) -> Queue:
        return (peer if self._is_shared(peer) else user_id), peer

    def _is_shared(self, peer: int) -> bool:
        return peer < 0 and self._world.chats[peer].kind == "channel"

    def _check_date(self, author: int, peer: int, date: int) -> None:
        if date != WHEN_ONLINE:
            if date > self._world.now() + LATEST_SECONDS:
                raise RpcError(400, "SCHEDULE_DATE_TOO_LATE")
            return
        other = self._world.accounts.get(peer) if peer > 0 and peer != author else None
        if other is None:
            raise RpcError(400, "SCHEDULE_DATE_INVALID")
        if not self._world.privacy.sees_status(author, other):
            raise RpcError(400, "SCHEDULE_STATUS_PRIVATE")


def _key(queue: Queue, number: int) -> str:
    return f"{queue[0]}:{queue[1]}:{number}"


def _hex(things: list[Any]) -> str:
    return b"".join(bytes(each) for each in things).hex()
