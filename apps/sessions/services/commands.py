"""The command bus's rows: asking the gateway for something, taking it back, waiting for it, and settling it.

``enqueue`` runs inside the caller's transaction, so a command exists exactly if what it is about does. Settling happens
in the gateway, under the lease's fence (``leases.hold`` first, in the same transaction).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import connection, transaction
from django.utils import timezone

from apps.sessions.models import Command, CommandSecret
from apps.sessions.services.notify import COMMANDS, SETTLED, notify
from tgadmin.core.official import OFFICIAL

OPEN = (Command.State.QUEUED, Command.State.CLAIMED)
ACCOUNT_LANE = "account"
DEVICES_LANE = "devices"
LOOK_SECONDS = 1.0
"""How often ``wait`` looks at the row although no notification came."""


class Kind(StrEnum):
    """Every kind of command there is; the gateway has one handler for each."""

    SEND = "send"
    EDIT = "edit"
    DELETE = "delete"
    READ = "read"
    TYPING = "typing"
    HISTORY = "history"
    DIALOGS = "dialogs"
    UNREAD = "unread"
    LOG_OUT = "log_out"
    DEVICES = "devices"
    DEVICES_END = "devices.end"
    DEVICES_END_OTHERS = "devices.end_others"
    DEVICES_TTL = "devices.ttl"
    PROXY_SET = "proxy.set"
    PROXY_TRY = "proxy.try"
    SIGN_IN_SEND_CODE = "sign_in.send_code"
    SIGN_IN_RESEND = "sign_in.resend"
    SIGN_IN_CANCEL = "sign_in.cancel"
    SIGN_IN_CODE = "sign_in.code"
    SIGN_IN_QR = "sign_in.qr"
    SIGN_IN_IMPORT = "sign_in.import"
    SIGN_IN_PASSWORD = "sign_in.password"  # noqa: S105  a kind of command


def chat_lane(peer_id: int) -> str:
    """The lane of what must keep its order within a chat: sends, edits, deletes."""
    return f"chat:{peer_id}"


def read_lane(peer_id: int) -> str:
    return f"read:{peer_id}"


def typing_lane(peer_id: int) -> str:
    return f"typing:{peer_id}"


def history_lane(peer_id: int) -> str:
    return f"history:{peer_id}"


OFFICIAL_LANES = frozenset(
    lane(peer_id) for lane in (chat_lane, read_lane, typing_lane, history_lane) for peer_id in OFFICIAL
)
"""Lanes of chats with Telegram's own accounts, which are for managers only."""


def sign_in_lane(attempt_id: UUID | str) -> str:
    return f"sign-in:{attempt_id}"


def log_out_lane(authorization_id: int) -> str:
    """Of its own: what waits in the account's lane may need the connection that a log-out closes first."""
    return f"log-out:{authorization_id}"


def enqueue(
    session_id: int,
    kind: str,
    lane: str,
    payload: Mapping[str, Any],
    *,
    secret: Mapping[str, Any] | None = None,
    user: AbstractBaseUser | AnonymousUser | None = None,
    not_before: datetime | None = None,
) -> Command:
    """Add a command to the session's lane, inside the caller's transaction; gateways hear of it when that commits.

    ``secret`` is kept encrypted and erased when the command is settled. Raises ValueError for an unknown kind.
    """
    command = Command.objects.create(
        session_id=session_id,
        kind=Kind(kind),
        lane=lane,
        payload=dict(payload),
        created_by_id=user.pk if user is not None else None,
        not_before=not_before,
    )
    if secret is not None:
        CommandSecret.objects.create(command=command, secret=dict(secret))
    notify(COMMANDS, session_id)
    return command


def cancel(command: Command) -> bool:
    """Take back a command that no gateway has begun; False if one has, or if it is over."""
    with transaction.atomic():
        # A row that a gateway has locked is being begun. Waiting for it here, with a chat locked, could be a deadlock.
        queued = Command.objects.select_for_update(skip_locked=True, of=("self",))
        row = queued.filter(pk=command.pk, state=Command.State.QUEUED).first()
        if row is None:
            return False
        row.state, row.error_code, row.settled_at = Command.State.CANCELLED, "CANCELLED_BY_STAFF", timezone.now()
        row.payload = _without_text(row.payload)
        row.save(update_fields=("state", "error_code", "settled_at", "payload"))
    CommandSecret.objects.filter(command_id=command.pk).delete()
    notify(SETTLED, command.pk)
    notify(COMMANDS, command.session_id)
    return True


def is_over(command: Command) -> bool:
    return command.state not in OPEN


def wait(command_id: int, timeout: float) -> Command:
    """The command once it is settled, or as it stands after ``timeout`` seconds. For commands outside the web process.

    Must be called outside a transaction. Raises Command.DoesNotExist when it was deleted with its session.
    """
    deadline = time.monotonic() + timeout
    with settlements() as listener:
        while True:
            command = Command.objects.get(pk=command_id)
            left = deadline - time.monotonic()
            if is_over(command) or left <= 0:
                return command
            for note in listener.notifies(timeout=min(LOOK_SECONDS, left), stop_after=1):
                if note.payload == str(command_id):
                    break


def settlements() -> psycopg.Connection[Any]:
    """A connection of its own that hears SETTLED (close it); Django's may be a pool's or in use."""
    given = connection.get_connection_params()
    params = {key: given[key] for key in given if key not in {"cursor_factory", "context", "pool", "prepare_threshold"}}
    listener = psycopg.connect(**params, autocommit=True)
    listener.execute(f"LISTEN {SETTLED}")
    return listener


def settle(command: Command, state: str, *, result: Any = None, error_code: str = "") -> None:
    """End a claimed command, inside a transaction that holds the lease; its secret and its text are erased."""
    command.state = Command.State(state)
    command.result = result
    command.error_code = error_code
    command.settled_at = timezone.now()
    command.payload = _without_text(command.payload)
    command.save(update_fields=("state", "result", "error_code", "settled_at", "payload"))
    CommandSecret.objects.filter(command_id=command.pk).delete()
    notify(SETTLED, command.pk)


def _without_text(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody wrote (an edit's new text) is needed until the command is over; its message keeps it."""
    return {name: value for name, value in payload.items() if name != "text"}


def postpone(command: Command, until: datetime, error_code: str, *, unknown: bool = False, counts: bool = True) -> None:
    """Put a claimed command off until then, at the head of its lane, inside a transaction that holds the lease.

    ``unknown``: its outcome is not known; it stays claimed, so that the next claim says so. ``counts``: whether this
    was one of its tries (a flood wait or a broken connection is not).
    """
    command.not_before = until
    command.attempts = max(0, command.attempts - (not counts))
    command.error_code = error_code
    if not unknown:
        command.state = Command.State.QUEUED
    command.save(update_fields=("state", "not_before", "error_code", "attempts"))
