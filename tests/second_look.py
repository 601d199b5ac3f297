"""What failed while everything ran at once is run once more, test by test: `bin/test` asks for it.

Two processes full of servers, browsers and killed gateways now and then hold a test up for longer than it allows. Such
a test passes alone, and its name is printed all the same: it is too tight, or it has found a race. A test that fails
twice has failed, and more than a handful of failures is no accident: nothing is tried again then.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.kit.running import ROOT

MOST = 8
"""Failures of a whole run that are looked at once more."""
FAILED = 1
"""Pytest's exit status where tests ran and some failed; others tell of a run that did not happen."""


def failed_tests(cache: Path) -> list[str]:
    """Node ids of what pytest noted down as failed, sorted. Empty where it noted nothing."""
    try:
        return sorted(json.loads((cache / "v" / "cache" / "lastfailed").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return []


def main(pytest: Sequence[str], cache: Path = ROOT / ".pytest_cache") -> int:
    """Run that command of pytest; 0 if all of it passed, at the second try at least, else its exit status."""
    (cache / "v" / "cache" / "lastfailed").unlink(missing_ok=True)
    status = subprocess.run(pytest, cwd=ROOT, check=False).returncode
    failed = failed_tests(cache)
    if status != FAILED or not 0 < len(failed) <= MOST:
        return status
    sys.stdout.write(f"== once more, one after the other: {len(failed)}\n")
    sys.stdout.flush()
    passed = [name for name in failed if _passes(name)]
    for name in failed:
        sys.stdout.write(f"{'Passed alone, failed among others' if name in passed else 'Failed twice'}: {name}\n")
    return status if len(passed) < len(failed) else 0


def _passes(name: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
