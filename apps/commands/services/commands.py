"""The command bus's rows: asking the gateway for something, taking it back, waiting for it, and settling it.

``enqueue`` runs inside the caller's transaction, so a command exists exactly if what it is about does. Settling happens
in the gateway, under the lease's fence (``leases.hold`` first, in the same transaction).

Whose command it is, is said: a person's is carried out only while that person has the right that its kind needs
(command_kinds.SPECS), which the claim looks at; the system's own are marked SYSTEM. A person whose user is deleted
meanwhile has no right.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final, Literal
from uuid import UUID

import psycopg
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.commands.command_kinds import CHAT_LANE, SPECS, CommandKind, Subject
from apps.commands.models import Command, CommandSecret
from apps.common.notify import COMMANDS, SETTLED, notify
from tgadmin.core.errors import UserError
from tgadmin.core.official import OFFICIAL
from tgadmin.core.sql import literals

OPEN = Command.OPEN
POLL_SECONDS = 1.0
"""How often ``wait`` looks at the row although no notification came."""


class _System(Enum):
    IT = auto()


SYSTEM: Final = _System.IT
"""Whose a command is that nobody asked for: the program's own."""
Asker = User | Literal[_System.IT] | None
"""None: a person who is no user any more. Their command is refused when it is claimed, which says so."""


OFFICIAL_LANES = frozenset(
    spec.lane.of(peer_id) for spec in SPECS.values() if spec.lane.subject is Subject.CHAT for peer_id in OFFICIAL
)
"""Lanes of chats with Telegram's own accounts, which are for managers only."""


def enqueue(
    session_id: int,
    kind: CommandKind,
    payload: Mapping[str, Any],
    *,
    user: Asker,
    about: int | UUID | None = None,
    secret: Mapping[str, Any] | None = None,
    not_before: datetime | None = None,
    follows: bool = False,
) -> Command:
    """Add a command to its lane, inside the caller's transaction; gateways hear of it when that commits.

    ``user``: who asks, or SYSTEM. ``about``: which chat, authorization or sign-in, as the kind's lane wants it.
    ``secret`` is kept encrypted and erased when the command is settled. ``follows``: it goes on with what they asked
    for before, in the gateway, and is never one too many. Raises UserError (TOO_MANY_WAITING); ValueError for what the
    system never asks for, and where ``about`` is missing or too much.
    """
    spec = SPECS[kind]
    if user is SYSTEM and not spec.need.system:
        raise ValueError(f"the system does not ask for {kind}")
    command = Command.objects.create(
        session_id=session_id,
        kind=kind,
        lane=spec.lane.of(about),
        payload=dict(payload),
        not_before=not_before,
        **_of(user),
    )
    if secret is not None:
        CommandSecret.objects.create(command=command, secret=dict(secret))
    if isinstance(user, User) and spec.is_limited and not follows:
        _find_room(command, user, of_chat=spec.lane == CHAT_LANE)
    notify(COMMANDS, session_id)
    return command


def _of(user: Asker) -> dict[str, Any]:
    if not isinstance(user, User):
        origin = Command.Origin.SYSTEM if user is SYSTEM else Command.Origin.PERSON
        return {"origin": origin, "created_by_id": None, "asked_by": ""}
    name = (user.get_full_name() or user.get_username())[:150]
    return {"origin": Command.Origin.PERSON, "created_by_id": user.pk, "asked_by": name}


def take_over(waiting: QuerySet[Command], user: User, **changes: Any) -> int:
    """Somebody asks for what waits already, perhaps with another payload: from now on it is theirs. Returns of how many
    no gateway has begun."""
    return waiting.filter(state=Command.State.QUEUED).update(**_of(user), **changes)


def _find_room(command: Command, user: User, *, of_chat: bool) -> None:
    """Raises UserError if the command that was just inserted is one too many for its user or its chat.

    Counted after the insert and under locks, so that two at once cannot both take the last slot; inserted first, so
    that nothing else is waited for while the locks are held.
    """
    most, most_of_chat = settings.COMMANDS_PER_USER, settings.COMMANDS_PER_CHAT
    with connection.cursor() as cursor:
        if of_chat:
            cursor.execute(_LOCK_LANE, [user.pk, f"{command.session_id}:{command.lane}"])
        else:
            cursor.execute(_LOCK, [user.pk])
        cursor.execute(
            _WAITING, [user.pk, most + 1, command.session_id, command.lane if of_chat else "", most_of_chat + 1]
        )
        theirs, there = cursor.fetchone()
    if theirs > most:
        raise _too_many(most, "things that you asked for wait for the gateway")
    if there > most_of_chat:
        raise _too_many(most_of_chat, "things wait in this chat")


def _too_many(most: int, what: str) -> UserError:
    """Whatever else the transaction did must be undone too."""
    return UserError(
        "TOO_MANY_WAITING", f"{most} {what} already: this was not added. Try again once some of it is done."
    )


_LOCK = "SELECT pg_advisory_xact_lock(hashtext('commands of a user'), %s)"
_LOCK_LANE = f"{_LOCK}, pg_advisory_xact_lock(hashtext('commands of a lane'), hashtext(%s))"
_WAITING = f"""
SELECT (SELECT count(*) FROM (SELECT 1 FROM telegram_commands
        WHERE created_by_id = %s AND state IN ({literals(*OPEN)}) LIMIT %s) a),
    (SELECT count(*) FROM (SELECT 1 FROM telegram_commands
        WHERE session_id = %s AND lane = %s AND state IN ({literals(*OPEN)}) LIMIT %s) b)
"""  # noqa: S608  names of states


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
            for note in listener.notifies(timeout=min(POLL_SECONDS, left), stop_after=1):
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


def keep_progress(command_id: int, fence: int, progress: Mapping[str, Any]) -> None:
    """Store how far a request of many pages has come, unless another gateway has claimed the command meanwhile."""
    Command.objects.filter(pk=command_id, state=Command.State.CLAIMED, fence=fence).update(progress=dict(progress))


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
