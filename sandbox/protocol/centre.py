"""What connections and sessions need of the data centre that they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from sandbox.protocol.keyexchange import KeyExchange
from sandbox.protocol.keys import AuthKey
from sandbox.record import Record

if TYPE_CHECKING:
    from sandbox.protocol.connection import Connection
    from sandbox.protocol.session import Session


class ConnectionFaults(Protocol):
    """What goes wrong on purpose with connections: see faults."""

    def transport_error(self, key: AuthKey) -> int: ...
    def is_frozen(self, key: AuthKey) -> bool: ...
    def delay_of(self, key: AuthKey) -> float: ...


class Centre(Protocol):
    """See Sandbox. ``clock`` gives unix seconds."""

    clock: Callable[[], float]
    record: Record
    connections: set[Connection]
    tasks: set[asyncio.Task[None]]

    @property
    def faults(self) -> ConnectionFaults: ...
    def exchange(self, dc_id: int) -> KeyExchange: ...
    def find_key(self, key_id: int, dc_id: int) -> AuthKey | None: ...
    def destroy_key(self, key: AuthKey, why: str) -> None: ...
    def session(self, key: AuthKey, session_id: int) -> Session: ...
    def end_session(self, key: AuthKey, session_id: int) -> bool: ...
    def commit(self) -> None: ...
    async def execute(self, connection: Connection, session: Session, msg_id: int, body: bytes) -> None: ...
