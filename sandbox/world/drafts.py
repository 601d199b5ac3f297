"""Drafts: what an account has begun to write in a chat, or in a topic of it, and not sent yet.

They are the account's own and stand in no message box. https://core.telegram.org/api/drafts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telethon.tl import types

from sandbox.world.news import Push
from sandbox.world.posts import objects

if TYPE_CHECKING:
    from sandbox.world.world import World

Place = tuple[int, int]  # the chat (marked), and the head of the thread in it or 0


class Drafts:
    """The drafts of all accounts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._drafts: dict[int, dict[Place, types.DraftMessage]] = {}
        for key, row in world.store.rows("draft"):
            user_id, peer, thread = (int(part) for part in key.split(":"))
            self._drafts.setdefault(user_id, {})[peer, thread] = objects(row["v"])[0]

    def get(self, user_id: int, peer: int, thread: int = 0) -> types.DraftMessage | None:
        """What this account has begun to write there."""
        return self._drafts.get(user_id, {}).get((peer, thread))

    def places(self, user_id: int) -> list[Place]:
        """Where this account has drafts."""
        return list(self._drafts.get(user_id, {}))

    def save(self, user_id: int, place: Place, draft: types.DraftMessage, push: Push) -> None:
        """Keep a draft instead of the one that was there. https://core.telegram.org/method/messages.saveDraft"""
        self._drafts.setdefault(user_id, {})[place] = draft
        self._world.store.put("draft", _key(user_id, place), {"v": bytes(draft).hex()})
        self._world.news.aside(user_id, "draft", list(place), push)

    def clear(self, user_id: int, place: Place, push: Push) -> None:
        """Forget a draft, if there is one."""
        if self._drafts.get(user_id, {}).pop(place, None) is not None:
            self._world.store.delete("draft", _key(user_id, place))
            self._world.news.aside(user_id, "draft", list(place), push)


def _key(user_id: int, place: Place) -> str:
    return f"{user_id}:{place[0]}:{place[1]}"
