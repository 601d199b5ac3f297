"""What pages are told as it happens: the events of the chats that they show at once, their chat lists soon after.

A wake-up names a session. The look that follows it reads the events of that session's open chats, and begins at once
unless the last one ended just now: a look is followed by a rest half as long as itself, so many wake-ups make one look
when there is much to do. Rows of the chat list follow together, at a measured pace. Once a second everything is looked
at without any wake-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import psycopg
from django.db import Error as DatabaseError
from django.utils import timezone

from apps.chats.hub.frames import events_frame
from apps.chats.hub.reader import Reader
from apps.chats.hub.watchers import Watcher, Watchers, fan, sees_all, text
from apps.chats.selectors import lists, live
from apps.chats.selectors.live import Change
from apps.chats.threads import read

log = logging.getLogger(__name__)

_Reset = dict[str, Any]

LOOK = 1.0
"""Seconds after which everything is looked at without a wake-up."""
RETRY = 0.2
"""Seconds after which everything is looked at when the database could not be read."""
REST, LONGEST_REST = 0.002, 0.2
"""Seconds of rest after a look: half as long as it took, within these."""
LIST_REST = 0.1
"""Seconds between two frames of one session's list."""
LIST_FRAMES, AT_ONCE, LIST_PAUSE = 2500, 10, 4
"""List frames that are sent in a second at most, to all pages together; so many without a pause, and a pause so many
times as long as they took: on a busy machine, or with many pages, lists follow more slowly, and the events of open
chats do not wait behind them."""
OVERLAP, WIDE = 1.0, 30.0
"""Seconds by which a look at the lists reaches back behind the one before, and the look of each second: a row that was
written before another, and committed after it, is seen."""


class News:
    """Runs in the hub's loop. ``ask`` reads through Django, in a thread."""

    def __init__(self, watchers: Watchers, clock: Callable[[], float] = time.monotonic) -> None:
        self._watchers = watchers
        self._clock = clock
        self._reader = Reader()
        self._woken = asyncio.Event()
        self._fresh: set[int] = set()
        self._full_at = clock()
        self._failed = False
        self._lists: dict[int, _List] = {}
        self._said: asyncio.Queue[tuple[int, _List, dict[bool, str]]] = asyncio.Queue()

    def wake(self, session_id: int) -> None:
        """Something of this session may have changed."""
        self._fresh.add(session_id)
        self._woken.set()

    def flipped(self, session_id: int, chat_ids: Iterable[int]) -> None:
        """These rows look different although nothing was written in them: they are sent, whatever was sent before."""
        if session_id in self._watchers.sessions:
            self._list_of(session_id).flipped.update(chat_ids)
            self.wake(session_id)

    def keep(self, session_ids: set[int]) -> None:
        """Only these sessions are followed."""
        for gone in self._lists.keys() - session_ids:
            del self._lists[gone]

    async def run(self) -> None:
        """A supervisor: a look that fails is recorded, the next one sees what it missed."""
        spreading = asyncio.create_task(self._spread())
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
            await self._look()
            self._failed = False
        except (psycopg.Error, DatabaseError, OSError) as error:
            if not self._failed:
                log.warning("live pages cannot read the database: %s", type(error).__name__)
            self._failed = True
            self._full_at = self._clock() - LOOK + RETRY
        except Exception:
            log.exception("a look of the live pages' hub failed")

    async def _next(self) -> None:
        """Until there is a wake-up, a list is due, or a second has passed."""
        dues = [due for one in self._lists.values() if (due := one.due) is not None]
        seconds = min([self._full_at + LOOK, *dues]) - self._clock()
        if not self._woken.is_set() and seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()

    async def _look(self) -> None:
        self._woken.clear()
        fresh, self._fresh = self._fresh & self._watchers.sessions, set()
        now = self._clock()
        if full := now - self._full_at >= LOOK:
            self._full_at = now
            fresh = self._watchers.sessions
        for session_id in fresh:
            self._list_of(session_id).ask(now, wide=full)
        await self._send_events(fresh)
        await self._send_lists()

    # --- events -------------------------------------------------------------------------------------------------------

    async def _send_events(self, session_ids: set[int]) -> None:
        viewers = self._watchers.viewers(session_ids)
        if not viewers:
            return
        floors = {
            chat_id: min(watcher.chat.number for watcher in found if watcher.chat is not None)
            for chat_id, found in viewers.items()
        }
        changes = await self._reader.changes(floors)
        torn = [chat_id for chat_id, change in changes.items() if _is_torn(change, floors[chat_id])]
        resets = await self._resets(torn, viewers)
        for chat_id, change in changes.items():
            await self._tell_events(chat_id, change, {w: resets[w].get(chat_id) for w in resets}, viewers[chat_id])
            if change.more:
                self.wake(change.row.session_id)

    async def _resets(self, torn: list[int], viewers: dict[int, list[Watcher]]) -> dict[bool, dict[int, _Reset]]:
        """The newest pages of these chats, for those who see all of a chat (True) and those who do not."""
        found: dict[bool, dict[int, _Reset]] = {True: {}, False: {}}
        for whole in found:
            asked = [chat_id for chat_id in torn if any(_sees_all(one) is whole for one in viewers[chat_id])]
            if asked:
                found[whole] = await read(live.resets, asked, whole=whole)
        return found

    async def _tell_events(
        self, chat_id: int, change: Change, reset: dict[bool, _Reset | None], viewers: list[Watcher]
    ) -> None:
        """The same bytes to all viewers that stand at the same number and may see the same."""
        groups: dict[tuple[int, bool], list[Watcher]] = defaultdict(list)
        alike = change.is_for_all and not any(reset.values())
        for watcher in viewers:
            # While the database was read, a viewer may have gone elsewhere or begun at a later number.
            if watcher.chat is not None and watcher.chat.id == chat_id and watcher.chat.number < change.last:
                groups[watcher.chat.number, not alike and _sees_all(watcher)].append(watcher)
        for (number, whole), group in groups.items():
            if (made := events_frame(change, number, reset[whole], whole=whole)) is None:
                continue
            frame, told = made
            for watcher in group:
                if watcher.chat is not None:
                    watcher.chat.number = told
            await fan(group, text(frame))

    # --- lists --------------------------------------------------------------------------------------------------------

    async def _send_lists(self) -> None:
        """The lists that are due. One whose last frame is still on its way to its many pages waits for that."""
        now = self._clock()
        due = {session_id: one for session_id, one in self._lists.items() if one.is_due(now)}
        if not due:
            return
        back = max(one.back(now) for one in due.values())
        flipped = {session_id: set(one.flipped) for session_id, one in due.items()}
        found: dict[int, list[lists.Row]] = defaultdict(list)
        for row in await self._reader.rows(due, back, set().union(*flipped.values())):
            found[row.session_id].append(row)
        news = {session_id: one.looked(now, found[session_id], flipped[session_id]) for session_id, one in due.items()}
        news = {session_id: rows for session_id, rows in news.items() if rows}
        unread = await self._reader.unread(news) if news else {}
        for session_id, rows in news.items():
            due[session_id].on_its_way = True
            frames = _list_frames(session_id, rows, unread.get(session_id, (0, 0)))
            self._said.put_nowait((session_id, due[session_id], frames))

    async def _spread(self) -> None:
        """A supervisor: sends what the lists have to say, one list after the other, a few pages at a time."""
        while True:
            session_id, one, frames = await self._said.get()
            try:
                followers = self._watchers.of(session_id)
                for at in range(0, len(followers), AT_ONCE):
                    some = [follower for follower in followers[at : at + AT_ONCE] if follower.session_id == session_id]
                    began = self._clock()
                    for whole, frame in frames.items():
                        await fan([each for each in some if sees_all(each, session_id) is whole], frame)
                    took = self._clock() - began
                    await asyncio.sleep(max(len(some) / LIST_FRAMES, took * LIST_PAUSE))
            except Exception:
                log.exception("a chat list could not be sent")
            one.on_its_way = False
            self._woken.set()  # it may be due again

    def _list_of(self, session_id: int) -> _List:
        found = self._lists.get(session_id)
        if found is None:
            found = self._lists[session_id] = _List(self._clock())
        return found


def _list_frames(session_id: int, rows: list[lists.Row], unread: tuple[int, int]) -> dict[bool, str]:
    """What those hear who see all of the session's chats (True), and what those who do not: perhaps nothing."""
    now = timezone.now()
    frames = {}
    for whole, count in zip((True, False), unread, strict=True):
        shown = [lists.payload(row, now) for row in rows if whole or not row.is_official]
        if shown:
            frames[whole] = text({"type": "chats", "session": session_id, "chats": shown, "unread": count})
    return frames


def _sees_all(watcher: Watcher) -> bool:
    return watcher.session_id is not None and sees_all(watcher, watcher.session_id)


class _List:
    """One session's chat list, as its pages have it. ``flipped``: rows to be sent whatever was sent before."""

    def __init__(self, now: float) -> None:
        self.flipped: set[int] = set()
        self.on_its_way = False
        self._due: float | None = None
        self._wide = False
        self._looked_at = now
        self._sent_at = -LIST_REST
        self._sent: dict[int, lists.Row] = {}

    @property
    def due(self) -> float | None:
        """When to look, if there is anything to look for; a frame that is on its way has to arrive first."""
        return None if self.on_its_way else self._due

    def is_due(self, now: float) -> bool:
        return (due := self.due) is not None and due <= now

    def ask(self, now: float, *, wide: bool) -> None:
        """Something may have changed: look when the list has rested."""
        self._wide |= wide
        if self._due is None:
            self._due = max(now, self._sent_at + LIST_REST)

    def back(self, now: float) -> float:
        """Seconds before now from which on rows are read."""
        return WIDE if self._wide else min(WIDE, now - self._looked_at + OVERLAP)

    def looked(self, now: float, rows: Iterable[lists.Row], flipped: set[int]) -> list[lists.Row]:
        """Rows were read; those that are news: they differ from what was sent last, or have flipped."""
        if self._wide:
            self._forget()
        self._due, self._wide, self._looked_at = None, False, now
        self.flipped -= flipped
        found = {row.id: row for row in rows}
        news = [row for row in found.values() if row.id in flipped or self._sent.get(row.id) != row]
        if news:
            self._sent_at = now
            self._sent.update((row.id, row) for row in news)
        return news

    def _forget(self) -> None:
        """What was written so long ago that no look reads it again."""
        if self._sent:
            old = max(row.updated_at for row in self._sent.values()) - timedelta(seconds=2 * WIDE)
            self._sent = {chat_id: row for chat_id, row in self._sent.items() if row.updated_at > old}


def _is_torn(change: Change, floor: int) -> bool:
    """A page has to begin anew: what it has to hear next is gone, or the chat was reset."""
    return change.kept_from > floor + 1 or any(event.kind == "reset" for event in change.events)
