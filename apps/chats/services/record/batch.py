"""What a batch speaks of: everything that has to be read and locked before its changes can be worked out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.chats.services.record.rows import tidy
from tgadmin.core import official
from tgadmin.core.service_messages import people_in
from tgadmin.core.types import (
    ACCOUNT_BOX,
    ChatState,
    Checkpoint,
    Dialog,
    Gap,
    GapKind,
    History,
    HistoryCleared,
    Incoming,
    Message,
    MessageEdited,
    MessageIdAssigned,
    MessagesDeleted,
    NewMessage,
    Notice,
    Peer,
    ReadInbox,
    ReadOutbox,
    Renamed,
    Renumbered,
    SentShort,
    Typing,
    box_of,
    is_channel,
)


@dataclass(slots=True)
class BatchScope:
    """Peers, messages and random ids that a batch names; ``creates`` are the chats that exist from now on."""

    peers: dict[int, Peer] = field(default_factory=dict)
    chats: set[int] = field(default_factory=set)
    creates: set[int] = field(default_factory=set)
    names: set[int] = field(default_factory=set)
    keys: set[tuple[int, int]] = field(default_factory=set)
    unlocated_ids: set[tuple[int, int]] = field(default_factory=set)
    random_ids: dict[int, int] = field(default_factory=dict)
    histories: list[History] = field(default_factory=list)
    whole_account: bool = False
    new_messages: int = 0
    checkpoint: Checkpoint | None = None

    def message(self, message: Message) -> None:
        self.chats.add(message.peer_id)
        self.names.add(message.peer_id)
        if message.sender_id is not None:
            self.names.add(message.sender_id)
        if message.service is not None:
            self.names.update(people_in(message.service))
            if (became := migrated_to(message)) is not None:
                self.names.add(became)
                self.chats.add(became)
                self.creates.add(became)
        self.keys.add((box_of(message.peer_id), message.id))
        self.new_messages += 1
        if message.random_id is not None:
            self.random_ids[message.random_id] = message.id


def migrated_to(message: Message) -> int | None:
    """The supergroup that the group has become, if that is what the service message says
    (https://core.telegram.org/api/channel#migration)."""
    if message.service is None or message.service.get("kind") != "chat_migrate_to":
        return None
    became = message.service.get("channel_id")
    return became if isinstance(became, int) and is_channel(became) else None


def collect_requirements(batch: Sequence[Incoming]) -> BatchScope:
    """One pass over the batch."""
    needs = BatchScope()
    channels: dict[int, int] = {}
    for incoming in batch:
        for peer in incoming.peers:
            _peer(needs, peer)
        for change in incoming.changes:
            look = _COLLECTORS.get(type(change))
            if look is not None:
                look(needs, change)
        if incoming.checkpoint is not None:
            needs.checkpoint = incoming.checkpoint
            channels.update(incoming.checkpoint.channels)
    if needs.checkpoint is not None:
        last = needs.checkpoint
        needs.checkpoint = Checkpoint(last.pts, last.qts, last.date, last.seq, channels)
    # A peer's chat is locked with the others: its title may change with the peer's name.
    for peer in needs.peers.values():
        if not peer.partial:
            needs.chats.add(peer.id)
        if peer.migrated_to is not None:
            needs.chats.add(peer.migrated_to)
    return needs


def _peer(needs: BatchScope, peer: Peer) -> None:
    known = needs.peers.get(peer.id)
    if known is None or known.partial or not peer.partial:
        needs.peers[peer.id] = tidy(peer)


def _new(needs: BatchScope, change: NewMessage) -> None:
    needs.message(change.message)
    needs.creates.add(change.message.peer_id)


def _sent(needs: BatchScope, change: SentShort) -> None:
    _new(needs, NewMessage(change.message))
    needs.random_ids[change.random_id] = change.message.id


def _notice(needs: BatchScope, change: Notice) -> None:
    needs.creates.add(official.SERVICE)
    needs.chats.add(official.SERVICE)
    needs.names.add(official.SERVICE)
    needs.random_ids[change.key] = 0
    needs.new_messages += 1


def _edited(needs: BatchScope, change: MessageEdited) -> None:
    needs.message(change.message)


def _deleted(needs: BatchScope, change: MessagesDeleted) -> None:
    needs.unlocated_ids.update((change.box, one) for one in change.ids)
    if change.box != ACCOUNT_BOX:
        needs.chats.add(change.box)


def _assigned(needs: BatchScope, change: MessageIdAssigned) -> None:
    needs.random_ids[change.random_id] = change.id


def _history(needs: BatchScope, change: History) -> None:
    needs.creates.add(change.peer_id)
    needs.chats.add(change.peer_id)
    needs.names.add(change.peer_id)
    needs.histories.append(change)
    for message in change.messages:
        needs.message(message)


def _dialog(needs: BatchScope, change: Dialog) -> None:
    needs.creates.add(change.peer_id)
    needs.chats.add(change.peer_id)
    needs.names.add(change.peer_id)
    if change.top_message_id:
        needs.keys.add((box_of(change.peer_id), change.top_message_id))


def _gap(needs: BatchScope, change: Gap) -> None:
    if change.how is not GapKind.TOO_LONG:
        return
    if change.box == ACCOUNT_BOX:
        needs.whole_account = True
    else:
        needs.chats.add(change.box)


def _typing(needs: BatchScope, change: Typing) -> None:
    needs.names.add(change.sender_id)


def _chat(needs: BatchScope, change: ReadInbox | ReadOutbox | ChatState | HistoryCleared) -> None:
    needs.chats.add(change.peer_id)


def _renamed(needs: BatchScope, change: Renamed) -> None:
    needs.names.add(change.user_id)
    needs.chats.add(change.user_id)


def _renumbered(needs: BatchScope, change: Renumbered) -> None:
    needs.names.add(change.user_id)


_COLLECTORS: dict[type, Callable[[BatchScope, Any], None]] = {
    NewMessage: _new,
    SentShort: _sent,
    Notice: _notice,
    MessageEdited: _edited,
    MessagesDeleted: _deleted,
    MessageIdAssigned: _assigned,
    History: _history,
    Dialog: _dialog,
    Gap: _gap,
    Typing: _typing,
    ReadInbox: _chat,
    ReadOutbox: _chat,
    ChatState: _chat,
    HistoryCleared: _chat,
    Renamed: _renamed,
    Renumbered: _renumbered,
}
