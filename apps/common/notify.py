"""Wake-ups through PostgreSQL's NOTIFY: delivered on commit, lost on rollback, and never more than a hint.

Channels: ``tg_commands`` (the bus has work for a session), ``tg_sessions`` (a session was enabled, disabled, signed in
or removed), ``tg_events`` (something that browsers show has changed), ``tg_settled`` (a command ended: its id).
"""

from __future__ import annotations

from django.db import connection

COMMANDS = "tg_commands"
SESSIONS = "tg_sessions"
EVENTS = "tg_events"
SETTLED = "tg_settled"


def notify(channel: str, *numbers: int) -> None:
    """Send each number (a session's id; a command's on SETTLED) to whoever listens, when this transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, number::text) FROM unnest(%s::bigint[]) AS number", [channel, [*numbers]])
