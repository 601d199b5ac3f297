"""What goes wrong on purpose: told by tests in this process, or over the control API by others.

Users are user ids, peers Telegram's marked ids, keys auth key ids (signed or unsigned), methods Telegram's names
("messages.sendMessage"; "*" is any). ``times`` None means until :meth:`Faults.clear`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from telethon import utils
from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.faults.allowances import Allowance
from sandbox.faults.containers import Container, ContainerFaults
from sandbox.protocol.connection import Connection
from sandbox.protocol.keys import AuthKey
from sandbox.protocol.session import Session
from sandbox.world import World

RandomIdMode = Literal["first_result", "duplicate_error"]
_SENDING = ("messages.sendMessage", "messages.sendMedia", "messages.sendMultiMedia", "messages.forwardMessages")
DUPLICATED = "AUTH_KEY_DUPLICATED"
SWAP_SECONDS = 1.0  # how long a container waits for another to overtake it
_PEER_FIELDS = ("peer", "channel", "to_peer", "user_id", "chat_id")


@dataclass
class Outcome:
    """What a fault does to the answer of a request that is executed: it comes so many seconds late, or never."""

    late: float = 0.0
    drop: bool = False


@dataclass
class Rule:
    """One fault on a method. ``times`` counts down."""

    method: str
    code: int = 0
    message: str = ""
    late: float = 0.0
    drop: bool = False
    user: int | None = None
    peer: int | None = None
    times: int | None = 1

    def fits(self, name: str, user: int | None, peer: int | None) -> bool:
        if self.times == 0 or self.method not in ("*", name):
            return False
        return self.user in (None, user) and self.peer in (None, peer)


class Breakable(Protocol):
    """What faults do something to: see Sandbox."""

    connections: set[Connection]
    world: World

    @property
    def dcs(self) -> int: ...
    def keys_of(self, user_id: int) -> list[AuthKey]: ...
    def revoke(self, key_id: int, *, error: str = ..., close: bool = ...) -> None: ...
    def send_again(self, container: Container) -> None: ...
    def commit(self) -> None: ...


class Faults:
    """The faults that are set at present.

    ``random_id``: what a repeated random_id gets: the first result again ("first_result", as Telegram documents), or
    500 RANDOM_ID_DUPLICATE ("duplicate_error", documented as well). The message services read it.
    """

    def __init__(self, server: Breakable) -> None:
        self._server = server
        self.random_id: RandomIdMode = "first_result"
        self.met: Counter[str] = Counter()
        self._rules: list[Rule] = []
        self._allowances: dict[str, Allowance] = {}
        self._transport: list[Rule] = []
        self._frozen_keys: set[int] = set()
        self._frozen_users: set[int] = set()
        self._delays: dict[int, float] = {}
        self._alone: Literal["", "connection", "address"] = ""
        self.stream = ContainerFaults(server.send_again, _later)

    # Told by tests

    def error(
        self, method: str, code: int, message: str, *, user: int | None = None, peer: int | None = None,
        times: int | None = 1,
    ) -> None:  # fmt: skip
        """The method answers this error and does nothing."""
        self._rules.append(Rule(method, code, message, user=user, peer=peer, times=times))

    def flood(
        self, method: str, seconds: int, *, user: int | None = None, peer: int | None = None, times: int | None = 1
    ) -> None:
        """420 FLOOD_WAIT_``seconds``."""
        self.error(method, 420, f"FLOOD_WAIT_{seconds}", user=user, peer=peer, times=times)

    def allow(self, method: str, burst: int, seconds: float) -> None:
        """Each account may call the method ``burst`` times at once, then once in so many seconds; more is a flood
        wait."""
        self._allowances[method] = Allowance(burst, seconds, self._server.world.clock)

    def slow_mode(self, peer: int, seconds: int, *, user: int | None = None, times: int | None = 1) -> None:
        """420 SLOWMODE_WAIT_``seconds`` for whatever is sent to a chat. https://core.telegram.org/api/errors#420-flood"""
        shared = Rule("", 420, f"SLOWMODE_WAIT_{seconds}", user=user, peer=peer, times=times)
        self._rules.append(_AnyOf(**asdict(shared)))

    def late(self, method: str, seconds: float, *, user: int | None = None, times: int | None = 1) -> None:
        """The method is executed at once, its answer leaves so many seconds later."""
        self._rules.append(Rule(method, late=seconds, user=user, times=times))

    def drop_reply(self, method: str, *, user: int | None = None, times: int | None = 1) -> None:
        """The method is executed, its answer is never sent, and the connection is closed."""
        self._rules.append(Rule(method, drop=True, user=user, times=times))

    def transport(self, code: int, *, key: int | None = None, user: int | None = None, times: int | None = 1) -> None:
        """The next packets get a transport error (404, 429, 444) and their connections are closed."""
        signed = None if key is None else _signed(key)
        self._transport.append(Rule("*", code, user=user, peer=signed, times=times))

    def freeze(self, *, key: int | None = None, user: int | None = None) -> None:
        """Connections stay open, but nothing is read from them or written to them; new ones freeze as well."""
        if key is not None:
            self._frozen_keys.add(_signed(key))
        if user is not None:
            self._frozen_users.add(user)
        for connection in self._connections(key, user):
            connection.freeze()

    def thaw(self, *, key: int | None = None, user: int | None = None) -> None:
        """Undo :meth:`freeze`; what waited goes on in order."""
        if key is not None:
            self._frozen_keys.discard(_signed(key))
        if user is not None:
            self._frozen_users.discard(user)
        for connection in self._connections(key, user):
            connection.thaw()

    def drop(self, *, key: int | None = None, user: int | None = None) -> int:
        """Close the TCP connections; gives how many there were."""
        connections = self._connections(key, user)
        for connection in connections:
            connection.close("dropped")
        return len(connections)

    def delay(self, user: int, seconds: float) -> None:
        """Everything that is sent to the account leaves so many seconds later, in order; 0 ends it."""
        if seconds:
            self._delays[user] = seconds
        else:
            self._delays.pop(user, None)

    def revoke(self, user: int, *, error: str = "AUTH_KEY_UNREGISTERED", close: bool = False) -> int:
        """End all authorizations of the account, as "terminate all sessions" does; gives how many there were.
        ``close``: their connections are closed too, which Telegram does not promise."""
        keys = self._server.keys_of(user)
        for key in keys:
            self._server.revoke(key.id, error=error, close=close)
        return len(keys)

    def ban(self, user: int) -> None:
        """Ban the account: its requests get 401 USER_DEACTIVATED_BAN, its connections are closed."""
        self._server.world.accounts.ban(user)
        self._server.commit()
        self.drop(user=user)

    def move(self, user: int, dc: int) -> None:
        """Telegram moves the account to another data centre: its requests get 303 USER_MIGRATE_``dc`` there.
        https://core.telegram.org/api/datacenter#user-migration"""
        if not 1 <= dc <= self._server.dcs:
            raise ValueError(f"no such data centre: {dc}")
        self._server.world.accounts.move(user, dc)
        self._server.commit()

    def one_connection(self, on: bool = True) -> None:
        """Punish parallel use of an authorization, as Telegram does when it notices: a request while another connection
        of the key is open and has made requests gets 406 AUTH_KEY_DUPLICATED, and the key is nobody's from then on.
        Sessions without updates (for files) are exempt. https://core.telegram.org/api/errors#406-not-acceptable"""
        self._alone = "connection" if on else ""

    def one_owner(self, on: bool = True) -> None:
        """As :meth:`one_connection`, but one owner's connections may stand side by side: owners are told apart by their
        address."""
        self._alone = "address" if on else ""

    def lose(self, user: int, *, times: int = 1) -> None:
        """The next containers of updates to the account are lost on their way."""
        self.stream.trouble("lose", user, times)

    def repeat(self, user: int, *, times: int = 1) -> None:
        """The next containers of updates to the account arrive twice."""
        self.stream.trouble("repeat", user, times)

    def swap(self, user: int, *, times: int = 1) -> None:
        """The next container of updates to the account is overtaken by the one after it, or comes a second late."""
        self.stream.trouble("swap", user, times)

    def hold(self, user: int, *, times: int = 1) -> None:
        """The next containers of updates to the account come two seconds late: what is missed meanwhile is fetched
        before they come."""
        self.stream.trouble("hold", user, times)

    def disorder(self, user: int, *, times: int = 20, seed: int = 1) -> None:
        """The next containers of updates to the account are lost, repeated, swapped, held up or let through, in an
        order that the seed gives."""
        self.stream.disorder(user, times, seed)

    def unreadable(self, user: int, *, times: int = 1) -> None:
        """The next containers of updates to the account are of a constructor that no layer has."""
        self.stream.trouble("garble", user, times)

    def half_open(self, *, key: int | None = None, user: int | None = None) -> int:
        """The connections stand at the client's end only: nothing that it sends is heard, nothing comes, not even an
        end. New ones are sound. Gives how many there were."""
        connections = self._connections(key, user)
        for connection in connections:
            connection.leave_half_open()
        return len(connections)

    def set_random_id(self, mode: RandomIdMode) -> None:
        """See ``random_id``."""
        if mode not in ("first_result", "duplicate_error"):
            raise ValueError(f"no such mode: {mode}")
        self.random_id = mode

    def clear(self) -> None:
        """Take every fault back: bans and revocations stay, they are facts of the world."""
        self._rules.clear()
        self._allowances.clear()
        self._transport.clear()
        self._delays.clear()
        self.random_id = "first_result"
        self._alone = ""
        self.stream.clear()
        self._frozen_keys.clear()
        self._frozen_users.clear()
        for connection in list(self._server.connections):
            connection.thaw()

    def pending(self) -> list[dict[str, Any]]:
        """The faults on methods that have not been used up."""
        return [asdict(rule) for rule in self._rules if rule.times != 0]

    # Asked by the data centre

    def meet(self, name: str, key: AuthKey, request: Any) -> Outcome:
        """What happens to this request; raises the :class:`RpcError` that a fault asks for."""
        outcome = Outcome()
        if (allowance := self._allowances.get(name)) is not None:
            allowance.use(key.user_id)
        if not self._rules:
            return outcome
        peer = _peer_of(request, key.user_id)
        for rule in self._rules:
            if not rule.fits(name, key.user_id, peer):
                continue
            _use_up(rule)
            self.met[f"{name} {rule.message or ('drop' if rule.drop else 'late')}"] += 1
            if rule.code:
                raise RpcError(rule.code, rule.message)
            outcome.late = max(outcome.late, rule.late)
            outcome.drop = outcome.drop or rule.drop
        return outcome

    def check_connection(self, connection: Connection, session: Session) -> None:
        """Called for each request; raises what :meth:`one_connection` and :meth:`one_owner` say."""
        if not session.updates:
            return
        connection.asked = True
        key = session.key
        if not self._alone or key.user_id is None:
            return
        others = [each for each in self._connections(key.id, None) if each.asked and each is not connection]
        if self._alone == "address":
            others = [each for each in others if each.address != connection.address]
        if others:
            key.user_id, key.gone = None, DUPLICATED
            for each in others:
                each.close(DUPLICATED)
            raise RpcError(406, DUPLICATED)

    def transport_error(self, key: AuthKey) -> int:
        """The transport error that this key's next packet gets, or 0."""
        for rule in self._transport:
            if rule.fits("*", key.user_id, key.id):
                _use_up(rule)
                self.met[f"transport {rule.code}"] += 1
                return rule.code
        return 0

    def is_frozen(self, key: AuthKey) -> bool:
        return key.id in self._frozen_keys or key.user_id in self._frozen_users

    def delay_of(self, key: AuthKey) -> float:
        return self._delays.get(key.user_id, 0.0) if self._delays and key.user_id is not None else 0.0

    def struck(self) -> dict[str, int]:
        """How often faults were met: containers of updates lost, repeated, swapped, garbled; "method ERROR", "method
        late", "method drop"; "transport 429", "RANDOM_ID_DUPLICATE"; and the sorts of differences that were told."""
        return {**self.met, **self.stream.struck}

    def _connections(self, key: int | None, user: int | None) -> list[Connection]:
        if key is None and user is None:
            raise ValueError("a key or a user is needed")
        wanted = None if key is None else _signed(key)
        return [
            connection
            for connection in self._server.connections
            if connection.key is not None
            and not connection.half_open
            and wanted in (None, connection.key.id)
            and user in (None, connection.key.user_id)
        ]


class _AnyOf(Rule):
    """A rule on everything that sends a message."""

    def fits(self, name: str, user: int | None, peer: int | None) -> bool:
        self.method = name if name in _SENDING else ""
        return super().fits(name, user, peer)


def _later(do: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(SWAP_SECONDS, do)


def _use_up(rule: Rule) -> None:
    if rule.times is not None:
        rule.times -= 1


def _signed(key_id: int) -> int:
    return key_id - (1 << 64) if key_id >= 1 << 63 else key_id


def _peer_of(request: Any, user_id: int | None) -> int | None:
    """The marked id of the chat that a request is about, as far as its fields say."""
    for name in _PEER_FIELDS:
        value = getattr(request, name, None)
        if isinstance(value, (types.InputPeerSelf, types.InputUserSelf)):
            return user_id
        if isinstance(value, int):
            return -value if name == "chat_id" else value
        if value is not None:
            try:
                return int(utils.get_peer_id(value, add_mark=True))
            except TypeError:
                continue
    return None
