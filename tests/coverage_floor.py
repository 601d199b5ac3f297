"""The floor of the coverage, which only rises: `bin/test` ends with `python -m tests.coverage_floor`.

It reads what a whole run measured (.coverage) and the floor in pyproject.toml (``fail_under``).
"""

import io
import sys

import coverage
from coverage.exceptions import NoDataError

SLACK = 1.0
"""Percentage points above the floor that ask for nothing: runs differ a little by what happens at the same time."""


def verdict(measured: float, floor: float) -> tuple[str, bool]:
    """One sentence about percentages of lines and branches, and whether the run passes."""
    said = f"Coverage of lines and branches: {measured:.1f} %; the floor is {floor:g} %."
    if measured < floor:
        return f"{said} It fell: test what is new.", False
    if measured > floor + SLACK:
        return f"{said} Raise the floor to {int(measured)} (fail_under in pyproject.toml).", True
    return said, True


def main() -> int:
    """0 if the floor holds, else 1."""
    measured = coverage.Coverage()
    measured.load()
    try:
        total = measured.report(file=io.StringIO())
    except NoDataError:
        sys.stderr.write("Nothing was measured.\n")
        return 1
    said, holds = verdict(total, float(str(measured.get_option("report:fail_under") or 0)))
    sys.stdout.write(said + "\n")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
