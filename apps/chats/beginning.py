"""What a page begins with, each read at one go: a thread and a connection for every question would cost more than the
questions, and after a restart all pages come at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from apps.chats.hub.frames import reset_frames
from apps.chats.models import Chat
from apps.chats.selectors import history, lists, live, page
from apps.sessions.models import Role
from apps.sessions.services import rights
from tgadmin.core.frames import encoded


@dataclass(frozen=True, slots=True)
class Opening:
    """The chat's session, the frames that answer, and the number of the event after which the next ones follow."""

    session_id: int
    frames: list[str]
    at: int


def greeting(user: User) -> tuple[dict[int, Role], list[dict[str, Any]]]:
    """The user's roles, and the accounts that they may see."""
    standing = live.standings([user.pk]).get(user.pk)
    return standing.roles if standing is not None else {}, page.visible(user)


def first_rows(session_id: int) -> tuple[dict[str, Any], int]:
    """The first page of the chat list, and how many of its chats have unread messages."""
    return lists.page(session_id), lists.unread_chats([session_id]).get(session_id, 0)


def opening(chat: int, after: int | None, epoch: UUID | None, *, visible: set[int], most: int) -> Opening:
    """Replay from ``after`` where that is possible and no more than ``most`` events are missing, else the newest page.
    Raises Chat.DoesNotExist, and Forbidden for a chat of a session that is not visible."""
    found = Chat.objects.select_related("session").get(pk=chat)
    if found.session_id not in visible:
        raise rights.Forbidden
    if after is not None and epoch == history.epoch() and _replayable(found, after, most):
        return Opening(found.session_id, [encoded({"type": "opened", "chat": chat, "at": after})], after)
    newest = history.newest(found)
    frames = reset_frames({"page": newest, "row": lists.payloads([chat])[0]})
    return Opening(found.session_id, frames, found.last_event)


def _replayable(chat: Chat, after: int, most: int) -> bool:
    if after == chat.last_event:
        return True
    if after > chat.last_event or chat.last_event - after > most:
        return False
    oldest = live.oldest_event(chat.pk)
    return oldest is not None and oldest <= after + 1
