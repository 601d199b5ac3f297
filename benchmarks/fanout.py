"""Fan-out: 1,000 sockets over 200 chats, five on each, at 100 messages a second, against a bare relay.

The chats belong to ten accounts: a page also follows the chat list of its account, as the real one does.
"""

from __future__ import annotations

import asyncio

from benchmarks import live
from benchmarks.figures import Outcome, Row, median, percentile, ratios, rounded, spread
from benchmarks.live import Seen, Side
from benchmarks.processor import said
from benchmarks.sockets import close_all
from benchmarks.stage import Stage

ACCOUNTS, CHATS, SOCKETS = 10, 20, 5
RATE, SECONDS = 100.0, 15.0
MOST_P95_MS = 100.0
MOST_RATIO = 10


def run(stage: Stage, runs: int, scale: float) -> Outcome:
    accounts = max(1, int(ACCOUNTS * scale))
    seen: dict[str, list[Seen]] = {"ours": [], "bare": []}

    async def go(sides: dict[str, Side]) -> None:
        watchers = {who: await live.subscribe(side, SOCKETS, "fanout") for who, side in sides.items()}
        stage.say(f"fanout: {len(watchers['ours'])} sockets on each side")
        for number in range(runs + 1):
            for who, side in sides.items():
                count = max(20, int(RATE * SECONDS * scale * (1 if number else 0.2)))
                found = await live.measure(stage, side, watchers[who], RATE, count, SOCKETS)
                p50, p95 = (percentile(found.milliseconds, share) for share in (0.5, 0.95))
                stage.say(f"fanout: run {number}, {who}: p50 {p50:.1f}, p95 {p95:.1f} ms, lost {found.lost}")
                stage.say(f"  processor: {said(found.shares)}")
                if number:  # the first one warms everything up
                    seen[who].append(found)
        for those in watchers.values():
            close_all(those)

    with live.both(stage, accounts, CHATS) as sides:
        asyncio.run(go(sides))
    shares = {
        (who, share): [percentile(one.milliseconds, share) for one in found]
        for who, found in seen.items()
        for share in (0.5, 0.95)
    }
    p95 = median(shares["ours", 0.95])
    times = ratios(shares["ours", 0.95], shares["bare", 0.95])
    lost = {who: sum(one.lost for one in found) for who, found in seen.items()}
    sockets = accounts * CHATS * SOCKETS
    rows = [
        Row(
            f"fan-out to {sockets} sockets at {RATE:.0f}/s, p50, ms",
            spread(shares["ours", 0.5]),
            spread(shares["bare", 0.5]),
        ),
        Row("  p95, ms", spread(shares["ours", 0.95]), spread(shares["bare", 0.95]), "< 100", p95 < MOST_P95_MS),
        Row("  p95, ratio", spread(times, 1), "", f"≤ {MOST_RATIO}", median(times) <= MOST_RATIO),
        Row("  lost", str(lost["ours"]), str(lost["bare"]), "0", lost["ours"] == 0),
        Row("  twice", str(sum(one.twice for one in seen["ours"])), str(sum(one.twice for one in seen["bare"]))),
        Row("  of a core, ours", live.middle(seen["ours"])),
        Row("  of a core, instead", live.middle(seen["bare"])),
    ]
    return Outcome(
        {"fanout": {"p95_ms": rounded(p95), "p95_ratio": rounded(median(times)), "lost": lost["ours"]}}, rows
    )
