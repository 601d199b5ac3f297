"""Twenty kills (-9) of gateway, web and worker while messages come and go: nothing lost, doubled, stale or reordered.

Everything runs as `manage.py up` runs it, against the sandbox in a process of its own; what is stored is compared with
the sandbox's world message by message. Staff write over the socket of an open page in two chats, which reconnects and
sends what was not confirmed again, as the page in the browser does; in the others by the service, in a process that is
not killed.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sandbox.control import ControlClient
from tests.chaos import compare, scene
from tests.chaos.desk import Desk
from tests.chaos.pages import Page, Pages
from tests.chaos.traffic import Others, Send, Staff, Step, plan, wrong_order
from tests.kit.running import RunningUp, bare_environment, temporary_base
from tests.kit.waiting import eventually

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]

SEED = 20_261_122
KILLS = 20
VICTIMS = ("gateway", "web", "worker")
INCOMING, OUTGOING = 1000, 100
PAUSE_BETWEEN_KILLS = (2.6, 4.2)
BURST_SECONDS = 0.3
ME, FRIENDS = "491511990000", "49151199000"


class Feed(threading.Thread):
    """Everything that happens at Telegram and at staff's desks: half of it spread over the time of the kills, half in
    bursts, one for each kill, so that it hits work under way."""

    def __init__(self, others: Others, staff: Staff, seconds: float, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.error: BaseException | None = None
        self.burst_begun = threading.Event()
        self._others, self._staff, self._seconds = others, staff, seconds
        self._burst_now = threading.Event()
        self._calm = plan(rng, **{"in": INCOMING // 2, "out": OUTGOING // 5, "edit": 70, "delete": 40, "read": 20})
        counts = {"in": INCOMING // 2, "out": OUTGOING * 4 // 5, "edit": 80, "delete": 40}
        bursts = plan(rng, **counts, **{"our edit": 10, "our delete": 10})
        size = len(bursts) // KILLS
        self._bursts = [bursts[number * size : (number + 1) * size] for number in range(KILLS)]
        self._bursts[-1] += bursts[KILLS * size :]

    def burst(self) -> None:
        """Begin the next burst; returns once it has begun."""
        self.burst_begun.clear()
        self._burst_now.set()
        assert self.burst_begun.wait(60)

    def run(self) -> None:
        try:
            self._feed()
        except BaseException as error:  # noqa: BLE001  told by the test
            self.error = error

    def _feed(self) -> None:
        pause = self._seconds / len(self._calm)
        while self._calm or self._bursts:
            if self._burst_now.wait(pause if self._calm else 60):
                self._burst_now.clear()
                self.burst_begun.set()
                for step in self._bursts.pop(0):
                    self._take(step)
            if self._calm:
                self._take(self._calm.pop())

    def _take(self, step: Step) -> None:
        (self._staff if step.what.startswith("o") else self._others).step(step)


def kill_in_turn(up: RunningUp, feed: Feed, rng: random.Random) -> list[tuple[str, int]]:
    """SIGKILL to each of the victims in turn, at moments that only the seed decides, somewhere in a burst."""
    killed: list[tuple[str, int]] = []
    for number in range(KILLS):
        time.sleep(rng.uniform(*PAUSE_BETWEEN_KILLS))  # when it strikes is what is tried, here and below
        name = VICTIMS[number % len(VICTIMS)]
        before = {pid for victim, pid in killed if victim == name}
        pid = eventually(lambda name=name, before=before: new_pid(up, name, before), 30, f"{name} runs again")
        feed.burst()
        time.sleep(rng.uniform(0, BURST_SECONDS))
        os.kill(pid, signal.SIGKILL)
        killed.append((name, pid))
    return killed


def new_pid(up: RunningUp, name: str, before: set[int]) -> int:
    pid = up.runtime().processes.get(name, 0)
    return 0 if pid in before else pid


@pytest.fixture
def up() -> Iterator[RunningUp]:
    with temporary_base() as base, RunningUp(base / "data") as running:
        running.wait_ready()
        yield running


def test_nothing_is_lost_doubled_stale_or_out_of_order(up: RunningUp) -> None:
    rng = random.Random(SEED)
    sandbox = up.runtime().sandbox
    control = ControlClient(sandbox["control"], Path(sandbox["control_token"]).read_text().strip())
    friends = scene.people(control, FRIENDS)
    account = scene.account(control, ME, friends, scene.news_channel(control, friends))
    with contextlib.ExitStack() as stack:
        desk = stack.enter_context(contextlib.closing(Desk(bare_environment(DATA_DIR=str(up.data_dir)))))
        account.session = desk("sign_in", phone=ME, codes=sandbox["codes"])
        eventually(
            lambda: set(account.chats) <= set(desk("chats", session=account.session)), 60, "the chat list is there"
        )
        page, send = written_by_page(stack.enter_context(contextlib.closing(Pages())), up.port, desk, account)
        others, staff = Others(control, [account]), Staff(desk, [account], send)
        feed = Feed(others, staff, KILLS * sum(PAUSE_BETWEEN_KILLS) / 2, random.Random(SEED + 2))
        feed.start()
        killed = kill_in_turn(up, feed, rng)
        feed.join(120)
        assert not feed.is_alive()
        assert feed.error is None, feed.error
        assert len({pid for _, pid in killed}) == KILLS
        assert staff.count == OUTGOING
        assert 0 < staff.by_page < OUTGOING
        eventually(lambda: page.connected, 60, "the page is back")
        for peer in account.writable:
            staff.written(account, peer)  # every one was accepted
        eventually(lambda: is_quiet(desk("status", session=account.session)), 90, "everything is settled")

        def differences() -> list[str]:
            expected = control.call("world.snapshot", user_id=account.me)
            return compare.differences(expected, desk("state", session=account.session), account.chats)

        with contextlib.suppress(AssertionError):  # then the comparison below says what differs
            eventually(lambda: differences() == [], 20, "no difference")
        assert differences() == []
        status = desk("status", session=account.session)
        assert status["failed"] == []
        assert status["begun_again"], "no kill has hit a command under way: the moments are wrong"
    assert wrong_order(control, account, staff) == []
    eventually(lambda: readable(up), 30, "the web process answers")


def written_by_page(
    pages: Pages, port: int, desk: Desk, account: scene.Account
) -> tuple[Page, dict[tuple[int, int], Send]]:
    """An open page, and how staff write on it: in one private chat and in the group."""
    cookie = desk("login", name="operator", role="OPERATOR")
    rows = {peer: desk("chat_row", session=account.session, peer=peer) for peer in (account.friends[0], account.group)}
    page = pages.open(port, cookie, account.session, rows[account.group])
    eventually(lambda: page.connected, 30, "the page is open")
    return page, {(account.me, peer): partial(pages.write, page, row) for peer, row in rows.items()}


def readable(up: RunningUp) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{up.port}/readyz", timeout=5) as answer,
    ):
        return bool(answer.status == 200)
    return False


def is_quiet(status: dict[str, Any]) -> bool:
    return status["status"] == "ready" and status["open"] == 0
