"""The list of an account's dialogs, page by page, and the update state to begin from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import fit
from tgadmin.core.types import CHANNEL_MARK, Change, Checkpoint, History, Incoming
from tgadmin.telegram.convert import dialog, messages, page, unreadable
from tgadmin.telegram.convert.peers import marked_or_none

Call = Callable[[Any], Awaitable[Any]]
PAGE = 100


async def pages(call: Call) -> AsyncIterator[Any]:
    """Telegram's answers to messages.getDialogs, pinned ones first, then from the newest to the oldest.

    Each page begins below the last dialog of the one before (https://core.telegram.org/api/offsets).
    """
    offset_date, offset_id, offset_peer = None, 0, T.InputPeerEmpty()
    seen: set[int | None] = set()
    while True:
        answer = await call(
            F.messages.GetDialogsRequest(
                offset_date, offset_id, offset_peer, PAGE, hash=0, exclude_pinned=True if seen else None
            )
        )
        rows = [each for each in getattr(answer, "dialogs", ()) if isinstance(each, T.Dialog)]
        new = {marked_or_none(each.peer) for each in rows} - seen
        if not new:
            return
        seen |= new
        yield answer
        last = _last_with_message(answer, rows)
        if last is None or isinstance(answer, T.messages.Dialogs):
            return
        offset_date, offset_id, offset_peer = last


def converted(answer: Any, me: int) -> Incoming:
    """A page as the inbox takes it: each dialog, followed by its top message where it has one."""
    tops = _tops(answer)
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


def _tops(answer: Any) -> dict[tuple[int | None, int], Any]:
    return {(marked_or_none(each.peer_id), each.id): each for each in answer.messages if getattr(each, "peer_id", None)}


def channel_pts(answer: Any) -> dict[int, int]:
    """The pts of a page's channels, by bare id."""
    rows = [each for each in answer.dialogs if isinstance(each, T.Dialog) and each.pts]
    return {each.peer.channel_id: each.pts for each in rows if isinstance(each.peer, T.PeerChannel)}


async def first_state(call: Call) -> Checkpoint:
    """Where an account that has just been signed in begins: updates.getState, then each channel's pts.

    In this order: what comes between is given by the account's difference, or lies below a channel's pts and is
    history."""
    state = await call(F.updates.GetStateRequest())
    channels: dict[int, int] = {}
    async for answer in pages(call):
        channels |= {CHANNEL_MARK - channel_id: pts for channel_id, pts in channel_pts(answer).items()}
    return fit(Checkpoint(state.pts, state.qts, int(state.date.timestamp()), state.seq, channels))


def _last_with_message(answer: Any, rows: list[Any]) -> tuple[Any, int, Any] | None:
    """(date, id, peer) of the last dialog whose top message is there."""
    tops = _tops(answer)
    users = [each for each in answer.users if isinstance(each, T.User)]
    inputs = {each.id: T.InputPeerUser(each.id, each.access_hash or 0) for each in users}
    for row in reversed(rows):
        top = tops.get((marked_or_none(row.peer), row.top_message))
        if top is not None and getattr(top, "date", None) is not None:
            return top.date, top.id, _input_peer(row.peer, inputs, answer.chats)
    return None


def _input_peer(peer: Any, users: dict[int, Any], chats: list[Any]) -> Any:
    if isinstance(peer, T.PeerUser):
        return users.get(peer.user_id, T.InputPeerEmpty())
    if isinstance(peer, T.PeerChat):
        return T.InputPeerChat(peer.chat_id)
    hashes = {each.id: each.access_hash or 0 for each in chats if isinstance(each, (T.Channel, T.ChannelForbidden))}
    return T.InputPeerChannel(peer.channel_id, hashes.get(peer.channel_id, 0))
