"""Sessions, chats, messages for tests of the live pages; what arrives comes through ``record``, as from a gateway."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from channels.layers import channel_layers
from django.db import connection
from django.utils import timezone

from apps.chats.models import Chat, Message, Peer
from apps.chats.services.record import record
from apps.commands.models import Lease, Node
from apps.sessions.models import Session, SessionStatus, UpdateState
from tgadmin.core import types
from tgadmin.core.types import Incoming, PeerKind, box_of

_numbers = itertools.count(1)


def make_session(
    name: str = "Sales EU",
    *,
    status: str = SessionStatus.READY,
    phone: str = "4915123454063",
    network: str = "sandbox",
    attended: bool = True,
) -> Session:
    """``attended``: a gateway holds it, of a network of its own, so that real ones have nothing to do with it."""
    number = next(_numbers)
    session = Session.objects.create(
        name=name, network=network, telegram_user_id=9_000_000 + number, phone=phone, status=status
    )
    UpdateState.objects.create(session=session, pts=1, qts=0, date=1_700_000_000, seq=0)
    Peer.objects.create(session=session, peer_id=session.telegram_user_id, kind="user", name=name, is_self=True)
    if attended:
        Lease.objects.create(session=session, owner=_gateway(), fence=1)
    return session


def _gateway() -> Node:
    """One whose heartbeats go on for as long as a test may take."""
    facts = {"id": uuid4(), "host": "here", "pid": os.getpid(), "pid_started": 0.0}
    beat = {"beat_at": timezone.now() + timedelta(hours=1)}
    return Node.objects.update_or_create(name="test", network="kit", defaults=beat, create_defaults=facts | beat)[0]


def make_chat(session: Session, title: str, *, kind: str = "user", peer_id: int | None = None, **facts: Any) -> Chat:
    number = next(_numbers)
    marked = {"user": number, "bot": number, "group": -number}.get(kind, -1_000_000_000_000 - number)
    peer_id = marked if peer_id is None else peer_id
    Peer.objects.get_or_create(session=session, peer_id=peer_id, defaults={"kind": kind, "name": title})
    facts = {"synced_from_id": 1, "history_complete": True} | facts
    return Chat.objects.create(session=session, peer_id=peer_id, kind=kind, title=title, **facts)


def make_peer(session: Session, name: str, **facts: Any) -> Peer:
    return Peer.objects.create(session=session, peer_id=next(_numbers) + 1000, kind="user", name=name, **facts)


def make_message(chat: Chat, telegram_id: int, text: str = "", **facts: Any) -> Message:
    """A stored message, without an event: the chat's last message if it is the newest."""
    out = facts.setdefault("out", False)
    facts.setdefault("date", datetime.now(UTC) - timedelta(minutes=5) + timedelta(seconds=telegram_id / 1000))
    facts.setdefault("sender_id", chat.session.telegram_user_id if out else chat.peer_id)
    facts.setdefault("state", "sent" if out else "received")
    message = Message.objects.create(
        chat=chat, session_id=chat.session_id, box=box_of(chat.peer_id), telegram_id=telegram_id, text=text, **facts
    )
    if telegram_id > (chat.last_message_id or 0):
        chat.last_message_id, chat.last_message_at = telegram_id, message.date
        chat.last_message_text, chat.last_message_out = text[:160], out
        sender = Peer.objects.filter(session=chat.session, peer_id=message.sender_id, is_self=False).first()
        chat.last_message_sender = sender.name if sender and sender.peer_id != chat.peer_id else ""
        chat.save()
    return message


def fill(chat: Chat, count: int, *, first_id: int = 1) -> None:
    """``count`` messages, a minute apart, every third one ours."""
    start = datetime.now(UTC) - timedelta(minutes=count + 1)
    Message.objects.bulk_create(
        Message(
            chat=chat,
            session_id=chat.session_id,
            box=box_of(chat.peer_id),
            telegram_id=number,
            text=f"Message number {number}",
            out=number % 3 == 0,
            sender_id=chat.session.telegram_user_id if number % 3 == 0 else chat.peer_id,
            state="sent" if number % 3 == 0 else "received",
            date=start + timedelta(minutes=number - first_id),
        )
        for number in range(first_id, first_id + count)
    )
    last = first_id + count - 1
    Chat.objects.filter(pk=chat.pk).update(
        last_message_id=last,
        last_message_at=start + timedelta(minutes=count - 1),
        last_message_text=f"Message number {last}",
    )
    chat.refresh_from_db()


def gateway_of(session: Session) -> tuple[int, Any]:
    """A lease on the session: (fence, node id)."""
    lease = Lease.objects.filter(session=session).select_related("owner").first()
    if lease is None:
        node = Node.objects.create(id=uuid4(), name="test", host="here", pid=os.getpid(), pid_started=0.0)
        lease = Lease.objects.create(session=session, owner=node, fence=1)
    return lease.fence, lease.owner_id


def arrive(session: Session, *changes: types.Change, peers: tuple[types.Peer, ...] = ()) -> None:
    """Changes come from Telegram: recorded in one transaction, then announced, as a gateway does."""
    fence, node_id = gateway_of(session)
    given = connection.get_connection_params()
    dropped = {"cursor_factory", "context", "pool", "prepare_threshold"}
    params = {key: given[key] for key in given if key not in dropped}

    async def work() -> None:
        async with await psycopg.AsyncConnection.connect(**params) as conn:
            await record(conn, session.pk, fence, node_id, [Incoming(changes, peers)])
        async with await psycopg.AsyncConnection.connect(**params, autocommit=True) as conn:
            await conn.execute("SELECT pg_notify('tg_events', %s)", [str(session.pk)])

    in_own_thread(work)


def group_send(session_id: int, message: dict[str, Any]) -> None:
    """What a gateway tells the web processes through the channel layer."""

    async def work() -> None:
        layer = channel_layers.make_backend("default")
        await layer.group_send(f"session.{session_id}", message)
        await layer.flush()

    in_own_thread(work)


def in_own_thread(work: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine to its end in a thread: in this one Playwright's loop may run."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(work())).result()


def says(chat: Chat, telegram_id: int, text: str, *, sender: Peer | None = None, **facts: Any) -> None:
    """Somebody writes in the chat."""
    sender_id = sender.peer_id if sender else chat.peer_id
    message = types.Message(chat.peer_id, telegram_id, datetime.now(UTC), text, sender_id=sender_id, **facts)
    kind = PeerKind(chat.kind)
    peers = (types.Peer(chat.peer_id, kind, chat.title),)
    arrive(chat.session, types.NewMessage(message), peers=peers)
