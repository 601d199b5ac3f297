"""The data centre itself: listens, knows keys, accounts and sessions, and sends what changed to whom it concerns."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import os
import random
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Self, cast

from telethon.tl import TLObject

import sandbox.services  # noqa: F401 - registers Telegram's methods
from sandbox import dispatch
from sandbox.control import Control
from sandbox.dispatch import Context
from sandbox.errors import RpcError
from sandbox.faults import DUPLICATED, Container, Faults, Outcome
from sandbox.protocol.connection import Connection
from sandbox.protocol.keyexchange import KeyExchange
from sandbox.protocol.keys import AuthKey, KeyRing
from sandbox.protocol.rsa import RsaKey
from sandbox.protocol.session import Session
from sandbox.proxy_servers import ProxyServers
from sandbox.record import Record
from sandbox.store import Store
from sandbox.timer import Timer
from sandbox.world import World
from sandbox.world.accounts import Account

__all__ = ["AuthKey", "Sandbox"]

log = logging.getLogger(__name__)

_IDLE_SESSIONS = 8  # per key: sessions without a connection that may still come back
_IDLE_SECONDS = 300
_SEEN_SECONDS = 60  # how exact last_active is
_PORT_TRIES = 50


class Sandbox:
    """A Telegram data centre (or several: ``dcs``) on a loopback address.

    ``port`` 0 takes a free one; DC n listens on ``port + n - 1``. ``state`` is the file in which everything is kept
    (None: nothing outlives the process). ``seed`` makes the world's randomness reproducible. ``control`` starts the
    HTTP/JSON API of ``control.py`` as well.
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
        control_token_path: str | None = None,
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError("the sandbox listens on loopback addresses only")
        self.host = host
        self.port = port
        self.dcs = dcs
        self.clock = clock
        self.state = state
        self.codes_path = codes_path
        self.rng = random.Random(seed)
        self.store = Store(state)
        self.ring = KeyRing(self.store)
        self.faults = Faults(self)
        self.record = Record(clock)
        self.fronts = ProxyServers(self)
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self._rsa = _rsa_key(self.store, rsa_key_path)
        self.public_key_pem = self._rsa.public_pem
        self._exchanges = {dc: KeyExchange(self._rsa, self.ring, dc, clock) for dc in range(1, dcs + 1)}
        self._sessions: dict[int, dict[int, Session]] = {}
        self._outbox: deque[Container] = deque()
        self._delivery_due = False
        self._stopped = False
        self._servers: list[asyncio.Server] = []
        self.control = Control(self, control_port, control_token_path) if control else None
        self.world = World(
            self.store, clock=clock, rng=self.rng, pusher=self._push_for_world, listening=self.is_listening
        )
        self._timer = Timer(clock, self.world.schedule.next_due, self._send_due)

    # Life

    async def start(self) -> None:
        """Begin to listen; ``port`` is known afterwards. Raises OSError when a port is taken."""
        self.commit()
        self._servers = await self._listen()
        self._timer.set()
        self.port = self._servers[0].sockets[0].getsockname()[1]
        if self.control is not None:
            await self.control.start()

    async def stop(self) -> None:
        """Close every connection, commit, and close the store."""
        if self._stopped:
            return
        self._stopped = True
        self._timer.stop()
        if self.control is not None:
            await self.control.stop()
        await self.fronts.stop()
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.close("the data centre stops")
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.commit()
        self.store.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def control_port(self) -> int:
        """The port of the HTTP/JSON API; 0 if it was not asked for."""
        return 0 if self.control is None else self.control.port

    @property
    def ports(self) -> list[int]:
        """Where the data centres listen, DC 1 first."""
        return [self.port + number for number in range(self.dcs)]

    # Keys and accounts

    @property
    def keys(self) -> dict[int, AuthKey]:
        """All auth keys by their id (64-bit, signed)."""
        return self.ring.by_id

    def keys_of(self, user_id: int) -> list[AuthKey]:
        """The keys with which an account is signed in."""
        return self.ring.of_user(user_id)

    def find_key(self, key_id: int, dc_id: int) -> AuthKey | None:
        """The key that a packet names, if it exists at this data centre and has not expired."""
        key = self.ring.by_id.get(key_id)
        if key is None or key.dc_id != dc_id:
            return None
        if key.expires_at is not None and key.expires_at <= self.clock():
            self._forget_key(key)
            return None
        return key

    def account_of(self, key: AuthKey) -> Account:
        """The account that is signed in with ``key``; raises the 401 (or 406) that says why there is none."""
        account = None if key.user_id is None else self.world.accounts.get(key.user_id)
        if account is None:
            owes_password = "password_for" in key.extra  # the code was right; see services/authorizations.py
            if key.gone == DUPLICATED:
                raise RpcError(406, DUPLICATED)
            raise RpcError(401, key.gone or ("SESSION_PASSWORD_NEEDED" if owes_password else "AUTH_KEY_UNREGISTERED"))
        if account.banned:
            raise RpcError(401, "USER_DEACTIVATED_BAN")
        if account.deleted:
            raise RpcError(401, "USER_DEACTIVATED")
        return account

    def revoke(self, key_id: int, *, error: str = "AUTH_KEY_UNREGISTERED", close: bool = False) -> None:
        """End another key's authorization, as account.resetAuthorization does: it gets no more updates, and its next
        request gets 401 ``error``.

        Its connections stay, and their pings are answered, unless ``close``: none of Telegram's pages says that they
        are closed (https://core.telegram.org/api/auth, https://core.telegram.org/method/account.resetAuthorization).
        """
        key = self.ring.by_id.get(key_id)
        if key is None:
            return
        key.user_id = None
        key.gone = error
        key.extra = {name: fact for name, fact in key.extra.items() if name != "password_for"}
        self.commit()
        if close:
            self._close_connections(key, "authorization revoked")
            self._sessions.pop(key.id, None)

    def destroy_key(self, key: AuthKey, why: str) -> None:
        """Forget a key: whoever uses it gets the transport error -404."""
        self._forget_key(key)
        self._close_connections(key, why)

    def seen(self, key: AuthKey, address: str) -> None:
        """Note that a key was used (for account.getAuthorizations)."""
        now = int(self.clock())
        if now >= key.last_active + _SEEN_SECONDS:
            key.last_active = now
        if key.ip != address:
            key.ip = address

    def exchange(self, dc_id: int) -> KeyExchange:
        """The key exchange of a data centre."""
        return self._exchanges[dc_id]

    def note_code(self, phone: str, code: str) -> None:
        """Append a sign-in code to the codes file, as if it had been sent to that phone."""
        if self.codes_path is None:
            return
        descriptor = os.open(self.codes_path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as file:
            file.write(json.dumps({"phone": phone, "code": code}) + "\n")

    # Sessions

    def session(self, key: AuthKey, session_id: int) -> Session:
        """The session of that name, a new one if need be."""
        sessions = self._sessions.setdefault(key.id, {})
        session = sessions.get(session_id)
        if session is None:
            self._forget_idle(sessions)
            session = sessions[session_id] = Session(self, key, session_id)
        return session

    def end_session(self, key: AuthKey, session_id: int) -> bool:
        """Forget a session with all that waits in it; False if there was none."""
        return self._sessions.get(key.id, {}).pop(session_id, None) is not None

    def sessions_of(self, user_id: int) -> list[Session]:
        """Every session of every key of an account."""
        return [session for key in self.ring.of_user(user_id) for session in self._sessions.get(key.id, {}).values()]

    def is_listening(self, user_id: int) -> bool:
        """Whether anything that is pushed to the account now would reach a session."""
        return any(self._sessions.get(key.id) for key in self.ring.of_user(user_id))

    # What changed, and whom it concerns

    def commit(self) -> None:
        """Make everything that has changed last."""
        self.ring.write()
        self.store.commit()

    def push(self, user_id: int, updates: TLObject, *, exclude_session: int | None = None) -> None:
        """Send ``updates`` to every live session of the account, after the store has been committed.

        Within a request it leaves with the request's end, else in this turn of the loop; always in order.
        """
        if not self.is_listening(user_id):
            return
        if self.world.updates.is_numbered(updates):
            # Every key counts for itself what it was sent: https://core.telegram.org/api/updates#update-sequences
            for key in self.ring.of_user(user_id):
                if self._counts(key, exclude_session):
                    numbered = self.world.updates.for_key(key, updates)
                    self._outbox.append((user_id, key.id, bytes(numbered), exclude_session))
        else:
            self._outbox.append((user_id, None, bytes(updates), exclude_session))
        if not self._delivery_due:
            self._delivery_due = True
            asyncio.get_running_loop().call_soon(self.deliver)

    def push_to_key(self, key: AuthKey, updates: TLObject) -> None:
        """Send ``updates`` to every live session of a key, signed in or not, after the store has been committed."""
        self.commit()
        for session in self._sessions.get(key.id, {}).values():
            if session.updates:
                session.send(bytes(updates))

    def deliver(self) -> None:
        """Commit, then hand what was pushed to the sessions."""
        self._delivery_due = False
        self.commit()
        while self._outbox:
            for user_id, key_id, body, exclude in self.faults.stream.altered(self._outbox.popleft()):
                for session in self.sessions_of(user_id):
                    wanted = key_id is None or session.key.id == key_id
                    if wanted and session.updates and session.session_id != exclude:
                        session.send(body)
        self._timer.set()

    def send_again(self, container: Container) -> None:
        """Send what a fault had kept back."""
        self._outbox.append(container)
        self.deliver()

    async def execute(self, connection: Connection, session: Session, msg_id: int, body: bytes) -> None:
        """Run a request and answer it."""
        await dispatch.execute(self, connection, session, msg_id, body)

    def settle(
        self, connection: Connection, session: Session, msg_id: int, answer: bytes, context: Context,
        outcome: Outcome | None,
    ) -> None:  # fmt: skip
        """End a request: commit, then the answer, then the pushes. All in one step, so that what leaves on a connection
        leaves in the order in which the world changed."""
        self.deliver()
        if outcome is not None and outcome.drop:
            session.flush()
            connection.close("drop_reply")
            _run(context.replied)
        elif outcome is not None and outcome.late:
            asyncio.get_running_loop().call_later(outcome.late, self._reply, session, msg_id, answer, context)
        else:
            self._reply(session, msg_id, answer, context)
        for user_id, updates in context.pushes:
            self.push(user_id, updates, exclude_session=session.session_id)
        self.deliver()

    def _send_due(self) -> None:
        self.world.send_due()
        self.deliver()

    def _counts(self, key: AuthKey, exclude_session: int | None) -> bool:
        """Whether a numbered container for this key reaches a session of it.

        A client that connects again leaves its old session behind: what that one alone is sent must not tear a hole
        into the numbers of the session which is in use.
        """
        sessions = self._sessions.get(key.id, {})
        asking = exclude_session in sessions
        heard = (each for each in sessions.values() if each.updates and each.session_id != exclude_session)
        return any(each.connection is not None or not asking for each in heard)

    def _forget_key(self, key: AuthKey) -> None:
        self.ring.destroy(key.id)
        self._sessions.pop(key.id, None)
        self.commit()

    def _reply(self, session: Session, msg_id: int, answer: bytes, context: Context) -> None:
        session.send_result(msg_id, answer)
        if context.replied:
            session.flush()
            _run(context.replied)

    def _push_for_world(self, user_id: int, updates: TLObject, exclude_session: int | None) -> None:
        self.push(user_id, updates, exclude_session=exclude_session)

    def _close_connections(self, key: AuthKey, why: str) -> None:
        for connection in list(self.connections):
            if connection.key is key:
                connection.close(why)

    def _forget_idle(self, sessions: dict[int, Session]) -> None:
        idle = sorted((s for s in sessions.values() if s.connection is None), key=lambda s: s.left_at)
        limit = self.clock() - _IDLE_SECONDS
        for number, session in enumerate(idle):
            if session.left_at < limit or number < len(idle) - _IDLE_SESSIONS:
                del sessions[session.session_id]

    async def _listen(self) -> list[asyncio.Server]:
        for attempt in range(_PORT_TRIES):
            servers: list[asyncio.Server] = []
            try:
                port = self.port
                for dc in range(1, self.dcs + 1):
                    servers.append(await self._listen_on(dc, port))
                    port = servers[-1].sockets[0].getsockname()[1] + 1
            except (OSError, OverflowError):
                for server in servers:
                    server.close()
                # Only a port of our own choice may be tried again: the next ones beside it were taken.
                if self.port or attempt == _PORT_TRIES - 1:
                    raise
            else:
                return servers
        raise AssertionError("unreachable")

    async def _listen_on(self, dc_id: int, port: int) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            lambda: Connection(self, dc_id), self.host, port, backlog=512
        )


def _run(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:
            log.exception("a step after an answer failed")


def _rsa_key(store: Store, path: str | None) -> RsaKey:
    """The key of the file, or of the state; made when there is none yet."""
    if path is not None and Path(path).exists():
        return RsaKey.from_pem(Path(path).read_bytes())
    kept = next(store.load("rsa"), None)
    key = RsaKey.generate() if kept is None else RsaKey.from_pem(cast(bytes, kept[1]))
    store.put("rsa", "private", key.private_pem)
    if path is not None:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.private_pem)
    return key
