"""Sessions as the live pages show them: status and cause, what the viewer may do, until when Telegram makes it wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils import timezone

from apps.chats.payloads import Session as Shown
from apps.chats.payloads import SessionFacts
from apps.commands.models import FloodWait
from apps.sessions import attendance
from apps.sessions.models import Session, SessionStatus
from apps.sessions.services import rights
from apps.staff.roles import Role
from tgadmin.core.errors import disposition
from tgadmin.core.phones import masked

SEND_METHOD = "messages.sendMessage"

_MESSAGES: dict[str, str] = {
    SessionStatus.SIGNING_IN: "This account is being signed in.",
    SessionStatus.CONNECTING: "This account is connecting to Telegram. What you send goes out right after.",
    SessionStatus.SYNCING: "This account is fetching what it missed. What you send goes out right after.",
    SessionStatus.READY: "",
    SessionStatus.DISCONNECTED: (
        "This account is disconnected from Telegram and reconnects by itself. What you send is kept and goes out then."
    ),
    SessionStatus.CONNECTION_FAILED: (
        "This account cannot reach Telegram; the connection is tried again and again. "
        "What you send is kept and goes out then."
    ),
    SessionStatus.NEEDS_SIGN_IN: "Telegram has ended this account's sign-in. Its chats are kept.",
    attendance.NO_GATEWAY: (
        "No gateway is running for this account: nothing new arrives. "
        "What you send is kept and goes out when the gateway is back."
    ),
    SessionStatus.BANNED: "Telegram has banned this account. Its chats are kept for reading.",
    SessionStatus.DISABLED: "This account is disabled: it receives and sends nothing until a manager enables it.",
}


def payloads(sessions: Iterable[Session], roles: Mapping[int, Role]) -> list[Shown]:
    """One dict per session, in order; ``roles`` maps session ids to the viewer's role. Three queries."""
    rows = list(sessions)
    ids = [session.pk for session in rows]
    floods, away, managers = flood_waits(ids), attendance.without_gateway(ids), rights.manager_names(ids)
    return [
        _payload(
            facts(session, floods.get(session.pk), away=session.pk in away),
            roles[session.pk],
            managers.get(session.pk, []),
        )
        for session in rows
    ]


def _payload(facts: SessionFacts, role: Role, managers: list[str]) -> Shown:
    return {
        **facts,
        "managers": managers,
        "role": role.label,
        "can_send": role >= Role.OPERATOR,
        "can_manage": role >= Role.MANAGER,
    }


def facts(session: Session, flood_until: datetime | None, *, away: bool) -> SessionFacts:
    """What everybody who may see the session sees of it. ``away``: no gateway looks after it."""
    status = attendance.NO_GATEWAY if away else session.status
    cause = "" if away else session.status_code
    return {
        "id": session.pk,
        "name": session.name,
        "phone": masked(session.phone),
        "user_id": session.telegram_user_id,
        "status": status,
        "label": attendance.label(status),
        "code": cause,
        "cause": disposition(cause).message if cause else "",
        "message": _MESSAGES[status],
        "since": session.status_since.isoformat(),
        "retry_at": session.retry_at.isoformat() if session.retry_at and not away else None,
        "flood_until": flood_until.isoformat() if flood_until else None,
    }


def flood_waits(session_ids: Iterable[int]) -> dict[int, datetime]:
    """Until when sending waits for whole accounts, by session id; those that do not wait are absent."""
    waits = FloodWait.objects.filter(
        session_id__in=list(session_ids), peer_id=0, method=SEND_METHOD, until__gt=timezone.now()
    )
    return dict(waits.values_list("session_id", "until"))
