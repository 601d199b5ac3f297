"""`python -m tests.chaos run --minutes N --seed S`: traffic and troubles for N minutes, then the comparison.

The same seed plans the same traffic and the same troubles at the same times. Exit status 1 when anything was wrong, or
when a kind of trouble never struck.
"""

import argparse
import sys

from tests.chaos.run import Scale, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    options = commands.add_parser("run", help="one run")
    options.add_argument("--minutes", type=float, default=10.0, help="of traffic and troubles (10)")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--sessions", type=int, default=8)
    options.add_argument("--gateways", type=int, default=3)
    options.add_argument("--incoming", type=int, default=10_000, help="messages to our accounts (10000)")
    options.add_argument("--outgoing", type=int, default=1_000, help="messages that staff write (1000)")
    options.add_argument("--pages", type=int, default=8, help="open pages (8)")
    options.add_argument("--page-seconds", type=float, default=1.0, help="pages are right so soon after a recovery (1)")
    options.add_argument("--only", nargs="*", default=[], metavar="KIND", help="only these kinds of trouble")
    given = vars(parser.parse_args())
    given.pop("command")
    scale = Scale(seconds=given.pop("minutes") * 60, only=frozenset(given.pop("only")), **given)
    report = run(scale, say)
    say("\n".join(report.lines()))
    return 1 if report.wrong else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
