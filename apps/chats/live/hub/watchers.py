"""The sockets of a web process, found by the session whose chat list they follow."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from django.contrib.auth.models import User

from apps.chats.live.hub.line import Line, drain
from apps.sessions.services.rights import sees_telegram
from apps.staff.roles import Role

SLOW = 4430
"""Close code of a socket whose page does not read what it is sent."""
UNSENT = 4500
"""Close code of a socket to which something could not be sent: its page comes back and asks again."""


@dataclass(slots=True, eq=False)
class OpenChat:
    """The chat that a page shows, and the number of the last event that it has been sent. While events are ``sending``
    it gets no others; that there may be some is then ``missed``. ``marked_unreadable``: it
    has been told that the chat cannot be read. ``official``: it is with one of Telegram's own accounts, for managers
    only."""

    id: int
    number: int
    official: bool = False
    sending: bool = False
    missed: bool = False
    marked_unreadable: bool = False


class Watcher(Protocol):
    """A socket, as the hub sees it. ``missed``: chats whose rows its line had no room for."""

    user: User
    login_key: str
    auth_hash: str
    roles: dict[int, Role]
    session_id: int | None
    chat: OpenChat | None
    line: Line
    missed: set[int]

    async def shut(self, code: int) -> None:
        """Close the socket with a close code; does not wait until that is done, and never raises."""


class Watchers:
    """All of them. ``session_id`` of one that is here is changed by ``follow`` alone."""

    def __init__(self) -> None:
        self._all: set[Watcher] = set()
        self._following: dict[int, set[Watcher]] = defaultdict(set)

    def __iter__(self) -> Iterator[Watcher]:
        """Over a copy: they come and go while frames are sent."""
        return iter(list(self._all))

    def __len__(self) -> int:
        return len(self._all)

    def add(self, watcher: Watcher) -> None:
        self._all.add(watcher)

    def remove(self, watcher: Watcher) -> None:
        self.follow(watcher, None)
        self._all.discard(watcher)

    def follow(self, watcher: Watcher, session_id: int | None) -> None:
        """From here on the watcher follows this session, and no chat of it yet."""
        if watcher.session_id is not None:
            followers = self._following.get(watcher.session_id, set())
            followers.discard(watcher)
            if not followers:
                self._following.pop(watcher.session_id, None)
        watcher.session_id = session_id
        watcher.chat = None
        watcher.missed.clear()
        if session_id is not None:
            self._following[session_id].add(watcher)

    @property
    def sessions(self) -> set[int]:
        """Ids of the sessions that some page follows."""
        return set(self._following)

    def of(self, session_id: int) -> list[Watcher]:
        return list(self._following.get(session_id, ()))

    def viewers(self, session_ids: Iterable[int]) -> dict[int, list[Watcher]]:
        """Those who show a chat of these sessions, by chat."""
        found: dict[int, list[Watcher]] = defaultdict(list)
        for session_id in session_ids:
            for watcher in self._following.get(session_id, ()):
                if watcher.chat is not None:
                    found[watcher.chat.id].append(watcher)
        return found


def sees_all(watcher: Watcher, session_id: int) -> bool:
    """Whether the watcher's role shows what is for the session's managers only."""
    return sees_telegram(watcher.roles.get(session_id))


async def fan(watchers: Iterable[Watcher], *frames: str) -> asyncio.Task[float]:
    """The same bytes to all of them; nobody is waited for. A page that has let too much pile up is sent away: it comes
    back, and asks again."""
    reached = list(watchers)
    for watcher in reached:
        if watcher.line.is_over_full:
            await watcher.shut(SLOW)
        for frame in frames:
            watcher.line.put(frame)
    return drain(watcher.line for watcher in reached)
