"""Updates of people and chats without a message: renamed users, marks as unread, cleared histories."""

from __future__ import annotations

from datetime import timedelta

from tests.kit.record import ANNA, BEN, CHANNEL, GROUP, ME, T0, Kit, kit, leased, message, new
from tgadmin.core.types import (
    ChatState,
    Dialog,
    HistoryCleared,
    Incoming,
    NewMessage,
    Peer,
    PeerKind,
    ReadInbox,
    Renamed,
    Renumbered,
)

__all__ = ["kit", "leased"]

PHONES = "SELECT phone FROM telegram_peers WHERE session_id = %s AND peer_id = %s"
NAMES = "SELECT name, username FROM telegram_peers WHERE session_id = %s AND peer_id = %s"


async def test_a_new_name_is_the_peers_and_the_chats(kit: Kit) -> None:
    await kit.record(new(ANNA, 1), new(GROUP, 2, sender_id=ANNA))
    await kit.record(Renamed(ANNA, "Anna Neumann", "anna_n"))
    assert (await kit.chat(ANNA))["title"] == "Anna Neumann"
    assert await kit.rows(NAMES, kit.session_id, ANNA) == [{"name": "Anna Neumann", "username": "anna_n"}]
    assert (await kit.chat(GROUP))["title"] == "Team"
    await kit.record(Renamed(987_654, "Nobody known"))
    assert await kit.rows(NAMES, kit.session_id, 987_654) == []


async def test_ones_own_new_name_leaves_saved_messages_their_name(kit: Kit) -> None:
    await kit.record(NewMessage(message(ME, 1, "note", sender_id=ME)))
    await kit.record(Renamed(ME, "Helpdesk"))
    assert (await kit.chat(ME))["title"] == "Saved Messages"
    assert await kit.rows(NAMES, kit.session_id, ME) == [{"name": "Helpdesk", "username": ""}]


OWN = "SELECT profile_name, username, phone FROM telegram_sessions WHERE id = %s"


async def own(kit: Kit) -> tuple[str, str, str]:
    (row,) = await kit.rows(OWN, kit.session_id)
    return row["profile_name"], row["username"], row["phone"]


async def test_what_its_owner_makes_of_the_account_is_shown_with_it(kit: Kit) -> None:
    await kit.rows("UPDATE telegram_sessions SET telegram_user_id = %s WHERE id = %s RETURNING id", ME, kit.session_id)
    await kit.record(new(ANNA, 1))
    assert await own(kit) == ("Support", "", "")
    await kit.record(Renamed(ME, "Helpdesk", "helpdesk"), Renumbered(ME, "4915112345"))
    assert await own(kit) == ("Helpdesk", "helpdesk", "4915112345")
    await kit.batch([Incoming((Renamed(ANNA, "Anna Neumann"), Renumbered(ANNA, "4915199999")), ())])
    assert await own(kit) == ("Helpdesk", "helpdesk", "4915112345")
    assert await kit.rows(PHONES, kit.session_id, ANNA) == [{"phone": "4915199999"}]
    # With the account itself in a container, as after the owner has changed it on the phone.
    known = Peer(ME, PeerKind.USER, "Service", access_hash=110, phone="4915100000", is_self=True)
    await kit.batch([Incoming((), (known,))])
    assert await own(kit) == ("Service", "", "4915100000")
    await kit.batch([Incoming((Renumbered(ME, ""),), ())])
    assert (await own(kit))[2] == "4915100000", "a number that is hidden is known all the same"


async def test_a_mark_as_unread_stays_until_somebody_reads(kit: Kit) -> None:
    await kit.record(new(ANNA, 1), ReadInbox(ANNA, 1, 0))
    await kit.record(ChatState(ANNA, unread_mark=True))
    chat = await kit.chat(ANNA)
    assert (chat["unread_mark"], chat["unread_count"]) == (True, 0)
    await kit.record(ChatState(ANNA, pinned=True))
    assert (await kit.chat(ANNA))["unread_mark"]
    await kit.record(ReadInbox(ANNA, 1, 0))
    assert not (await kit.chat(ANNA))["unread_mark"]
    await kit.record(Dialog(ANNA, 1, 0, 1, 0, unread_mark=True))
    assert (await kit.chat(ANNA))["unread_mark"]


async def test_a_history_that_is_gone_is_gone_here(kit: Kit) -> None:
    await kit.record(*(new(CHANNEL, number, f"post {number}") for number in (1, 2, 3)), new(BEN, 2))
    await kit.record(ReadInbox(CHANNEL, 1, 2))
    assert (await kit.chat(CHANNEL))["unread_count"] == 2
    await kit.record(HistoryCleared(CHANNEL, 2))
    assert [row["text"] for row in await kit.messages(CHANNEL)] == ["post 3"]
    assert len(await kit.messages(BEN)) == 1
    chat = await kit.chat(CHANNEL)
    assert (chat["unread_count"], chat["history_complete"], chat["last_message_id"]) == (1, True, 3)
    assert (await kit.events(CHANNEL))[-1][1] == "reset"
    await kit.record(HistoryCleared(CHANNEL, 3))
    chat = await kit.chat(CHANNEL)
    assert (chat["last_message_id"], chat["last_message_text"]) == (None, "")
    assert chat["last_message_at"] > T0 - timedelta(days=1)


async def test_nothing_is_unread_in_a_chat_that_one_has_left(kit: Kit) -> None:
    await kit.record(new(GROUP, 1), new(GROUP, 2), ChatState(GROUP, unread_mark=True))
    assert (await kit.chat(GROUP))["unread_count"] == 2
    await kit.record(ChatState(GROUP, left=True))
    chat = await kit.chat(GROUP)
    assert (chat["left"], chat["unread_count"], chat["unread_mark"], chat["unread_stale"]) == (True, 0, False, False)
    await kit.batch([Incoming((NewMessage(message(GROUP, 3, "after that")),), ())])
    assert (await kit.chat(GROUP))["unread_count"] == 0
