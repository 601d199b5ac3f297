"""How much is unread in the accounts that pages may see, told about once a second: one statement for all of them, which
counts those whose chats were written since the last one.

It goes to every page of whoever may see the account, also where another account's list is shown.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from apps.chats.live.frames.outgoing import UnreadFrame
from apps.chats.live.hub.bad import AWAY
from apps.chats.live.hub.watchers import Watcher, Watchers, fan, sees_all
from apps.chats.live.threads import read
from apps.chats.selectors import unread
from apps.chats.selectors.unread import Counted
from tgadmin.core.faults import describe
from tgadmin.core.frames import encoded

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks."""
OVERLAP = 1.0
"""Seconds by which a look reaches back behind the one before: what committed late is seen."""
WHOLE = 30.0
"""Seconds after which everything is counted whatever was written: chats are muted for a time only."""
AT_ONCE, FRAMES = 50, 2500
"""Pages that are told without a pause, and in a second at most: the events of open chats do not wait behind them."""

_Seen = tuple[tuple[int, bool], ...]
"""Accounts, and whether all of each is seen."""


class UnreadNews:
    """Runs in the hub's loop."""

    def __init__(self, watchers: Watchers, clock: Callable[[], float] = time.monotonic) -> None:
        self._watchers = watchers
        self._clock = clock
        self._known: dict[int, Counted] = {}
        self._untold: set[Watcher] = set()
        self._last_at = self._whole_at = float("-inf")
        self._away = False

    def greet(self, watcher: Watcher) -> None:
        """The watcher has come, or sees other accounts than before: it hears of all of them."""
        self._untold.add(watcher)

    def leave(self, watcher: Watcher) -> None:
        self._untold.discard(watcher)

    async def run(self) -> None:
        """A supervisor: a look that fails is recorded, the next one sees what it missed."""
        while True:
            started = self._clock()
            try:
                await self._look()
                self._away = False
            except AWAY as error:
                if not self._away:
                    log.warning("unread messages cannot be counted: %s", type(error).__name__)
                self._away = True
            except Exception as error:  # noqa: BLE001  see above
                log.error("a look at what is unread failed: %s", describe(error))
            took = self._clock() - started
            await asyncio.sleep(max(LOOK - took, took))  # the database gets as much rest as it had work

    async def _look(self) -> None:
        now = self._clock()
        visible: set[int] = set().union(*(watcher.roles for watcher in self._watchers))
        for gone in self._known.keys() - visible:
            del self._known[gone]
        whole = now - self._whole_at >= WHOLE
        asked = {session_id: whole or session_id not in self._known for session_id in visible}
        found = await read(unread.changed_counts, asked, min(WHOLE, now - self._last_at + OVERLAP))
        self._last_at = now
        self._whole_at = now if whole else self._whole_at
        changed = {pk: counted for pk, counted in found.items() if self._known.get(pk) != counted}
        self._known |= changed
        untold, self._untold = self._untold, set()
        await self._tell(changed, [watcher for watcher in self._watchers if watcher not in untold])
        await self._tell(self._known, untold)

    async def _tell(self, counts: Mapping[int, Counted], watchers: Iterable[Watcher]) -> None:
        """The same bytes to all who see the same."""
        groups: dict[_Seen, list[Watcher]] = defaultdict(list)
        for watcher in watchers if counts else ():
            groups[_seen(watcher, counts)].append(watcher)
        for accounts, alike in groups.items():
            if accounts:
                await self._fan(counts, accounts, alike)

    async def _fan(self, counts: Mapping[int, Counted], accounts: _Seen, alike: list[Watcher]) -> None:
        shown = [unread.payload(pk, counts[pk].of(whole=whole)) for pk, whole in accounts]
        text = encoded(UnreadFrame(type="unread", accounts=shown))
        for at in range(0, len(alike), AT_ONCE):
            some = alike[at : at + AT_ONCE]
            # Whoever sees less since this was made is told again when they are told of that (``greet``).
            await fan([one for one in some if _seen(one, dict(accounts)) == accounts], text)
            if len(alike) > AT_ONCE:
                await asyncio.sleep(len(some) / FRAMES)


def _seen(watcher: Watcher, session_ids: Iterable[int]) -> _Seen:
    """Those of the accounts that the watcher sees now."""
    return tuple((pk, sees_all(watcher, pk)) for pk in session_ids if pk in watcher.roles)
