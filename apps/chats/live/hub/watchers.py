"""The sockets of a web process, found by the accounts whose chat lists they follow."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
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
    """The chat that a page shows, its account, and the number of the last event that it has been sent. While events are
    ``sending`` it gets no others; that there may be some is then ``missed``. ``marked_unreadable``: it has been told
    that the chat cannot be read. ``official``: it is with one of Telegram's own accounts, for managers
    only."""

    id: int
    session_id: int
    number: int
    official: bool = False
    sending: bool = False
    missed: bool = False
    marked_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Following:
    """Of which accounts a page is told as it happens. ``lists``: those whose chat list it shows, None for all that its
    user may see; ``notices``: those whose rows it hears of besides; ``sessions``: what of both its user may see."""

    lists: frozenset[int] | None = frozenset()
    notices: frozenset[int] = frozenset()
    sessions: frozenset[int] = frozenset()

    def has_list(self, session_id: int) -> bool:
        return session_id in self.sessions and (self.lists is None or session_id in self.lists)


class Watcher(Protocol):
    """A socket, as the hub sees it. ``missed``: chats whose rows its line had no room for."""

    user: User
    login_key: str
    auth_hash: str
    roles: dict[int, Role]
    following: Following
    chat: OpenChat | None
    line: Line
    missed: set[int]

    async def shut(self, code: int) -> None:
        """Close the socket with a close code; does not wait until that is done, and never raises."""


class Watchers:
    """All of them. ``following`` of one that is here is changed by the methods below alone."""

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
        self._put(watcher, Following())
        self._all.discard(watcher)

    def follow(self, watcher: Watcher, lists: frozenset[int] | None) -> None:
        """From here on the watcher follows the lists of these accounts (None: of all that it may see), and no chat of
        them yet."""
        watcher.chat = None
        watcher.missed.clear()
        self._put(watcher, replace(watcher.following, lists=lists))

    def note(self, watcher: Watcher, sessions: frozenset[int]) -> None:
        """From here on the watcher hears of rows of these accounts too, and of no others besides its lists'."""
        self._put(watcher, replace(watcher.following, notices=sessions))

    def update(self, watcher: Watcher) -> frozenset[int]:
        """Its roles have changed; the accounts that it followed and may not see any more."""
        before = watcher.following.sessions
        self._put(watcher, watcher.following)
        return before - watcher.roles.keys()

    def _put(self, watcher: Watcher, wanted: Following) -> None:
        visible = frozenset(watcher.roles)
        sessions = visible if wanted.lists is None else (wanted.lists | wanted.notices) & visible
        before, watcher.following = watcher.following.sessions, replace(wanted, sessions=sessions)
        for session_id in before - sessions:
            followers = self._following.get(session_id, set())
            followers.discard(watcher)
            if not followers:
                self._following.pop(session_id, None)
        for session_id in sessions - before:
            self._following[session_id].add(watcher)
        if watcher.chat is not None and not watcher.following.has_list(watcher.chat.session_id):
            watcher.chat = None

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
                if watcher.chat is not None and watcher.chat.session_id == session_id:
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
