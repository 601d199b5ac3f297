"""The short form of `python -m tests.chaos run`: a minute of every kind of trouble, with two gateways."""

from __future__ import annotations

import pytest

from tests.chaos.run import Scale, run

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]

SECONDS, SEED = 60, 20_261_122
PAGES_RIGHT = 20.0
"""Not the measure of `python -m tests.chaos` (1 s): a test says that pages catch up, however busy the machine is."""


def test_a_minute_of_every_trouble() -> None:
    said: list[str] = []
    scale = Scale(SECONDS, SEED, sessions=4, gateways=2, incoming=600, outgoing=120, pages=4, page_seconds=PAGES_RIGHT)
    report = run(scale, said.append)
    assert report.wrong == [], "\n".join((*said, *report.lines()))
    assert report.caught_up, "no recovery was measured"
