"""A session's status: every change is recorded with its cause and shown live."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.common.notify import EVENTS, SESSIONS, notify
from apps.sessions.models import (
    Authorization,
    Session,
    SessionEvent,
    SessionStatus,
    TimelineKind,
    UpdateState,
)
from apps.sessions.services import authorizations, timeline
from tgadmin.core.types import Checkpoint

BAN_CODES = frozenset({"USER_DEACTIVATED_BAN", "PHONE_NUMBER_BANNED"})

_WRITE = """
UPDATE telegram_sessions s SET status = c.status, status_code = c.code, status_since = c.since, retry_at = c.retry_at
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    AS c(id, status, code, since, retry_at)
WHERE s.id = c.id
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a session, when, and why. ``retry_at``: when the next connection is tried."""

    session_id: int
    status: SessionStatus
    code: str = ""
    retry_at: datetime | None = None
    user_id: int | None = None
    at: datetime = field(default_factory=timezone.now)


def change(
    session_id: int,
    status: SessionStatus,
    code: str = "",
    *,
    retry_at: datetime | None = None,
    user_id: int | None = None,
) -> bool:
    """Record a new status with its cause, in the row and the timeline; False if nothing changed or the session is gone.

    A person's decision (disabled) is not overwritten: a gateway may only move a session that is enabled.
    """
    with transaction.atomic():
        rows = Session.objects.select_for_update(no_key=True).filter(pk=session_id)
        return record(rows, [Change(session_id, status, code, retry_at, user_id)]) > 0


def record(rows: Iterable[Session], changes: Iterable[Change]) -> int:
    """The same for several changes, in their order, of sessions whose rows the caller has locked in this transaction;
    returns how many lines the timeline got."""
    sessions = {row.pk: row for row in rows}
    lines: list[SessionEvent] = []
    touched: dict[int, Session] = {}
    for one in changes:
        row = sessions.get(one.session_id)
        if row is None or (not row.enabled and one.status != SessionStatus.DISABLED):
            continue
        if (row.status, row.status_code) != (one.status, one.code):
            lines.append(timeline.status_line(row.pk, one.status, one.code, one.at, one.user_id))
        elif row.retry_at == one.retry_at:
            continue
        if row.status != one.status:
            row.status, row.status_since = one.status, one.at
        row.status_code, row.retry_at = one.code, one.retry_at
        touched[row.pk] = row
    if touched:
        _write(touched.values())
        timeline.add(lines)
        notify(EVENTS, *touched)
    return len(lines)


def _write(rows: Collection[Session]) -> None:
    columns = zip(*((row.pk, row.status, row.status_code, row.status_since, row.retry_at) for row in rows), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [list(column) for column in columns])


def stop(session_id: int, authorization_id: int, code: str) -> None:
    """Telegram ended the authorization: its secret is erased. Without its current one the session asks for a person;
    its chats stay."""
    status = SessionStatus.BANNED if code in BAN_CODES else SessionStatus.NEEDS_SIGN_IN
    with transaction.atomic():
        if authorizations.end(authorization_id, code):
            change(session_id, status, code)


def moved(session_id: int, authorization_id: int, key: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    """The account lives at another data centre: its key there (Key.to_json) takes the place of the former one.

    pts are the account's and are kept, so that nothing is missed; qts, date and seq are the new key's. A key that staff
    logged out, or replaced, while the account moved has no successor: the new one is logged out as well.
    """
    with transaction.atomic():
        if not authorizations.end(authorization_id, "USER_MIGRATE"):
            unwanted = authorizations.store(session_id, key, Authorization.Role.OLD)
            authorizations.retire(unwanted, "USER_MIGRATE")
            authorizations.log_out(unwanted)
            return
        authorizations.store(session_id, key, Authorization.Role.CURRENT)
        Session.objects.filter(pk=session_id).update(dc_id=key["dc_id"])
        UpdateState.objects.filter(session_id=session_id).update(
            qts=checkpoint.qts, date=checkpoint.date, seq=checkpoint.seq
        )
        timeline.note(session_id, TimelineKind.MOVED, code="USER_MIGRATE", dc=key["dc_id"])
        notify(SESSIONS, session_id)


def changed(session_id: int) -> None:
    """Tell gateways, on commit, that a session was enabled, disabled, signed in or removed."""
    notify(SESSIONS, session_id)
