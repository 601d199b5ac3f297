"""The hub of a web process: looks at the database for all sockets at once and fans the same bytes out.

The database is truth, a wake-up is a hint: it says which session to look at, and everything is looked at now and then
without any. No page waits for another one, and none for what cannot be read of another (line.py, bad.py).
event_broadcaster.py tells the pages what happens in their chats, unread_news.py how much is unread, access_watch.py
the rest. A socket whose right is gone
hears of it within a second and gets nothing more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from apps.chats.live.frames.outgoing import TypingFrame
from apps.chats.live.hub.access_watch import NO_RIGHT, RESTORED, SIGNED_OUT, AccessWatch
from apps.chats.live.hub.event_broadcaster import EventBroadcaster
from apps.chats.live.hub.unread_news import UnreadNews
from apps.chats.live.hub.watchers import OpenChat, Watcher, Watchers, fan, sees_all
from apps.chats.live.threads import Shared
from apps.chats.live.wakes import Groups, Lifeline, Listener
from apps.common.notify import EVENTS
from tgadmin.core.faults import describe
from tgadmin.core.frames import encoded
from tgadmin.core.official import OFFICIAL

__all__ = ["NO_RIGHT", "RESTORED", "SIGNED_OUT", "Hub", "OpenChat", "Watcher", "hub"]

log = logging.getLogger(__name__)


class Hub:
    """Lives in one event loop; works while there are watchers."""

    def __init__(self) -> None:
        self.watchers = Watchers()
        self.shared = Shared()
        self._groups = Groups(self._group_message)
        self._listener = Listener(self._notified, self._poll)
        self._lifeline = Lifeline(self._hears, self._groups.rejoin)
        self._tasks: list[asyncio.Task[None]] = []
        self._make()

    def _make(self) -> None:
        self.broadcaster = EventBroadcaster(self.watchers)
        self.unread_news = UnreadNews(self.watchers)
        self.access_watch = AccessWatch(
            self.watchers, joined=self._join, flipped=self.broadcaster.flipped, granted=self.unread_news.greet
        )

    async def add(self, watcher: Watcher) -> None:
        self.watchers.add(watcher)
        if not self._tasks:
            self._listener.start()
            self._lifeline.start()
            self._tasks = [
                asyncio.create_task(work.run()) for work in (self.broadcaster, self.access_watch, self.unread_news)
            ]

    async def remove(self, watcher: Watcher) -> None:
        self.watchers.remove(watcher)
        self.access_watch.leave(watcher)
        self.unread_news.leave(watcher)
        if not self.watchers and self._tasks:
            tasks, self._tasks = self._tasks, []
            for task in tasks:
                task.cancel()
            self._make()  # nothing is remembered of what was sent when nobody was there
            # From here on a page that is reloaded may be added.
            await asyncio.gather(self._listener.close(), self._lifeline.close())
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._join()

    async def watch(self, watcher: Watcher, lists: frozenset[int] | None) -> None:
        """From here on the watcher hears of these accounts' chat lists (None: of all that it may see); their groups are
        joined when this returns."""
        self.watchers.follow(watcher, lists)
        await self._join()
        # before the page reads its list: later ones are changes
        await self.access_watch.note_online(set(watcher.following.sessions))

    async def note(self, watcher: Watcher, sessions: frozenset[int]) -> None:
        """From here on the watcher hears of rows of these accounts besides those of its lists."""
        self.watchers.note(watcher, sessions)
        await self._join()

    def greeted(self, watcher: Watcher) -> None:
        """The watcher's roles are known: it hears how much is unread in its accounts."""
        self.unread_news.greet(watcher)

    def show(self, watcher: Watcher, chat: OpenChat | None) -> None:
        """From here on the watcher hears of the events of this chat, which is of an account whose list it follows."""
        watcher.chat = chat
        if chat is not None:
            self.broadcaster.wake(chat.session_id)

    def drained(self, watcher: Watcher) -> None:
        """Nothing is on its way to the watcher any more."""
        self.broadcaster.drained(watcher)

    def await_command(self, command_id: int, watcher: Watcher, ref: str | None) -> None:
        """Tell the watcher when this command is over."""
        self.access_watch.await_command(command_id, watcher, ref)

    async def _join(self) -> None:
        followed = self.watchers.sessions
        self.broadcaster.keep(followed)
        self.access_watch.keep(followed)
        await self._groups.want(followed)

    def _group_message(self, session_id: int, message: dict[str, Any]) -> None:
        if message.get("type") != "session.typing":
            self.broadcaster.wake(session_id)
            return
        field_of: Callable[[str], Any] = message.get  # a gateway of another version may tell less
        frame = TypingFrame(
            type="typing",
            session=session_id,
            peer_id=field_of("peer_id"),
            sender_id=field_of("sender_id"),
            name=field_of("name"),
            action=field_of("action"),
        )
        # Who reads slowly learns nothing from what was typed a while ago.
        followers = self.watchers.of(session_id)
        readers = [one for one in followers if one.following.has_list(session_id) and not one.line.is_full]
        if {frame["peer_id"], frame["sender_id"]} & OFFICIAL:
            readers = [watcher for watcher in readers if sees_all(watcher, session_id)]
        task = asyncio.ensure_future(fan(readers, encoded(frame)))
        task.add_done_callback(_report)

    def _poll(self) -> None:
        self.broadcaster.poll()
        self.access_watch.poll()

    def _hears(self, hears: bool) -> None:
        self.broadcaster.hears(hears)
        self.access_watch.poll()

    def _notified(self, channel: str, number: int) -> None:
        if channel == EVENTS:
            self.broadcaster.wake(number)
            self.access_watch.note(number)
        else:
            self.access_watch.settled(number)


def _report(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a frame could not be fanned out: %s", describe(error))


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running loop: one per web process."""
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is None:
        found = _hubs[loop] = Hub()
    return found
