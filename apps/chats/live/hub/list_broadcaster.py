"""Rows of the chat lists, as pages are told of them: together, at a measured pace, and only what differs from what was
sent before."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.chats.live.hub.bad import AWAY, Bad
from apps.chats.live.hub.frames import chats_frames
from apps.chats.live.hub.reader import Reader
from apps.chats.live.hub.watchers import UNSENT, Watcher, Watchers, fan, sees_all
from apps.chats.selectors import lists
from apps.chats.selectors.unread import Counted
from tgadmin.core.faults import describe

log = logging.getLogger(__name__)

LIST_REST = 0.1
"""Seconds between two frames of one session's list."""
SPREAD = 0.05
"""Seconds that a list's next pages wait for those before them: servers make pages wait that read slowly."""
LIST_FRAMES, AT_ONCE, LIST_PAUSE = 2500, 10, 4
"""List frames that are sent in a second at most, to all pages together; so many without a pause, and a pause so many
times as long as they took: on a busy machine, or with many pages, lists follow more slowly, and the events of open
chats do not wait behind them."""
OVERLAP, WIDE = 1.0, 30.0
"""Seconds by which a look at the lists reaches back behind the one before, and the look of each second: a row that was
written before another, and committed after it, is seen."""


class ListNews:
    """Runs in the hub's loop. ``wake`` is called when there may be something to look for again."""

    def __init__(
        self, watchers: Watchers, reader: Reader, wake: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        self._watchers = watchers
        self._reader = reader
        self._wake = wake
        self._clock = clock
        self._lists: dict[int, _List] = {}
        self._said: asyncio.Queue[_Said] = asyncio.Queue()
        self._behind: set[Watcher] = set()
        self._bad = Bad("the chat list of session", clock)

    @property
    def due_at(self) -> float:
        """When the next list is to be looked at, by the clock; infinity when nothing is to be looked for."""
        return min((due for one in self._lists.values() if (due := one.due) is not None), default=float("inf"))

    def ask(self, session_ids: Iterable[int], now: float, *, wide: bool) -> None:
        """The lists of these sessions may have changed."""
        for session_id in session_ids:
            self._list_of(session_id).ask(now, wide=wide)

    def flipped(self, session_id: int, chat_ids: Iterable[int]) -> None:
        """These rows are sent whatever was sent before."""
        self._list_of(session_id).flipped.update(chat_ids)

    def keep(self, session_ids: set[int]) -> None:
        """Only these sessions are followed."""
        for gone in self._lists.keys() - session_ids:
            del self._lists[gone]

    async def send_due(self) -> None:
        """The lists that are due. One whose last frame is still on its way to its many pages waits for that."""
        now = self._clock()
        due = {session_id: one for session_id, one in self._lists.items() if one.is_due(now)}
        due = self._bad.without(due)
        if not due:
            return
        back = max(one.back(now) for one in due.values())
        flipped = {session_id: set(one.flipped) for session_id, one in due.items()}

        async def ask(asked: dict[int, Any]) -> dict[int, list[lists.Row]]:
            found: dict[int, list[lists.Row]] = {session_id: [] for session_id in asked}
            wanted: set[int] = set().union(*(flipped[session_id] for session_id in asked))
            for row in await self._reader.rows(asked, back, wanted):
                found[row.session_id].append(row)
            return found

        found = await self._bad.read(ask, due)
        changed = {key: due[key].changed(now, rows, flipped[key]) for key, rows in found.items()}
        news = {session_id: rows for session_id, rows in changed.items() if rows}
        unread = await self._reader.unread(news) if news else {}
        for session_id, rows in news.items():
            due[session_id].is_sending = True
            self._said.put_nowait(_Said(session_id, due[session_id], rows, unread.get(session_id, Counted())))

    async def run(self) -> None:
        """A supervisor: sends what the lists have to say, one list after the other."""
        while True:
            said = await self._said.get()
            try:
                await self._tell_list(said)
            except Exception as error:  # noqa: BLE001  a fault here would end the lists of every page of this process
                log.error("a chat list could not be sent: %s", describe(error))
                said.one.flipped.update(row.id for row in said.rows)  # some have not got it: all get it again
            said.one.is_sending = False
            self._wake()  # it may be due again

    async def _tell_list(self, said: _Said) -> None:
        """A few pages at a time. Whose line is full gets these rows when it has drained."""
        frames: dict[bool, list[str]] = {}  # made once for all who see the same, if there are any
        followers = self._watchers.of(said.session_id)
        for at in range(0, len(followers), AT_ONCE):
            some = [one for one in followers[at : at + AT_ONCE] if said.session_id in one.following.sessions]
            for follower in some:
                if follower.line.is_full or follower in self._behind:
                    follower.missed.update(row.id for row in said.rows)
                    self._behind.add(follower)
            going = []
            for whole in (True, False):
                alike = [one for one in some if one not in self._behind and sees_all(one, said.session_id) is whole]
                if alike and whole not in frames:
                    frames[whole] = _rows_frames(said.session_id, said.rows, said.unread, whole=whole)
                going.append(await fan(alike, *frames.get(whole, ())))
            done, _ = await asyncio.wait(going, timeout=SPREAD)
            took = sum(one.result() for one in done)
            await asyncio.sleep(max(len(some) / LIST_FRAMES, took * LIST_PAUSE))
        said.one.sent(said.rows)

    def drained(self, watcher: Watcher) -> None:
        """Everything that was on its way to the watcher has been sent."""
        if watcher in self._behind:
            self._wake()

    async def catch_up(self) -> None:
        """Rows that had no room in a line, as they are now, once it has drained."""
        for watcher in [one for one in self._behind if not one.line.is_full]:
            self._behind.discard(watcher)
            missed = set(watcher.missed)
            if not missed:
                continue
            try:
                rows = await self._reader.rows((), 0.0, missed)
                counted = await self._reader.unread({row.session_id for row in rows})
            except AWAY:
                self._behind.add(watcher)
                raise
            except Exception as error:  # noqa: BLE001  rows hold whatever was stored: one page must not harm the others
                log.error(
                    "rows that a page missed could not be read, it is sent back to ask again: %s", describe(error)
                )
                await watcher.shut(UNSENT)
                continue
            if missed <= watcher.missed:  # else it has asked for another list meanwhile
                watcher.missed -= missed
                await self._make_good(watcher, rows, counted)

    async def _make_good(self, watcher: Watcher, rows: Iterable[lists.Row], counted: Mapping[int, Counted]) -> None:
        of_session: dict[int, list[lists.Row]] = defaultdict(list)
        for row in rows:
            if row.session_id in watcher.following.sessions:
                of_session[row.session_id].append(row)
        for session_id, some in of_session.items():
            whole = sees_all(watcher, session_id)
            await fan((watcher,), *_rows_frames(session_id, some, counted.get(session_id, Counted()), whole=whole))

    def _list_of(self, session_id: int) -> _List:
        found = self._lists.get(session_id)
        if found is None:
            found = self._lists[session_id] = _List(self._clock())
        return found


def _rows_frames(session_id: int, rows: Iterable[lists.Row], unread: Counted, *, whole: bool) -> list[str]:
    """For who sees all of the session's chats, or who does not: perhaps nothing."""
    now = timezone.now()
    shown = [lists.payload(row, now) for row in rows if whole or not row.is_official]
    return chats_frames(session_id, shown, unread.of(whole=whole).all_chats)


@dataclass(frozen=True, slots=True)
class _Said:
    """Rows of a session's list that its followers are to get, and how much is unread in it."""

    session_id: int
    one: _List
    rows: list[lists.Row]
    unread: Counted


class _List:
    """One session's chat list, as its pages have it. ``flipped``: rows to be sent whatever was sent before."""

    def __init__(self, now: float) -> None:
        self.flipped: set[int] = set()
        self.is_sending = False
        self._due: float | None = None
        self._wide = False
        self._read_at = now
        self._sent_at = -LIST_REST
        self._sent: dict[int, lists.Row] = {}

    @property
    def due(self) -> float | None:
        """When to read rows, if there may be any to read; a frame that is on its way has to arrive first."""
        return None if self.is_sending else self._due

    def is_due(self, now: float) -> bool:
        return (due := self.due) is not None and due <= now

    def ask(self, now: float, *, wide: bool) -> None:
        """Something may have changed: read when the list has rested."""
        self._wide |= wide
        if self._due is None:
            self._due = max(now, self._sent_at + LIST_REST)

    def back(self, now: float) -> float:
        """Seconds before now from which on rows are read."""
        return WIDE if self._wide else min(WIDE, now - self._read_at + OVERLAP)

    def changed(self, now: float, rows: Iterable[lists.Row], flipped: set[int]) -> list[lists.Row]:
        """Rows were read; those that are news: they differ from what was sent last, or have flipped."""
        if self._wide:
            self._forget()
        self._due, self._wide, self._read_at = None, False, now
        self.flipped -= flipped
        found = {row.id: row for row in rows}
        news = [row for row in found.values() if row.id in flipped or self._sent.get(row.id) != row]
        if news:
            self._sent_at = now
        return news

    def sent(self, rows: Iterable[lists.Row]) -> None:
        """All pages have these rows, or get them when they read on."""
        self._sent.update((row.id, row) for row in rows)

    def _forget(self) -> None:
        """What was written so long ago that no look reads it again."""
        if self._sent:
            old = max(row.updated_at for row in self._sent.values()) - timedelta(seconds=2 * WIDE)
            self._sent = {chat_id: row for chat_id, row in self._sent.items() if row.updated_at > old}
