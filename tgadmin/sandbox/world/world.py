"""The world as a whole: its parts, what happens in it, and what tests, scripts and the control API tell it to do."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable

from telethon.tl import TLObject

from tgadmin.sandbox.store import Store
from tgadmin.sandbox.world.accounts import Accounts
from tgadmin.sandbox.world.chats import Chats
from tgadmin.sandbox.world.logins import Logins
from tgadmin.sandbox.world.messages import Boxes
from tgadmin.sandbox.world.peers import Peers

Pusher = Callable[[int, TLObject, int | None], None]  # (user id, updates, session to leave out)


class World:
    """Everything that Telegram's servers know, in memory, written through the store.

    `pusher` brings updates to an account's live sessions; `listening` says whether an account has any (nothing is built for
    those that have none).
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        pusher: Pusher = lambda user_id, updates, session: None,
        listening: Callable[[int], bool] = lambda user_id: True,
    ) -> None:
        self.store = store
        self.clock = clock
        self.rng = rng or random.Random()
        self.pusher = pusher
        self.listening = listening
        self.accounts = Accounts(store, clock, self.rng)
        self.logins = Logins(store, clock, self.rng)
        self.chats = Chats(store, clock, self.rng)
        self.boxes = Boxes(store, clock)
        self.peers = Peers(self._secret(), self.accounts, self.chats)
        self.chats.access_hash = self.peers.access_hash

    def now(self) -> int:
        """The time in unix seconds, as messages bear it."""
        return int(self.clock())

    def _secret(self) -> bytes:
        """What access hashes are made with: chosen once for a world."""
        for _, value in self.store.load("secret"):
            assert isinstance(value, bytes)
            return value
        value = secrets.token_bytes(32)
        self.store.put("secret", "world", value)
        return value
