"""A whole container, difference or page as one entry of the inbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import Unfit, fit
from tgadmin.core.types import (
    Change,
    ChatState,
    Checkpoint,
    History,
    Incoming,
    MessageEdited,
    NewMessage,
    Peer,
    SentShort,
)
from tgadmin.telegram._telethon import Batch
from tgadmin.telegram.convert.messages import unreadable
from tgadmin.telegram.convert.peers import default_peer, marked_or_none, peers
from tgadmin.telegram.convert.updates import changes


def converted(batch: Batch, me: int) -> tuple[list[Change], tuple[Peer, ...]]:
    """What one container or difference brought: its changes in order, and the peers that they speak of."""
    known = peers(batch.users, batch.chats)
    found: list[Change] = []
    for update in batch.updates:
        found += changes(update, me)
        if isinstance(update, _MEMBERSHIP):
            found += _membership(update, known)
    return found, known + _unmet(found, known, batch.updates)


def incoming(batch: Batch, me: int, checkpoint: Checkpoint | None) -> Incoming:
    """The same as one entry of the inbox, with the state after it."""
    found, known = converted(batch, me)
    return Incoming(tuple(found), known, checkpoint)


def page(found: Sequence[Change], users: Iterable[Any], chats: Iterable[Any]) -> Incoming:
    """What a request fetched: it bears no state. What can be no row is set aside."""
    known = peers(users, chats)
    sound = [_sound(change) for change in found]
    return Incoming(tuple(sound), known + _unmet(sound, known, ()))


def _sound(change: Change) -> Change:
    try:
        return fit(change)
    except Unfit as error:
        return unreadable(change, error)


_MEMBERSHIP = (T.UpdateChannel, T.UpdateChat)
_WITH_MESSAGE = frozenset((NewMessage, MessageEdited, SentShort))


def _membership(update: Any, known: Sequence[Peer]) -> list[Change]:
    """updateChannel and updateChat say only that something changed; the chat beside them says what."""
    peer_id = marked_or_none(update)
    return [ChatState(peer.id, left=peer.left) for peer in known if peer.id == peer_id and not peer.partial]


def _unmet(found: Iterable[Change], known: Sequence[Peer], updates: Iterable[Any]) -> tuple[Peer, ...]:
    """Chats that messages name and that came without their object: so that their kind is known nonetheless."""
    met = {peer.id for peer in known}
    unmet: dict[int, None] = {}
    for change in found:
        if change.__class__ in _WITH_MESSAGE:
            peer_id = change.message.peer_id  # type: ignore[union-attr]
        elif change.__class__ is History:
            peer_id = change.peer_id
        else:
            continue
        if peer_id not in met:
            unmet[peer_id] = None
    if not unmet:
        return ()
    posts = _posts(updates)
    return tuple(default_peer(peer_id, post=peer_id in posts) for peer_id in unmet)


def _posts(updates: Iterable[Any]) -> frozenset[int]:
    """Marked ids of channels of which a post is among the updates: broadcasts, not supergroups."""
    messages: Iterable[Any] = (getattr(update, "message", None) for update in updates)
    return frozenset(filter(None, (marked_or_none(each.peer_id) for each in messages if getattr(each, "post", None))))
