"""What the tests of ``record`` share: a session under a lease on the real database, and short ways to say things."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.rows import dict_row

from apps.chats.services.record import Recorded, make_ready, record
from apps.commands.models import Lease, Node
from apps.sessions.models import Session, SessionStatus
from tgadmin.core.types import Change, Checkpoint, Incoming, Message, NewMessage, Peer, PeerKind
from tgadmin.gateway.database import parameters

_numbers = itertools.count(700_000)
T0 = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ANNA, BEN, ME = 11, 12, 10
GROUP, CHANNEL = -500, -1_000_000_000_500
PEERS = (
    Peer(ANNA, PeerKind.USER, "Anna", access_hash=111),
    Peer(BEN, PeerKind.USER, "Ben", access_hash=112),
    Peer(ME, PeerKind.USER, "Support", access_hash=110, is_self=True),
    Peer(GROUP, PeerKind.GROUP, "Team", members_count=3),
    Peer(CHANNEL, PeerKind.CHANNEL, "News", access_hash=115, can_send=False),
)


class Kit:
    """One session, its lease, and a connection on which batches are recorded."""

    def __init__(self, session: Session, node: Node, fence: int) -> None:
        self.session_id, self.node_id, self.fence = session.pk, node.pk, fence
        self._conn: psycopg.AsyncConnection[Any] | None = None

    async def conn(self) -> psycopg.AsyncConnection[Any]:
        if self._conn is None:
            self._conn = await psycopg.AsyncConnection.connect(**parameters(uuid.uuid4()), autocommit=True)
            await make_ready(self._conn)
        return self._conn

    async def close(self) -> None:
        if self._conn is not None:
            await self._conn.close()

    async def record(self, *changes: Change, checkpoint: Checkpoint | None = None) -> Recorded:
        """One Incoming of these changes."""
        return await self.batch([Incoming(changes, PEERS, checkpoint)])

    async def batch(self, batch: Sequence[Incoming]) -> Recorded:
        return await record(await self.conn(), self.session_id, self.fence, self.node_id, batch)

    async def rows(self, query: str, *params: Any) -> list[dict[str, Any]]:
        async with (await self.conn()).cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, params)
            return await cursor.fetchall()

    async def chat(self, peer_id: int) -> dict[str, Any]:
        query = "SELECT * FROM telegram_chats WHERE session_id = %s AND peer_id = %s"
        return (await self.rows(query, self.session_id, peer_id))[0]

    async def messages(self, peer_id: int) -> list[dict[str, Any]]:
        query = (
            "SELECT m.* FROM telegram_messages m JOIN telegram_chats c ON c.id = m.chat_id "
            "WHERE c.session_id = %s AND c.peer_id = %s ORDER BY m.telegram_id NULLS LAST"
        )
        return await self.rows(query, self.session_id, peer_id)

    async def events(self, peer_id: int) -> list[tuple[int, str]]:
        query = (
            "SELECT e.number, e.kind FROM chat_events e JOIN telegram_chats c ON c.id = e.chat_id "
            "WHERE c.session_id = %s AND c.peer_id = %s ORDER BY e.number"
        )
        return [(row["number"], row["kind"]) for row in await self.rows(query, self.session_id, peer_id)]

    async def pending(self, peer_id: int, random_id: int, text: str = "ours", state: str = "sending") -> int:
        """A message of ours that waits for Telegram, in a chat that exists. Returns its row's id."""
        query = (
            "INSERT INTO telegram_messages (chat_id, session_id, box, random_id, state, out, date, text, error_code, "
            "entities, post_author) SELECT id, session_id, %s, %s, %s, true, now(), %s, '', '[]', '' "
            "FROM telegram_chats WHERE session_id = %s AND peer_id = %s RETURNING id"
        )
        box = peer_id if peer_id < -1_000_000_000_000 else 0
        return int((await self.rows(query, box, random_id, state, text, self.session_id, peer_id))[0]["id"])


def message(peer_id: int, number: int, text: str = "", **facts: Any) -> Message:
    facts.setdefault("date", T0 + timedelta(seconds=number))
    facts.setdefault("sender_id", ME if facts.get("out") else peer_id if peer_id > 0 else ANNA)
    return Message(peer_id=peer_id, id=number, text=text or f"text {number}", **facts)


def new(peer_id: int, number: int, text: str = "", **facts: Any) -> NewMessage:
    return NewMessage(message(peer_id, number, text, **facts))


@pytest.fixture
async def kit(leased: Kit) -> Any:
    yield leased
    await leased.close()


@pytest.fixture
def leased(db: None) -> Iterator[Kit]:
    """Rows of its own, committed by another thread's connection (record has one too), removed afterwards."""
    with ThreadPoolExecutor(1) as outside:
        session, node = outside.submit(_create).result()
        try:
            yield Kit(session, node, 7)
        finally:
            outside.submit(_remove, session, node).result()


def _create() -> tuple[Session, Node]:
    session = Session.objects.create(
        name="Support", network="dc-test", telegram_user_id=next(_numbers), status=SessionStatus.READY
    )
    node = Node.objects.create(id=uuid.uuid4(), name="test", host="test", pid=1, pid_started=1.0)
    Lease.objects.create(session=session, owner=node, fence=7)
    return session, node


def _remove(session: Session, node: Node) -> None:
    session.delete()
    node.delete()
    connection.close()
