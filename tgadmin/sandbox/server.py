"""The data centre itself: listens, knows keys, accounts and sessions, and sends what changed to whom it concerns."""

from __future__ import annotations

import ipaddress
import json
import os
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from telethon.tl import TLObject

from tgadmin.sandbox.dispatch import RpcError
from tgadmin.sandbox.faults import Faults
from tgadmin.sandbox.keys import AuthKey, KeyRing
from tgadmin.sandbox.store import Store

if TYPE_CHECKING:
    from tgadmin.sandbox.world import World
    from tgadmin.sandbox.world.accounts import Account

__all__ = ["AuthKey", "Sandbox"]


class Sandbox:
    """A Telegram data centre (or several: ``dcs``) on a loopback address.

    ``port`` 0 takes a free one; DC n listens on ``port + n - 1``. ``state`` is the file in which everything is kept
    (None: nothing outlives the process). ``seed`` makes the world's randomness reproducible.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        dcs: int = 1,
        state: str | None = None,
        clock: Callable[[], float] = time.time,
        rsa_key_path: str | None = None,
        codes_path: str | None = None,
        seed: int | None = None,
        control: bool = False,
        control_port: int = 0,
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError("the sandbox listens on loopback addresses only")
        self.host = host
        self.port = port
        self.dcs = dcs
        self.clock = clock
        self.codes_path = codes_path
        self.rng = random.Random(seed)
        self.store = Store(state)
        self.ring = KeyRing(self.store)
        self.faults = Faults()
        # Imported here: the world and the services import this package's interfaces.
        from tgadmin.sandbox import services  # noqa: F401
        from tgadmin.sandbox.world import World

        self.world: World = World(self.store, self.clock, self.rng, self.push)

    @property
    def keys(self) -> dict[int, AuthKey]:
        """All auth keys by their id (64-bit, signed)."""
        return self.ring.by_id

    def keys_of(self, user_id: int) -> list[AuthKey]:
        """The keys with which an account is signed in."""
        return self.ring.of_user(user_id)

    def account_of(self, key: AuthKey) -> Account:
        """The account that is signed in with ``key``; raises the 401 that says why there is none."""
        account = None if key.user_id is None else self.world.accounts.get(key.user_id)
        if account is None:
            raise RpcError(401, key.gone or "AUTH_KEY_UNREGISTERED")
        if account.banned:
            raise RpcError(401, "USER_DEACTIVATED_BAN")
        if account.deleted:
            raise RpcError(401, "USER_DEACTIVATED")
        return account

    def push(self, user_id: int, updates: TLObject, *, exclude_session: int | None = None) -> None:
        """Send ``updates`` to every live session of the account, after the store has been committed."""
        raise NotImplementedError

    def revoke(self, key_id: int, *, error: str = "AUTH_KEY_UNREGISTERED") -> None:
        """End another key's authorization, as account.resetAuthorization does: its connections are closed, and its next
        request gets 401 ``error``."""
        raise NotImplementedError

    def note_code(self, phone: str, code: str) -> None:
        """Append a sign-in code to the codes file, as if it had been sent to that phone."""
        if self.codes_path is None:
            return
        descriptor = os.open(self.codes_path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            file.write(json.dumps({"phone": phone, "code": code}) + "\n")

    async def start(self) -> None:
        """Begin to listen; ``port`` is known afterwards."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close every connection, commit, and close the store."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
