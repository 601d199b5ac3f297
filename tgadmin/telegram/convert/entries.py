"""A whole container, difference or page as one entry of the inbox: core.types.Incoming."""

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
from tgadmin.telegram._telethon import RawUpdates
from tgadmin.telegram.convert.dialogs import dialog, top_messages
from tgadmin.telegram.convert.messages import messages, unreadable
from tgadmin.telegram.convert.peers import default_peer, marked_or_none, peers
from tgadmin.telegram.convert.updates import changes


def converted(raw: RawUpdates, me: int) -> tuple[list[Change], tuple[Peer, ...]]:
    """What one container or difference brought: its changes in order, and the peers that they speak of."""
    known = peers(raw.users, raw.chats)
    found: list[Change] = []
    for update in raw.updates:
        found += changes(update, me)
        if isinstance(update, _MEMBERSHIP):
            found += _membership(update, known)
    return found, known + _unmet(found, known, raw.updates)


def incoming(raw: RawUpdates, me: int, checkpoint: Checkpoint | None) -> Incoming:
    """The same as one entry of the inbox, with the state after it."""
    found, known = converted(raw, me)
    return Incoming(tuple(found), known, checkpoint)


def page(found: Sequence[Change], users: Iterable[Any], chats: Iterable[Any]) -> Incoming:
    """What a request fetched: it bears no state. What can be no row is set aside."""
    known = peers(users, chats)
    sound = [_sound(change) for change in found]
    return Incoming(tuple(sound), known + _unmet(sound, known, ()))


def history_page(answer: Any, peer_id: int, before_id: int, me: int) -> Incoming:
    """A page of messages.getHistory. Only an empty page, or an answer that says it is the whole list, is the end:
    Telegram may give fewer than were asked for."""
    found = getattr(answer, "messages", ())
    readable, aside = messages(found, me)
    complete = not found or isinstance(answer, T.messages.Messages)
    change = History(peer_id, readable, before_id, complete)
    return page([change, *aside], getattr(answer, "users", ()), getattr(answer, "chats", ()))


def dialogs_page(answer: Any, me: int) -> Incoming:
    """A page as the inbox takes it: each dialog, followed by its top message where it has one."""
    tops = top_messages(answer)
    found: list[Change] = []
    for each in answer.dialogs:
        try:
            row = dialog(each)
        except Exception as error:  # noqa: BLE001 - one that can be no row must not cost the page
            found.append(unreadable(each, error))
            continue
        if row is None:
            continue
        found.append(row)
        readable, aside = messages([tops.get((row.peer_id, each.top_message))], me)
        found += aside
        if readable:
            found.append(History(row.peer_id, readable, before_id=0, complete=False))
    return page(found, answer.users, answer.chats)


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
