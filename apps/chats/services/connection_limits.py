"""Slots of live sockets: taken under one lock for all web processes, so that the limits hold over all of them.

A process sends heartbeats while it has slots. One that has not for STALE seconds is dead and its slots are free: that
is how a process that was killed gives them back. All times are the database's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

HEARTBEAT = 2.0
"""Seconds between two heartbeats of a process."""
STALE = 6.0
"""Seconds without a heartbeat after which a process is dead."""

_LOCK = 0x74676C697665
"""The advisory lock of this table ("tglive")."""

# One message to the server, hence one transaction: no process can be stopped in the middle and keep the lock. What
# comes after the lock sees all that was committed before it was got.
_TAKE = """
SELECT pg_advisory_xact_lock(%(lock)s);
INSERT INTO live_processes (id, beat) VALUES (%(process)s, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET beat = EXCLUDED.beat;
UPDATE live_sockets SET closed_at = clock_timestamp()
    WHERE user_id = %(user)s AND page = %(page)s AND closed_at IS NULL;
WITH open AS (
    SELECT s.user_id FROM live_sockets s JOIN live_processes p ON p.id = s.process_id
    WHERE s.closed_at IS NULL AND p.beat > clock_timestamp() - make_interval(secs => %(stale)s)
), figures AS (
    SELECT (SELECT count(*) FROM open WHERE user_id = %(user)s) AS of_user, (SELECT count(*) FROM open) AS of_all,
        count(*) AS fresh, min(opened_at) AS oldest
    FROM live_sockets WHERE user_id = %(user)s AND opened_at > clock_timestamp() - interval '1 minute'
), taken AS (
    INSERT INTO live_sockets (id, process_id, user_id, page, opened_at)
    SELECT %(id)s, %(process)s, %(user)s, %(page)s, clock_timestamp() FROM figures
    WHERE of_user < %(per_user)s AND of_all < %(in_all)s AND fresh < %(per_minute)s
    RETURNING id
)
SELECT (SELECT count(*) FROM taken), of_user, of_all,
    greatest(1, ceil(extract(epoch FROM oldest + interval '1 minute' - clock_timestamp())))::int
FROM figures
"""

ALIVE = "UPDATE live_processes SET beat = clock_timestamp() WHERE id = %s"
"""Only that the process lives, as long as it is known at all: for a connection outside the pool, when that is full."""


class Reason:
    """Why there is no free slot; each has a close code (docs/socket-protocol.md)."""

    USER, EVERYONE, MINUTE = 4421, 4422, 4423


@dataclass(frozen=True, slots=True)
class Refusal:
    """``code`` is one of Reason, ``limit`` the setting that was reached, ``seconds`` until another try may help."""

    code: int
    limit: int
    seconds: int


@dataclass(frozen=True, slots=True)
class SocketSlot:
    """What one socket holds. ``page`` is the browser page's name for itself: a page that comes back takes the slot
    of its former socket, which may be dead without anybody knowing."""

    id: UUID
    user_id: int
    page: UUID | None


def take(process: UUID, slot: SocketSlot) -> Refusal | None:
    """None: the slot is taken. One INSERT decides; nothing is written when it refuses."""
    limits = (settings.LIVE_SOCKETS_PER_USER, settings.LIVE_SOCKETS, settings.LIVE_SOCKETS_PER_MINUTE)
    per_user, in_all, per_minute = limits
    values: dict[str, Any] = {"lock": _LOCK, "process": process, "stale": STALE, "id": slot.id, "user": slot.user_id}
    values |= {"page": slot.page, "per_user": per_user, "in_all": in_all, "per_minute": per_minute}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        while cursor.nextset():
            pass
        taken, of_user, of_all, seconds = cursor.fetchone()
    if taken == 1:
        return None
    if of_user >= per_user:
        return Refusal(Reason.USER, per_user, 3)
    if of_all >= in_all:
        return Refusal(Reason.EVERYONE, in_all, 10)
    return Refusal(Reason.MINUTE, per_minute, seconds)


def give_back(slot_ids: Collection[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE live_sockets SET closed_at = clock_timestamp() WHERE id = ANY(%s::uuid[]) AND closed_at IS NULL",
            [list(slot_ids)],
        )


def heartbeat(process: UUID, slots: Collection[SocketSlot]) -> set[UUID]:
    """The process lives, and had these slots when it said so. Returns the slots that are its own now.

    What is gone with a restored database, or was given away while this process was frozen, is written again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO live_processes (id, beat) VALUES (%s, clock_timestamp()) "
            "ON CONFLICT (id) DO UPDATE SET beat = EXCLUDED.beat RETURNING xmax = 0",
            [process],
        )
        if cursor.fetchone()[0]:
            _write_again(process, slots)
        cursor.execute("SELECT id FROM live_sockets WHERE process_id = %s AND closed_at IS NULL", [process])
        own = {row[0] for row in cursor.fetchall()}
        # A minute after its end a row says nothing any more, not even to the limit of new connections.
        cursor.execute("DELETE FROM live_processes WHERE beat < clock_timestamp() - interval '1 minute'")
        cursor.execute(
            "DELETE FROM live_sockets s WHERE s.closed_at < clock_timestamp() - interval '1 minute' "
            "OR (s.opened_at < clock_timestamp() - interval '1 minute' "
            "AND NOT EXISTS (SELECT FROM live_processes p WHERE p.id = s.process_id))"
        )
    return own


def _write_again(process: UUID, slots: Collection[SocketSlot]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO live_sockets (id, process_id, user_id, page, opened_at) "
            "SELECT id, %s, user_id, page, clock_timestamp() - interval '1 minute' "
            "FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[]) AS kept(id, user_id, page) ON CONFLICT DO NOTHING",
            [
                process,
                [slot.id for slot in slots],
                [slot.user_id for slot in slots],
                [slot.page for slot in slots],
            ],
        )
