"""What the first paint of a live page needs, and the details of a chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from apps.chats import sight
from apps.chats.models import Chat, Message
from apps.chats.payloads import PROTOCOL
from apps.chats.payloads import Session as Shown
from apps.chats.selectors import history, lists, sessions, unread
from apps.commands.models import FloodWait
from apps.sessions.models import Session
from apps.sessions.services import rights
from apps.staff.roles import Role

STAFF_SCANNED = 2000
"""Messages of a chat in which its senders among the staff are looked for."""


def first(user: User, session: Session | None, chat: Chat | None, *, everywhere: bool) -> dict[str, Any]:
    """The page's first data: accounts, how much is unread in them, the chat list's first page, the open chat's newest
    page. ``everywhere``: the list is over all accounts that the user may see."""
    roles = rights.roles([user]).get(user.pk, {})
    seen = {session_id: rights.sees_telegram(role) for session_id, role in roles.items()}
    shown = session.pk if session else chat.session_id if chat else None
    listed = seen if everywhere else {pk: whole for pk, whole in seen.items() if session and pk == session.pk}
    return {
        "version": PROTOCOL,
        "now": timezone.now().isoformat(),
        "user": {"id": user.pk, "name": user.get_full_name() or user.get_username()},
        "may_add": rights.may_add_account(user),
        "sessions": visible(roles),
        "everywhere": everywhere,
        "session": shown,
        "list": lists.page(listed) if listed else None,
        "unread": unread.payloads(seen),
        "chat": lists.payloads([chat.pk])[0] if chat else None,
        "page": history.newest(chat, whole=seen.get(chat.session_id, False)) if chat else None,
    }


def visible(roles: Mapping[int, Role]) -> list[Shown]:
    """The sessions in which a user has these roles, by name, each with their role in it. Two queries."""
    return sessions.payloads(Session.objects.filter(pk__in=roles), roles)


def details(chat: Chat, *, whole: bool) -> dict[str, Any]:
    """Facts of a chat that the list does not carry: who of the staff wrote in it, its slow mode, how much is stored."""
    slow = FloodWait.objects.filter(
        session_id=chat.session_id, peer_id=chat.peer_id, until__gt=timezone.now()
    ).order_by("-until")
    return {
        "chat": chat.pk,
        "stored": sight.shown_messages(Message.objects.filter(chat=chat, deleted_at=None), whole=whole).count(),
        "history_complete": chat.history_complete,
        "slow_until": slow[0].until.isoformat() if slow else None,
        "staff": _staff(chat),
    }


def _staff(chat: Chat) -> list[dict[str, Any]]:
    """Who of the staff wrote among the latest messages, the last one first."""
    latest = Message.objects.filter(chat=chat).order_by("-telegram_id").values("pk")[:STAFF_SCANNED]
    rows = Message.objects.filter(pk__in=latest, staff__isnull=False).order_by("staff_id", "-date").distinct("staff_id")
    found = [
        {
            "id": row.staff.pk,
            "name": row.staff.get_full_name() or row.staff.get_username(),
            "at": row.date.isoformat(),
        }
        for row in rows.select_related("staff")
        if row.staff is not None
    ]
    return sorted(found, key=lambda one: one["at"], reverse=True)
