"""Ingest: one gateway that stores everything, against a bare Telethon client with an empty handler, on the same stream.

The stream is written into the data centre's world and encrypted beforehand, so that sending it is no more than writing
bytes; a raw reader that throws them away shows how fast that is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psutil

from benchmarks.figures import Outcome, Row, median, rounded, spread
from benchmarks.lines import Helper
from benchmarks.stage import Stage

COUNT = 10_000
WARM_UP = 1000
FRIENDS = 40
BURST = 20
SECONDS = 120.0


@dataclass(frozen=True)
class Rate:
    """Messages a second, and the processor's microseconds that the one process took for each."""

    per_second: float
    cpu: float = 0.0


@dataclass(frozen=True)
class Watch:
    """Processor time of one process from here on."""

    process: psutil.Process
    before: float

    @classmethod
    def of(cls, pid: int) -> Watch:
        process = psutil.Process(pid)
        return cls(process, _seconds(process))

    def rate(self, count: int, nanoseconds: int) -> Rate:
        return Rate(count / nanoseconds * 1e9, (_seconds(self.process) - self.before) / count * 1e6)


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def run(stage: Stage, runs: int, scale: float) -> Outcome:
    count = max(BURST, int(COUNT * scale))
    ours, bare, raw = (
        stage.accounts(1, friends=FRIENDS)[0],
        stage.bare_accounts(1, friends=FRIENDS)[0],
        stage.bare_accounts(1, friends=FRIENDS)[0],
    )
    sides = [(who, burst) for who in ("ours", "bare", "raw") for burst in (1, BURST)]
    rates: dict[tuple[str, int], list[Rate]] = {side: [] for side in sides}
    with stage.gateway() as gateway, stage.bare() as client, stage.bare() as reader:
        stage.wait_ready([ours])
        for helper, account in ((client, bare), (reader, raw)):
            helper("connect", accounts=[account], host=stage.network["host"], port=stage.network["port"])
        client("listen")
        for number in range(runs + 1):
            for burst in (1, BURST):
                wanted = count if number else max(BURST, int(WARM_UP * scale))
                found = {
                    "bare": _bare(stage, client, bare, wanted, burst),
                    "ours": _ours(stage, gateway.pid, ours, wanted, burst),
                    "raw": _raw(stage, raw, wanted, burst),
                }
                said = ", ".join(f"{who} {rate.per_second:.0f}/s ({rate.cpu:.0f} µs)" for who, rate in found.items())
                stage.say(f"ingest: run {number}, {burst} a container: {said}")
                if number:  # the first one warms everything up
                    for who, rate in found.items():
                        rates[who, burst].append(rate)
    stage.forget([ours])
    return _outcome(rates)


def _outcome(rates: dict[tuple[str, int], list[Rate]]) -> Outcome:
    # Each run's own ratio: what else the machine does changes from run to run.
    pairs = {burst: list(zip(rates["ours", burst], rates["bare", burst], strict=True)) for burst in (1, BURST)}
    ratios = {burst: [one.per_second / other.per_second for one, other in found] for burst, found in pairs.items()}
    rows: list[Row] = []
    for burst, least in ((1, 0.9), (BURST, 0.8)):
        rate = {who: spread([one.per_second for one in rates[who, burst]], 0) for who in ("ours", "bare", "raw")}
        cpu = {who: spread([one.cpu for one in rates[who, burst]], 0) for who in ("ours", "bare")}
        rows += [
            Row(f"ingest, updates a container {burst}, msg/s", rate["ours"], rate["bare"]),
            Row("  ratio", spread(ratios[burst], 2), "", f"≥ {least}", median(ratios[burst]) >= least),
            Row("  processor time of the process, µs/msg", cpu["ours"], cpu["bare"]),
            Row("  the sandbox alone, read and discarded, msg/s", "", rate["raw"]),
        ]
    per_second = rounded(median(one.per_second for one in rates["ours", 1]), 0)
    section = {"ratio": rounded(median(ratios[1])), "burst_ratio": rounded(median(ratios[BURST]))}
    return Outcome({"ingest": {**section, "per_second": per_second}}, rows)


def _prepare(stage: Stage, account: dict[str, Any], count: int, burst: int) -> int:
    given = {"user": account["user_id"], "friends": account["friends"], "count": count, "burst": burst}
    return int(stage.centre("prepare", **given)["pts"])


def _bare(stage: Stage, client: Helper, account: dict[str, Any], count: int, burst: int) -> Rate:
    _prepare(stage, account, count, burst)
    client("expect", count=count)
    watch = Watch.of(client.process.pid)
    began = stage.centre("go", user=account["user_id"])["began"]
    return watch.rate(count, client("reached", seconds=SECONDS) - began)


def _ours(stage: Stage, pid: int, account: dict[str, Any], count: int, burst: int) -> Rate:
    """Until the checkpoint says that the last message is stored: it is committed with what it covers."""
    session = account["session"].pk
    with stage.connect() as watching:
        before = _stored(watching, session)
        pts = _prepare(stage, account, count, burst)
        watch = Watch.of(pid)
        began = stage.centre("go", user=account["user_id"])["began"]
        query = "SELECT 1 FROM telegram_update_states WHERE session_id = %s AND pts >= %s"
        deadline = time.monotonic() + SECONDS
        while watching.execute(query, (session, pts)).fetchone() is None:
            if time.monotonic() > deadline:
                raise RuntimeError(f"not stored within {SECONDS:.0f} s")
            time.sleep(0.01)
        rate = watch.rate(count, time.monotonic_ns() - began)
        stored = _stored(watching, session) - before
    if stored != count:
        raise RuntimeError(f"{stored} messages were stored instead of {count}")
    return rate


def _stored(watching: Any, session: int) -> int:
    query = "SELECT count(*) FROM telegram_messages WHERE session_id = %s"
    return int(watching.execute(query, (session,)).fetchone()[0])


def _raw(stage: Stage, account: dict[str, Any], count: int, burst: int) -> Rate:
    _prepare(stage, account, count, burst)
    took = stage.centre("blast", user=account["user_id"])
    return Rate(count / (took["ended"] - took["began"]) * 1e9)
