"""Idle sessions: memory of each in one gateway, against a bare client with a StringSession; a thousand in a process.

What a first few sessions load (code, tables of types) is not counted: the difference between few and all is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil

from benchmarks.figures import Outcome, Row, median, ratios, rounded, spread
from benchmarks.stage import Stage

SESSIONS, FIRST = 1000, 20
REST_SECONDS = 15.0
SETTLE_SECONDS = 60.0
CONNECT_SECONDS = 300.0
STEADY_SHARE = 0.01
MOST_RATIO = 1.2
MOST_CONNECT_RATIO = 3


@dataclass(frozen=True)
class Idle:
    """``megabytes`` for each session, ``connect`` seconds for all, ``cpu`` percent of one core at rest."""

    megabytes: float
    connect: float
    cpu: float


def run(stage: Stage, runs: int, scale: float) -> Outcome:
    count = max(FIRST, int(SESSIONS * scale))
    ours = stage.accounts(FIRST + count, friends=1, enabled=False)
    bare = stage.bare_accounts(FIRST + count, friends=1)
    found: dict[str, list[Idle]] = {"ours": [], "bare": []}
    for number in range(runs):
        for who, measure in (("ours", lambda: _ours(stage, ours)), ("bare", lambda: _bare(stage, bare))):
            one = measure()
            stage.say(
                f"idle_memory: run {number + 1}, {who}: {one.megabytes:.3f} MB each, {count} connected in "
                f"{one.connect:.1f} s, {one.cpu:.0f} % of a core at rest"
            )
            found[who].append(one)
    return _outcome(count, found)


def _outcome(count: int, found: dict[str, list[Idle]]) -> Outcome:
    memory = ratios(*([one.megabytes for one in found[who]] for who in ("ours", "bare")))
    connect = ratios(*([one.connect for one in found[who]] for who in ("ours", "bare")))
    ratio = median(memory)

    def row(what: str, pick: Callable[[Idle], float], digits: int) -> Row:
        return Row(what, *(spread([pick(one) for one in found[who]], digits) for who in ("ours", "bare")))

    rows = [
        row("memory of an idle session, MB", lambda one: one.megabytes, 3),
        Row("  ratio", spread(memory, 2), "", "≤ 1.2", ratio <= MOST_RATIO),
        row(f"  {count} sessions connected in, s", lambda one: one.connect, 1),
        Row("  ratio", spread(connect, 1), "", f"≤ {MOST_CONNECT_RATIO}", median(connect) <= MOST_CONNECT_RATIO),
        row("  CPU at rest, % of a core", lambda one: one.cpu, 0),
    ]
    mb = rounded(median(one.megabytes for one in found["ours"]), 3)
    return Outcome(
        {"idle_memory": {"ratio": rounded(ratio), "connect_ratio": rounded(median(connect)), "mb": mb}}, rows
    )


def _ours(stage: Stage, accounts: list[dict[str, Any]]) -> Idle:
    first, rest = accounts[:FIRST], accounts[FIRST:]
    with stage.gateway() as gateway:
        stage.enable(first)
        stage.wait_ready(first, CONNECT_SECONDS)
        process = psutil.Process(gateway.pid)
        before = _settled(stage, process)
        began = time.monotonic()
        stage.enable(rest)
        stage.wait_ready(rest, CONNECT_SECONDS)
        took = time.monotonic() - began
        idle = _idle(stage, process, before, len(rest), took)
        connected = stage.centre("connected", users=[account["user_id"] for account in accounts])
        if connected != len(accounts):
            raise RuntimeError(f"{connected} of {len(accounts)} accounts are connected")
        stage.enable(accounts, False)
    _forget_status(accounts)
    return idle


def _forget_status(accounts: list[dict[str, Any]]) -> None:
    """The next run waits for "ready" again."""
    from apps.sessions.models import Session, SessionStatus

    ids = [account["session"].pk for account in accounts]
    Session.objects.filter(pk__in=ids).update(status=SessionStatus.DISCONNECTED)


def _bare(stage: Stage, accounts: list[dict[str, Any]]) -> Idle:
    given = {"host": stage.network["host"], "port": stage.network["port"]}
    with stage.bare() as helper:
        helper("connect", accounts=accounts[:FIRST], **given)
        process = psutil.Process(helper.process.pid)
        before = _settled(stage, process)
        took = helper("connect", accounts=accounts[FIRST:], **given)
        return _idle(stage, process, before, len(accounts) - FIRST, took)


def _idle(stage: Stage, process: psutil.Process, before: int, sessions: int, took: float) -> Idle:
    after = _settled(stage, process)
    cpu, began = process.cpu_times(), time.monotonic()
    time.sleep(REST_SECONDS)
    now = process.cpu_times()
    used = now.user + now.system - cpu.user - cpu.system
    return Idle((after - before) / sessions / 1e6, took, max(0.0, used / (time.monotonic() - began) * 100))


def _settled(stage: Stage, process: psutil.Process) -> int:
    """Bytes that the process alone uses, once they stay the same for three seconds."""
    last = process.memory_full_info().uss
    steady = 0
    deadline = time.monotonic() + SETTLE_SECONDS
    while steady < 3 and time.monotonic() < deadline:
        time.sleep(1)
        now = process.memory_full_info().uss
        steady = steady + 1 if abs(now - last) < STEADY_SHARE * last else 0
        last = now
    return int(last)
