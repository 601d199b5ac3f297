"""A group that becomes a supergroup is one conversation before and after."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat
from apps.chats.selectors import lists
from apps.chats.services import messages
from apps.sessions.models import Session
from tests.kit import world
from tests.kit.record import GROUP, PEERS, Kit, kit, leased, message, new
from tgadmin.core.types import Incoming, NewMessage, Peer, PeerKind

__all__ = ["kit", "leased"]

ROOM = -1_000_000_000_999
SUPERGROUP = Peer(ROOM, PeerKind.SUPERGROUP, "Team", access_hash=9, members_count=3)
MOVED = replace(PEERS[3], left=True, can_send=False, migrated_to=ROOM)


def _said(number: int) -> NewMessage:
    service = {"kind": "chat_migrate_to", "channel_id": ROOM}
    return NewMessage(replace(message(GROUP, number, "x", service=service), text=""))


def _begins(number: int) -> NewMessage:
    service = {"kind": "channel_migrate_from", "chat_id": GROUP, "title": "Team"}
    return NewMessage(replace(message(ROOM, number, "x", service=service), text=""))


async def _row(kit: Kit, pk: int) -> dict[str, Any]:
    query = "SELECT m.*, c.peer_id FROM telegram_messages m JOIN telegram_chats c ON c.id = m.chat_id WHERE m.id = %s"
    return (await kit.rows(query, pk))[0]


BATCHES = {
    "the group's object": [(Incoming((new(ROOM, 1),), (*PEERS[:3], MOVED, SUPERGROUP), None),)],
    "the service message": [(Incoming((_said(9), _begins(1)), (*PEERS, SUPERGROUP), None),)],
    "the service message alone": [(Incoming((_said(9),), (*PEERS, SUPERGROUP), None),)],
    "the supergroup first": [
        (Incoming((_begins(1),), (*PEERS, SUPERGROUP), None),),
        (Incoming((_said(9),), PEERS, None),),
    ],
    "the group's object before its supergroup": [
        (Incoming((new(GROUP, 9),), (*PEERS[:3], MOVED), None),),
        (Incoming((_begins(1),), (*PEERS[:3], MOVED, SUPERGROUP), None),),
    ],
}


@pytest.mark.parametrize("how", BATCHES)
async def test_however_it_is_said_what_waits_goes_on_there(kit: Kit, how: str) -> None:
    await kit.record(new(GROUP, 1, "before"))
    waiting = await kit.pending(GROUP, 77)
    failed = await kit.pending(GROUP, 78, state="failed")
    for batch in BATCHES[how]:
        await kit.batch(batch)
    old = await kit.chat(GROUP)
    assert (old["migrated_to"], old["left"], old["can_send"], old["unread_count"]) == (ROOM, True, False, 0)
    for pk in (waiting, failed):
        row = await _row(kit, pk)
        assert (row["peer_id"], row["box"]) == (ROOM, ROOM)
    assert next(row["text"] for row in await kit.messages(GROUP)) == "before"
    assert (await kit.events(GROUP))[-1][1] == "delete"
    assert "message" in [kind for _, kind in await kit.events(ROOM)]


@pytest.mark.parametrize("channel", [None, 0, 5, -500, "x", True])
async def test_a_service_message_of_another_shape_moves_nothing(kit: Kit, channel: Any) -> None:
    await kit.record(new(GROUP, 1))
    service = {"kind": "chat_migrate_to", "channel_id": channel}
    await kit.record(NewMessage(message(GROUP, 2, "x", service=service)))
    assert (await kit.chat(GROUP))["migrated_to"] is None


@pytest.fixture
def both(session: Session) -> tuple[Chat, Chat]:
    old = world.make_chat(session, "Team", kind="group", left=True, can_send=False)
    new = world.make_chat(session, "Team", kind="supergroup")
    old.migrated_to = new.peer_id
    old.save()
    return old, new


def test_the_list_shows_one_of_them(session: Session, both: tuple[Chat, Chat]) -> None:
    old, new = both
    shown = lists.page({session.pk: True})["chats"]
    assert [row["id"] for row in shown] == [new.pk]
    assert (shown[0]["continues"], shown[0]["continued_in"]) == (old.pk, None)
    (row,) = lists.payloads([old.pk])
    assert (row["continues"], row["continued_in"], row["can_send"]) == (None, new.pk, False)


def test_what_is_written_in_the_old_one_goes_to_the_new(operator: User, both: tuple[Chat, Chat]) -> None:
    old, new = both
    message = messages.send(operator, old, "hello", cid=uuid.uuid4())
    assert (message.chat_id, message.box) == (new.pk, new.peer_id)
