"""Where a visit to the live pages begins."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from apps.chats import sight
from apps.chats.models import Chat, LivePlace
from apps.sessions.models import Session, SessionStatus
from apps.sessions.services import rights

MANY = 50
"""Whoever has more accounts than this is not led to the list over all of them of its own accord."""


@dataclass(frozen=True, slots=True)
class Place:
    """An account (None: the list over all of them), and the chat that is shown, if any."""

    session: Session | None
    chat: Chat | None = None


def begin(user: User) -> Place | None:
    """Where the user was last, as far as they may still see it; else the list over all their accounts, or the only one.
    None: they may see no account."""
    visible = rights.visible_sessions(user)
    last = LivePlace.objects.filter(user_id=user.pk).first()
    if last is not None:
        chat = sight.chats(user).filter(pk=last.chat_id).first() if last.chat_id else None
        session = visible.filter(pk=last.session_id).first() if last.session_id else None
        if session is not None or (last.session_id is None and visible.exists()):
            fits = chat is not None and (session is None or chat.session_id == session.pk)
            return Place(session, chat if fits else None)
    return _first(list(visible.order_by("name", "id")[: MANY + 1]))


def _first(sessions: list[Session]) -> Place | None:
    if not sessions:
        return None
    if 1 < len(sessions) <= MANY:
        return Place(None)
    ready = next((one for one in sessions if one.status == SessionStatus.READY), sessions[0])
    return Place(ready)
