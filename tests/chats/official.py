"""A chat with Telegram's own account, which holds login codes, and one in which such a code was forwarded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from psycopg import sql

from apps.chats.models import Chat, MessageSecret
from apps.commands.models import Command, FloodWait
from apps.sessions.models import Session
from tests.kit import world
from tests.kit.confirmed import confirmed
from tests.kit.people import MANAGERS, person
from tgadmin.core import types
from tgadmin.core.official import SERVICE

CODE, SECOND, THIRD = "73915", "80264", "59177"
CODES = (CODE, SECOND, THIRD)
NAME = "Telegramnotices"
WORDS = "Logincode"
MARKS = (NAME, WORDS, str(SERVICE))
"""What only managers may see."""
ROLES = ("viewer", "operator", "manager", "superuser")


def written(number: int, code: str, *, peer_id: int = SERVICE, **facts: Any) -> types.Message:
    """As Telegram's own account writes it, or somebody who forwards that."""
    at = datetime.now(UTC)
    sender = SERVICE if peer_id == SERVICE else peer_id
    return types.Message(peer_id, number, at, f"{WORDS}: {code}. Do not give it to anyone.", sender, **facts)


def arrive(session: Session, *changes: types.Change) -> None:
    world.arrive(session, *changes, peers=(types.Peer(SERVICE, types.PeerKind.USER, NAME, phone="42777"),))


def forwarded(number: int, code: str, peer_id: int) -> types.Message:
    return written(number, code, peer_id=peer_id, forward={"from_id": SERVICE, "date": "2026-01-01T00:00:00+00:00"})


@pytest.fixture
def anna(secret_chat: Chat) -> Chat:
    """An ordinary chat, in which a code was forwarded and answered."""
    session = secret_chat.session
    anna = world.make_chat(session, "Anna")
    world.says(anna, 2, "hello")
    arrive(session, types.NewMessage(forwarded(3, SECOND, anna.peer_id)))
    answer = types.Message(anna.peer_id, 4, datetime.now(UTC), "thank you", anna.peer_id, reply_to_id=3)
    world.arrive(session, types.NewMessage(answer))
    anna.refresh_from_db()
    return anna


@pytest.fixture
def chat(anna: Chat) -> Chat:
    """The chat with Telegram's own account: an account's newest."""
    session = anna.session
    arrive(session, types.NewMessage(written(5, CODE)))
    arrive(session, types.NewMessage(written(6, THIRD)))
    chat = Chat.objects.select_related("session").get(session=session, peer_id=SERVICE)
    lane = f"history:{SERVICE}"
    Command.objects.create(session=session, kind="history", lane=lane, payload={"peer_id": SERVICE}, state="done")
    FloodWait.objects.create(session=session, method="m", peer_id=SERVICE, until="2030-01-01T00:00Z", code="x")
    return chat


def shows(text: str, who: str) -> list[str]:
    """What ``text`` holds that this person must not see."""
    return [mark for mark in (*CODES, *(() if who in MANAGERS else MARKS)) if mark in text]


def signed_in(who: str, session: Session) -> Client:
    client = Client()
    user = person(who, session)
    assert user is not None
    client.force_login(user)
    confirmed(client)
    client.initial = {name: morsel.value for name, morsel in client.cookies.items()}  # type: ignore[attr-defined]
    return client


def dump() -> dict[tuple[str, str], str]:
    """Every column of every table, as text; bytes as they are and in base64 by no one."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables "
            "USING (table_schema, table_name) WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        )
        for table, column in cursor.fetchall():
            cursor.execute(sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table)))
            values = [value for (value,) in cursor.fetchall() if value is not None]
            found[table, column] = "\n".join(repr(bytes(v)) if isinstance(v, memoryview) else str(v) for v in values)
    return found


def secret_of(session: Session, telegram_id: int) -> str | None:
    kept = MessageSecret.objects.filter(message__session_id=session.pk, message__telegram_id=telegram_id).first()
    original: Any = None if kept is None else kept.secret
    return None if original is None else original["text"]
