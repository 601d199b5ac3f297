"""The circumstances of one request, and what it may ask of the data centre."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from telethon.tl import TLObject

from sandbox.faults import Faults, Outcome
from sandbox.protocol.centre import Centre
from sandbox.protocol.connection import Connection
from sandbox.protocol.keys import AuthKey, KeyRing
from sandbox.protocol.session import Session
from sandbox.world import World
from sandbox.world.accounts import Account


class DataCentre(Centre, Protocol):
    """What requests, and the services that answer them, need of the data centre as a whole: see Sandbox."""

    host: str
    port: int
    dcs: int
    ring: KeyRing
    world: World

    @property
    def faults(self) -> Faults: ...
    @property
    def keys(self) -> dict[int, AuthKey]: ...
    def keys_of(self, user_id: int) -> list[AuthKey]: ...
    def account_of(self, key: AuthKey) -> Account: ...
    def seen(self, key: AuthKey, address: str) -> None: ...
    def revoke(self, key_id: int, *, error: str = ..., close: bool = ...) -> None: ...
    def note_code(self, phone: str, code: str) -> None: ...
    def push_to_key(self, key: AuthKey, updates: TLObject) -> None: ...
    def settle(
        self, connection: Connection, session: Session, msg_id: int, answer: bytes, context: Context,
        outcome: Outcome | None,
    ) -> None: ...  # fmt: skip


@dataclass
class Context:
    """The circumstances of one request."""

    server: DataCentre
    world: World
    key: AuthKey
    session_id: int
    req_msg_id: int
    dc_id: int
    layer: int
    address: str  # the client's IP address
    pushes: list[tuple[int, TLObject]] = field(default_factory=list)
    replied: list[Callable[[], None]] = field(default_factory=list)

    @property
    def account(self) -> Account:
        """The signed-in account; raises 401 if there is none, or none that may act."""
        return self.server.account_of(self.key)

    def push(self, user_id: int, updates: TLObject) -> None:
        """Send ``updates`` to every session of the account's keys once this request's changes are committed.

        The request's own MTProto session is left out: it has the method's result instead.
        """
        self.pushes.append((user_id, updates))

    def after(self, reply: Callable[[], None]) -> None:
        """Run ``reply`` once the request's answer has been handed to the connection."""
        self.replied.append(reply)
