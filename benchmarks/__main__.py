"""``python -m benchmarks [NAME …] [--json]``: the product's speed, measured against what one would write instead."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks import failover, fanout, idle, ingest, latency, pages
from benchmarks.figures import Outcome, merged, table
from benchmarks.stage import Stage

RUNS = 3
BENCHMARKS: dict[str, Callable[[Stage, int, float], Outcome]] = {
    "live_latency": latency.run,
    "ingest": ingest.run,
    "idle_memory": idle.run,
    "fanout": fanout.run,
    "failover": failover.run_failover,
    "drain": failover.run_drain,
    "pages": pages.run,
}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(BENCHMARKS)}; none: all of them")
    made.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    made.add_argument("--runs", type=_positive, default=RUNS, help=f"measured runs, whose medians count ({RUNS})")
    made.add_argument("--scale", type=_share, default=1.0, help="a share of the full size, for a quick look (1.0)")
    return made


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError("above 0, at most 1")
    return number


def _ended(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    asked = parser()
    options = asked.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        asked.error(f"no such benchmark: {', '.join(unknown)} (there are {', '.join(BENCHMARKS)})")
    began = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - began:6.1f} s] {text}\n")

    outcomes = []
    signal.signal(signal.SIGTERM, _ended)  # what was started is taken down then too
    with Stage(say) as stage:
        for name in options.names or BENCHMARKS:
            say(f"{name}: begins (load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores)")
            outcomes.append(BENCHMARKS[name](stage, options.runs, options.scale))
    if options.json:
        print(json.dumps(merged(outcomes)))
    else:
        print(table([row for outcome in outcomes for row in outcome.rows]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
