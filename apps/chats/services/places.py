"""Where each of the staff was last: the next visit to the live pages begins there, in whatever browser."""

from __future__ import annotations

from django.db import connection

REMEMBER = """
INSERT INTO live_places AS p (user_id, session_id, chat_id) VALUES (%s, %s, %s)
ON CONFLICT (user_id) DO UPDATE SET session_id = EXCLUDED.session_id, chat_id = EXCLUDED.chat_id
WHERE (p.session_id, p.chat_id) IS DISTINCT FROM (EXCLUDED.session_id, EXCLUDED.chat_id)
"""


def remember(user_id: int, session_id: int | None, chat_id: int | None) -> None:
    """The user has gone to this account (None: the list over all of them) and chat (None: the list alone). One
    statement, which writes nothing when they were there before."""
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER, [user_id, session_id, chat_id])
