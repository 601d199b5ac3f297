"""An account's auth keys: the only place that makes them, changes their role and erases their secrets.

One order of locks, everywhere, or two transactions wait for each other until PostgreSQL ends one of them: the lease,
the command that is settled, chats by their ids, **the session's row, then its authorizations**. Whoever acts on the
account as a whole (log-out, sign-in, disabling) locks the session's row first and then changes its keys; ``end`` does
the same for a caller that knows the key only. tests/sessions/test_lock_order.py.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.models import Authorization, AuthorizationSecret, Session
from tgadmin.core.ids import auth_key_id

PARTS = ("dc_id", "server_address", "port", "auth_key")


def store(session_id: int, key: Mapping[str, Any], role: Authorization.Role) -> Authorization:
    """Keep a key (Key.to_json) under its role. There may be one current and one spare key at a time: whichever has the
    role now has to be retired before, under the lock of the session's row."""
    parts = {name: key[name] for name in PARTS}
    authorization = Authorization.objects.create(
        session_id=session_id,
        role=role,
        key_id=auth_key_id(base64.b64decode(parts["auth_key"])),
        dc_id=parts["dc_id"],
    )
    AuthorizationSecret.objects.create(authorization=authorization, secret=parts)
    return authorization


def retire(authorization: Authorization, code: str) -> None:
    """It is not used any more, for this cause. Its secret stays until the key has been logged out (``end``). The caller
    has locked the session's row."""
    authorization.role, authorization.ended_at, authorization.end_code = Authorization.Role.OLD, timezone.now(), code
    authorization.save(update_fields=("role", "ended_at", "end_code"))


def end(authorization_id: int, code: str) -> bool:
    """The key no longer works: it stays as a fact, without its secret. A cause that was recorded before counts. Whether
    it was the account's current key. Inside a transaction, which then holds the locks of the session's row and of the
    key's."""
    # The session's row first (see above). NO KEY: rows that only name the session may still be written meanwhile.
    sessions = Session.objects.select_for_update(no_key=True, of=("self",))
    sessions.filter(authorizations=authorization_id).first()
    locked = Authorization.objects.select_for_update().filter(pk=authorization_id, ended_at=None).first()
    was_current = locked is not None and locked.role == Authorization.Role.CURRENT
    if locked is not None:
        retire(locked, code)
    AuthorizationSecret.objects.filter(authorization_id=authorization_id).delete()
    return was_current


def log_out(authorization: Authorization, user: commands.Asker = commands.SYSTEM) -> Command:
    """Asks the gateway to end the key at Telegram; its secret is erased when that is done."""
    return commands.enqueue(
        authorization.session_id,
        CommandKind.LOG_OUT,
        {"authorization": authorization.pk},
        about=authorization.pk,
        user=user,
    )


def has_other(session_id: int, authorization_id: int) -> bool:
    """Whether the account has another current key than this one."""
    current = Authorization.objects.filter(session_id=session_id, role=Authorization.Role.CURRENT)
    return current.exclude(pk=authorization_id).exists()
