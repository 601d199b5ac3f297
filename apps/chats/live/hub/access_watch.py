"""What pages are told beside their chats' news: rights and logins that end, statuses, people who come and go, and the
ends of commands that they wait for. Looked at once a second; statuses and commands also when a wake-up names them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from apps.chats.live.frames.outgoing import DoneFrame, GoneFrame, SessionFrame, SessionsFrame
from apps.chats.live.hub.bad import AWAY
from apps.chats.live.hub.watchers import Watcher, Watchers, fan, sees_all
from apps.chats.live.threads import read
from apps.chats.payloads import SessionFacts
from apps.chats.selectors import history, live, messages, page
from apps.sessions.services.rights import is_staff
from tgadmin.core.faults import describe
from tgadmin.core.frames import encoded

log = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two whole looks; a right that is gone is noticed within them."""
RETRY = 0.2
"""Seconds until the next whole look when the database could not be read."""
REST = 0.02
"""Seconds after a look in which wake-ups are gathered."""

SIGNED_OUT = 4401
NO_RIGHT = 4403
RESTORED = 4411


class AccessWatch:
    """Runs in the hub's loop. ``joined`` is awaited when followers of a session came or were taken from it; ``flipped``
    hears of chats whose people came or went, ``granted`` of whoever's roles have changed."""

    def __init__(
        self,
        watchers: Watchers,
        *,
        joined: Callable[[], Awaitable[None]],
        flipped: Callable[[int, set[int]], None],
        granted: Callable[[Watcher], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watchers = watchers
        self._joined = joined
        self._flipped = flipped
        self._granted = granted
        self._clock = clock
        self._woken = asyncio.Event()
        self._full_at = float("-inf")
        self._commands: dict[int, tuple[Watcher, str | None]] = {}
        self._marks: dict[int, tuple[Any, ...]] = {}
        self._noted: set[int] = set()
        self._online: dict[int, set[int]] = {}
        self._untold: dict[Watcher, set[int]] = {}
        self._away = False
        self.epoch: UUID | None = None

    def note(self, session_id: int) -> None:
        """The status of this session may have changed."""
        self._noted.add(session_id)
        self._woken.set()

    def settled(self, command_id: int) -> None:
        """The command with this id has been settled; whoever waits for it is answered at the next poll."""
        if command_id in self._commands:
            self._woken.set()

    def await_command(self, command_id: int, watcher: Watcher, ref: str | None) -> None:
        """Tell the watcher when this command is over."""
        self._commands[command_id] = (watcher, ref)
        self._woken.set()  # it may be over already

    def leave(self, watcher: Watcher) -> None:
        self._untold.pop(watcher, None)
        self._commands = {pk: waiting for pk, waiting in self._commands.items() if waiting[0] is not watcher}

    def keep(self, session_ids: set[int]) -> None:
        """Only these sessions are followed."""
        for gone in self._online.keys() - session_ids:
            del self._online[gone]

    async def run(self) -> None:
        """A supervisor: a look that fails is recorded, the next one sees what it missed."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._full_at + POLL - self._clock())):
                    await self._woken.wait()
            started = self._clock()
            self._woken.clear()
            await self._poll()
            # Under load the database gets as much rest as it had work.
            await asyncio.sleep(max(REST, self._clock() - started))

    def poll(self) -> None:
        """Anything may have changed: wake-ups were not heard for a while."""
        self._full_at = float("-inf")
        self._woken.set()

    async def _poll(self) -> None:
        """Each for itself: what one of them cannot read keeps none of the others."""
        full = self._clock() - self._full_at >= POLL
        checks: list[Callable[[], Awaitable[None]]] = [lambda: self._send_facts(full), self._send_settled]
        if full:
            self._full_at = self._clock()
            checks = [self._check_epoch, self._check_access, self._tell_roles, self._note_all_online, *checks]
        for check in checks:
            try:
                await check()
            except AWAY as error:
                if not self._away:
                    log.warning("live pages cannot read the database: %s", type(error).__name__)
                self._away = True
                self._full_at = self._clock() - POLL + RETRY
                return
            except Exception as error:  # noqa: BLE001  see above
                log.error("a look of the live pages' hub failed: %s", describe(error))
        self._away = False

    async def _note_all_online(self) -> None:
        await self.note_online(self._watchers.sessions)

    async def _check_epoch(self) -> None:
        """A database that was restored begins its numbers again: pages come back with theirs, and are reset."""
        epoch = await read(history.epoch)
        if self.epoch not in (None, epoch):
            for watcher in self._watchers:
                await watcher.shut(RESTORED)
        self.epoch = epoch

    async def _check_access(self) -> None:
        """Whoever is signed out, or has lost a right, stops hearing within this second."""
        watchers = list(self._watchers)
        user_accesses = await read(live.user_accesses, {watcher.user.pk for watcher in watchers})
        logins = await read(live.signed_in, {watcher.login_key for watcher in watchers})
        for watcher in watchers:
            now = user_accesses.get(watcher.user.pk)
            if now is None or watcher.login_key not in logins or not _same_login(watcher, now.user):
                await watcher.shut(SIGNED_OUT)
            elif not is_staff(now.user):
                await watcher.shut(NO_RIGHT)
            else:
                watcher.user = now.user  # one object for all sockets of a user
                if now.roles != watcher.roles:
                    watcher.roles = now.roles
                    self._take_away(watcher)

    def _take_away(self, watcher: Watcher) -> None:
        """At once, and before anything is awaited: from here on it hears nothing of what its user may not see."""
        self._untold.setdefault(watcher, set()).update(self._watchers.update(watcher))
        if watcher.chat is not None and watcher.chat.official and not sees_all(watcher, watcher.chat.session_id):
            watcher.chat = None

    async def _tell_roles(self) -> None:
        """Whoever's roles have changed; who could not be told by this look is told by the next one."""
        changed: dict[int, list[Watcher]] = defaultdict(list)
        for watcher in self._untold:
            changed[watcher.user.pk].append(watcher)
        for same_user in changed.values():
            await self._joined()
            sessions = await read(page.visible, same_user[0].roles)
            for watcher in same_user:
                for gone in sorted(self._untold.pop(watcher, ())):
                    await fan((watcher,), encoded(GoneFrame(type="gone", session=gone)))
                self._granted(watcher)
            await fan(same_user, encoded(SessionsFrame(type="sessions", sessions=sessions)))

    async def note_online(self, session_ids: set[int]) -> None:
        """Remember the chats with people who came or went: no row of theirs tells of it."""
        if not session_ids:
            return
        for session_id, now in (await read(live.online, session_ids)).items():
            before = self._online.get(session_id)
            if before is not None and before != now:
                self._flipped(session_id, before ^ now)
            self._online[session_id] = now

    async def _send_facts(self, full: bool) -> None:
        """Statuses that changed: of sessions that a wake-up named, and once a second of all that anybody may see."""
        visible: set[int] = set().union(*(watcher.roles for watcher in self._watchers))
        asked = visible if full else visible & self._noted
        if not asked:
            return
        marks = await read(live.session_marks, asked)
        self._noted -= asked
        # The first time is a change too: it may have changed since a page was told in its welcome.
        changed = [session_id for session_id, mark in marks.items() if self._marks.get(session_id) != mark]
        if not changed:
            return
        facts: dict[int, SessionFacts] = await read(live.session_facts, changed)
        for session_id, fact in facts.items():
            viewers = [watcher for watcher in self._watchers if session_id in watcher.roles]
            frame: SessionFrame = {"type": "session", **fact}
            await fan(viewers, encoded(frame))
            self._marks[session_id] = marks[session_id]

    async def _send_settled(self) -> None:
        if not self._commands:
            return
        for command_id, (state, code) in (await read(live.settled, list(self._commands))).items():
            waiting = self._commands.pop(command_id, None)
            if waiting is not None:
                watcher, ref = waiting
                error = messages.error(code) if code else None
                await fan((watcher,), encoded(DoneFrame(type="done", ref=ref, state=state, error=error)))


def _same_login(watcher: Watcher, user: User) -> bool:
    """A changed password ends every login but the one that changed it, whose page has reloaded since."""
    unchanged = user.password == watcher.user.password  # what the hash is made of, which takes a while
    return user.is_active and (unchanged or user.get_session_auth_hash() == watcher.auth_hash)
