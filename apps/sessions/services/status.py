"""A session's status: every change is recorded with its cause and shown live."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.sessions.models import (
    Authorization,
    AuthorizationSecret,
    Lease,
    Session,
    SessionEvent,
    SessionStatus,
    UpdateState,
)
from apps.sessions.services.notify import EVENTS, SESSIONS, notify
from tgadmin.core.ids import auth_key_id
from tgadmin.core.types import Checkpoint

NEEDS_PERSON = (SessionStatus.NEEDS_SIGN_IN, SessionStatus.BANNED)
BAN_CODES = frozenset({"USER_DEACTIVATED_BAN", "PHONE_NUMBER_BANNED"})


def change(
    session_id: int,
    status: SessionStatus,
    code: str = "",
    *,
    retry_at: datetime | None = None,
    user_id: int | None = None,
) -> bool:
    """Record a new status with its cause, in the row and the timeline; False if nothing changed or the session is gone.

    ``retry_at``: when the next connection is tried. A person's decision (disabled) is not overwritten: a gateway may
    only move a session that is enabled.
    """
    with transaction.atomic():
        session = Session.objects.select_for_update(no_key=True).filter(pk=session_id).first()
        if session is None or (not session.enabled and status != SessionStatus.DISABLED):
            return False
        if session.status == status and session.status_code == code:
            if session.retry_at != retry_at:
                Session.objects.filter(pk=session_id).update(retry_at=retry_at)
                notify(EVENTS, session_id)
            return False
        since = timezone.now() if session.status != status else F("status_since")
        Session.objects.filter(pk=session_id).update(
            status=status, status_code=code, status_since=since, retry_at=retry_at
        )
        SessionEvent.objects.create(session_id=session_id, kind=f"status.{status.value}", code=code, user_id=user_id)
        notify(EVENTS, session_id)
        return True


def gateway_stopped(node_id: UUID, sessions: Iterable[int]) -> None:
    """This gateway stops cleanly: those of the sessions that it holds are disconnected until another takes over."""
    with transaction.atomic():
        held = Lease.objects.select_for_update(no_key=True).filter(owner_id=node_id, session_id__in=list(sessions))
        ours = list(held.order_by("pk").values_list("pk", flat=True))
        rows = Session.objects.select_for_update(no_key=True).filter(pk__in=ours, enabled=True)
        stopped = list(rows.order_by("pk").values_list("pk", flat=True))
        status, code = SessionStatus.DISCONNECTED, "GATEWAY_STOPPED"
        Session.objects.filter(pk__in=stopped).update(
            status=status, status_code=code, status_since=timezone.now(), retry_at=None
        )
        SessionEvent.objects.bulk_create(
            SessionEvent(session_id=session_id, kind=f"status.{status.value}", code=code) for session_id in stopped
        )
        for session_id in stopped:
            notify(EVENTS, session_id)


def note(session_id: int, kind: str, code: str = "", detail: dict[str, Any] | None = None) -> None:
    """Add a line to the session's timeline. ``detail`` holds no secret, phone or message text."""
    SessionEvent.objects.create(session_id=session_id, kind=kind, code=code, detail=detail or {})


def stop(session_id: int, authorization_id: int, code: str) -> None:
    """Telegram ended the authorization: its secret is erased, the session asks for a person, its chats stay."""
    status = SessionStatus.BANNED if code in BAN_CODES else SessionStatus.NEEDS_SIGN_IN
    with transaction.atomic():
        end_authorization(authorization_id, code)
        change(session_id, status, code)


def end_authorization(authorization_id: int, code: str) -> None:
    """An auth key is good no more: it stays as a fact without its secret."""
    Authorization.objects.filter(pk=authorization_id, ended_at=None).update(
        role=Authorization.Role.OLD, ended_at=timezone.now(), end_code=code
    )
    AuthorizationSecret.objects.filter(authorization_id=authorization_id).delete()


def moved(session_id: int, authorization_id: int, key: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    """The account lives at another data centre: its key there (Key.to_json) takes the place of the former one.

    pts are the account's and are kept, so that nothing is missed; qts, date and seq are the new key's.
    """
    parts = {name: key[name] for name in ("dc_id", "server_address", "port", "auth_key")}
    with transaction.atomic():
        end_authorization(authorization_id, "USER_MIGRATE")
        new = Authorization.objects.create(
            session_id=session_id, key_id=auth_key_id(base64.b64decode(parts["auth_key"])), dc_id=parts["dc_id"]
        )
        AuthorizationSecret.objects.create(authorization=new, secret=parts)
        Session.objects.filter(pk=session_id).update(dc_id=parts["dc_id"])
        UpdateState.objects.filter(session_id=session_id).update(
            qts=checkpoint.qts, date=checkpoint.date, seq=checkpoint.seq
        )
        note(session_id, "moved", "USER_MIGRATE", {"dc": parts["dc_id"]})
        notify(SESSIONS, session_id)


def changed(session_id: int) -> None:
    """Tell gateways, on commit, that a session was enabled, disabled, signed in or removed."""
    notify(SESSIONS, session_id)
