"""One run: build, sign in, let traffic and troubles go, wait until all is quiet, compare. Reproducible by its seed."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import clocks, compare, scene, troubles
from tests.chaos.cluster import Cluster
from tests.chaos.desk import Desk, DeskError
from tests.chaos.hosts import Hosts
from tests.chaos.links import LINKS
from tests.chaos.pages import Pages
from tests.chaos.recovery import CatchUp, Recovery
from tests.chaos.scene import Account
from tests.chaos.traffic import Others, Staff, Step, Stream, plan, wrong_order
from tests.chaos.troubles import DATA_CENTRE, PROCESSES, Field, NotYetError, Trouble
from tests.kit.running import temporary_base

SIGNED_OUT = "AUTH_KEY_UNREGISTERED"
TICK = 0.02
MOST_PAGES = 60  # of history that are fetched of one chat
PAGE_PATIENCE = 30.0
SLOWEST = 5  # recoveries that the report shows
SETTLE_SECONDS = 60.0
HANDOVER_SECONDS = 10.0
"""An account is handed over to another gateway within these, or something is wrong."""
SIGN_IN_TRIES = 6
ROUND_SECONDS = 60.0  # in which every kind comes once
CLOCK_KINDS = {"clock_back", "clock_forward"}
PHONE = "4915120000"
SPARE = "491512000099"
FRIENDS = "49151300000"
BREAKS_PAGES = {"kill_web", "restart_postgres", "crash_postgres", "empty_valkey"}


@dataclass(frozen=True)
class Scale:
    """How much of everything. ``seconds`` is the time of traffic and troubles; ``page_seconds`` how soon after a
    recovery the pages must be right; ``only`` limits the kinds of trouble (none: all). ``hosts``: the gateways are on
    hosts of their own, and the troubles are those of their links to the database."""

    seconds: float
    seed: int
    sessions: int = 8
    gateways: int = 3
    incoming: int = 10_000
    outgoing: int = 1_000
    pages: int = 8
    page_seconds: float = 1.0
    only: frozenset[str] = frozenset()
    hosts: bool = False

    @property
    def tracks(self) -> list[list[Trouble]]:
        """The troubles of each track; those of different tracks come at the same time."""
        found = [LINKS] if self.hosts else [PROCESSES, DATA_CENTRE]
        return [[trouble for trouble in track if self._wanted(trouble.kind)] for track in found]

    @property
    def kinds(self) -> list[str]:
        return [trouble.kind for track in self.tracks for trouble in track]

    def _wanted(self, kind: str) -> bool:
        return (not self.only or kind in self.only) and (kind not in CLOCK_KINDS or clocks.available())


@dataclass
class Report:
    """What a run has found. ``wrong`` is empty when everything held."""

    scale: Scale
    counts: Counter[str] = field(default_factory=Counter)
    incoming: int = 0
    outgoing: int = 0
    wrong: list[str] = field(default_factory=list)
    caught_up: list[CatchUp] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield f"seed {self.scale.seed}: {self.incoming} messages in, {self.outgoing} out"
        yield from (f"  {kind:20} {self.counts[kind]:5}" for kind in self.scale.kinds)
        if self.caught_up:
            slowest = sorted(self.caught_up, key=lambda one: one.right, reverse=True)
            yield f"pages right {len(self.caught_up)} times after a recovery, within {slowest[0].right:.2f} s"
            yield from (f"  {one}" for one in slowest[:SLOWEST])
        yield from self.notes
        yield from (f"WRONG {line}" for line in self.wrong)
        yield "failed" if self.wrong else "nothing lost, nothing twice, nothing stale, in order, never two owners"


@dataclass(frozen=True)
class Planned:
    """A trouble that begins ``at`` so many seconds. ``seed`` decides whom it hits, however often it has to wait."""

    at: float
    trouble: Trouble
    seed: int


def schedule(rng: random.Random, kinds: Sequence[Trouble], seconds: float) -> list[Planned]:
    """Rounds of every kind, shuffled, evenly spread with some play."""
    rounds = max(1, round(seconds / ROUND_SECONDS))
    order = [trouble for _ in range(rounds) for trouble in rng.sample(list(kinds), len(kinds))]
    step = seconds / max(1, len(order))
    return [
        Planned((number + rng.uniform(0.1, 0.9)) * step, trouble, rng.getrandbits(32))
        for number, trouble in enumerate(order)
    ]


def never_struck(scale: Scale, counts: Counter[str]) -> list[str]:
    """The kinds of trouble that should have struck and did not."""
    return [f"{kind} never struck" for kind in scale.kinds if counts[kind] <= 0]


class Run:
    """`go` does all of it. ``say`` gets a line for each thing that happens."""

    def __init__(self, scale: Scale, base: Path, say: Callable[[str], None]) -> None:
        self.scale = scale
        self.report = Report(scale)
        self._rng = random.Random(scale.seed)
        self._say = say
        self._began = time.monotonic()
        self._cluster = (Hosts if scale.hosts else Cluster)(base, scale.gateways, scale.seed)
        self._pages = Pages()
        self._accounts: list[Account] = []
        self._desks: list[Desk] = []
        self._sign_ins: list[threading.Thread] = []
        self._ends: list[tuple[float, int, Trouble, Callable[[], None]]] = []
        self._number = itertools.count()

    def go(self) -> Report:
        with self._running():
            self._open()
            self._troubled()
            self._settle()
            self._compare()
        return self.report

    # --- before

    @contextmanager
    def _running(self) -> Iterator[None]:
        try:
            self._cluster.start()
            yield
        except BaseException:
            self._say(self._cluster.logs())
            raise
        finally:
            self._pages.close()
            for desk in self._desks:
                desk.close()
            self._cluster.stop()

    def _open(self) -> None:
        """The world, the accounts signed in, the pages open."""
        control = self._cluster.control
        self._desk = self._new_desk()
        friends = scene.people(control, FRIENDS)
        news = scene.news_channel(control, friends)
        numbers = range(1, self.scale.sessions + 1)
        made = [
            scene.account(control, f"{PHONE}{number:02}", friends, news, dc=1 + number % 2) for number in [*numbers, 99]
        ]
        self._accounts, spare = made[:-1], made[-1]
        for account in made:
            account.session = self._desk("sign_in", phone=account.phone, codes=str(self._cluster.codes))
        for account in made:
            known = lambda account=account: set(account.chats) <= set(self._desk("chats", session=account.session))  # noqa: E731
            self._until(known, 60, "the chat lists are there")
        control.call("faults.one_owner")
        others = Others(control, self._accounts)
        staff = Staff(self._new_desk(), self._accounts)
        self._reading = Stream("others", others.step, self._plan_in(), self.scale.seconds)
        self._writing = Stream("staff", staff.step, self._plan_out(), self.scale.seconds)
        self._field = Field(self._cluster, self._accounts, spare, others, staff, self._writing, self._sign_in_again)
        self._open_pages()
        self._say(f"open: {len(made)} accounts, {self.scale.gateways} gateways, {len(self._pages.all)} pages")

    def _open_pages(self) -> None:
        for number in range(self.scale.pages):
            account = self._accounts[number % len(self._accounts)]
            chat = self._desk("chat_row", session=account.session, peer=self._rng.choice(account.chats))
            cookie = self._desk("login", name=f"page-{number}")
            self._pages.open(self._cluster.port, cookie, account.session, chat)
        self._recovery = Recovery(self._cluster, self._pages, self._new_desk())
        self._recovery.start()

    def _new_desk(self) -> Desk:
        self._desks.append(Desk(self._cluster.environment))
        return self._desks[-1]

    def _plan_in(self) -> list[Step]:
        some = max(1, self.scale.incoming // 20)
        return plan(self._rng, **{"in": self.scale.incoming, "edit": some, "delete": some // 2, "read": some})

    def _plan_out(self) -> list[Step]:
        some = max(1, self.scale.outgoing // 20)
        return plan(self._rng, **{"out": self.scale.outgoing, "our edit": some, "our delete": some})

    # --- meanwhile

    def _troubled(self) -> None:
        """Traffic and troubles until both are through."""
        tracks = [schedule(self._rng, kinds, self.scale.seconds) for kinds in self.scale.tracks]
        begins = heapq.merge(*tracks, key=lambda planned: planned.at)
        self._began = time.monotonic()
        self._reading.start()
        self._writing.start()
        for planned in begins:
            self._until(
                lambda at=planned.at: time.monotonic() - self._began >= at, planned.at + 60, "the time has come"
            )
            if planned.trouble.alone:
                self._until(self._nobody_alone, 30, "the troubles that must be alone are over")
            self._until(
                lambda planned=planned: self._begins(planned), 60, f"{planned.trouble.kind} has something to hit"
            )
        self._until(lambda: not self._ends, 60, "all troubles are over")
        self._until(lambda: not (self._reading.is_alive() or self._writing.is_alive()), 600, "all traffic is through")
        for stream in (self._reading, self._writing):
            if stream.error is not None:
                raise stream.error

    def _begins(self, planned: Planned) -> bool:
        trouble = planned.trouble
        if trouble.kind in BREAKS_PAGES:
            self._recovery.broken(trouble.kind)
        try:
            end = trouble.begin(self._field, random.Random(planned.seed))
        except NotYetError:
            return False
        self._say(f"{time.monotonic() - self._began:7.2f} {trouble.kind}")
        if end is None and trouble.kind in BREAKS_PAGES:
            self._recovery.mended()
        until = time.monotonic() + trouble.seconds
        heapq.heappush(self._ends, (until, next(self._number), trouble, end or (lambda: None)))
        return True

    def _nobody_alone(self) -> bool:
        return not any(trouble.alone for _, _, trouble, _ in self._ends)

    def _tick(self) -> None:
        self._cluster.tend()
        while self._ends and self._ends[0][0] <= time.monotonic():
            _, _, trouble, end = heapq.heappop(self._ends)
            end()
            if trouble.kind in BREAKS_PAGES:
                self._recovery.mended()

    def _until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
            self._tick()
            time.sleep(TICK)

    def _sign_in_again(self, account: Account) -> None:
        def go() -> None:
            desk = self._new_desk()
            for _ in range(SIGN_IN_TRIES):
                try:
                    desk("sign_in", phone=account.phone, codes=str(self._cluster.codes), session=account.session)
                except DeskError as error:
                    self._say(f"sign-in again: {error}")
                else:
                    self._field.staff.away.discard(account.me)
                    return

        thread = threading.Thread(target=go, daemon=True)
        self._sign_ins.append(thread)
        thread.start()

    # --- after

    def _settle(self) -> None:
        """Every account connected, everything sent, every hole noticed and filled: or the time is over."""
        self._until(lambda: not any(thread.is_alive() for thread in self._sign_ins), 240, "all are signed in again")
        self._send_again()
        self._cluster.control.call("faults.set_random_id", mode="first_result")
        self._field.others.last_words()
        self._say(f"{time.monotonic() - self._began:7.2f} quiet")
        deadline = time.monotonic() + SETTLE_SECONDS
        while self._open_ends() and time.monotonic() < deadline:
            self._tick()
            time.sleep(0.5)

    def _send_again(self) -> None:
        """What failed because its account was signed out is sent again by hand, as its page says."""
        for account in self._accounts:
            self._field.staff.again(self._desk("send_again", session=account.session, code=SIGNED_OUT))

    def _open_ends(self) -> list[str]:
        found: list[str] = []
        for account in self._accounts:
            status = self._desk("status", session=account.session)
            if status["status"] != "ready" or status["open"]:
                found.append(
                    f"account {account.phone[-2:]}: {status['status']} {status['code']}, {status['open']} commands open"
                )
            else:
                found += self._differences(account)
            if found:
                break
        return found

    def _differences(self, account: Account) -> list[str]:
        expected = self._cluster.control.call("world.snapshot", user_id=account.me)
        stored = self._desk("state", session=account.session)
        return [
            f"account {account.phone[-2:]}: {line}" for line in compare.differences(expected, stored, account.chats)
        ]

    def _differences_above(self, account: Account) -> list[str]:
        """Once somebody has scrolled up to the beginning of every chat."""
        for _ in range(MOST_PAGES):
            if not self._desk("scroll_up", session=account.session):
                break
        return [f"{line} (scrolled up)" for line in self._differences(account)]

    def _compare(self) -> None:
        wrong, report, control = self.report.wrong, self.report, self._cluster.control
        for account in self._accounts:
            status = self._steady_status(account)
            failed = [one for one in status["failed"] if one[1] != SIGNED_OUT]
            if status["status"] != "ready" or status["open"] or failed:
                wrong.append(f"account {account.phone[-2:]}: {status}")
            wrong += self._differences(account) or self._differences_above(account)
            wrong += [
                f"account {account.phone[-2:]}, {line}" for line in wrong_order(control, account, self._field.staff)
            ]
        wrong += self._owners() + self._field.wrong
        wrong += self._right_pages()
        if self._field.banned and self._desk("status", session=self._field.spare.session)["status"] != "banned":
            wrong.append("the banned account is not shown as banned")
        report.counts = troubles.count(self._field)
        report.incoming, report.outgoing = self._field.others.count, self._field.staff.count
        wrong += never_struck(self.scale, report.counts)
        report.notes.append(f"restarted: {self._cluster.restarts}; leases: {self._desk('owners')}")
        report.notes.append(f"ledger of gaps: {self._desk('gaps')}")
        report.notes.append(f"the data centre: {self._field.call('faults.struck')}")
        if not clocks.available():
            report.notes.append(clocks.MISSING)

    def _steady_status(self, account: Account) -> dict[str, Any]:
        """Once it is ready: a gateway that has come back is given its share of the accounts, one after the other."""
        deadline = time.monotonic() + HANDOVER_SECONDS
        status: dict[str, Any] = self._desk("status", session=account.session)
        while (status["status"] != "ready" or status["open"]) and time.monotonic() < deadline:
            self._tick()
            time.sleep(TICK)
            status = self._desk("status", session=account.session)
        return status

    def _owners(self) -> list[str]:
        pairs = self._cluster.control.call("record.two_owners")
        return [
            f"two owners of key {newer['key_id']}: {older['source']} (packets {older['first']}–{older['last']}) and "
            f"{newer['source']} (from {newer['first']})"
            for older, newer in pairs
        ]

    def _right_pages(self) -> list[str]:
        self._recovery.stop()
        self.report.caught_up = self._recovery.found
        found = [
            f"pages were right only {one.right:.2f} s after a recovery ({one.kind})"
            for one in self._recovery.found
            if one.right > self.scale.page_seconds
        ]
        heads = self._desk("heads", chats=[page.chat for page in self._pages.all])
        deadline = time.monotonic() + PAGE_PATIENCE
        while any(page.at < heads[str(page.chat)] for page in self._pages.all) and time.monotonic() < deadline:
            self._tick()
            time.sleep(TICK)
        for number, page in enumerate(self._pages.all):
            lines = compare.page(page.messages, self._desk("rows", chat=page.chat)) + page.errors
            if page.at < heads[str(page.chat)]:
                lines.append(f"knows event {page.at}, the last is {heads[str(page.chat)]}")
            found += [f"page {number} (chat {page.chat}): {line}" for line in lines]
        return found


def run(scale: Scale, say: Callable[[str], None]) -> Report:
    """A run in a directory of its own, removed afterwards."""
    with temporary_base() as base:
        return Run(scale, base, say).go()
