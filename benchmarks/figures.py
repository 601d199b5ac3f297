"""Percentiles, medians and the table for people."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0 to 1) of all values do not exceed; NaN of nothing."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def ratios(ours: Sequence[float], bare: Sequence[float]) -> list[float]:
    """How many times as much ours takes, run by run: what else the machine does changes from run to run."""
    return [one / other for one, other in zip(ours, bare, strict=True)]


def median(values: Iterable[float]) -> float:
    found = list(values)
    return statistics.median(found) if found else math.nan


@dataclass(frozen=True)
class Row:
    """One line of the table. ``target`` is empty where nothing is promised; ``met`` is None then."""

    what: str
    ours: str
    bare: str = ""
    target: str = ""
    met: bool | None = None


@dataclass
class Outcome:
    """What one benchmark came to: the numbers of ``--json`` by their section, and the rows of the table."""

    sections: dict[str, dict[str, float | int]]
    rows: list[Row] = field(default_factory=list)


def rounded(value: float, digits: int = 2) -> float:
    """For JSON, which knows no NaN: that is -1, and no figure of ours is negative."""
    return -1.0 if math.isnan(value) else round(value, digits)


def spread(values: Sequence[float], digits: int = 1, unit: str = "") -> str:
    """A median with the range over the runs."""
    if not values:
        return "–"
    text = f"{median(values):.{digits}f}{unit}"
    return text if len(values) == 1 else f"{text} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def table(rows: Sequence[Row]) -> str:
    """Columns padded to their widest cell."""
    head = ("", "tgadmin", "instead", "target", "")
    marks = {True: "met", False: "MISSED", None: ""}
    lines: list[tuple[str, ...]] = [head]
    lines += [(row.what, row.ours, row.bare, row.target, marks[row.met]) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def merged(outcomes: Iterable[Outcome]) -> dict[str, dict[str, Any]]:
    """The sections of several benchmarks as one object."""
    found: dict[str, dict[str, Any]] = {}
    for outcome in outcomes:
        for name, section in outcome.sections.items():
            found.setdefault(name, {}).update(section)
    return found
