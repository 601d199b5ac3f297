"""Twenty kills (-9) of gateway, web and worker while messages come and go: nothing lost, doubled, stale or reordered.

Everything runs as `manage.py up` runs it, against the sandbox in a process of its own; what is stored is compared with
the sandbox's world message by message.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT, RunningUp, bare_environment, temporary_base
from tgadmin.sandbox.control import ControlClient

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]

SEED = 20_261_122
KILLS = 20
VICTIMS = ("gateway", "web", "worker")
INCOMING, OUTGOING = 1000, 100
PAUSE_BETWEEN_KILLS = (2.6, 4.2)
BURST_SECONDS = 0.3
ME = "491511990000"


class Staff:
    """tests/chaos/staff.py in its process."""

    def __init__(self, data_dir: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.staff"],
            cwd=ROOT,
            env=bare_environment(DATA_DIR=str(data_dir)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, do: str, **given: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **given}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, f"{do}: {answer['error']}"
        return answer["result"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


@dataclass
class World:
    """Who is there: peers as ``me`` names them. ``writers`` says who writes there; ``ours`` where we may."""

    control: ControlClient
    me: int = 0
    friends: list[int] = field(default_factory=list)
    group: int = 0
    news: int = 0
    board: int = 0

    def build(self) -> None:
        call = self.control.call
        self.me = call("world.create_account", phone=ME, first_name="Support")
        self.friends = [
            call("world.create_account", phone=f"49151199000{number}", first_name=f"Friend {number}")
            for number in (1, 2, 3)
        ]
        self.group = call("world.create_group", creator=self.friends[0], title="Team", users=[self.me, self.friends[1]])
        self.news = call("world.create_channel", creator=self.friends[0], title="News", kind="channel")
        call("world.add_user", chat=self.news, user_id=self.me)
        self.board = call("world.create_channel", creator=self.me, title="Board", kind="channel")
        for friend in self.friends:
            call("world.send", from_user=friend, peer=self.me, text="hello")

    @property
    def chats(self) -> list[int]:
        return [*self.friends, self.group, self.news, self.board]

    def incoming(self, rng: random.Random) -> tuple[int, int]:
        """(who writes, to which peer as the writer names it)."""
        place = rng.choice([*self.friends, self.group, self.news])
        if place in self.friends:
            return place, self.me
        return (rng.choice(self.friends[:2]), self.group) if place == self.group else (self.friends[0], self.news)


class Feed(threading.Thread):
    """Everything that happens at Telegram and at staff's desks: half of it spread over the time of the kills, half in
    bursts, one for each kill, so that it hits work under way."""

    def __init__(self, world: World, staff: Staff, session: int, seconds: float, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.world, self.staff, self.session, self.seconds, self.rng = world, staff, session, seconds, rng
        self.ours: dict[int, list[str]] = {}
        self.error: BaseException | None = None
        self._written: list[tuple[int, int, int]] = []
        self._number = 0
        self._burst_now = threading.Event()
        self.burst_begun = threading.Event()
        calm = ["in"] * (INCOMING // 2) + ["out"] * (OUTGOING // 5) + ["edit"] * 70 + ["delete"] * 40 + ["read"] * 20
        bursts = ["in"] * (INCOMING // 2) + ["out"] * (OUTGOING * 4 // 5) + ["edit"] * 80 + ["delete"] * 40
        bursts += ["our edit"] * 10 + ["our delete"] * 10
        self.rng.shuffle(calm)
        self.rng.shuffle(bursts)
        size = len(bursts) // KILLS
        self._calm = calm
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
        pause = self.seconds / len(self._calm)
        while self._calm or self._bursts:
            if self._burst_now.wait(pause if self._calm else 60):
                self._burst_now.clear()
                self.burst_begun.set()
                for step in self._bursts.pop(0):
                    self._step(step)
            if self._calm:
                self._step(self._calm.pop())

    def _step(self, step: str) -> None:
        call, rng, written = self.world.control.call, self.rng, self._written
        self._number = number = self._number + 1
        if step == "in":
            author, peer = self.world.incoming(rng)
            written.append((author, peer, call("world.send", from_user=author, peer=peer, text=f"in {number}")))
        elif step == "out":
            peer = rng.choice([*self.world.friends, self.world.group, self.world.board])
            self.staff("send", session=self.session, peer=peer, text=f"out {number}")
            self.ours.setdefault(peer, []).append(f"out {number}")
        elif step == "edit" and written:
            author, peer, message = rng.choice(written)
            call("world.edit", user_id=author, peer=peer, message_id=message, text=f"edited {number}")
        elif step == "delete" and written:
            author, peer, message = written.pop(rng.randrange(len(written)))
            call("world.delete", user_id=author, peer=peer, message_ids=[message])
        elif step in ("our edit", "our delete"):
            self._change_ours(step, number)
        elif step == "read":
            call("world.read", user_id=self.world.me, peer=rng.choice(self.world.friends))

    def _change_ours(self, step: str, number: int) -> None:
        sent = self.staff("sent", session=self.session)
        if not sent:
            return
        if step == "our edit":
            self.staff("edit", message=self.rng.choice(sent), text=f"our edit {number}")
        else:
            self.staff("delete", message=self.rng.choice(sent))


def kill_in_turn(up: RunningUp, feed: Feed, rng: random.Random) -> list[tuple[str, int]]:
    """SIGKILL to each of the victims in turn, at moments that only the seed decides, somewhere in a burst."""
    killed: list[tuple[str, int]] = []
    for number in range(KILLS):
        time.sleep(rng.uniform(*PAUSE_BETWEEN_KILLS))
        name = VICTIMS[number % len(VICTIMS)]
        before = {pid for victim, pid in killed if victim == name}
        pid = until(lambda name=name, before=before: new_pid(up, name, before), 30, f"{name} runs again")
        feed.burst()
        time.sleep(rng.uniform(0, BURST_SECONDS))
        os.kill(pid, signal.SIGKILL)
        killed.append((name, pid))
    return killed


def new_pid(up: RunningUp, name: str, before: set[int]) -> int:
    pid = up.runtime().processes.get(name, 0)
    return 0 if pid in before else pid


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return result


@pytest.fixture
def up() -> Iterator[RunningUp]:
    with temporary_base() as base, RunningUp(base / "data") as running:
        running.wait_ready()
        yield running


def test_nothing_is_lost_doubled_stale_or_out_of_order(up: RunningUp) -> None:
    rng = random.Random(SEED)
    sandbox = up.runtime().sandbox
    token = Path(sandbox["control_token"]).read_text().strip()
    world = World(ControlClient(sandbox["control"], token))
    world.build()
    staff = Staff(up.data_dir)
    with contextlib.closing(staff):
        session = staff("sign_in", phone=ME, codes=sandbox["codes"])
        until(lambda: set(world.chats) <= set(staff("chats", session=session)), 60, "the chat list is there")
        seconds = KILLS * sum(PAUSE_BETWEEN_KILLS) / 2
        feed = Feed(world, staff, session, seconds, random.Random(SEED + 1))
        feed.start()
        killed = kill_in_turn(up, feed, rng)
        feed.join(120)
        assert not feed.is_alive()
        assert feed.error is None, feed.error
        assert len({pid for _, pid in killed}) == KILLS
        until(lambda: is_quiet(staff("status", session=session)), 90, "everything is settled")
        expected = world.control.call("world.snapshot", user_id=world.me)
        with contextlib.suppress(AssertionError):  # then the comparison below says what differs
            until(lambda: differences(expected, staff("state", session=session), world) == [], 20, "no difference")
        assert differences(expected, staff("state", session=session), world) == []
        status = staff("status", session=session)
        assert status["failed"] == []
        assert status["begun_again"], "no kill has hit a command under way: the moments are wrong"
    assert_order_and_once(world, feed.ours)
    until(lambda: readable(up), 30, "the web process answers")


def readable(up: RunningUp) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{up.port}/readyz", timeout=5) as answer,
    ):
        return bool(answer.status == 200)
    return False


def is_quiet(status: dict[str, Any]) -> bool:
    return status["status"] == "ready" and status["open"] == 0


def differences(expected: dict[str, Any], stored: dict[str, Any], world: World) -> list[str]:
    """What is not as the data centre has it, chat by chat; at most a few lines each."""
    found: list[str] = []
    for peer in map(str, world.chats):
        ours, theirs = stored.get(peer), expected[peer]
        if ours is None:
            found.append(f"{peer}: no such chat")
            continue
        wanted = {one["id"]: [one["text"], one["out"], one["reply_to"]] for one in theirs}
        have = {row[0]: row[1:4] for row in ours["live"]}
        found += [f"{peer}: lost {number}" for number in wanted.keys() - have.keys()][:5]
        found += [f"{peer}: too many {number}" for number in have.keys() - wanted.keys()][:5]
        changed = [number for number in wanted.keys() & have.keys() if wanted[number] != have[number]]
        found += [f"{peer}: stale {number}: {have[number]} instead of {wanted[number]}" for number in changed][:5]
        if len(have) != len(ours["live"]):
            found.append(f"{peer}: twice, or never sent: {[row for row in ours['live'] if row[0] is None][:3]}")
        found += [f"{peer}: deleted {row[0]} kept its text" for row in ours["dead"] if row[1]][:5]
        if ours["events"] != list(range(1, ours["last_event"] + 1)):
            found.append(f"{peer}: event numbers have holes")
        if ours["last"] != max(wanted):
            found.append(f"{peer}: the list shows {ours['last']} as the last, it is {max(wanted)}")
        unread = expected["read_marks"][peer]["unread"]
        if ours["unread"] != unread:
            found.append(f"{peer}: {ours['unread']} unread instead of {unread}")
    return found


def assert_order_and_once(world: World, ours: dict[int, list[str]]) -> None:
    """The other side has each of our messages once, in the order in which staff wrote them (some edited or deleted)."""
    for peer, texts in ours.items():
        viewer = peer if peer in world.friends else world.friends[0] if peer == world.group else world.me
        thread = world.me if peer in world.friends else peer
        seen = world.control.call("world.snapshot", user_id=viewer)[str(thread)]
        mine = [one["text"] for one in seen if one["text"].startswith("out ")]
        assert mine == [text for text in texts if text in set(mine)]
        assert len(mine) == len(set(mine))
        changed = [one["text"] for one in seen if one["text"].startswith("our edit ")]
        assert len(mine) + len(changed) <= len(texts)
