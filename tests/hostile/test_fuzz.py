"""Objects of the worst values, by chance, through convert and record: none lost, nothing slow, and every page opens."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from telethon import types as T  # noqa: N812

from apps.commands.services.leases import Held
from tests.hostile.pages import open_all
from tests.hostile.tlgen import Generator, constructors
from tests.kit.record import Kit, kit, leased
from tgadmin.core import types as core
from tgadmin.core.bounds import fit
from tgadmin.core.types import CHANNEL_MARK, Checkpoint, Incoming, Unreadable
from tgadmin.gateway import database
from tgadmin.gateway.accounts.inbox import Writers
from tgadmin.telegram import SinkFull
from tgadmin.telegram._telethon import RawUpdates
from tgadmin.telegram._telethon.packets import Reader
from tgadmin.telegram.convert import converted
from tgadmin.telegram.convert.updates import _KINDS

__all__ = ["kit", "leased"]

ME = 10
NEW = (T.UpdateNewMessage, T.UpdateNewChannelMessage, T.UpdateShortMessage, T.UpdateShortChatMessage)
READ = [kind for kind in _KINDS if kind.__module__.startswith("telethon") and kind is not T.UpdateShortSentMessage]
WEIGHED = (*NEW * 100, *READ * 2, *constructors("TypeUpdate"))
"""Kinds of updates as they are drawn: a good half are messages."""


def drawn(generator: Generator, kinds: Sequence[Any], most: int) -> list[Any]:
    """Some objects as they arrive: written and read as TL."""
    count = generator.random.randint(0, most)
    return [Reader(generator.bytes_of(kinds)).tgread_object() for _ in range(count)]


@dataclass
class Tally:
    """What went in, and what has to be found of it."""

    objects: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    messages: set[tuple[int, int]] = field(default_factory=set)
    """(box, id) of those that can be rows."""
    cleared: Counter[int] = field(default_factory=Counter)
    """By box, up to which id Telegram has said that the history is gone: that may be gone here too."""
    aside: int = 0
    """What can be none."""
    state_only: int = 0
    without_effect: Counter[str] = field(default_factory=Counter)

    def count(self, update: Any, changes: list[core.Change]) -> None:
        """One update and what was made of it. The expectation is worked out from Telegram's rules, not from convert."""
        self.objects += 1
        self.kinds[type(update).__name__] += 1
        if isinstance(update, NEW):
            key = identity(update)
            if key == "empty":
                assert changes == []
            elif key is None:
                assert [type(each) for each in changes] == [Unreadable], update
                assert changes[0].data, update  # type: ignore[union-attr]
            else:
                assert [type(each) for each in changes] == [core.NewMessage], (update, changes)
                self.messages.add(key)
        elif type(update) in _KINDS and not changes:
            self.without_effect[type(update).__name__] += 1
            assert is_without_effect(update), update
        for each in changes:
            if isinstance(each, core.HistoryCleared):
                self.cleared[each.peer_id] = max(self.cleared[each.peer_id], each.max_id)
        self.aside += sum(isinstance(each, Unreadable) for each in changes)
        self.state_only += type(update) not in _KINDS


def identity(update: Any) -> Any:
    """(box, id) of a message that can be stored; None of one that cannot; "empty" where there is none."""
    if isinstance(update, T.UpdateShortMessage):
        peer, number = update.user_id if 0 < update.user_id < 2**63 else None, update.id
    elif isinstance(update, T.UpdateShortChatMessage):
        peer, number = -update.chat_id if 0 < update.chat_id <= 10**12 else None, update.id
    elif isinstance(update.message, T.MessageEmpty):
        return "empty"
    else:
        peer, number = marked(update.message.peer_id), update.message.id
    if peer is None or not 0 < number < 2**31:
        return None
    return (peer if peer < CHANNEL_MARK else 0, number)


def marked(peer: Any) -> int | None:
    if isinstance(peer, T.PeerUser):
        return peer.user_id if 0 < peer.user_id < 2**63 else None
    if isinstance(peer, T.PeerChat):
        return -peer.chat_id if 0 < peer.chat_id <= 10**12 else None
    return CHANNEL_MARK - peer.channel_id if 0 < peer.channel_id <= 2**63 - 1 - 10**12 else None


def is_without_effect(update: Any) -> bool:
    """Whether an update of a kind that we read may say nothing that is kept."""
    if isinstance(update, (T.UpdateEditMessage, T.UpdateEditChannelMessage)):
        return isinstance(update.message, T.MessageEmpty)
    if isinstance(update, (T.UpdateDeleteMessages, T.UpdateDeleteChannelMessages)):
        return not update.messages
    if isinstance(update, T.UpdateReadHistoryInbox):
        return bool(update.top_msg_id)
    if isinstance(update, T.UpdateNotifySettings):
        return not isinstance(update.peer, T.NotifyPeer)
    if isinstance(update, T.UpdateDialogPinned):
        return not isinstance(update.peer, T.DialogPeer)
    if isinstance(update, T.UpdateDialogUnreadMark):
        return not isinstance(update.peer, T.DialogPeer) or update.saved_peer_id is not None
    if isinstance(update, T.UpdatePinnedDialogs):
        return not any(isinstance(each, T.DialogPeer) for each in update.order or ())
    if isinstance(update, T.UpdateFolderPeers):
        return not update.folder_peers
    if isinstance(update, (T.UpdateChatParticipantAdd, T.UpdateChatParticipantDelete, T.UpdateChatParticipantAdmin)):
        return bool(update.user_id != ME)
    return isinstance(update, T.UpdateChatParticipants)


class Way:
    """The way in: convert, the inbox's writers, the database."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.refused: list[str] = []
        self.lost: list[Held] = []
        writers = Writers(
            database.parameters(uuid.uuid4()),
            on_recorded=lambda *_: None,
            on_lost=self.lost.append,
            on_refused=lambda _, what: self.refused.append(what),
        )
        self.task = asyncio.create_task(writers.run())
        self.box = writers.inbox(Held(kit.session_id, 7, kit.node_id))
        self.pts = 0

    async def put(self, changes: list[core.Change], peers: tuple[core.Peer, ...]) -> None:
        self.pts += 1
        entry = Incoming(tuple(changes), peers, Checkpoint(self.pts, 0, 1, 1))
        while True:
            try:
                self.box.put(entry)
                return
            except SinkFull:
                await self.flush()

    async def flush(self) -> None:
        flushing = asyncio.ensure_future(self.box.flush())
        await asyncio.wait({flushing, self.task}, return_when=asyncio.FIRST_COMPLETED)
        assert not self.task.done(), self.task.exception()
        await flushing

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def run(kit: Kit, seed: int, count: int) -> Tally:
    """So many objects through all of it."""
    generator, tally, way = Generator(seed), Tally(), Way(kit)
    choice = generator.random.choice
    try:
        while tally.objects < count:
            updates = drawn(generator, WEIGHED, choice((1, 3, 20)))
            users = drawn(generator, (T.User, T.User, T.UserEmpty), 3)
            chats = drawn(generator, constructors("TypeChat"), 3)
            tally.objects += len(users) + len(chats)
            found: list[core.Change] = []
            known: dict[int, core.Peer] = {}
            for update in updates:
                changes, peers = converted(RawUpdates([update], users, chats), ME)
                assert all(fit(each) is each for each in (*changes, *peers))  # once made fit, nothing is left to mend
                mine = changes if type(update) not in (T.UpdateChannel, T.UpdateChat) else []
                tally.count(update, mine)
                found += changes
                known |= {peer.id: peer for peer in peers}
            await way.put(found, tuple(known.values()))
            if tally.objects % 50 == 0:
                await way.flush()
        await way.flush()
    finally:
        await way.close()
    assert (way.refused, way.lost) == ([], [])
    (state,) = await kit.rows("SELECT pts FROM telegram_update_states WHERE session_id = %s", kit.session_id)
    assert state["pts"] == way.pts
    return tally


async def _everything_is_there(kit: Kit, tally: Tally, sample: int) -> None:
    rows = await kit.rows(
        "SELECT box, telegram_id FROM telegram_messages WHERE session_id = %s AND telegram_id IS NOT NULL",
        kit.session_id,
    )
    missing = tally.messages - {(row["box"], row["telegram_id"]) for row in rows}
    assert {(box, number) for box, number in missing if number > tally.cleared[box]} == set()
    (aside,) = await kit.rows(
        "SELECT count(*) n FROM telegram_unreadable_updates WHERE session_id = %s", kit.session_id
    )
    assert aside["n"] == tally.aside
    opened = await open_all(kit.session_id, sample=sample)
    assert opened.failed == []
    assert opened.count > len(tally.messages) // 50
    assert len(tally.messages) > tally.objects // 5
    assert tally.aside > 0


@pytest.mark.parametrize("seed", [1])
async def test_nothing_is_lost_and_every_page_opens(kit: Kit, seed: int) -> None:
    await _everything_is_there(kit, await run(kit, seed, 1000), sample=4)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [8, 25021])
async def test_fifty_thousand(kit: Kit, seed: int) -> None:
    await _everything_is_there(kit, await run(kit, seed, 50_000), sample=100)
