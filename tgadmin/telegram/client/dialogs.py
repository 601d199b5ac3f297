"""An account's dialogs, page by page, and the update state to begin from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import fit
from tgadmin.core.errors import TelegramError
from tgadmin.core.types import Checkpoint, DialogsPosition, Incoming
from tgadmin.telegram.client.access_hashes import AccessHashes
from tgadmin.telegram.client.context import Call, Context
from tgadmin.telegram.convert import channel_pts, dialogs_page, marked_or_none, top_messages

PAGE = 100


@dataclass(frozen=True, slots=True)
class DialogsPage:
    """A page of the list: its dialogs, each followed by a History with its top message, and their peers. ``after``:
    where the next page begins, None if there is none; ``total``: how many dialogs Telegram counts."""

    incoming: Incoming
    after: DialogsPosition | None
    total: int


class Dialogs:
    """Every method raises TelegramError. ``follow`` is told of the channels in each page (bare id to pts)."""

    def __init__(self, context: Context, follow: Callable[[Mapping[int, int]], None]) -> None:
        self._context = context
        self._follow = follow

    async def pages(self, after: DialogsPosition | None = None) -> AsyncIterator[DialogsPage]:
        """Page by page all dialogs from there on: pinned ones first, then from the newest to the oldest.

        Any process can go on after any page. Channels that were not followed yet are from then on.
        """
        async for answer, following in answers(self._context.call, self._context.hashes, after):
            self._context.note(answer)
            self._follow(channel_pts(answer))
            total = getattr(answer, "count", len(answer.dialogs))
            yield DialogsPage(dialogs_page(answer, self._context.me), following, total)

    async def some(self, peer_ids: Sequence[int]) -> Incoming:
        """These dialogs (up to 100), as a page of ``pages`` has them."""
        peers = [T.InputDialogPeer(await self._context.hashes.input_peer(peer_id)) for peer_id in peer_ids]
        answer = await self._context.fetch(F.messages.GetPeerDialogsRequest(peers))
        return dialogs_page(answer, self._context.me)

    async def mark_unread(self, peer_id: int, *, unread: bool) -> None:
        """Set or clear a dialog's mark as unread (https://core.telegram.org/method/messages.markDialogUnread)."""
        peer = T.InputDialogPeer(await self._context.hashes.input_peer(peer_id))
        await self._context.call(F.messages.MarkDialogUnreadRequest(peer, unread=unread))


async def answers(
    call: Call, hashes: AccessHashes, after: DialogsPosition | None = None
) -> AsyncIterator[tuple[Any, DialogsPosition | None]]:
    """Telegram's answers to messages.getDialogs, each with where the next one begins: below its last dialog
    (https://core.telegram.org/api/offsets); None if there is nothing below. ``hashes`` are to know the answer's peers
    when the next one is asked for."""
    while True:
        answer = await call(await _request(hashes, after))
        rows = [each for each in getattr(answer, "dialogs", ()) if isinstance(each, T.Dialog)]
        if not rows:
            return
        last = None if isinstance(answer, T.messages.Dialogs) else _last_with_message(answer, rows)
        after = None if last == after else last  # the same page again would come for ever
        yield answer, after
        if after is None:
            return


async def _request(hashes: AccessHashes, after: DialogsPosition | None) -> Any:
    if after is None:
        return F.messages.GetDialogsRequest(None, 0, T.InputPeerEmpty(), PAGE, hash=0)
    try:
        peer = await hashes.input_peer(after.peer_id)
    except TelegramError:  # nobody knows it any more: the date and the id say enough
        peer = T.InputPeerEmpty()
    date = datetime.fromtimestamp(after.date, UTC)
    return F.messages.GetDialogsRequest(date, after.message_id, peer, PAGE, hash=0, exclude_pinned=True)


async def first_state(call: Call) -> Checkpoint:
    """Where an account that has just been signed in begins: updates.getState. Its channels are followed from the first
    word of each on, an update or the list of dialogs; what lies below is history. Raises TelegramError."""
    state = await call(F.updates.GetStateRequest())
    return fit(Checkpoint(state.pts, state.qts, int(state.date.timestamp()), state.seq))


def _last_with_message(answer: Any, rows: list[Any]) -> DialogsPosition | None:
    """Of the last dialog whose top message is there."""
    tops = top_messages(answer)
    for row in reversed(rows):
        peer_id = marked_or_none(row.peer)
        top = tops.get((peer_id, row.top_message))
        if top is not None and peer_id is not None and getattr(top, "date", None) is not None:
            return DialogsPosition(int(top.date.timestamp()), top.id, peer_id)
    return None
