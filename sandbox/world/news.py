"""Telling the live sessions what has changed: the numbered events of a box, and changes without a pts of their own.

`push` brings updates to an account's live sessions once the change has been committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from telethon.tl import TLObject

from sandbox.world.box import Event
from sandbox.world.short import short

if TYPE_CHECKING:
    from sandbox.world.world import World

Push = Callable[[int, TLObject], None]
NUMBERED = -1  # seq of a container that takes the next number of each key that it goes to


class News:
    """Brings changes to those whom they concern."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._boxes = world.boxes
        self._render = world.render

    def viewers(self, owner: int) -> list[int]:
        """The accounts with live sessions that look into that box: its owner, or a channel's members."""
        users: Iterable[int] = [owner] if owner > 0 else self._world.chats[owner].members
        return [user_id for user_id in users if self._world.listening(user_id)]

    def event(self, owner: int, event: Event, push: Push) -> None:
        """Tell all who look into that box of one of its events."""
        for viewer in self.viewers(owner):
            update = self._render.update(event, owner, viewer)
            brief = short(update, event, self._boxes.box(owner))
            push(viewer, brief or self._render.container(viewer, [update], self._render.event_mentions(event, owner)))

    def aside(self, user_id: int, kind: str, data: Any, push: Push) -> None:
        """Remember a change without a pts for the account's next difference, and tell its live sessions."""
        self._boxes.aside(user_id, kind, data)
        if self._world.listening(user_id):
            event = self._boxes.box(user_id).side[-1]
            update, mentioned = self._render.side(event, user_id), self._render.side_mentions(event, user_id)
            push(user_id, self._render.container(user_id, [update], mentioned, seq=NUMBERED))
