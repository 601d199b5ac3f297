"""What ends by itself ends on time, for whoever looks and in the database, after any restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.chats.models import Chat, Message, Peer
from apps.chats.selectors import lists, live, messages
from apps.chats.services import timers
from apps.sessions.models import Session
from tests.kit import world
from tests.kit.record import ANNA, CHANNEL, GROUP, PEERS, Kit, kit, leased, message, new
from tgadmin.core.types import FOR_EVER, ChatState, Dialog, Incoming, NewMessage, PeerKind, Presence
from tgadmin.core.types import Peer as CorePeer

__all__ = ["kit", "leased"]

SECOND = timedelta(seconds=1)
ROOM = -1_000_000_000_777


def now() -> datetime:
    return datetime.now(UTC)


async def end(kit: Kit) -> int:
    return await timers.end_what_is_over(await kit.conn())


async def room(kit: Kit, **facts: Any) -> dict[str, Any]:
    """The row of a supergroup as Telegram describes it with these facts."""
    peer = CorePeer(ROOM, PeerKind.SUPERGROUP, "Room", access_hash=7, **facts)
    await kit.batch([Incoming((new(ROOM, 1),), (*PEERS, peer), None)])
    return await kit.chat(ROOM)


# --- messages with a timer --------------------------------------------------------------------------------------------


async def test_a_message_goes_when_its_time_is_over(kit: Kit) -> None:
    await kit.record(new(ANNA, 1, "stays"))
    said = message(ANNA, 2, "for your eyes", date=now() - 10 * SECOND, ttl_period=9)
    await kit.record(NewMessage(said))
    assert (await kit.chat(ANNA))["unread_count"] == 2
    assert await end(kit) == 1
    rows = await kit.messages(ANNA)
    assert [(row["text"], row["deleted_at"] is not None) for row in rows] == [("stays", False), ("", True)]
    chat = await kit.chat(ANNA)
    assert (chat["last_message_text"], chat["unread_count"]) == ("stays", 1)
    assert (await kit.events(ANNA))[-1][1] == "delete"
    assert await end(kit) == 0


async def test_a_message_stays_until_then(kit: Kit) -> None:
    said = message(ANNA, 1, "for your eyes", date=now(), ttl_period=3600)
    await kit.record(NewMessage(said))
    assert await end(kit) == 0
    (row,) = await kit.messages(ANNA)
    assert row["expires_at"] == said.expires_at
    assert row["text"] == "for your eyes"


async def test_timers_of_several_accounts_and_boxes_end_together(kit: Kit) -> None:
    for number, peer in enumerate((ANNA, GROUP, CHANNEL), 3):
        said = message(peer, number, "short", date=now() - 60 * SECOND, ttl_period=1)
        await kit.record(NewMessage(said))
    assert await end(kit) == 3
    for peer in (ANNA, GROUP, CHANNEL):
        assert [row["text"] for row in await kit.messages(peer)] == [""]


async def test_a_timer_beyond_the_calendar_is_none_that_ends(kit: Kit) -> None:
    said = message(ANNA, 1, "long", date=now(), ttl_period=2**31 - 1)
    assert said.expires_at is not None
    await kit.record(NewMessage(said))
    assert await end(kit) == 0


async def test_nobody_need_hold_the_account(kit: Kit) -> None:
    said = message(ANNA, 2, "for your eyes", date=now() - 10 * SECOND, ttl_period=9)
    await kit.record(NewMessage(said))
    await kit.rows("DELETE FROM telegram_leases WHERE session_id = %s RETURNING session_id", kit.session_id)
    assert await end(kit) == 1
    assert [row["text"] for row in await kit.messages(ANNA)] == [""]


def test_a_message_whose_time_is_over_is_shown_to_nobody(session: Session, chat: Chat) -> None:
    """Even before anybody has ended it."""
    row = Message.objects.create(
        chat=chat, session_id=session.pk, telegram_id=5, text="for your eyes", expires_at=now() - SECOND
    )
    (shown,) = messages.payloads([row.pk], whole=True)
    assert (shown["text"], shown["deleted"]) == ("", True)
    Message.objects.filter(pk=row.pk).update(expires_at=now() + 60 * SECOND)
    (shown,) = messages.payloads([row.pk], whole=True)
    assert (shown["text"], shown["deleted"]) == ("for your eyes", False)


@pytest.mark.django_db(transaction=True)
def test_the_worker_ends_it_when_no_gateway_runs() -> None:
    session = world.make_session()
    chat = world.make_chat(session, "Anna")
    row = Message.objects.create(
        chat=chat, session_id=session.pk, telegram_id=5, text="for your eyes", expires_at=now() - SECOND
    )
    assert timers.end_what_is_over_now() == 1
    row.refresh_from_db()
    assert (row.text, row.deleted_at is not None) == ("", True)


# --- restrictions -----------------------------------------------------------------------------------------------------


async def test_a_restriction_ends(kit: Kit) -> None:
    chat = await room(kit, can_send=False, restricted_until=now() + 60 * SECOND)
    assert not chat["can_send"]
    assert await end(kit) == 0
    await _over(kit, "restricted_until")
    assert await end(kit) == 1
    chat = await kit.chat(ROOM)
    assert (chat["can_send"], chat["restricted_until"]) == (True, None)


async def test_what_members_may_not_do_stays_after_it(kit: Kit) -> None:
    await room(kit, can_send=False, restricted_until=now() + 60 * SECOND, members_may_write=False)
    await _over(kit, "restricted_until")
    assert await end(kit) == 1
    assert not (await kit.chat(ROOM))["can_send"]


async def test_a_restriction_for_ever_does_not_end(kit: Kit) -> None:
    await room(kit, can_send=False, restricted_until=FOR_EVER)
    assert await end(kit) == 0
    assert not (await kit.chat(ROOM))["can_send"]


async def test_an_object_from_before_the_end_restricts_no_longer(kit: Kit) -> None:
    chat = await room(kit, can_send=False, restricted_until=now() - SECOND)
    assert (chat["can_send"], chat["restricted_until"]) == (True, None)


@pytest.mark.parametrize(
    ("facts", "shut", "opened"),
    [
        ({}, False, True),
        ({"is_admin": True}, True, True),
        ({"restricted_until": FOR_EVER, "can_send": False}, False, False),
        ({"left": True, "can_send": False}, False, False),
    ],
)
async def test_what_members_may_do_decides_for_members(kit: Kit, facts: Any, shut: bool, opened: bool) -> None:
    await room(kit, **facts)
    await kit.record(ChatState(ROOM, members_may_write=False))
    assert (await kit.chat(ROOM))["can_send"] is shut
    await kit.record(ChatState(ROOM, members_may_write=True))
    assert (await kit.chat(ROOM))["can_send"] is opened


async def test_who_becomes_an_administrator_may_write(kit: Kit) -> None:
    await kit.record(new(GROUP, 1))
    await kit.record(ChatState(GROUP, members_may_write=False))
    await kit.record(ChatState(GROUP, is_admin=True))
    assert (await kit.chat(GROUP))["can_send"]


def test_whoever_looks_after_the_end_may_write(session: Session) -> None:
    chat = world.make_chat(session, "Room", kind="supergroup", can_send=False)
    Chat.objects.filter(pk=chat.pk).update(restricted_until=now() + 60 * SECOND)
    (row,) = lists.payloads([chat.pk])
    assert not row["can_send"]
    assert row["restricted_until"] is not None
    Chat.objects.filter(pk=chat.pk).update(restricted_until=now() - SECOND)
    (row,) = lists.payloads([chat.pk])
    assert (row["can_send"], row["restricted_until"]) == (True, None)
    chat.refresh_from_db()
    assert chat.may_write(now())


# --- mutes, slow mode, who is online ----------------------------------------------------------------------------------


async def _over(kit: Kit, column: str, peer: int = ROOM) -> None:
    query = f"UPDATE telegram_chats SET {column} = now() - interval '1 s', updated_at = now() - interval '1 day' "
    await kit.rows(query + "WHERE session_id = %s AND peer_id = %s RETURNING id", kit.session_id, peer)


@pytest.mark.parametrize("column", ["muted_until", "slow_until"])
async def test_it_ends_and_open_pages_hear_of_it(kit: Kit, column: str) -> None:
    await kit.record(new(ANNA, 1))
    await _over(kit, column, ANNA)
    assert await end(kit) == 1
    chat = await kit.chat(ANNA)
    assert chat[column] is None
    assert chat["updated_at"] > now() - 30 * SECOND
    assert await end(kit) == 0


async def test_other_ends_are_left_alone(kit: Kit) -> None:
    await kit.record(new(ANNA, 1))
    later = now() + timedelta(days=3)
    query = "UPDATE telegram_chats SET muted_until = %s WHERE session_id = %s AND peer_id = %s RETURNING id"
    await kit.rows(query, later, kit.session_id, ANNA)
    await _over(kit, "slow_until", ANNA)
    assert await end(kit) == 1
    assert (await kit.chat(ANNA))["muted_until"] == later


async def test_who_is_online_counts_as_gone_after_the_time_that_telegram_named(kit: Kit) -> None:
    await kit.record(new(ANNA, 1))
    until = (now() + 60 * SECOND).replace(microsecond=0)
    await kit.record(Presence(ANNA, True, None, until))
    (anna,) = await _peer(kit)
    assert (anna["is_online"], anna["online_until"]) == (True, until)
    assert await end(kit) == 0
    over = now() - SECOND
    await kit.record(Presence(ANNA, True, None, over))
    assert await end(kit) == 1
    (anna,) = await _peer(kit)
    assert (anna["is_online"], anna["online_until"], anna["last_seen_at"]) == (False, None, over)


async def test_a_peer_that_comes_with_a_message_says_until_when_they_are_online(kit: Kit) -> None:
    until = now() + 60 * SECOND
    anna = replace(PEERS[0], is_online=True, online_until=until)
    await kit.batch([Incoming((new(ANNA, 1),), (anna,), None)])
    assert (await _peer(kit))[0]["online_until"] == until
    later = until + 60 * SECOND
    await kit.batch([Incoming((new(ANNA, 2),), (replace(anna, online_until=later),), None)])
    assert (await _peer(kit))[0]["online_until"] == later


def test_pages_show_nobody_online_beyond_their_time(session: Session, chat: Chat) -> None:
    peer = Peer.objects.get(session=session, peer_id=chat.peer_id)
    Peer.objects.filter(pk=peer.pk).update(is_online=True, online_until=now() + 60 * SECOND)
    assert lists.payloads([chat.pk])[0]["online"]
    assert live.online([session.pk]) == {session.pk: {chat.pk}}
    Peer.objects.filter(pk=peer.pk).update(online_until=now() - SECOND)
    assert not lists.payloads([chat.pk])[0]["online"]
    assert live.online([session.pk]).get(session.pk, set()) == set()


async def _peer(kit: Kit) -> list[dict[str, Any]]:
    return await kit.rows("SELECT * FROM telegram_peers WHERE session_id = %s AND peer_id = %s", kit.session_id, ANNA)


async def test_the_timer_of_a_chats_new_messages(kit: Kit) -> None:
    await kit.record(new(ANNA, 1))
    await kit.record(ChatState(ANNA, ttl_period=86_400))
    assert (await kit.chat(ANNA))["ttl_period"] == 86_400
    await kit.record(ChatState(ANNA, ttl_period=0))
    assert (await kit.chat(ANNA))["ttl_period"] is None
    await kit.record(Dialog(ANNA, 1, 0, 1, 0, ttl_period=604_800))
    assert (await kit.chat(ANNA))["ttl_period"] == 604_800
