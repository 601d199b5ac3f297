"""Ingest: one gateway that stores everything, against a bare Telethon client with an empty handler, on the same stream.

The stream is written into the data centre's world and encrypted beforehand, so that sending it is no more than writing
bytes; a raw reader that throws them away shows how fast that is.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.figures import Outcome, Row, median, rounded, spread
from benchmarks.lines import Helper
from benchmarks.stage import Stage

COUNT = 10_000
WARM_UP = 1000
FRIENDS = 40
BURST = 20
SECONDS = 120.0


def run(stage: Stage, runs: int, scale: float) -> Outcome:
    count = max(BURST, int(COUNT * scale))
    ours, bare, raw = (
        stage.accounts(1, friends=FRIENDS)[0],
        stage.bare_accounts(1, friends=FRIENDS)[0],
        stage.bare_accounts(1, friends=FRIENDS)[0],
    )
    rates: dict[tuple[str, int], list[float]] = {(who, burst): [] for who in ("ours", "bare", "raw") for burst in (1, BURST)}
    with stage.gateway(), stage.bare() as client, stage.bare() as reader:
        stage.wait_ready([ours])
        for helper, account in ((client, bare), (reader, raw)):
            helper("connect", accounts=[account], host=stage.network["host"], port=stage.network["port"])
        client("listen")
        for number in range(runs + 1):
            for burst in (1, BURST):
                wanted = count if number else max(BURST, int(WARM_UP * scale))
                found = {
                    "bare": _bare(stage, client, bare, wanted, burst),
                    "ours": _ours(stage, ours, wanted, burst),
                    "raw": _raw(stage, raw, wanted, burst),
                }
                stage.say(f"ingest: run {number}, {burst} a container: " + ", ".join(f"{who} {rate:.0f}/s" for who, rate in found.items()))
                if number:  # the first one warms everything up
                    for who, rate in found.items():
                        rates[who, burst].append(rate)
    stage.forget([ours])
    return _outcome(rates)


def _outcome(rates: dict[tuple[str, int], list[float]]) -> Outcome:
    # Each run's own ratio: what else the machine does changes from run to run.
    ratios = {burst: [mine / theirs for mine, theirs in zip(rates["ours", burst], rates["bare", burst], strict=True)] for burst in (1, BURST)}
    single, many = median(ratios[1]), median(ratios[BURST])
    rows = [
        Row("ingest, one update a container, msg/s", spread(rates["ours", 1], 0), spread(rates["bare", 1], 0)),
        Row("  ratio", spread(ratios[1], 2), "", "≥ 0.9", single >= 0.9),
        Row(f"ingest, {BURST} updates a container, msg/s", spread(rates["ours", BURST], 0), spread(rates["bare", BURST], 0)),
        Row("  ratio", spread(ratios[BURST], 2), "", "≥ 0.8", many >= 0.8),
        Row("  the sandbox alone, to a reader that discards, msg/s", "", f"{spread(rates['raw', 1], 0)}; {spread(rates['raw', BURST], 0)}"),
    ]
    section = {"ratio": rounded(single), "burst_ratio": rounded(many), "per_second": rounded(median(rates["ours", 1]), 0)}
    return Outcome({"ingest": section}, rows)


def _prepare(stage: Stage, account: dict[str, Any], count: int, burst: int) -> int:
    given = {"user": account["user_id"], "friends": account["friends"], "count": count, "burst": burst}
    return int(stage.centre("prepare", **given)["pts"])


def _bare(stage: Stage, client: Helper, account: dict[str, Any], count: int, burst: int) -> float:
    _prepare(stage, account, count, burst)
    client("expect", count=count)
    began = stage.centre("go", user=account["user_id"])["began"]
    return count / (client("reached", seconds=SECONDS) - began) * 1e9


def _ours(stage: Stage, account: dict[str, Any], count: int, burst: int) -> float:
    """Until the checkpoint says that the last message is stored: it is committed with what it covers."""
    session = account["session"].pk
    with stage.connect() as watching:
        before = _stored(watching, session)
        pts = _prepare(stage, account, count, burst)
        began = stage.centre("go", user=account["user_id"])["began"]
        query = "SELECT 1 FROM telegram_update_states WHERE session_id = %s AND pts >= %s"
        deadline = time.monotonic() + SECONDS
        while watching.execute(query, (session, pts)).fetchone() is None:
            if time.monotonic() > deadline:
                raise RuntimeError(f"not stored within {SECONDS:.0f} s")
            time.sleep(0.01)
        ended = time.monotonic_ns()
        stored = _stored(watching, session) - before
    if stored != count:
        raise RuntimeError(f"{stored} messages were stored instead of {count}")
    return count / (ended - began) * 1e9


def _stored(watching: Any, session: int) -> int:
    return int(watching.execute("SELECT count(*) FROM telegram_messages WHERE session_id = %s", (session,)).fetchone()[0])


def _raw(stage: Stage, account: dict[str, Any], count: int, burst: int) -> float:
    _prepare(stage, account, count, burst)
    took = stage.centre("blast", user=account["user_id"])
    return count / (took["ended"] - took["began"]) * 1e9
