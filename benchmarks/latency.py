"""Live latency: from the data centre's send to the text in one subscribed socket, against a bare relay."""

from __future__ import annotations

import asyncio

from benchmarks import live
from benchmarks.figures import Outcome, Row, median, percentile, ratios, rounded, spread
from benchmarks.live import Seen, Side
from benchmarks.processor import said
from benchmarks.sockets import close_all
from benchmarks.stage import Stage

RATE, SECONDS = 100.0, 10.0
CALM_RATE, CALM_SECONDS = 5.0, 6.0
MOST_EXTRA_MS, MOST_P95_MS = 10.0, 100.0
MOST_RATIO = 3


def run(stage: Stage, runs: int, scale: float) -> Outcome:
    seen: dict[tuple[str, float], list[Seen]] = {
        (who, rate): [] for who in ("ours", "bare") for rate in (RATE, CALM_RATE)
    }

    async def go(sides: dict[str, Side]) -> None:
        watchers = {who: await live.subscribe(side, 1, "latency") for who, side in sides.items()}
        for number in range(runs + 1):
            for rate, seconds in ((RATE, SECONDS), (CALM_RATE, CALM_SECONDS)):
                for who, side in sides.items():
                    count = max(5, int(rate * seconds * (scale if number else scale / 5)))
                    found = await live.measure(stage, side, watchers[who], rate, count, 1)
                    stage.say(f"live_latency: run {number}, {rate:.0f}/s, {who}: {_said(found)}")
                    stage.say(f"  processor: {said(found.shares)}")
                    if number:  # the first one warms everything up
                        seen[who, rate].append(found)
        for those in watchers.values():
            close_all(those)

    with live.both(stage, 1, 1) as sides:
        asyncio.run(go(sides))
    return _outcome(seen)


def _said(found: Seen) -> str:
    half, most = percentile(found.milliseconds, 0.5), percentile(found.milliseconds, 0.95)
    return f"p50 {half:.1f} ms, p95 {most:.1f} ms, lost {found.lost}"


def _shares(found: list[Seen], share: float) -> list[float]:
    return [percentile(one.milliseconds, share) for one in found]


def _outcome(seen: dict[tuple[str, float], list[Seen]]) -> Outcome:
    rows: list[Row] = []
    extras: dict[float, float] = {}
    times: dict[float, float] = {}
    for rate in (RATE, CALM_RATE):
        mine, theirs = seen["ours", rate], seen["bare", rate]
        extra = [one - other for one, other in zip(_shares(mine, 0.5), _shares(theirs, 0.5), strict=True)]
        extras[rate] = median(extra)
        times[rate] = median(ratios(_shares(mine, 0.5), _shares(theirs, 0.5)))
        p95 = median(_shares(mine, 0.95))
        strict = rate == RATE
        rows += [
            Row(f"live latency at {rate:.0f}/s, p50, ms", spread(_shares(mine, 0.5)), spread(_shares(theirs, 0.5))),
            Row(
                "  extra p50, ms",
                spread(extra),
                "",
                "≤ 10" if strict else "",
                extras[rate] <= MOST_EXTRA_MS if strict else None,
            ),
            Row(
                "  p50, ratio",
                spread(ratios(_shares(mine, 0.5), _shares(theirs, 0.5)), 1),
                "",
                f"≤ {MOST_RATIO}" if strict else "",
                times[rate] <= MOST_RATIO if strict else None,
            ),
            Row(
                "  p95, ms",
                spread(_shares(mine, 0.95)),
                spread(_shares(theirs, 0.95)),
                "< 100" if strict else "",
                p95 < MOST_P95_MS if strict else None,
            ),
        ]
    p95 = median(_shares(seen["ours", RATE], 0.95))
    found = {"extra_p50_ms": extras[RATE], "p50_ratio": times[RATE], "p95_ms": p95}
    return Outcome({"live_latency": {name: rounded(value) for name, value in found.items()}}, rows)
