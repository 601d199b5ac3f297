"""What ``record`` reads before it works: the lease, the locked chats, the stored rows, ids for new ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from apps.chats.services.record import sql
from apps.chats.services.record.arrays import array
from apps.chats.services.record.batch import BatchScope
from apps.chats.services.record.rows import ChatRow, MessageRow, guessed, learns, new_chat, stored_kind
from apps.chats.services.record.state import State
from apps.commands.services.leases import LeaseLost
from tgadmin.core.types import CHANNEL_MARK, History, Peer

Connection = psycopg.AsyncConnection[Any]
END_OF_IDS = 2**62


async def load(
    conn: Connection, session_id: int, holder: tuple[UUID, int] | None, needs: BatchScope, now: datetime
) -> State:
    """Everything the batch touches, under lock. ``holder``: the gateway that holds the account, and its fence; None:
    nobody need. Raises LeaseLost."""
    lease = None if holder is None else await conn.execute(sql.HOLD, (session_id, *holder), prepare=True)
    chats = await _lock_chats(conn, session_id, needs)
    stored = await conn.execute(sql.PEERS, (session_id, array(needs.names | needs.peers.keys())), prepare=True)
    found = await _ask_messages(conn, session_id, needs)
    ranges = [await _ask_range(conn, session_id, history) for history in needs.histories]
    # One more than is needed: it says where the new rows begin, even if there are none.
    ids = await conn.execute(sql.MESSAGE_IDS, (needs.new_messages + 1,), prepare=True)
    held = (False,) if lease is None else await lease.fetchone()
    if held is None:
        raise LeaseLost(f"session {session_id} is not held under that fence")
    locked = await _chats(chats)
    known = {peer.id: peer for peer in map(_peer, await stored.fetchall())}
    given = needs.peers.values()
    peers = {**known, **{peer.id: peer for peer in given if not peer.partial or learns(known.get(peer.id), peer)}}
    if missing := needs.creates - locked.keys():
        locked |= await _create(conn, session_id, missing, peers, now)
    first_id, *more_ids = [pk for (pk,) in await ids.fetchall()]
    (update_due,) = held
    state = State(
        now=now,
        chats=locked,
        names=peers,
        known_peers=known,
        update_due=update_due,
        stored={},
        ours={},
        ranges={},
        ids=iter(more_ids),
        first_id=first_id,
    )
    by_pk: dict[int, MessageRow] = {}
    for cursor in found:
        _index(state, by_pk, await cursor.fetchall())
    for history, cursor in zip(needs.histories, ranges, strict=True):
        rows = _index(state, by_pk, await cursor.fetchall())
        state.ranges.setdefault(history.peer_id, []).extend(rows)
    state.prepare(needs)
    return state


async def _lock_chats(conn: Connection, session_id: int, needs: BatchScope) -> psycopg.AsyncCursor[Any]:
    if not (needs.unlocated_ids or needs.random_ids or needs.whole_account):
        return await _lock(conn, session_id, needs.chats)
    params = {
        "session": session_id,
        "peers": array(needs.chats),
        **sql.MESSAGE_KEYS.params(needs.unlocated_ids),
        "random": array(needs.random_ids),
        "account": needs.whole_account,
        "mark": CHANNEL_MARK,
    }
    return await conn.execute(sql.LOCK_CHATS_OF_MESSAGES, params, prepare=True)


async def _lock(conn: Connection, session_id: int, peer_ids: set[int]) -> psycopg.AsyncCursor[Any]:
    return await conn.execute(sql.LOCK_CHATS, {"session": session_id, "peers": array(peer_ids)}, prepare=True)


async def _chats(found: psycopg.AsyncCursor[Any]) -> dict[int, ChatRow]:
    """The session's chats by peer id."""
    return {chat.peer_id: chat for chat in [ChatRow(*values) for values in await found.fetchall()]}


async def _ask_messages(conn: Connection, session_id: int, needs: BatchScope) -> list[psycopg.AsyncCursor[Any]]:
    asked = []
    keys = needs.keys | needs.unlocated_ids
    if keys:
        params = {"session": session_id, **sql.MESSAGE_KEYS.params(keys)}
        asked.append(await conn.execute(sql.MESSAGES, params, prepare=True))
    if needs.random_ids:
        params = {"session": session_id, **sql.RANDOM_IDS.params(needs.random_ids.items())}
        asked.append(await conn.execute(sql.MESSAGES_BY_RANDOM_ID, params, prepare=True))
    return asked


async def _ask_range(conn: Connection, session_id: int, history: History) -> psycopg.AsyncCursor[Any]:
    """The stored rows that a page of history covers, and those newer than its newest when it begins at the end."""
    high = history.before_id or END_OF_IDS
    low = 0 if history.complete else min((message.id for message in history.messages), default=high)
    params = {"session": session_id, "peer": history.peer_id, "low": low, "high": high}
    return await conn.execute(sql.MESSAGES_OF_RANGE, params, prepare=True)


def _index(state: State, by_pk: dict[int, MessageRow], found: Iterable[tuple[Any, ...]]) -> list[MessageRow]:
    """One object per row, however many questions found it."""
    rows = []
    for values in found:
        row = MessageRow(*values)
        row = by_pk.setdefault(row.pk, row)
        rows.append(row)
        if row.telegram_id is not None:
            state.stored[row.box, row.telegram_id] = row
        if row.random_id is not None:
            state.ours[row.random_id] = row
    return rows


def _peer(row: tuple[Any, ...]) -> Peer:
    peer_id, kind, name, username, phone, access_hash, is_self, is_contact, is_deleted, is_online, *times = row
    last_seen_at, online_until = times
    return Peer(
        id=peer_id,
        kind=stored_kind(kind, peer_id),
        name=name,
        username=username,
        phone=phone,
        access_hash=access_hash,
        is_self=is_self,
        is_contact=is_contact,
        is_deleted=is_deleted,
        is_online=is_online,
        last_seen_at=last_seen_at,
        online_until=online_until,
    )


async def _create(
    conn: Connection, session_id: int, missing: set[int], peers: dict[int, Peer], now: datetime
) -> dict[int, ChatRow]:
    rows = [new_chat(peers.get(peer_id) or guessed(peer_id), now) for peer_id in sorted(missing)]
    await conn.execute(sql.CREATE_CHATS, {"session": session_id, **sql.NEW_CHATS.params_of(rows)}, prepare=True)
    return await _chats(await _lock(conn, session_id, missing))
