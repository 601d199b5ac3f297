"""Every kind of trouble: how it begins, how it ends, and whether it struck.

`PROCESSES` hit our own processes and servers, `DATA_CENTRE` is what Telegram and the network do. Each takes the field
and the run's random numbers, does its harm and gives back what ends it. A trouble calls ``field.struck`` for what is
sure at once; what strikes later (the next request, the next update) is counted by `count` at the run's end.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.cluster import Cluster
from tests.chaos.scene import Account
from tests.chaos.traffic import Others, Staff, Stream

End = Callable[[], None]


class NotYetError(Exception):
    """There is nothing to hit at this moment: every gateway is down, nobody is connected."""


@dataclass
class Field:
    """What troubles have at hand. ``sign_in_again`` takes an account to the front desk, in a thread of its own."""

    cluster: Cluster
    accounts: list[Account]
    spare: Account
    others: Others
    staff: Staff
    writing: Stream
    sign_in_again: Callable[[Account], None]
    counts: Counter[str] = field(default_factory=Counter)
    busy: set[str] = field(default_factory=set)  # gateways that are being harmed already
    banned: bool = False
    wrong: list[str] = field(default_factory=list)  # what a trouble has seen that must not be

    def call(self, name: str, **args: Any) -> Any:
        return self.cluster.control.call(name, **args)

    def struck(self, kind: str, times: int = 1) -> None:
        self.counts[kind] += times

    def write(self, account: Account, peer: int) -> None:
        """Staff write there, soon."""
        self.writing.asked.put(lambda: account.me in self.staff.away or self.staff.write(account, peer))

    def gateway(self, rng: random.Random) -> str:
        """One that is sound. Raises NotYetError."""
        sound = [name for name in self.cluster.gateways if name not in self.busy]
        if not sound:
            raise NotYetError
        return rng.choice(sound)

    def at_home(self, rng: random.Random) -> Account:
        """An account that is signed in. Raises NotYetError."""
        found = [account for account in self.accounts if account.me not in self.staff.away]
        if not found:
            raise NotYetError
        return rng.choice(found)


@dataclass(frozen=True)
class Trouble:
    """``seconds`` is how long it lasts; ``alone``: not while another one of those is on."""

    kind: str
    begin: Callable[[Field, random.Random], End | None]
    seconds: float = 1.0
    alone: bool = False


# --- our processes and servers


def _signal(number: signal.Signals, kind: str) -> Callable[[Field, random.Random], End | None]:
    def begin(on: Field, rng: random.Random) -> End | None:
        on.cluster.signal(on.gateway(rng), number)
        on.struck(kind)
        return None

    return begin


def _freeze(kind: str) -> Callable[[Field, random.Random], End | None]:
    def begin(on: Field, rng: random.Random) -> End | None:
        name = on.gateway(rng)
        pid = on.cluster.signal(name, signal.SIGSTOP)
        on.busy.add(name)
        on.struck(kind)

        def end() -> None:
            on.busy.discard(name)
            assert on.cluster.signal(name, signal.SIGCONT) == pid

        return end

    return begin


def _clock(kind: str, seconds: float) -> Callable[[Field, random.Random], End | None]:
    def begin(on: Field, rng: random.Random) -> End | None:
        name = on.gateway(rng)
        on.cluster.set_clock(name, seconds)
        on.struck(kind)
        return lambda: on.cluster.set_clock(name, 0)

    return begin


def _restart_postgres(kind: str, *, crash: bool) -> Callable[[Field, random.Random], End | None]:
    def begin(on: Field, rng: random.Random) -> End | None:
        on.cluster.stop_postgres(crash=crash)
        on.struck(kind)
        return on.cluster.start_postgres

    return begin


def _empty_valkey(on: Field, rng: random.Random) -> None:
    on.cluster.empty_valkey()
    on.struck("empty_valkey")


def _kill_web(on: Field, rng: random.Random) -> None:
    on.cluster.signal("web", signal.SIGKILL)
    on.struck("kill_web")


# --- the data centre


def _rule(name: str, **args: Any) -> Callable[[Field, random.Random], End | None]:
    def begin(on: Field, rng: random.Random) -> End | None:
        on.call(f"faults.{name}", times=2, **args)
        return None

    return begin


def _slow_mode(on: Field, rng: random.Random) -> None:
    account = rng.choice(on.accounts)
    on.call("faults.slow_mode", peer=account.board, seconds=2, times=1)
    on.write(account, account.board)


def _random_id(on: Field, rng: random.Random) -> End:
    """A message is sent, but neither its answer nor, since the log forgets it, the difference says so: it is repeated.
    From then on a repeated random_id is refused instead of answered, until the run's end. It needs gateways that
    send at once: a message that comes too late meets no trouble."""
    account = on.at_home(rng)
    if on.busy:
        raise NotYetError
    on.call("faults.set_random_id", mode="duplicate_error")
    on.call("faults.delay", user=account.me, seconds=2 * RANDOM_ID_SECONDS)
    on.write(account, account.friends[0])

    def end() -> None:
        on.call("world.forget_updates", owner=account.me)
        on.call("faults.drop", user=account.me)  # the delayed answer is lost
        on.call("faults.delay", user=account.me, seconds=0)

    return end


def _connections(kind: str, name: str) -> Callable[[Field, random.Random], End | None]:
    def begin(on: Field, rng: random.Random) -> End | None:
        for account in rng.sample(on.accounts, len(on.accounts)):
            if met := on.call(f"faults.{name}", user=account.me):
                on.struck(kind, met)
                return None
        raise NotYetError

    return begin


def _freeze_connection(on: Field, rng: random.Random) -> End:
    user = rng.choice(on.accounts).me
    on.call("faults.freeze", user=user)
    on.struck("freeze_connection")
    return lambda: on.call("faults.thaw", user=user)


def _slices(on: Field, rng: random.Random) -> End:
    """So much is missed that the difference comes in slices."""
    account = rng.choice(on.accounts)
    on.call("faults.freeze", user=account.me)
    for _ in range(SLICED):
        on.others.write(account, (account.friends[0], account.me))

    def end() -> None:
        on.call("faults.drop", user=account.me)  # what waits there is lost
        on.call("faults.thaw", user=account.me)

    return end


def _delay(on: Field, rng: random.Random) -> End:
    user = rng.choice(on.accounts).me
    on.call("faults.delay", user=user, seconds=round(rng.uniform(0.2, 1.5), 2))
    on.struck("delay")
    return lambda: on.call("faults.delay", user=user, seconds=0)


def _stream(name: str) -> Callable[[Field, random.Random], End | None]:
    def begin(on: Field, rng: random.Random) -> End | None:
        account = rng.choice(on.accounts)
        on.call(f"faults.{name}", user=account.me, times=2)
        for _ in range(3):
            on.others.write(account, (account.friends[0], account.me))
        return None

    return begin


def _too_long(on: Field, rng: random.Random) -> None:
    """What is lost on the way is forgotten by the log as well; the hole shows with the next update."""
    account = rng.choice(on.accounts)
    on.call("faults.lose", user=account.me, times=3)
    on.others.write(account, (account.friends[0], account.me))
    on.call("world.forget_updates", owner=account.me)
    for _ in range(4):
        on.others.write(account, (account.friends[1], account.me))


def _channel_too_long(on: Field, rng: random.Random) -> None:
    account = rng.choice(on.accounts)
    on.call("faults.lose", user=account.me, times=3)
    on.others.write(account, (account.friends[0], account.news))
    on.call("world.forget_updates", owner=account.news)
    for _ in range(4):
        on.others.write(account, (account.friends[0], account.news))


def _removed(on: Field, rng: random.Random) -> End:
    account = rng.choice(on.accounts)
    on.call("world.kick", chat=account.news, user_id=account.me)
    on.others.write(account, (account.friends[0], account.news))
    on.struck("removed")

    def end() -> None:
        on.call("world.restrict", chat=account.news, user_id=account.me, rights=[])
        on.call("world.add_user", chat=account.news, user_id=account.me)

    return end


def _revoke(on: Field, rng: random.Random) -> End:
    account = on.at_home(rng)
    on.staff.away.add(account.me)
    on.struck("revoke", on.call("faults.revoke", user=account.me, close=True))
    return lambda: on.sign_in_again(account)


def _move(on: Field, rng: random.Random) -> None:
    """To the other data centre; the gateway follows when it is told, or when it connects again."""
    account = on.at_home(rng)
    account.home = 3 - account.home
    on.call("faults.move", user=account.me, dc=account.home)
    on.struck("move")
    for _ in range(3):
        on.others.write(account, (account.friends[0], account.me))


def _ban(on: Field, rng: random.Random) -> None:
    on.call("faults.ban", user=on.spare.me)
    on.banned = True
    on.struck("ban")


SLICED = 120  # more than one slice of a difference holds
RANDOM_ID_SECONDS = 3.0  # in which a message that staff write gets to the data centre
LONG_FREEZE = 12.0  # past the lease: another gateway takes over meanwhile

PROCESSES = [
    Trouble("kill_gateway", _signal(signal.SIGKILL, "kill_gateway"), 2.0, alone=True),
    Trouble("drain_gateway", _signal(signal.SIGTERM, "drain_gateway"), 3.0, alone=True),
    Trouble("freeze_gateway", _freeze("freeze_gateway"), 1.5),
    Trouble("freeze_gateway_long", _freeze("freeze_gateway_long"), LONG_FREEZE),
    Trouble("clock_back", _clock("clock_back", -45), 3.0),
    Trouble("clock_forward", _clock("clock_forward", 45), 3.0),
    Trouble("restart_postgres", _restart_postgres("restart_postgres", crash=False), 0.5),
    Trouble("crash_postgres", _restart_postgres("crash_postgres", crash=True), 0.5),
    Trouble("empty_valkey", _empty_valkey),
    Trouble("kill_web", _kill_web, 2.0),
]
DATA_CENTRE = [
    Trouble("error", _rule("error", method="messages.sendMessage", code=500, message="INTERNAL")),
    Trouble("flood", _rule("flood", method="messages.sendMessage", seconds=2)),
    Trouble("late", _rule("late", method="messages.sendMessage", seconds=1.5)),
    Trouble("drop_reply", _rule("drop_reply", method="messages.sendMessage")),
    Trouble("difference_error", _rule("error", method="updates.getDifference", code=500, message="INTERNAL")),
    Trouble("slow_mode", _slow_mode),
    Trouble("transport", _rule("transport", code=429)),
    Trouble("random_id", _random_id, RANDOM_ID_SECONDS, alone=True),
    Trouble("drop_connection", _connections("drop_connection", "drop")),
    Trouble("half_open", _connections("half_open", "half_open")),
    Trouble("freeze_connection", _freeze_connection, 3.0, alone=True),
    Trouble("delay", _delay, 3.0),
    Trouble("lose", _stream("lose")),
    Trouble("repeat", _stream("repeat")),
    Trouble("swap", _stream("swap")),
    Trouble("unreadable", _stream("unreadable")),
    Trouble("slices", _slices, 0.5, alone=True),
    Trouble("too_long", _too_long),
    Trouble("channel_too_long", _channel_too_long),
    Trouble("removed", _removed, 2.0),
    Trouble("revoke", _revoke, 1.0),
    Trouble("move", _move),
    Trouble("ban", _ban),
]  # fmt: skip
MET = {
    "error": "messages.sendMessage INTERNAL",
    "flood": "messages.sendMessage FLOOD_WAIT_2",
    "late": "messages.sendMessage late",
    "drop_reply": "messages.sendMessage drop",
    "difference_error": "updates.getDifference INTERNAL",
    "slow_mode": "messages.sendMessage SLOWMODE_WAIT_2",
    "transport": "transport 429",
    "random_id": "RANDOM_ID_DUPLICATE",
    "lose": "lose",
    "repeat": "repeat",
    "swap": "swap",
    "unreadable": "garble",
    "slices": "DifferenceSlice",
    "too_long": "DifferenceTooLong",
    "channel_too_long": "ChannelDifferenceTooLong",
}
"""What the sandbox calls a kind that strikes later: the next request, the next update."""


def count(on: Field) -> Counter[str]:
    """How often each kind struck. What was set but never met does not count."""
    counts = Counter(on.counts)
    met = on.call("faults.struck")
    counts.update({kind: met.get(name, 0) for kind, name in MET.items()})
    return counts
