"""What pages are told as it happens: the events of the chats that they show at once, their chat lists soon after.

A wake-up names a session. The look that follows it reads the events of that session's open chats, and begins at once
unless the last one ended just now: a look is followed by a rest half as long as itself, so many wake-ups make one look
when there is much to do. Rows of the chat list follow together, at a measured pace (list_broadcaster.py). Once a second
everything is looked at without any wake-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from apps.chats.live.frames.outgoing import unreadable
from apps.chats.live.hub.bad import AWAY, Bad
from apps.chats.live.hub.frames import NumberedText, events_frames
from apps.chats.live.hub.line import drain
from apps.chats.live.hub.list_broadcaster import ListNews
from apps.chats.live.hub.reader import Reader
from apps.chats.live.hub.watchers import OpenChat, Watcher, Watchers, fan, sees_all
from apps.chats.live.threads import read
from apps.chats.payloads import Newest
from apps.chats.selectors import live
from apps.chats.selectors.live import Change
from tgadmin.core.faults import describe
from tgadmin.core.frames import encoded

log = logging.getLogger(__name__)

POLL = 0.5
"""Seconds after which everything is looked at without a wake-up: one that was lost is made good within a second, on a
slow machine too."""
RETRY = 0.2
"""Seconds after which everything is looked at when the database could not be read, or while wake-ups are not heard."""
REST, LONGEST_REST = 0.002, 0.2
"""Seconds of rest after a look: half as long as it took, within these."""

_Viewer = tuple[Watcher, OpenChat]


class EventBroadcaster:
    """Runs in the hub's loop."""

    def __init__(self, watchers: Watchers, clock: Callable[[], float] = time.monotonic) -> None:
        self._watchers = watchers
        self._clock = clock
        self._reader = Reader()
        self._woken = asyncio.Event()
        self._fresh: set[int] = set()
        self._full_at = clock()
        self._failed = False
        self._lists = ListNews(watchers, self._reader, self._woken.set, clock)
        self._bad_chats = Bad("chat", clock)
        self._deaf = False

    def wake(self, session_id: int) -> None:
        """Something of this session may have changed."""
        self._fresh.add(session_id)
        self._woken.set()

    def poll(self) -> None:
        """Anything may have changed: wake-ups were not heard for a while."""
        self._full_at = self._clock() - POLL
        self._woken.set()

    def hears(self, hears: bool) -> None:
        """Say whether gateways' wake-ups arrive; while they do not, it polls more often."""
        self._deaf = not hears
        self.poll()

    def flipped(self, session_id: int, chat_ids: Iterable[int]) -> None:
        """These rows look different although nothing was written in them: they are sent, whatever was sent before."""
        if session_id in self._watchers.sessions:
            self._lists.flipped(session_id, chat_ids)
            self.wake(session_id)

    def keep(self, session_ids: set[int]) -> None:
        """Only these sessions are followed."""
        self._lists.keep(session_ids)

    def drained(self, watcher: Watcher) -> None:
        """Everything that was on its way to the watcher has been sent."""
        self._lists.drained(watcher)

    async def run(self) -> None:
        """A supervisor: a look that fails is recorded, the next one sees what it missed."""
        spreading = asyncio.create_task(self._lists.run())
        try:
            while True:
                await self._next()
                started = self._clock()
                await self._guarded()
                took = self._clock() - started
                await asyncio.sleep(min(LONGEST_REST, max(REST, took / 2)))
        finally:
            spreading.cancel()
            await self._reader.close()

    async def _guarded(self) -> None:
        try:
            await self._poll()
            self._failed = False
        except AWAY as error:
            if not self._failed:
                log.warning("live pages cannot read the database: %s", type(error).__name__)
            self._failed = True
            self._full_at = self._clock() - POLL + RETRY
        except Exception as error:  # noqa: BLE001  a fault here would end the news of every page of this process
            log.error("a look of the live pages' hub failed: %s", describe(error))

    async def _next(self) -> None:
        """Until there is a wake-up, a list is due, or it is time for a whole look."""
        whole = self._full_at + (RETRY if self._deaf else POLL)
        seconds = min(whole, self._lists.due_at) - self._clock()
        if not self._woken.is_set() and seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()

    async def _poll(self) -> None:
        self._woken.clear()
        fresh, self._fresh = self._fresh & self._watchers.sessions, set()
        now = self._clock()
        if full := now - self._full_at >= (RETRY if self._deaf else POLL):
            self._full_at = now
            fresh = self._watchers.sessions
        self._lists.ask(fresh, now, wide=full)
        await self._send_events(fresh)
        await self._lists.send_due()
        await self._lists.catch_up()

    async def _send_events(self, session_ids: set[int]) -> None:
        viewers = {chat_id: _ready(watchers) for chat_id, watchers in self._watchers.viewers(session_ids).items()}
        floors = {chat_id: min(chat.number for _, chat in ready) for chat_id, ready in viewers.items() if ready}
        floors = self._bad_chats.without(floors)
        changes = await self._bad_chats.read(self._reader.changes, floors)
        torn = [chat_id for chat_id, change in changes.items() if change.is_torn(floors[chat_id])]
        pages = {whole: await self._newest(torn, viewers, whole=whole) for whole in (True, False)}
        for chat_id, change in changes.items():
            try:
                self._tell_events(change, {whole: pages[whole].get(chat_id) for whole in pages}, viewers[chat_id])
            except Exception as error:  # noqa: BLE001  rows hold whatever was stored: one chat must not harm the others
                self._bad_chats.set_aside(chat_id, error)
        for chat_id, found in viewers.items():
            if chat_id in self._bad_chats:
                await self._tell_bad(chat_id, found)

    async def _newest(
        self, chat_ids: Iterable[int], viewers: Mapping[int, list[_Viewer]], *, whole: bool
    ) -> dict[int, Newest]:
        """The newest pages of those of the chats that somebody shows who sees all of them (or does not: ``whole``)."""
        asked = {one: None for one in chat_ids if any(_sees_all(*viewer) is whole for viewer in viewers[one])}
        return await self._bad_chats.read(partial(_resets, whole=whole), asked)

    def _tell_events(self, change: Change, resets: Mapping[bool, Newest | None], viewers: list[_Viewer]) -> None:
        """The same bytes to all viewers that stand at the same number and see the same. It moves when they were sent.
        ``resets``: the newest page for who sees all of the chat (True), and for who does not."""
        groups: dict[tuple[int, bool], list[_Viewer]] = defaultdict(list)
        differs = not change.is_for_all or any(resets.values())
        for watcher, chat in viewers:
            # While the database was read, a viewer may have gone elsewhere.
            if watcher.chat is chat and chat.number < change.last:
                groups[chat.number, differs and _sees_all(watcher, chat)].append((watcher, chat))
        for (number, whole), group in groups.items():
            frames = events_frames(change if whole else change.for_all(), number, resets[whole])
            for watcher, chat in group if frames else ():
                chat.sending = True
                for frame in frames:
                    watcher.line.put(frame.text, partial(self._sent, watcher, chat, frame, frames[-1]))
            drain(watcher.line for watcher, _ in group)
            if change.more or (frames and frames[-1].to < change.last):
                self.wake(change.row.session_id)

    def _sent(self, watcher: Watcher, chat: OpenChat, frame: NumberedText, last: NumberedText) -> None:
        chat.number = frame.to
        if frame is last:
            chat.sending = False
            if chat.missed:
                self.wake(chat.session_id)
            chat.missed = False

    async def _tell_bad(self, chat_id: int, viewers: list[_Viewer]) -> None:
        """Who looks at a chat that cannot be read is told so, once."""
        untold = [(watcher, chat) for watcher, chat in viewers if watcher.chat is chat and not chat.marked_unreadable]
        for _, chat in untold:
            chat.marked_unreadable = True
        await fan([watcher for watcher, _ in untold], encoded(unreadable(chat_id)))


def _sees_all(watcher: Watcher, chat: OpenChat) -> bool:
    return sees_all(watcher, chat.session_id)


def _ready(watchers: Iterable[Watcher]) -> list[_Viewer]:
    """Those who can be told now what happened in the chat that they show. The others are at what they were told before:
    they are looked for again after it."""
    shown = [(watcher, chat) for watcher in watchers if (chat := watcher.chat) is not None]
    for _, chat in shown:
        chat.missed |= chat.sending
    return [(watcher, chat) for watcher, chat in shown if not chat.sending]


async def _resets(chat_ids: Mapping[int, Any], *, whole: bool) -> dict[int, Newest]:
    found: dict[int, Newest] = await read(live.resets, list(chat_ids), whole=whole)
    return found
