"""What ``record`` writes at the end of its transaction: peers, messages, events, chats, gaps, the checkpoint last."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import psycopg

from apps.chats.event_kinds import EventKind
from apps.chats.services.record import sql
from apps.chats.services.record.batch import BatchScope
from apps.chats.services.record.rows import ChatRow, clean, from_json, learns, listed_text, names_of
from apps.chats.services.record.state import State
from apps.common.fields import opened, sealed
from tgadmin.core.preview import Last
from tgadmin.core.types import CHANNEL_MARK, KEPT_BYTES, Checkpoint, Peer, PeerKind, Unreadable

Connection = psycopg.AsyncConnection[Any]

_SECRETS, _UNREADABLE = "telegram_message_secrets", "telegram_unreadable_updates"


async def store(conn: Connection, session_id: int, needs: BatchScope, state: State) -> None:
    """Queue every write of the batch; the transaction's end sends and checks them."""
    learnt_self = await _store_peers(conn, session_id, needs.peers.values(), state.known_peers)
    await _store_people(conn, session_id, state)
    await _store_messages(conn, session_id, state)
    if state.cleared:
        await conn.execute(sql.CLEAR_HISTORIES, sql.CLEARED.params(state.cleared.items()), prepare=True)
    if state.migrated:
        await _move_waiting(conn, state)
    await _store_chats(conn, [chat for chat in state.chats.values() if chat.dirty])
    if state.unknown:
        await conn.execute(sql.MARK_UNREAD_STALE, (session_id, CHANNEL_MARK, sorted(state.unknown)), prepare=True)
    if state.recount:
        await conn.execute(sql.RECOUNT_UNREAD, (sorted(state.recount),), prepare=True)
    if state.refresh:
        await _show_last(conn, sorted(state.refresh))
    if state.gaps:
        rows = [(gap.box, gap.low_pts, gap.high_pts, gap.how.value, gap.recovered) for gap in state.gaps]
        params = {"session": session_id, "after_row": state.first_id, **sql.GAPS.params(rows)}
        await conn.execute(sql.INSERT_GAPS, params, prepare=True)
    if state.unreadable:
        await _store_unreadable(conn, session_id, state.unreadable)
    # The session's row after all chats: the order of locks.
    if learnt_self or state.renamed or state.renumbered:
        await conn.execute(sql.OWN_PROFILE, (session_id,), prepare=True)
    if needs.checkpoint is not None:
        await _store_checkpoint(conn, session_id, needs.checkpoint, update_due=state.update_due)


async def _move_waiting(conn: Connection, state: State) -> None:
    moved = await conn.execute(sql.MOVE_WAITING, sql.MIGRATED.params(state.migrated.items()), prepare=True)
    for message_id, before, after in await moved.fetchall():
        state.by_pk[before].add_event(EventKind.DELETE, message_id)
        state.by_pk[after].add_event(EventKind.MESSAGE, message_id)


async def _show_last(conn: Connection, chat_ids: list[int]) -> None:
    """The lists of these chats show the last message that is left."""
    asked = await conn.execute(sql.LAST_LISTED, {"chats": chat_ids}, prepare=True)
    rows = []
    for pk, telegram_id, date, text, entities, *others in await asked.fetchall():
        media, service, sender, sender_id, out, names, kind = others
        last = Last(
            listed_text(text, entities), None if text else from_json(media), from_json(service), out, sender,
            sender_id, names_of(names), is_channel=kind == PeerKind.CHANNEL,
        )  # fmt: skip
        rows.append((pk, telegram_id, date, *last.shown()))
    await conn.execute(sql.SHOW_LAST, sql.LAST.params(rows), prepare=True)


async def _store_peers(conn: Connection, session_id: int, peers: Iterable[Peer], known: Mapping[int, Peer]) -> bool:
    """Most batches bring peers that are known as they are. Whether something is new of the account's own."""
    changed = [peer for peer in peers if not peer.partial and _differs(peer, known.get(peer.id))]
    partial = [
        (peer.id, peer.kind.value, peer.name, peer.username, peer.is_deleted)
        for peer in peers
        if peer.partial and learns(known.get(peer.id), peer)
    ]
    if changed:
        full = sql.FULL_PEERS.params(map(_peer, changed))
        await conn.execute(sql.UPSERT_PEERS, {"session": session_id, **full}, prepare=True)
    if partial:
        params = {"session": session_id, **sql.PARTIAL_PEERS.params(partial)}
        await conn.execute(sql.PUT_PARTIAL_PEERS, params, prepare=True)
    return any(peer.is_self for peer in changed)


_facts = attrgetter(
    "kind", "name", "username", "phone", "is_self", "is_contact", "is_deleted", "is_online", "online_until"
)


def _differs(peer: Peer, stored: Peer | None) -> bool:
    """As UPSERT_PEERS has it: an access hash and a time that are not told leave what is stored."""
    if stored is None or _facts(peer) != _facts(stored):
        return True
    if peer.access_hash is not None and peer.access_hash != stored.access_hash:
        return True
    return peer.last_seen_at is not None and peer.last_seen_at != stored.last_seen_at


def _peer(peer: Peer) -> tuple[Any, ...]:
    kind, *facts = _facts(peer)
    name, username, phone, is_self, is_contact, is_deleted, is_online, online_until = facts
    return (
        peer.id, kind.value, name, username, phone, peer.access_hash, is_self, is_contact, is_deleted, is_online,
        peer.last_seen_at, online_until,
    )  # fmt: skip


async def _store_people(conn: Connection, session_id: int, state: State) -> None:
    """Who is online, who goes by another name, who has another number."""
    if state.presence:
        rows = [(one.user_id, one.is_online, one.at, one.online_until) for one in state.presence.values()]
        await conn.execute(sql.PRESENCE, {"session": session_id, **sql.SEEN.params(rows)}, prepare=True)
    if state.renamed:
        names = [(one.user_id, clean(one.name)[:255], clean(one.username)[:64]) for one in state.renamed.values()]
        await conn.execute(sql.RENAME, {"session": session_id, **sql.RENAMED.params(names)}, prepare=True)
    if state.renumbered:
        numbers = [(user_id, clean(phone)[:20]) for user_id, phone in state.renumbered.items()]
        await conn.execute(sql.RENUMBER, {"session": session_id, **sql.RENUMBERED.params(numbers)}, prepare=True)


async def _store_messages(conn: Connection, session_id: int, state: State) -> None:
    put = await _secrets(conn, state)
    if state.removed:
        await conn.execute(sql.REMOVE_MESSAGES, (state.removed,), prepare=True)
    changed = [row for row in state.touched.values() if not row.is_new]
    if changed:
        await conn.execute(sql.UPDATE_MESSAGES, sql.CHANGED_MESSAGES.params_of(changed), prepare=True)
    new = [row for row in state.touched.values() if row.is_new]
    if new:
        params = {"session": session_id, **sql.NEW_MESSAGES.params_of(new)}
        await conn.execute(sql.INSERT_MESSAGES, params, prepare=True)
    if put:
        await conn.execute(sql.PUT_SECRETS, sql.SECRETS.params(put), prepare=True)


async def _secrets(conn: Connection, state: State) -> list[tuple[int, bytes]]:
    """What was masked in this batch's messages, sealed, by row; what no row has any more is removed."""
    changed = [row for row in state.touched.values() if row.secret_dirty]
    moved = [row.secret_of for row in changed if row.secret_of is not None]
    stored: dict[int, Any] = {}
    if moved:
        found = await conn.execute(sql.STORED_SECRETS, (moved,), prepare=True)
        stored = {pk: opened(token, _SECRETS, "secret", pk) for pk, token in await found.fetchall()}
    secrets = {row.pk: row.secret if row.secret_of is None else stored.get(row.secret_of) for row in changed}
    gone = [*state.removed, *(pk for pk, secret in secrets.items() if secret is None)]
    if gone:
        await conn.execute(sql.REMOVE_SECRETS, (gone,), prepare=True)
    return [(pk, sealed(secret, _SECRETS, "secret", pk)) for pk, secret in secrets.items() if secret is not None]


async def _store_unreadable(conn: Connection, session_id: int, unreadable: Sequence[Unreadable]) -> None:
    """Nobody knows what is in them: they are sealed as well."""
    ids = await conn.execute(sql.UNREADABLE_IDS, (len(unreadable),), prepare=True)
    aside = []
    for one, (pk,) in zip(unreadable, await ids.fetchall(), strict=True):
        text = base64.b64encode(one.data[:KEPT_BYTES]).decode()
        aside.append((pk, one.kind[:64], one.reason[:255], sealed(text, _UNREADABLE, "data", pk)))
    await conn.execute(sql.INSERT_UNREADABLE, {"session": session_id, **sql.UNREADABLE.params(aside)}, prepare=True)


async def _store_chats(conn: Connection, chats: Sequence[ChatRow]) -> None:
    if not chats:
        return
    events = [
        (chat.pk, chat.last_event + position, kind, message_pk, data)
        for chat in chats
        for position, (kind, message_pk, data) in enumerate(chat.events, 1)
    ]
    if events:
        await conn.execute(sql.INSERT_EVENTS, sql.EVENTS.params(events), prepare=True)
    for chat in chats:
        chat.last_event += len(chat.events)
    await conn.execute(sql.UPDATE_CHATS, sql.CHANGED_CHATS.params_of(chats), prepare=True)


async def _store_checkpoint(conn: Connection, session_id: int, checkpoint: Checkpoint, *, update_due: bool) -> None:
    if checkpoint.channels:
        params = {"session": session_id, **sql.CHANNELS.params(checkpoint.channels.items())}
        await conn.execute(sql.CHANNEL_STATES, params, prepare=True)
    state = (session_id, checkpoint.pts, checkpoint.qts, checkpoint.date, checkpoint.seq)
    await conn.execute(sql.CHECKPOINT, state, prepare=True)
    if update_due:
        await conn.execute(sql.LAST_UPDATE, (session_id,), prepare=True)
