"""Fail-over and drain of a gateway with 50 sessions, against a script of bare clients that a supervisor starts again.

A fail-over is over for a session when another gateway has it connected and caught up; measured from the kill. Where the
death can be proven (same host) that needs no waiting. For the other case the dead node's row is made to look like
another host's, of which nothing can be known but that it beats no more. A drain counts from SIGTERM until the process
is gone, and until its sessions are ready elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.figures import Outcome, Row, percentile, rounded
from benchmarks.lines import Helper
from benchmarks.stage import Process, Stage

SESSIONS = 50
PROVEN_S, UNPROVEN_S, DRAIN_S = 2.0, 12.0, 2.0
GIVE_UP_SECONDS = 60.0
POLL_SECONDS = 0.01
MOVED = """
SELECT s.id FROM telegram_sessions s JOIN telegram_leases l ON l.session_id = s.id
JOIN gateway_nodes n ON n.id = l.owner_id
WHERE s.id = ANY(%s) AND n.name = %s AND s.status = 'ready' AND s.status_since > %s
"""
HELD = "SELECT l.session_id FROM telegram_leases l JOIN gateway_nodes n ON n.id = l.owner_id WHERE n.name = %s"


@dataclass(frozen=True)
class Moved:
    """Seconds until each session was ready elsewhere; ``gone`` until the process had ended."""

    seconds: list[float]
    gone: float = 0.0


def run_failover(stage: Stage, runs: int, scale: float) -> Outcome:
    count = max(2, int(SESSIONS * scale))
    accounts = stage.accounts(count, friends=1)
    bare = stage.bare_accounts(count, friends=1)
    proven: list[float] = []
    unproven: list[float] = []
    instead: list[float] = []
    for number in range(runs):
        proven += _said(stage, "failover", number, "proven", _kill(stage, accounts)).seconds
        unproven += _said(stage, "failover", number, "not provable", _kill(stage, accounts, hide=True)).seconds
        instead.append(_restart(stage, bare, lambda helper: helper.process.kill()))
    stage.forget(accounts)
    worst, worst_unproven = max(proven), max(unproven)
    rows = [
        _row(f"fail-over of {count} sessions, death proven, s", proven, instead, "≤ 2", worst <= PROVEN_S),
        _row("  death not provable, s", unproven, instead, "≤ 12", worst_unproven <= UNPROVEN_S),
    ]
    return Outcome({"failover": {"proven_max_s": rounded(worst), "max_s": rounded(worst_unproven)}}, rows)


def run_drain(stage: Stage, runs: int, scale: float) -> Outcome:
    count = max(2, int(SESSIONS * scale))
    accounts = stage.accounts(count, friends=1)
    bare = stage.bare_accounts(count, friends=1)
    found: list[Moved] = []
    instead: list[float] = []
    for number in range(runs):
        found.append(_said(stage, "drain", number, "SIGTERM", _drain(stage, accounts)))
        instead.append(_restart(stage, bare, lambda helper: helper.process.terminate()))
    stage.forget(accounts)
    moved = [second for one in found for second in one.seconds]
    gone = [one.gone for one in found]
    worst = max(*moved, *gone)
    rows = [
        _row(f"drain of {count} sessions, ready elsewhere, s", moved, instead, "≤ 2", worst <= DRAIN_S),
        _row("  the process has ended, s", gone, []),
    ]
    return Outcome({"drain": {"max_s": rounded(worst)}}, rows)


def _row(what: str, ours: list[float], bare: list[float], target: str = "", met: bool | None = None) -> Row:
    return Row(what, _distribution(ours), _distribution(bare) if bare else "", target, met)


def _distribution(values: list[float]) -> str:
    return f"p50 {percentile(values, 0.5):.2f}, p95 {percentile(values, 0.95):.2f}, max {max(values):.2f}"


def _said(stage: Stage, name: str, number: int, how: str, moved: Moved) -> Moved:
    stage.say(f"{name}: run {number + 1}, {how}: {_distribution(moved.seconds)}; ended after {moved.gone:.2f} s")
    return moved


def _kill(stage: Stage, accounts: list[dict[str, Any]], *, hide: bool = False) -> Moved:
    def end(victim: Process) -> None:
        if hide:
            from apps.commands.models import Node

            Node.objects.filter(name=victim.name).update(boot_id="")
        victim.kill()

    return _moved(stage, accounts, end)


def _drain(stage: Stage, accounts: list[dict[str, Any]]) -> Moved:
    return _moved(stage, accounts, Process.terminate)


def _moved(stage: Stage, accounts: list[dict[str, Any]], end: Callable[[Process], None]) -> Moved:
    """Two gateways, the first of which has all sessions; end it, and watch each of them arrive at the second."""
    with stage.gateway() as first:
        stage.wait_ready(accounts)
        with stage.gateway() as second, stage.connect() as watching:
            held = {row[0] for row in watching.execute(HELD, (first.name,))}
            asked = _now(watching)
            began = time.monotonic()
            end(first)
            gone = 0.0
            arrived: dict[int, float] = {}
            while len(arrived) < len(held) or first.is_running:
                now = time.monotonic() - began
                if not gone and not first.is_running:
                    gone = now
                waiting = list(held - arrived.keys())
                for (session,) in watching.execute(MOVED, (waiting, second.name, asked)).fetchall():
                    arrived.setdefault(session, now)
                if now > GIVE_UP_SECONDS:
                    raise RuntimeError(f"{len(held) - len(arrived)} sessions did not come back")
                time.sleep(POLL_SECONDS)
            gone = gone or time.monotonic() - began
    if len(held) < len(accounts) / 2:
        raise RuntimeError(f"only {len(held)} of {len(accounts)} sessions were at the gateway that was ended")
    return Moved(sorted(arrived.values()), gone)


def _now(watching: Any) -> datetime:
    """The database's clock: a session that was ready before, under its former owner, does not count."""
    found: datetime = watching.execute("SELECT clock_timestamp()").fetchone()[0]
    return found


def _restart(stage: Stage, accounts: list[dict[str, Any]], end: Callable[[Helper], None]) -> float:
    """The script is ended, and started again at once: seconds until all its clients are connected."""
    given = {"accounts": accounts, "host": stage.network["host"], "port": stage.network["port"]}
    with stage.bare() as before:
        before("connect", **given)
        began = time.monotonic()
        end(before)
        before.process.wait(GIVE_UP_SECONDS)
        with stage.bare() as after:
            after("connect", **given)
            return time.monotonic() - began
