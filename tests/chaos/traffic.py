"""What happens at Telegram and at staff's desks: planned from a seed, spread evenly over the run."""

from __future__ import annotations

import queue
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from sandbox.control import ControlClient
from tests.chaos import compare
from tests.chaos.desk import Desk
from tests.chaos.scene import Account


@dataclass(frozen=True)
class Step:
    """One thing that somebody does; ``seed`` decides where, whatever has happened before."""

    what: str
    seed: int


ACCEPTED_SECONDS = 60.0


class Stream(threading.Thread):
    """Takes planned steps evenly over ``seconds``; ``asked`` ones (from other threads) come in between."""

    def __init__(self, name: str, take: Callable[[Step], None], plan: Sequence[Step], seconds: float) -> None:
        super().__init__(daemon=True, name=name)
        self.error: BaseException | None = None
        self.asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._take, self._plan = take, plan
        self._pause = seconds / max(1, len(plan))
        self._halt = threading.Event()

    def run(self) -> None:
        try:
            due = time.monotonic()
            for step in self._plan:
                self._answer_asked()
                self._halt.wait(max(0.0, due - time.monotonic()))
                if self._halt.is_set():
                    return
                self._take(step)
                due += self._pause
            self._answer_asked()
        except BaseException as error:  # noqa: BLE001  told by the run
            self.error = error

    def stop(self) -> None:
        self._halt.set()

    def _answer_asked(self) -> None:
        while not self.asked.empty():
            self.asked.get()()


def plan(rng: random.Random, **counts: int) -> list[Step]:
    """So many of each step, shuffled."""
    steps = [what for what, count in counts.items() for _ in range(count)]
    rng.shuffle(steps)
    return [Step(what, rng.getrandbits(32)) for what in steps]


class Others:
    """The people at the other side: they write, edit, delete; and our accounts' own phones read."""

    def __init__(self, control: ControlClient, accounts: Sequence[Account]) -> None:
        self.count = self._edits = 0
        self._call, self._accounts = control.call, accounts
        self._written: list[tuple[int, int, int]] = []

    def step(self, step: Step) -> None:
        """in, edit, delete or read."""
        what, rng = step.what, random.Random(step.seed)
        account, written = rng.choice(self._accounts), self._written
        if what == "in":
            self.write(account, account.incoming(rng))
        elif what == "edit" and written:
            author, peer, message = rng.choice(written)
            self._edits += 1  # a text of its own: one that changes nothing is refused
            self._call("world.edit", user_id=author, peer=peer, message_id=message, text=f"edited {self._edits}")
        elif what == "delete" and written:
            author, peer, message = written.pop(rng.randrange(len(written)))
            self._call("world.delete", user_id=author, peer=peer, message_ids=[message])
        elif what == "read":
            self._call("world.read", user_id=account.me, peer=rng.choice(account.friends))

    def write(self, account: Account, place: tuple[int, int]) -> None:
        """One message to the account; ``place`` as Account.incoming gives it."""
        author, peer = place
        self.count += 1
        message = self._call("world.send", from_user=author, peer=peer, text=f"in {self.count}")
        self._written.append((author, peer, message))

    def last_words(self) -> None:
        """A message into each box of each account: a hole before it is noticed now."""
        for account in self._accounts:
            self.write(account, (account.friends[0], account.me))
            self._call("world.send", from_user=account.me, peer=account.board, text="last")
        self.write(account, (account.friends[0], account.news))


Send = Callable[[str], "Future[int]"]
"""Hands a text over to be sent; gives the message's row when the product has taken it."""


class Staff:
    """Ours: writes, edits and deletes. A message keeps its cid until it is accepted, whatever dies meanwhile.

    ``pages`` are the chats (account, peer) that staff write in over the socket of an open page, which waits for
    nothing; in the others the desk calls the service.
    """

    def __init__(
        self, desk: Desk, accounts: Sequence[Account], pages: Mapping[tuple[int, int], Send] | None = None
    ) -> None:
        self.count = 0
        self.by_page = 0  # of these, over sockets
        self.touched: set[int] = set()  # rows that were edited or deleted afterwards
        self.late: set[int] = set()  # failed with their account's sign-out, and were sent again by hand
        self._written: dict[tuple[int, int], list[tuple[Future[int], str]]] = {}  # in order
        self._pages = pages or {}
        self.away: set[int] = set()  # accounts that are signed out: staff cannot write there
        self._deleted: set[int] = set()
        self._desk, self._accounts = desk, accounts

    def step(self, step: Step) -> None:
        """out, our edit or our delete."""
        rng = random.Random(step.seed)
        account = next(one for one in rng.sample(self._accounts, len(self._accounts)) if one.me not in self.away)
        if step.what == "out":
            self.write(account, rng.choice(account.writable))
            return
        sent = [row for row in self._desk("sent", session=account.session) if row not in self._deleted]
        if sent:
            row = rng.choice(sent)
            self.touched.add(row)
            if step.what == "our edit":
                self._desk("edit", message=row, text=f"our edit {row}")
            else:
                self._deleted.add(row)
                self._desk("delete", message=row)

    def again(self, rows: Sequence[int]) -> None:
        """These had failed and were sent again."""
        self.late.update(rows)

    def write(self, account: Account, peer: int) -> None:
        self.count += 1
        text = f"out {self.count}"
        place = account.me, peer
        if (send := self._pages.get(place)) is not None:
            self.by_page += 1
            row = send(text)
        else:
            row = Future()
            row.set_result(self._desk("send", session=account.session, peer=peer, text=text, cid=str(uuid.uuid4())))
        self._written.setdefault(place, []).append((row, text))

    def written(self, account: Account, peer: int) -> list[tuple[int, str]]:
        """(row, text) of what was written there, in order, once all of it is accepted."""
        return [(row.result(ACCEPTED_SECONDS), text) for row, text in self._written.get((account.me, peer), [])]


def wrong_order(control: ControlClient, account: Account, staff: Staff) -> list[str]:
    """What is wrong at the other side with what the account wrote: each message once, in the order in which staff
    wrote them."""
    found: list[str] = []
    for peer in account.writable:
        if not (written := staff.written(account, peer)):
            continue
        viewer, thread = account.witness(peer)
        seen = [one["text"] for one in control.call("world.snapshot", user_id=viewer)[str(thread)]]
        found += [f"{peer}: {line}" for line in compare.order(seen, written, staff.touched, staff.late)]
    return found
