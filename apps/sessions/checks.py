"""System checks of what is stored: whether the keys of this installation decrypt it."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError

from apps.common.checks import asks_database
from apps.sessions.services import keys

MOST_NAMED = 10


@asks_database
def stored_secrets(**kwargs: object) -> list[CheckMessage]:
    return list(_stored_secrets())


def _stored_secrets() -> Iterator[CheckMessage]:
    """Silent where there is no sound key (E002 says so) or no table yet (nothing is stored)."""
    try:
        found = keys.held()
    except (ValueError, DatabaseError):
        return
    if found.unreadable > len(found.misplaced):
        yield Error(
            f"SESSION_ENCRYPTION_KEYS decrypts {found.total - found.unreadable} of {found.total} stored secrets.",
            hint="Put the key that encrypted them back, after the new one and a comma; the accounts stay as they are. "
            "If it is lost for good, the accounts under it have to be signed in again; their chats are kept.",
            id="tgadmin.E008",
        )
    if found.unbound:
        yield Error(
            f"{found.unbound} of {found.total} stored secrets were stored by an earlier version.",
            hint="Run 'manage.py session rekey' once: it binds each to its row.",
            id="tgadmin.E013",
        )
    if found.misplaced:
        rows = ", ".join(str(place) for place in found.misplaced[:MOST_NAMED])
        yield checks.Warning(
            f"{len(found.misplaced)} of {found.total} stored secrets are not what was stored in their rows: {rows}"
            f"{' and others' if len(found.misplaced) > MOST_NAMED else ''}.",
            hint="Somebody moved or changed them in the database; they are not used. Find out who may write there, "
            "then restore the rows from a backup, or erase them: 'manage.py session rekey --erase-unreadable'.",
            id="tgadmin.W014",
        )
    if found.older > found.unbound:
        yield checks.Warning(
            f"SESSION_ENCRYPTION_KEYS: {found.older - found.unbound} of {found.total} stored secrets are still under "
            "an older key.",
            hint="Run 'manage.py session rekey' before that key is removed: without it they can never be read again.",
            id="tgadmin.W011",
        )
