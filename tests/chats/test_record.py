"""The way in: what a batch leaves in the database."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.commands.services.leases import LeaseLost
from apps.common.fields import opened
from tests.kit.record import ANNA, BEN, CHANNEL, GROUP, ME, PEERS, T0, Kit, kit, leased, message, new
from tgadmin.core.types import (
    NOT_MUTED,
    ChatState,
    Checkpoint,
    Dialog,
    Entity,
    Gap,
    GapKind,
    History,
    Incoming,
    MessageEdited,
    MessageIdAssigned,
    MessagesDeleted,
    NewMessage,
    Peer,
    PeerKind,
    Presence,
    ReadInbox,
    ReadOutbox,
    SentShort,
    Typing,
    Unreadable,
)

__all__ = ["kit", "leased"]


async def test_new_messages_make_chats_events_unread_and_the_checkpoint(kit: Kit) -> None:
    state = Checkpoint(5, 1, 99, 2, {CHANNEL: 44})
    result = await kit.record(new(ANNA, 1), new(ANNA, 2, out=True), new(CHANNEL, 1), checkpoint=state)
    assert (result.new_messages, result.changed) == (3, True)
    chat = await kit.chat(ANNA)
    assert (chat["kind"], chat["title"], chat["unread_count"]) == ("user", "Anna", 1)
    assert (chat["last_message_id"], chat["last_message_text"], chat["last_message_out"]) == (2, "text 2", True)
    assert chat["last_message_at"] == T0 + timedelta(seconds=2)
    assert (chat["synced_from_id"], chat["last_event"]) == (1, 2)
    assert await kit.events(ANNA) == [(1, "message"), (2, "message")]
    rows = await kit.messages(ANNA)
    assert [(row["telegram_id"], row["state"], row["box"]) for row in rows] == [(1, "received", 0), (2, "sent", 0)]
    assert (await kit.messages(CHANNEL))[0]["box"] == CHANNEL
    stored = await kit.rows(
        "SELECT pts, qts, date, seq FROM telegram_update_states WHERE session_id = %s", kit.session_id
    )
    assert stored == [{"pts": 5, "qts": 1, "date": 99, "seq": 2}]
    channels = await kit.rows("SELECT peer_id, pts FROM telegram_channel_states WHERE session_id = %s", kit.session_id)
    assert channels == [{"peer_id": CHANNEL, "pts": 44}]


async def test_the_same_batch_again_changes_nothing(kit: Kit) -> None:
    batch = [Incoming((new(ANNA, 1), new(GROUP, 2)), PEERS, Checkpoint(5, 0, 1, 1))]
    await kit.batch(batch)
    before = [await kit.chat(ANNA), await kit.chat(GROUP), await kit.messages(ANNA), await kit.events(ANNA)]
    result = await kit.batch(batch)
    assert result.new_messages == 0
    after = [await kit.chat(ANNA), await kit.chat(GROUP), await kit.messages(ANNA), await kit.events(ANNA)]
    for row in (before[0], before[1], after[0], after[1]):
        row.pop("updated_at")
        row.pop("unread_stale")  # it might have been a page of history that brought them first
    assert after == before


async def test_a_lost_lease_stores_nothing(kit: Kit) -> None:
    kit.fence = 6
    with pytest.raises(LeaseLost):
        await kit.record(new(ANNA, 1), checkpoint=Checkpoint(5, 0, 1, 1))
    assert await kit.rows("SELECT 1 FROM telegram_chats WHERE session_id = %s", kit.session_id) == []
    assert await kit.rows("SELECT 1 FROM telegram_update_states WHERE session_id = %s", kit.session_id) == []
    kit.fence = 7
    assert (await kit.record(new(ANNA, 1))).new_messages == 1  # the connection is good for the next batch


async def test_edits_in_order_and_stale_ones_ignored(kit: Kit) -> None:
    await kit.record(new(ANNA, 1))
    second = T0 + timedelta(minutes=2)
    for text, at in (("b", second), ("c", second), ("stale", T0 + timedelta(minutes=1))):
        await kit.record(MessageEdited(message(ANNA, 1, text, edit_date=at)))
    row = (await kit.messages(ANNA))[0]
    assert (row["text"], row["edit_date"]) == ("c", second)
    assert await kit.events(ANNA) == [(1, "message"), (2, "edit"), (3, "edit")]
    assert (await kit.chat(ANNA))["last_message_text"] == "c"


async def test_an_edit_of_an_unknown_older_message_is_left_to_history(kit: Kit) -> None:
    await kit.record(new(ANNA, 10))
    await kit.record(MessageEdited(message(ANNA, 3, "old", edit_date=T0)), MessageEdited(message(BEN, 4, edit_date=T0)))
    assert [row["telegram_id"] for row in await kit.messages(ANNA)] == [10]


async def test_deleting_the_last_unread_message(kit: Kit) -> None:
    await kit.record(new(ANNA, 1), new(ANNA, 2), new(BEN, 3))
    await kit.record(MessagesDeleted(0, (2, 3, 4)))
    row = (await kit.messages(ANNA))[1]
    assert row["deleted_at"] is not None
    assert row["text"] == ""
    chat = await kit.chat(ANNA)
    assert (chat["unread_count"], chat["last_message_id"], chat["last_message_text"]) == (1, 1, "text 1")
    assert chat["last_message_sender"] == "Anna"
    assert await kit.events(ANNA) == [(1, "message"), (2, "message"), (3, "delete")]
    ben = await kit.chat(BEN)
    assert (ben["last_message_id"], ben["last_message_text"], ben["unread_count"]) == (None, "", 0)
    await kit.record(MessageEdited(message(ANNA, 2, "back", edit_date=T0)), new(ANNA, 2))
    assert (await kit.messages(ANNA))[1]["text"] == ""  # the dead stay dead


async def test_a_message_and_its_deletion_in_one_batch(kit: Kit) -> None:
    await kit.record(new(CHANNEL, 1), new(CHANNEL, 2), MessagesDeleted(CHANNEL, (2,)), MessagesDeleted(0, (1,)))
    rows = await kit.messages(CHANNEL)
    assert [row["deleted_at"] is None for row in rows] == [True, False]
    chat = await kit.chat(CHANNEL)
    assert (chat["last_message_id"], chat["unread_count"]) == (1, 1)


ORDERS = {
    "id first": lambda: [(MessageIdAssigned(90, 5),), (new(ANNA, 5, "hi", out=True),)],
    "message first": lambda: [(new(ANNA, 5, "hi", out=True),), (MessageIdAssigned(90, 5),)],
    "together": lambda: [(MessageIdAssigned(90, 5), new(ANNA, 5, "hi", out=True))],
    "together, message first": lambda: [(new(ANNA, 5, "hi", out=True), MessageIdAssigned(90, 5))],
    "by the message itself": lambda: [(new(ANNA, 5, "hi", out=True, random_id=90),)],
    "short": lambda: [(SentShort(90, message(ANNA, 5, "hi", out=True)),)],
    "short, then by difference": lambda: [
        (SentShort(90, message(ANNA, 5, "hi", out=True)),),
        (new(ANNA, 5, "hi", out=True), MessageIdAssigned(90, 5)),
    ],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("state", ["sending", "failed"])
async def test_our_message_comes_back_as_one_row(kit: Kit, order: str, state: str) -> None:
    await kit.record(new(ANNA, 1))
    ours = await kit.pending(ANNA, 90, "hi ", state)
    for changes in ORDERS[order]():
        await kit.record(*changes)
    rows = await kit.messages(ANNA)
    assert [(row["id"] == ours, row["telegram_id"]) for row in rows] == [(False, 1), (True, 5)]
    assert (rows[1]["state"], rows[1]["text"], rows[1]["error_code"]) == ("sent", "hi", "")
    assert rows[1]["date"] == T0 + timedelta(seconds=5)
    chat = await kit.chat(ANNA)
    assert (chat["last_message_id"], chat["last_message_text"], chat["unread_count"]) == (5, "hi", 1)
    numbers = [number for number, _ in await kit.events(ANNA)]
    assert numbers == list(range(1, chat["last_event"] + 1))
    assert "state" in [kind for _, kind in await kit.events(ANNA)]


async def test_our_channel_post_is_found_in_its_own_box(kit: Kit) -> None:
    await kit.record(new(CHANNEL, 1), new(ANNA, 2))
    ours = await kit.pending(CHANNEL, 91)
    await kit.record(new(ANNA, 5), new(CHANNEL, 5, "post", out=True), MessageIdAssigned(91, 5))
    assert [row["telegram_id"] for row in await kit.messages(ANNA)] == [2, 5]
    assert [(row["id"] == ours) for row in await kit.messages(CHANNEL)] == [False, True]


async def test_a_message_sent_from_the_phone(kit: Kit) -> None:
    await kit.record(new(ANNA, 1, out=True), MessageIdAssigned(12345, 1))
    rows = await kit.messages(ANNA)
    assert [(row["out"], row["state"], row["sender_id"]) for row in rows] == [(True, "sent", ME)]
    assert (await kit.chat(ANNA))["unread_count"] == 0


async def test_read_marks(kit: Kit) -> None:
    await kit.record(new(ANNA, 1), new(ANNA, 2), new(ANNA, 3), new(ANNA, 4, out=True))
    await kit.record(ReadInbox(ANNA, 2, 7), ReadOutbox(ANNA, 4))
    chat = await kit.chat(ANNA)
    # Everything after the mark is stored, so it is counted; what Telegram said belonged to another moment.
    assert (chat["unread_count"], chat["read_inbox_max_id"], chat["read_outbox_max_id"]) == (1, 2, 4)
    await kit.record(ReadInbox(ANNA, 1, 9), ReadOutbox(ANNA, 3))
    chat = await kit.chat(ANNA)
    assert (chat["unread_count"], chat["read_inbox_max_id"], chat["read_outbox_max_id"]) == (1, 2, 4)
    assert [kind for _, kind in await kit.events(ANNA)][4:] == ["read_inbox", "read_outbox"]


async def test_read_mark_below_what_is_known_takes_telegrams_count(kit: Kit) -> None:
    await kit.record(new(ANNA, 50))
    await kit.record(ReadInbox(ANNA, 20, 4))
    assert (await kit.chat(ANNA))["unread_count"] == 4


async def test_peers_are_kept_and_min_ones_overwrite_nothing(kit: Kit) -> None:
    seen = datetime(2026, 2, 1, tzinfo=UTC)
    await kit.record(new(ANNA, 1), Presence(ANNA, True, seen))
    partial = Peer(ANNA, PeerKind.USER, "min", partial=True)
    stranger = Peer(77, PeerKind.USER, "Stranger", partial=True)
    renamed = replace(PEERS[1], name="Benjamin", access_hash=None)
    await kit.batch([Incoming((new(BEN, 2),), PEERS), Incoming((), (partial, stranger, renamed))])
    query = "SELECT peer_id, name, access_hash, is_online, last_seen_at FROM telegram_peers WHERE session_id = %s"
    peers = {row.pop("peer_id"): tuple(row.values()) for row in await kit.rows(query, kit.session_id)}
    assert peers[ANNA][:2] == ("Anna", 111)
    assert peers[ANNA][3] == seen
    assert peers[BEN][:2] == ("Benjamin", 112)
    assert peers[77][:2] == ("Stranger", None)
    assert (await kit.chat(BEN))["title"] == "Benjamin"
    assert (await kit.chat(ANNA))["title"] == "Anna"


async def test_min_peers_take_newer_names_from_min_constructors(kit: Kit) -> None:
    """https://core.telegram.org/api/min"""

    def someone(name: str, **facts: Any) -> Peer:
        return Peer(77, PeerKind.USER, name, partial=True, **facts)

    query = "SELECT name, username FROM telegram_peers WHERE session_id = %s AND peer_id = 77"
    await kit.batch([Incoming((new(GROUP, 1, sender_id=77),), (*PEERS, someone("Zoe")))])
    await kit.batch([Incoming((new(GROUP, 2, sender_id=77),), (*PEERS, someone("Zoe Miller", username="zoe")))])
    assert await kit.rows(query, kit.session_id) == [{"name": "Zoe Miller", "username": "zoe"}]
    assert (await kit.chat(GROUP))["last_message_sender"] == "Zoe Miller"
    full = replace(someone("Zoe Full"), partial=False, access_hash=5)
    await kit.batch([Incoming((), (full,)), Incoming((), (someone("Zoe"),))])
    assert await kit.rows(query, kit.session_id) == [{"name": "Zoe Full", "username": ""}]


async def test_chat_facts_and_groups(kit: Kit) -> None:
    await kit.record(new(GROUP, 1), new(CHANNEL, 1, sender_id=None))
    await kit.record(ChatState(GROUP, muted_until=T0, pinned=True), ChatState(CHANNEL, left=True), ChatState(999))
    group, channel = await kit.chat(GROUP), await kit.chat(CHANNEL)
    assert (group["muted_until"], group["pinned"], group["members_count"]) == (T0, True, 3)
    assert (group["last_message_sender"], channel["last_message_sender"]) == ("Anna", "")
    assert (channel["left"], channel["can_send"], channel["kind"]) == (True, False, "channel")
    await kit.record(ChatState(GROUP, pinned=False))
    assert (await kit.chat(GROUP))["muted_until"] == T0
    await kit.record(ChatState(GROUP, muted_until=NOT_MUTED))
    assert (await kit.chat(GROUP))["muted_until"] is None


async def test_typing_is_handed_on_and_not_stored(kit: Kit) -> None:
    result = await kit.record(Typing(ANNA, ANNA, "typing"), Unreadable("UpdateX", "unknown"))
    assert result.typing == ((Typing(ANNA, ANNA, "typing"), "Anna"),)
    assert (result.changed, result.unreadable) == (False, (Unreadable("UpdateX", "unknown"),))


async def test_what_could_not_be_read_is_kept_with_its_bytes(kit: Kit) -> None:
    unreadable = Unreadable("UpdateX", "unknown type", b"\x00\xff" * 50_000)
    await kit.record(unreadable, new(ANNA, 1))
    query = "SELECT id, kind, reason, data FROM telegram_unreadable_updates WHERE session_id = %s"
    (kept,) = await kit.rows(query, kit.session_id)
    assert (kept["kind"], kept["reason"]) == ("UpdateX", "unknown type")
    assert (
        base64.b64decode(opened(kept["data"], "telegram_unreadable_updates", "data", kept["id"]))
        == (unreadable.data[:65_536])
    )
    assert unreadable.data[:1000] not in kept["data"]
    assert len(await kit.messages(ANNA)) == 1


async def test_the_ledger_of_gaps_says_where_how_many_and_how(kit: Kit) -> None:
    await kit.record(new(ANNA, 1), new(CHANNEL, 1, sender_id=None))
    gaps = (Gap(0, 5, 9, GapKind.DIFFERENCE, 4), Gap(CHANNEL, 7, 7, GapKind.REMOVED, 0), Gap(0, 9, 50))
    for _ in range(2):  # the second time: the commit of the first was not answered
        result = await kit.record(*gaps, checkpoint=Checkpoint(50, 0, 1, 1))
    assert result.gaps == (gaps[2],)  # the others are mended already
    query = (
        "SELECT box, low_pts, high_pts, how, recovered, closed_at FROM telegram_gaps WHERE session_id = %s ORDER BY id"
    )
    found = await kit.rows(query, kit.session_id)
    assert [tuple(row.values())[:5] for row in found] == [
        (0, 5, 9, "difference", 4),
        (CHANNEL, 7, 7, "removed", 0),
        (0, 9, 50, "too_long", None),
    ]
    assert [row["closed_at"] is None for row in found] == [False, False, True]
    assert (await kit.chat(ANNA))["synced_from_id"] is None
    assert (await kit.chat(CHANNEL))["synced_from_id"] == 1


async def test_hostile_content_is_stored_as_it_can_be(kit: Kit) -> None:
    evil = message(
        ANNA,
        1,
        "<script>\x00\ud800 مرحبا 😀",
        entities=(Entity("bold", 0, 3), Entity("text_url", 3, 2, "http://\x00")),
        media={"kind": "document", "name": "../\x00"},
    )
    peer = Peer(ANNA, PeerKind.USER, "A\x00" + "n" * 400, username="\x00")
    await kit.batch([Incoming((new(ANNA, 1), MessageEdited(replace(evil, edit_date=T0))), (peer,))])
    row = (await kit.messages(ANNA))[0]
    assert row["text"] == "<script>\ufffd\ufffd مرحبا 😀"
    assert row["media"] == {"kind": "document", "name": "../\ufffd"}
    assert row["entities"][1] == {"kind": "text_url", "offset": 3, "length": 2, "extra": "http://\ufffd"}
    assert len((await kit.chat(ANNA))["title"]) == 255


async def test_what_only_looks_like_an_escape_is_stored_as_it_is(kit: Kit) -> None:
    words = "\\u0000 and \\ud800 and \\\\u0000"
    await kit.record(new(ANNA, 1, words, media={"kind": "poll", "question": words, words: [words, "\0", "\ud800"]}))
    row = (await kit.messages(ANNA))[0]
    assert row["text"] == words
    assert row["media"] == {"kind": "poll", "question": words, words: [words, "\ufffd", "\ufffd"]}


async def test_an_unknown_chat_gets_a_stand_in(kit: Kit) -> None:
    await kit.batch([Incoming((new(-900, 1), new(-1_000_000_000_900, 1), new(900, 2)))])
    kinds = [(await kit.chat(peer))["kind"] for peer in (-900, -1_000_000_000_900, 900)]
    assert kinds == ["group", "supergroup", "user"]


async def test_peers_that_are_stored_as_they_come_are_not_written(kit: Kit) -> None:
    async def versions() -> dict[int, str]:
        query = "SELECT peer_id, xmin::text FROM telegram_peers WHERE session_id = %s"
        return {row["peer_id"]: row["xmin"] for row in await kit.rows(query, kit.session_id)}

    await kit.record(new(ANNA, 1))
    first = await versions()
    await kit.record(new(ANNA, 2))
    assert await versions() == first
    seen = replace(PEERS[1], last_seen_at=T0)
    for changed in (
        replace(PEERS[0], name="Renamed"),
        replace(PEERS[0], name="Renamed", access_hash=9),
        seen,
        replace(seen, is_online=True),
    ):
        before = await versions()
        await kit.batch([Incoming((new(ANNA, 3),), (changed,))])
        after = await versions()
        assert [peer_id for peer_id in after if after[peer_id] != before[peer_id]] == [changed.id]
        await kit.batch([Incoming((new(ANNA, 3),), (changed,))])
        assert await versions() == after
    before = await versions()
    await kit.batch([Incoming((), (replace(PEERS[0], name="Renamed", access_hash=None),))])  # a hash that is not told
    assert await versions() == before


async def test_that_updates_come_is_noted_now_and_then(kit: Kit) -> None:
    async def noted() -> datetime | None:
        query = "SELECT last_update_at FROM telegram_sessions WHERE id = %s"
        found: datetime | None = (await kit.rows(query, kit.session_id))[0]["last_update_at"]
        return found

    await kit.record(new(ANNA, 1))
    assert await noted() is None  # nothing that Telegram sent by itself
    await kit.record(new(ANNA, 2), checkpoint=Checkpoint(1, 0, 1, 1))
    first = await noted()
    assert first is not None
    await kit.record(new(ANNA, 3), checkpoint=Checkpoint(2, 0, 1, 1))
    assert await noted() == first
    await kit.rows(
        "UPDATE telegram_sessions SET last_update_at = last_update_at - interval '1 minute' WHERE id = %s RETURNING id",
        kit.session_id,
    )
    await kit.record(new(ANNA, 4), checkpoint=Checkpoint(3, 0, 1, 1))
    assert (await noted() or first) >= first


# --- Saved Messages ---------------------------------------------------------------------------------------------------


async def test_what_one_writes_to_oneself_is_ones_own_and_read(kit: Kit) -> None:
    """Telegram does not call it outgoing."""
    await kit.record(Dialog(ME, 5, 0, 5, 0))
    await kit.record(NewMessage(message(ME, 6, "note", sender_id=ME)))
    chat = await kit.chat(ME)
    assert (chat["title"], chat["unread_count"]) == ("Saved Messages", 0)
    assert (chat["last_message_sender"], chat["last_message_out"]) == ("", True)
    (row,) = await kit.messages(ME)
    assert (row["out"], row["state"]) == (True, "sent")


async def test_it_stays_ones_own_after_an_edit_and_in_a_page_of_history(kit: Kit) -> None:
    await kit.record(NewMessage(message(ME, 6, "note", sender_id=ME)))
    edited = replace(message(ME, 6, "changed", sender_id=ME), edit_date=T0)
    await kit.record(MessageEdited(edited))
    await kit.record(History(ME, (message(ME, 5, "older", sender_id=ME),), before_id=6, complete=True))
    assert [(row["text"], row["out"]) for row in await kit.messages(ME)] == [("older", True), ("changed", True)]
    assert (await kit.chat(ME))["unread_count"] == 0
