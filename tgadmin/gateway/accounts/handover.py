"""Sessions' statuses under their leases, their handing over, and the end of an authorization: the session stops, its
chats stay, what it had to send is given back to staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.chats.models import Message
from apps.chats.services import outcomes
from apps.commands.command_kinds import NEED_ACCOUNT, CommandKind
from apps.commands.models import Command, Lease
from apps.commands.services import commands, leases
from apps.commands.services.leases import Held
from apps.sessions.models import Session, SessionStatus
from apps.sessions.services import authorizations, status
from apps.sessions.services.status import Change
from tgadmin.core.types import Checkpoint


@transaction.atomic
def change(held: Held, said: Change) -> None:
    """Say how the connection is. Raises LeaseLost: then it is somebody else's to say."""
    leases.hold(held)
    status.record(Session.objects.select_for_update(no_key=True).filter(pk=held.session_id), [said])


@transaction.atomic
def change_all(said: Sequence[tuple[Held, Change]]) -> set[Held]:
    """The same for many sessions in one transaction that waits for nobody; returns those that could be written. The
    others are lost, or their rows are in use just now: ``change`` finds out."""
    written = leases.hold_free({held for held, _ in said})
    rows = Session.objects.filter(pk__in=[held.session_id for held in written])
    status.record(rows, [change for held, change in said if held in written])
    return written


@transaction.atomic
def hand_over(node_id: UUID, sessions: Mapping[int, bool]) -> None:
    """A gateway that stops gives these sessions back, at once for all; True: it was connected, and is disconnected now
    until another gateway has taken it."""
    held = Lease.objects.select_for_update().filter(owner_id=node_id, session_id__in=sessions)
    ours = list(held.order_by("pk").values_list("pk", flat=True))
    rows = Session.objects.select_for_update(no_key=True).filter(pk__in=ours).order_by("pk")
    connected = [one for one in ours if sessions[one]]
    status.record(rows, [Change(one, SessionStatus.DISCONNECTED, "GATEWAY_STOPPED") for one in connected])
    leases.give_back(node_id, ours)


@transaction.atomic
def moved(held: Held, authorization_id: int, key: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    """Telegram has moved the account: ``key`` is its key at the other data centre. Raises LeaseLost."""
    leases.hold(held)
    status.moved(held.session_id, authorization_id, key, checkpoint)


@transaction.atomic
def stop(held: Held, authorization_id: int, code: str) -> None:
    """Telegram has ended the authorization, or staff has. Raises LeaseLost.

    Commands that nobody could carry out any more fail with the same cause: a message must not go out by surprise when
    somebody signs the account in again weeks later.
    """
    leases.hold(held)
    if authorizations.has_other(held.session_id, authorization_id):  # the account goes on with that one
        authorizations.end(authorization_id, code)
        return
    waiting = Command.objects.select_for_update().filter(
        session_id=held.session_id, state__in=commands.OPEN, kind__in=NEED_ACCOUNT
    )
    unsent = []
    for command in waiting.order_by("id"):
        commands.settle(command, Command.State.FAILED, error_code=code)
        if command.kind == CommandKind.SEND:
            unsent.append(int(command.payload["message"]))
    # Chats before the session's row, and by their ids: the order in which the inbox locks them.
    for message_id in Message.objects.filter(pk__in=unsent).order_by("chat_id", "pk").values_list("pk", flat=True):
        outcomes.failed(message_id, code)
    status.stop(held.session_id, authorization_id, code)
