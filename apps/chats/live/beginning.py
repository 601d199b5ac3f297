"""What a page begins with, each read at one go: a thread and a connection for every question would cost more than the
questions, and after a restart all pages come at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User

from apps.chats import sight
from apps.chats.live.frames.outgoing import OpenedFrame, answering
from apps.chats.live.hub.frames import reset_frames
from apps.chats.models import Chat
from apps.chats.payloads import ChatListPage, Newest, Session
from apps.chats.selectors import history, lists, live, page, unread
from apps.sessions.services import rights
from apps.staff.roles import Role
from tgadmin.core.frames import encoded
from tgadmin.core.official import is_official


@dataclass(frozen=True, slots=True)
class Opening:
    """The chat and its session, the frames that answer, and the number of the event after which the next ones follow.
    ``whole``: they show what is for managers only."""

    session_id: int
    frames: list[str]
    at: int
    whole: bool
    official: bool


def greeting(user: User) -> tuple[dict[int, Role], list[Session]]:
    """The user's roles, and the accounts that they may see."""
    access = live.user_accesses([user.pk]).get(user.pk)
    roles = access.roles if access is not None else {}
    return roles, page.visible(roles)


def first_rows(seen: Mapping[int, bool]) -> tuple[ChatListPage, dict[int, int]]:
    """The first page of the chat list of these accounts (each with whether what is for managers only is shown), and how
    many chats of each have something unread."""
    counts = unread.counts(seen)
    return lists.page(seen), {pk: counts[pk].of(whole=whole).all_chats for pk, whole in seen.items()}


def opening(
    chat: int, after: int | None, epoch: UUID | None, *, roles: dict[int, Role], most: int, ref: str | None = None
) -> Opening:
    """Replay from ``after`` where that is possible and no more than ``most`` events are missing, else the newest page.
    ``ref``: of the request that it answers.
    Raises Chat.DoesNotExist, and Forbidden for a chat that is not visible with these roles, by session."""
    found = Chat.objects.select_related("session").get(pk=chat)
    if not sight.sees_chat(roles, found):
        raise rights.Forbidden
    whole, official = rights.sees_telegram(roles.get(found.session_id)), is_official(found.peer_id)
    if after is not None and epoch == history.epoch() and _replayable(found, after, most):
        opened = answering(OpenedFrame(type="opened", chat=chat, at=after), ref)
        return Opening(found.session_id, [encoded(opened)], after, whole, official)
    newest = history.newest(found, whole=whole)
    frames = reset_frames(Newest(page=newest, row=lists.payloads([chat])[0]), ref)
    return Opening(found.session_id, frames, found.last_event, whole, official)


def _replayable(chat: Chat, after: int, most: int) -> bool:
    if after == chat.last_event:
        return True
    if after > chat.last_event or chat.last_event - after > most:
        return False
    oldest = live.oldest_event(chat.pk)
    return oldest is not None and oldest <= after + 1
