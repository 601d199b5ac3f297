"""The hub of a web process: looks at the database once per wake-up for all sockets and fans the same bytes out.

The database is truth, a wake-up is a hint: a look follows it at once, the next one not before 20 ms have passed (many
wake-ups make one look), and one happens each second without any. Rights are read anew once a second; a socket whose
right is gone hears of it and gets nothing more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from django.contrib.auth.models import User
from django.db import Error as DatabaseError

from apps.chats.selectors import history, lists, live, messages, page
from apps.chats.selectors.live import Changes, EventRow
from apps.chats.threads import read
from apps.chats.wakes import Groups, Listener
from apps.sessions.models import Role
from apps.sessions.services.notify import EVENTS
from apps.sessions.services.rights import is_staff

log = logging.getLogger(__name__)

COALESCE = 0.02
"""Seconds after a look in which wake-ups are gathered."""
LOOK = 1.0
"""Seconds after which a look happens without a wake-up; rights, logins and slow writers are looked at then."""
RECENT, RECENT_WIDE = timedelta(seconds=3), timedelta(seconds=30)
"""How far back changed chats are read, at a wake-up and at the look of each second: late commits are covered."""

SIGNED_OUT = 4401
NO_RIGHT = 4403
RESTORED = 4411


@dataclass(slots=True)
class OpenChat:
    """The chat that a page shows, and the number of the last event that it has been told."""

    id: int
    number: int


class Watcher(Protocol):
    """A socket, as the hub sees it."""

    user: User
    login_key: str
    auth_hash: str
    roles: dict[int, Role]
    session_id: int | None
    chat: OpenChat | None

    async def push(self, text: str) -> None:
        """Send a frame; never raises for a socket that is gone."""

    async def shut(self, code: int) -> None:
        """Close the socket with a close code."""


class Hub:
    """Lives in one event loop; works while there are watchers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._watchers: set[Watcher] = set()
        self._commands: dict[int, tuple[Watcher, str | None]] = {}
        self._marks: dict[int, tuple[Any, ...]] = {}
        self._noted: set[int] = set()
        self._rows: dict[int, dict[int, str]] = defaultdict(dict)
        self._online: dict[int, set[int]] = {}
        self._flipped: dict[int, set[int]] = defaultdict(set)
        self._epoch: UUID | None = None
        self._dirty = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._groups = Groups(self._group_message)
        self._listener = Listener(self._notified)
        self._full_at = 0.0

    async def add(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)
        if self._task is None:
            self._listener.start()
            self._task = asyncio.create_task(self._run())

    async def remove(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        self._commands = {pk: waiting for pk, waiting in self._commands.items() if waiting[0] is not watcher}
        if not self._watchers and self._task is not None:
            self._task.cancel()
            self._task = None
            self._marks.clear()
            self._noted.clear()
            self._epoch = None
            await self._listener.close()  # last: a page that is reloaded may be added meanwhile
        await self._join()

    async def watch(self, watcher: Watcher, session_id: int | None) -> None:
        """From here on the watcher hears of this session's chat list; its groups are joined when this returns."""
        watcher.session_id = session_id
        watcher.chat = None
        await self._join()
        if session_id is not None:
            await self._note_online({session_id})  # before the page reads its list: what changes later is a change

    def wake(self) -> None:
        self._dirty.set()

    def await_command(self, command_id: int, watcher: Watcher, ref: str | None) -> None:
        """Tell the watcher when this command is over."""
        self._commands[command_id] = (watcher, ref)
        self.wake()

    async def _join(self) -> None:
        wanted = self._watched()
        for kept in (self._rows, self._online, self._flipped):
            for gone in kept.keys() - wanted:
                del kept[gone]
        await self._groups.want(wanted)

    # --- wake-ups -----------------------------------------------------------------------------------------------------

    def _group_message(self, session_id: int, message: dict[str, Any]) -> None:
        if message.get("type") != "session.typing":
            self.wake()
            return
        frame = {"type": "typing", "session": session_id}
        frame |= {name: message.get(name) for name in ("peer_id", "sender_id", "name", "action")}
        task = asyncio.ensure_future(self._fan(self._watching(session_id), _text(frame)))
        task.add_done_callback(_report)

    def _notified(self, channel: str, number: int) -> None:
        if channel == EVENTS:
            self._noted.add(number)
            self.wake()
        elif number in self._commands:
            self.wake()

    async def _run(self) -> None:
        """A supervisor: a look that fails is recorded, the next one sees what it missed."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._dirty.wait(), LOOK)
            started = self._clock()
            self._dirty.clear()
            try:
                await self._look()
            except DatabaseError as error:
                log.warning("live pages cannot read the database: %s", type(error).__name__)
            except Exception:
                log.exception("a look of the live pages' hub failed")
            # Under load the database gets as much rest as it had work.
            await asyncio.sleep(max(COALESCE, self._clock() - started))

    # --- a look -------------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        full = self._clock() - self._full_at >= LOOK
        if full:
            self._full_at = self._clock()
            await self._check_epoch()
            await self._check_standing()
            await self._note_online(self._watched())
        await self._send_events()
        await self._send_rows(RECENT_WIDE if full else RECENT)
        await self._send_facts(full)
        await self._send_settled()

    async def _check_epoch(self) -> None:
        """A database that was restored begins its numbers anew: pages come back with theirs, and are reset."""
        epoch = await read(history.epoch)
        if self._epoch not in (None, epoch):
            for watcher in list(self._watchers):
                await watcher.shut(RESTORED)
        self._epoch = epoch

    async def _check_standing(self) -> None:
        """Whoever is signed out, or has lost a right, stops hearing within this second."""
        watchers = list(self._watchers)
        standings = await read(live.standings, {watcher.user.pk for watcher in watchers})
        logins = await read(live.signed_in, {watcher.login_key for watcher in watchers})
        changed: dict[int, list[Watcher]] = defaultdict(list)
        for watcher in watchers:
            now = standings.get(watcher.user.pk)
            if now is None or watcher.login_key not in logins or not _same_login(watcher, now.user):
                await watcher.shut(SIGNED_OUT)
            elif not is_staff(now.user):
                await watcher.shut(NO_RIGHT)
            elif now.roles != watcher.roles:
                watcher.user = now.user
                watcher.roles = now.roles
                changed[now.user.pk].append(watcher)
        for same_user in changed.values():
            await self._tell_roles(same_user)

    async def _tell_roles(self, watchers: list[Watcher]) -> None:
        sessions = await read(page.visible, watchers[0].user)
        for watcher in watchers:
            if watcher.session_id is not None and watcher.session_id not in watcher.roles:
                gone = watcher.session_id
                await self.watch(watcher, None)
                await watcher.push(_text({"type": "gone", "session": gone}))
            await watcher.push(_text({"type": "sessions", "sessions": sessions}))

    async def _send_events(self) -> None:
        viewers: dict[int, list[Watcher]] = defaultdict(list)
        for watcher in self._watchers:
            if watcher.chat is not None:
                viewers[watcher.chat.id].append(watcher)
        if not viewers:
            return
        floors = {
            chat_id: min(watcher.chat.number for watcher in found if watcher.chat is not None)
            for chat_id, found in viewers.items()
        }
        changes = await read(live.changes, floors)
        for chat_id in changes.events:
            await self._tell_events(chat_id, changes, viewers[chat_id])
        if changes.more:
            self.wake()

    async def _tell_events(self, chat_id: int, changes: Changes, viewers: Iterable[Watcher]) -> None:
        """The same bytes to all viewers that stand at the same number."""
        groups: dict[int, list[Watcher]] = defaultdict(list)
        events = changes.events[chat_id]
        last = events[-1].number if events else changes.kept_from[chat_id] - 1
        for watcher in viewers:
            # While the database was read, a viewer may have gone elsewhere or begun at a later number.
            if watcher.chat is not None and watcher.chat.id == chat_id and watcher.chat.number < last:
                groups[watcher.chat.number].append(watcher)
        for number, group in groups.items():
            frame = events_frame(chat_id, [event for event in events if event.number > number], number, changes)
            for watcher in group:
                if watcher.chat is not None:
                    watcher.chat.number = frame["page"]["at"] if frame["type"] == "reset" else last
            await self._fan(group, _text(frame))

    async def _send_rows(self, within: timedelta) -> None:
        watched = self._watched()
        if not watched:
            return
        found = await read(live.changed_rows, watched, within)
        news = {session_id: self._news(session_id, rows) for session_id, rows in found.items() if session_id in watched}
        for row in await self._flipped_rows():
            rows = news.setdefault(row["session"], [])
            rows[:] = [one for one in rows if one["id"] != row["id"]] + [row]
        news = {session_id: rows for session_id, rows in news.items() if rows}
        if not news:
            return
        unread = await read(lists.unread_chats, news)
        for session_id, rows in news.items():
            frame = {"type": "chats", "session": session_id, "chats": rows, "unread": unread.get(session_id, 0)}
            await self._fan(self._watching(session_id), _text(frame))

    async def _note_online(self, session_ids: set[int]) -> None:
        """Remember the chats with people who came or went: no row of theirs tells of it."""
        if not session_ids:
            return
        for session_id, now in (await read(live.online, session_ids)).items():
            before = self._online.get(session_id)
            if before is not None and before != now:
                self._flipped[session_id] |= before ^ now
            self._online[session_id] = now

    async def _flipped_rows(self) -> list[dict[str, Any]]:
        """Sent whatever was sent last: a page may have read its list in between."""
        flipped, self._flipped = self._flipped, defaultdict(set)
        chat_ids: set[int] = set().union(*flipped.values())
        if not chat_ids:
            return []
        try:
            rows: list[dict[str, Any]] = await read(live.rows_of, chat_ids)
        except DatabaseError:
            for session_id, ids in flipped.items():
                self._flipped[session_id] |= ids
            raise
        for row in rows:
            self._rows[row["session"]][row["id"]] = _text(row)
        return rows

    def _news(self, session_id: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those rows that differ from what was sent last."""
        sent = self._rows[session_id]
        texts = {row["id"]: _text(row) for row in rows}
        news = [row for row in rows if sent.get(row["id"]) != texts[row["id"]]]
        sent.update(texts)
        return news

    async def _send_facts(self, full: bool) -> None:
        """Statuses that changed: of sessions that a wake-up named, and once a second of all that anybody may see."""
        visible: set[int] = set().union(*(watcher.roles for watcher in self._watchers))
        asked = visible if full else visible & self._noted
        self._noted -= asked
        if not asked:
            return
        marks = await read(live.session_marks, asked)
        # The first time is a change too: it may have changed since a page was told in its welcome.
        changed = [session_id for session_id, mark in marks.items() if self._marks.get(session_id) != mark]
        if not changed:
            return
        self._marks |= marks
        for session_id, fact in (await read(live.session_facts, changed)).items():
            viewers = [watcher for watcher in self._watchers if session_id in watcher.roles]
            await self._fan(viewers, _text({"type": "session", **fact}))

    async def _send_settled(self) -> None:
        if not self._commands:
            return
        for command_id, (state, code) in (await read(live.settled, list(self._commands))).items():
            waiting = self._commands.pop(command_id, None)
            if waiting is not None:
                watcher, ref = waiting
                error = messages.error(code) if code else None
                await watcher.push(_text({"type": "done", "ref": ref, "state": state, "error": error}))

    def _watched(self) -> set[int]:
        return {watcher.session_id for watcher in self._watchers if watcher.session_id is not None}

    def _watching(self, session_id: int) -> list[Watcher]:
        return [watcher for watcher in self._watchers if watcher.session_id == session_id]

    async def _fan(self, watchers: Iterable[Watcher], text: str) -> None:
        for watcher in list(watchers):
            await watcher.push(text)


def events_frame(chat_id: int, events: Sequence[EventRow], after: int, changes: Changes) -> dict[str, Any]:
    """The frame for events ``after`` that number: messages as they are now, ids of those that are gone, notices of
    what Telegram refused; a reset, or a number whose followers are kept no more, is answered with the newest page."""
    if changes.kept_from[chat_id] > after + 1 or any(event.kind == "reset" for event in events):
        return {"type": "reset", "page": changes.resets[chat_id], "row": changes.rows[chat_id]}
    ids = list(dict.fromkeys(event.message_id for event in events if event.message_id is not None))
    return {
        "type": "events",
        "chat": chat_id,
        "after": after,
        "to": events[-1].number,
        "messages": [changes.found[message_id] for message_id in ids if message_id in changes.found],
        "removed": [message_id for message_id in ids if message_id not in changes.found],
        "notices": [_notice(event) for event in events if event.data and "action" in event.data],
        "row": changes.rows[chat_id],
    }


def _notice(event: EventRow) -> dict[str, Any]:
    data = event.data or {}
    return {"message": event.message_id, "action": data["action"], "error": messages.error(str(data.get("code", "")))}


def _same_login(watcher: Watcher, user: User) -> bool:
    """A changed password ends every login but the one that changed it, whose page has reloaded since."""
    return user.is_active and user.get_session_auth_hash() == watcher.auth_hash


def _text(frame: dict[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def _report(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a frame could not be fanned out", exc_info=error)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running loop: one per web process."""
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is None:
        found = _hubs[loop] = Hub()
    return found
