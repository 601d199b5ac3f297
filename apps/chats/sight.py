"""Which chats, messages and peers a user sees: those of their accounts, what Telegram's own accounts write for managers
only (apps.sessions.services.rights). Pages, sockets, admin and commands begin here, or with a role and ``whole``:
whether what is for managers only is shown."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from apps.chats.models import Chat, Message
from apps.sessions.services import rights
from apps.staff.roles import Role
from tgadmin.core.official import OFFICIAL, is_official

OFFICIAL_PEERS = Q(peer_id__in=OFFICIAL)
FOR_MANAGERS = Q(managers_only=True) | Q(chat__peer_id__in=OFFICIAL)

OFFICIAL_IDS = ", ".join(map(str, sorted(OFFICIAL)))
"""For SQL."""


def chats(user: User | AnonymousUser) -> QuerySet[Chat]:
    """The chats that the user sees."""
    seen = Chat.objects.filter(session__in=rights.visible_sessions(user))
    return rights.hiding_telegram(seen, user, OFFICIAL_PEERS)


def shown_chats(chats: QuerySet[Chat], *, whole: bool) -> QuerySet[Chat]:
    return chats if whole else chats.exclude(OFFICIAL_PEERS)


def shown_messages(messages: QuerySet[Message], *, whole: bool) -> QuerySet[Message]:
    return messages if whole else messages.filter(managers_only=False)


def sees_chat(roles: dict[int, Role], chat: Chat) -> bool:
    """Whether who has these roles, by session, sees the chat."""
    held = roles.get(chat.session_id)
    return held is not None and (rights.sees_telegram(held) or not is_official(chat.peer_id))


def sees_message(roles: dict[int, Role], message: Message) -> bool:
    return sees_chat(roles, message.chat) and (
        not message.managers_only or rights.sees_telegram(roles.get(message.session_id))
    )


def require(user: Any, chat: Chat, least: Role, *messages: Message) -> None:
    """Raises Forbidden unless the user may act in the chat, and on these messages of it, with at least this role."""
    if any(message.managers_only for message in messages):
        least = max(least, Role.MANAGER)
    rights.require(user, chat.session_id, rights.least_with(chat.peer_id, least))
