"""`python -m tests.chaos run --minutes N --seed S`: traffic and troubles for N minutes, then the comparison.

`python -m tests.chaos hosts …` does the same with each gateway on a host of its own (a network namespace), the troubles
being those of its link to the database: cut in both directions or in one, slow, lossy.

The same seed plans the same traffic and the same troubles at the same times. Exit status 1 when anything was wrong, or
when a kind of trouble never struck; 3 when this machine cannot do it.
"""

import argparse
import os
import sys
from typing import Any

from tests.chaos import namespaces
from tests.chaos.run import Scale, run

CANNOT = 3
INSIDE = "--inside"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _options(
        commands.add_parser("run", help="one machine, every kind of trouble"), sessions=8, pages=8, incoming=10_000
    )
    hosts = commands.add_parser("hosts", help="gateways as hosts of their own, troubles of their links")
    _options(hosts, sessions=6, pages=4, incoming=3_000)
    hosts.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)  # in the namespace of everything else
    given = vars(parser.parse_args())
    hosted = given.pop("command") == "hosts"
    if hosted and not given.pop("inside"):
        if reason := namespaces.missing():
            say(f"skipped: {reason}")
            return CANNOT
        words = ["unshare", "--net", "--", sys.executable, "-m", "tests.chaos", *sys.argv[1:], INSIDE]
        os.execvp(words[0], words)
    scale = Scale(seconds=given.pop("minutes") * 60, only=frozenset(given.pop("only")), hosts=hosted, **given)
    report = run(scale, say)
    say("\n".join(report.lines()))
    return 1 if report.wrong else 0


def _options(options: argparse.ArgumentParser, **defaults: Any) -> None:
    options.add_argument("--minutes", type=float, default=10.0, help="of traffic and troubles (10)")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--sessions", type=int, help="(%(default)s)")
    options.add_argument("--gateways", type=int, default=3)
    options.add_argument("--incoming", type=int, help="messages to our accounts (%(default)s)")
    options.add_argument("--outgoing", type=int, help="messages that staff write (%(default)s)")
    options.add_argument("--pages", type=int, help="open pages (%(default)s)")
    options.add_argument("--page-seconds", type=float, default=1.0, help="pages are right so soon after a recovery (1)")
    options.add_argument("--only", nargs="*", default=[], metavar="KIND", help="only these kinds of trouble")
    options.set_defaults(**defaults, outgoing=defaults["incoming"] // 10)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
