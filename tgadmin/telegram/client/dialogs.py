"""An account's dialogs, page by page, and the update state to begin from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import fit
from tgadmin.core.types import CHANNEL_MARK, Checkpoint, Incoming
from tgadmin.telegram.client.context import Call, Context
from tgadmin.telegram.convert import channel_pts, dialogs_page, marked_or_none, top_messages

PAGE = 100


class Dialogs:
    """Every method raises TelegramError. ``follow`` is told of the channels in each page (bare id to pts)."""

    def __init__(self, context: Context, follow: Callable[[Mapping[int, int]], None]) -> None:
        self._context = context
        self._follow = follow

    async def pages(self) -> AsyncIterator[Incoming]:
        """Page by page all dialogs, each Dialog followed by a History with its top message, and their peers.

        Channels that were not followed yet are from then on.
        """
        async for answer in answers(self._context.call):
            self._context.note(answer)
            self._follow(channel_pts(answer))
            yield dialogs_page(answer, self._context.me)

    async def some(self, peer_ids: Sequence[int]) -> Incoming:
        """These dialogs (up to 100), as a page of ``pages`` has them."""
        peers = [T.InputDialogPeer(await self._context.hashes.input_peer(peer_id)) for peer_id in peer_ids]
        answer = await self._context.fetch(F.messages.GetPeerDialogsRequest(peers))
        return dialogs_page(answer, self._context.me)


async def answers(call: Call) -> AsyncIterator[Any]:
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


async def first_state(call: Call) -> Checkpoint:
    """Where an account that has just been signed in begins: updates.getState, then each channel's pts.

    In this order: what comes between is given by the account's difference, or lies below a channel's pts and is
    history. Raises TelegramError."""
    state = await call(F.updates.GetStateRequest())
    channels: dict[int, int] = {}
    async for answer in answers(call):
        channels |= {CHANNEL_MARK - channel_id: pts for channel_id, pts in channel_pts(answer).items()}
    return fit(Checkpoint(state.pts, state.qts, int(state.date.timestamp()), state.seq, channels))


def _last_with_message(answer: Any, rows: list[Any]) -> tuple[Any, int, Any] | None:
    """(date, id, peer) of the last dialog whose top message is there."""
    tops = top_messages(answer)
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
