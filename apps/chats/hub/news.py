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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from apps.chats.hub.bad import AWAY, Bad
from apps.chats.hub.frames import Told, chats_frames, events_frames
from apps.chats.hub.line import drain
from apps.chats.hub.reader import Reader
from apps.chats.hub.watchers import UNSENT, OpenChat, Watcher, Watchers, fan, sees_all
from apps.chats.selectors import lists, live
from apps.chats.selectors.live import Change
from apps.chats.threads import read
from tgadmin.core.faults import told
from tgadmin.core.frames import encoded

log = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds after which everything is looked at without a wake-up: one that was lost is made good within a second, on a
slow machine too."""
RETRY = 0.2
"""Seconds after which everything is looked at when the database could not be read, or while wake-ups are not heard."""
REST, LONGEST_REST = 0.002, 0.2
"""Seconds of rest after a look: half as long as it took, within these."""
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
        self._said: asyncio.Queue[_Said] = asyncio.Queue()
        self._behind: set[Watcher] = set()
        self._bad_chats, self._bad_lists = Bad("chat", clock), Bad("the chat list of session", clock)
        self._deaf = False

    def wake(self, session_id: int) -> None:
        """Something of this session may have changed."""
        self._fresh.add(session_id)
        self._woken.set()

    def look(self) -> None:
        """Anything may have changed: wake-ups were not heard for a while."""
        self._full_at = self._clock() - LOOK
        self._woken.set()

    def hears(self, hears: bool) -> None:
        """Whether wake-ups are heard."""
        self._deaf = not hears
        self.look()

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
        except AWAY as error:
            if not self._failed:
                log.warning("live pages cannot read the database: %s", type(error).__name__)
            self._failed = True
            self._full_at = self._clock() - LOOK + RETRY
        except Exception as error:  # noqa: BLE001  see run
            log.error("a look of the live pages' hub failed: %s", told(error))

    async def _next(self) -> None:
        """Until there is a wake-up, a list is due, or it is time for a whole look."""
        dues = [due for one in self._lists.values() if (due := one.due) is not None]
        look = RETRY if self._deaf else LOOK
        seconds = min([self._full_at + look, *dues]) - self._clock()
        if not self._woken.is_set() and seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()

    async def _look(self) -> None:
        self._woken.clear()
        fresh, self._fresh = self._fresh & self._watchers.sessions, set()
        now = self._clock()
        if full := now - self._full_at >= (RETRY if self._deaf else LOOK):
            self._full_at = now
            fresh = self._watchers.sessions
        for session_id in fresh:
            self._list_of(session_id).ask(now, wide=full)
        await self._send_events(fresh)
        await self._send_lists()
        await self._catch_up()

    # --- events -------------------------------------------------------------------------------------------------------

    async def _send_events(self, session_ids: set[int]) -> None:
        viewers, floors = _ready(self._watchers.viewers(session_ids))
        floors = self._bad_chats.without(floors)
        changes = await self._bad_chats.read(self._reader.changes, floors)
        torn = {chat_id: None for chat_id, change in changes.items() if _is_torn(change, floors[chat_id])}
        resets = {}
        for whole in (True, False):
            asked = {chat_id: None for chat_id in torn if any(_sees_all(one) is whole for one, _ in viewers[chat_id])}
            resets[whole] = await self._bad_chats.read(partial(_resets, whole=whole), asked)
        for chat_id in floors:
            try:
                if (change := changes.get(chat_id)) is not None:
                    pages = {whole: resets[whole].get(chat_id) for whole in resets}
                    self._tell_events(change, pages, viewers[chat_id])
            except Exception as error:  # noqa: BLE001  what is wrong with one chat must not harm the others
                self._bad_chats.set_aside(chat_id, error)
        for chat_id, found in viewers.items():
            if chat_id in self._bad_chats:
                await self._tell_bad(chat_id, found)

    def _tell_events(
        self, change: Change, resets: Mapping[bool, Mapping[str, Any] | None], viewers: list[_Viewer]
    ) -> None:
        """The same bytes to all viewers that stand at the same number and see the same. It moves when they were sent.
        ``resets``: the newest page for who sees all of the chat (True), and for who does not."""
        groups: dict[tuple[int, bool], list[_Viewer]] = defaultdict(list)
        differs = not change.is_for_all or any(resets.values())
        for watcher, chat in viewers:
            # While the database was read, a viewer may have gone elsewhere.
            if watcher.chat is chat and chat.number < change.last:
                groups[chat.number, differs and _sees_all(watcher)].append((watcher, chat))
        for (number, whole), group in groups.items():
            frames = events_frames(change if whole else change.for_all(), number, resets[whole])
            for watcher, chat in group if frames else ():
                chat.sending = True
                for frame in frames:
                    watcher.line.put(frame.text, partial(self._sent, watcher, chat, frame, frames[-1]))
            drain(watcher.line for watcher, _ in group)
            if change.more or (frames and frames[-1].to < change.last):
                self.wake(change.row.session_id)

    def _sent(self, watcher: Watcher, chat: OpenChat, frame: Told, last: Told) -> None:
        chat.number = frame.to
        if frame is last:
            chat.sending = False
            if chat.missed and watcher.session_id is not None:
                self.wake(watcher.session_id)
            chat.missed = False

    async def _tell_bad(self, chat_id: int, viewers: list[_Viewer]) -> None:
        """Who looks at a chat that cannot be read is told so, once."""
        untold = [(watcher, chat) for watcher, chat in viewers if watcher.chat is chat and not chat.told_bad]
        for _, chat in untold:
            chat.told_bad = True
        await fan([watcher for watcher, _ in untold], encoded(unreadable(chat_id)))

    # --- lists --------------------------------------------------------------------------------------------------------

    async def _send_lists(self) -> None:
        """The lists that are due. One whose last frame is still on its way to its many pages waits for that."""
        now = self._clock()
        due = {session_id: one for session_id, one in self._lists.items() if one.is_due(now)}
        due = self._bad_lists.without(due)
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

        found = await self._bad_lists.read(ask, due)
        looked = {key: due[key].looked(now, rows, flipped[key]) for key, rows in found.items()}
        news = {session_id: rows for session_id, rows in looked.items() if rows}
        unread = await self._reader.unread(news) if news else {}
        for session_id, rows in news.items():
            due[session_id].on_its_way = True
            self._said.put_nowait(_Said(session_id, due[session_id], rows, unread.get(session_id, (0, 0))))

    async def _spread(self) -> None:
        """A supervisor: sends what the lists have to say, one list after the other."""
        while True:
            said = await self._said.get()
            try:
                await self._tell_list(said)
            except Exception as error:  # noqa: BLE001  see above
                log.error("a chat list could not be sent: %s", told(error))
                said.one.flipped.update(row.id for row in said.rows)  # some have not got it: all get it again
            said.one.on_its_way = False
            self._woken.set()  # it may be due again

    async def _tell_list(self, said: _Said) -> None:
        """A few pages at a time. Whose line is full gets these rows when it has drained."""
        frames: dict[bool, list[str]] = {}  # made once for all who see the same, if there are any
        followers = self._watchers.of(said.session_id)
        for at in range(0, len(followers), AT_ONCE):
            some = [follower for follower in followers[at : at + AT_ONCE] if follower.session_id == said.session_id]
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
        said.one.told(said.rows)

    def drained(self, watcher: Watcher) -> None:
        """Everything that was on its way to the watcher has been sent."""
        if watcher in self._behind:
            self._woken.set()

    async def _catch_up(self) -> None:
        """Rows that had no room in a line, as they are now, once it has drained."""
        for watcher in [one for one in self._behind if not one.line.is_full]:
            self._behind.discard(watcher)
            session_id, missed = watcher.session_id, set(watcher.missed)
            if session_id is None or not missed:
                continue
            try:
                rows = [row for row in await self._reader.rows((), 0.0, missed) if row.session_id == session_id]
                unread = (await self._reader.unread((session_id,))).get(session_id, (0, 0))
            except AWAY:
                self._behind.add(watcher)
                raise
            except Exception as error:  # noqa: BLE001  see run
                log.error("rows that a page missed could not be read, it is sent back to ask anew: %s", told(error))
                await watcher.shut(UNSENT)
                continue
            if watcher.session_id == session_id:
                watcher.missed -= missed
                whole = sees_all(watcher, session_id)
                await fan((watcher,), *_rows_frames(session_id, rows, unread, whole=whole))

    def _list_of(self, session_id: int) -> _List:
        found = self._lists.get(session_id)
        if found is None:
            found = self._lists[session_id] = _List(self._clock())
        return found


def _rows_frames(session_id: int, rows: Iterable[lists.Row], unread: tuple[int, int], *, whole: bool) -> list[str]:
    """For who sees all of the session's chats, or who does not: perhaps nothing. ``unread``: of each of them."""
    now = timezone.now()
    shown = [lists.payload(row, now) for row in rows if whole or not row.is_official]
    return chats_frames(session_id, shown, unread[0 if whole else 1])


def _sees_all(watcher: Watcher) -> bool:
    return watcher.session_id is not None and sees_all(watcher, watcher.session_id)


@dataclass(frozen=True, slots=True)
class _Said:
    """Rows of a session's list that its followers are to get, and how many of its chats have unread messages: of all,
    and of those that not only managers see."""

    session_id: int
    one: _List
    rows: list[lists.Row]
    unread: tuple[int, int]


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
        return news

    def told(self, rows: Iterable[lists.Row]) -> None:
        """All pages have these rows, or get them when they read on."""
        self._sent.update((row.id, row) for row in rows)

    def _forget(self) -> None:
        """What was written so long ago that no look reads it again."""
        if self._sent:
            old = max(row.updated_at for row in self._sent.values()) - timedelta(seconds=2 * WIDE)
            self._sent = {chat_id: row for chat_id, row in self._sent.items() if row.updated_at > old}


def _is_torn(change: Change, floor: int) -> bool:
    """A page has to begin anew: what it has to hear next is gone, or the chat was reset."""
    return change.kept_from > floor + 1 or any(event.kind == "reset" for event in change.events)


_Viewer = tuple[Watcher, OpenChat]


def _ready(found: Mapping[int, Iterable[Watcher]]) -> tuple[dict[int, list[_Viewer]], dict[int, int]]:
    """Of those who show a chat, who can be told now, and the lowest number that they stand at. The others are at what
    they were told before: they are looked for again after it."""
    viewers: dict[int, list[_Viewer]] = {}
    floors: dict[int, int] = {}
    for chat_id, watchers in found.items():
        ready = viewers[chat_id] = []
        for watcher in watchers:
            if (chat := watcher.chat) is None:
                continue
            if chat.sending:
                chat.missed = True
                continue
            ready.append((watcher, chat))
            if chat.number < floors.get(chat_id, chat.number + 1):
                floors[chat_id] = chat.number
    return viewers, floors


async def _resets(chat_ids: Mapping[int, Any], *, whole: bool) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = await read(live.resets, list(chat_ids), whole=whole)
    return found


def unreadable(chat_id: int) -> dict[str, Any]:
    """The frame that says so."""
    says = "Something that is stored of this chat cannot be read. Other chats are all right. Tell your administrator."
    return {"type": "error", "ref": None, "code": "UNREADABLE", "says": says, "chat": chat_id}
