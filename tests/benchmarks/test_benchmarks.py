"""The benchmarks' command line, figures and the shape of their JSON. Nothing here is timed."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from benchmarks.figures import Outcome, Row, merged, percentile, rounded, spread, table
from benchmarks.websocket import TEXT, frame
from tests.kit.running import ROOT, bare_environment


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, env=bare_environment(), capture_output=True, text=True, check=False)


@pytest.mark.pure
def test_percentiles_are_values_that_occurred() -> None:
    values = [float(number) for number in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.95) == 95
    assert percentile(values, 1) == 100
    assert percentile([7.0], 0.01) == 7
    assert math.isnan(percentile([], 0.5))


@pytest.mark.pure
def test_what_json_cannot_say_is_minus_one() -> None:
    assert rounded(math.nan) == -1
    assert rounded(1.2345) == 1.23
    assert spread([3.0, 1.0, 2.0]) == "2.0 (1.0–3.0)"
    assert spread([3.0]) == "3.0"


@pytest.mark.pure
def test_a_missed_target_is_said() -> None:
    text = table([Row("fast", "1", "2", "≤ 1", True), Row("slow", "9", "2", "≤ 1", False), Row("free", "5")])
    assert [line.split()[-1] for line in text.splitlines()[1:]] == ["met", "MISSED", "5"]


@pytest.mark.pure
def test_sections_of_several_benchmarks_make_one_object() -> None:
    assert merged([Outcome({"a": {"x": 1}}), Outcome({"b": {"y": 2}})]) == {"a": {"x": 1}, "b": {"y": 2}}


@pytest.mark.pure
@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
async def test_frames_of_every_length_come_back(size: int) -> None:
    from benchmarks.websocket import Peer

    heard: list[bytes] = []
    for masked in (False, True):
        peer = Peer(lambda _, body: heard.append(body), is_server=masked)
        peer.opened.set_result(None)
        data = frame(TEXT, b"x" * size, masked=masked) + frame(TEXT, b"next", masked=masked)
        for at in range(0, len(data), 1000):
            peer.data_received(data[at : at + 1000])
    assert [len(body) for body in heard] == [size, 4, size, 4]


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    done = run("nonsense")
    assert done.returncode == 2
    assert "no such benchmark: nonsense" in done.stderr
    assert "idle_memory" in done.stderr
    assert run("--runs", "0").returncode == 2
    assert run("--scale", "2").returncode == 2


def test_one_alone_runs_whole_and_prints_its_section() -> None:
    """A tiny form of the whole: data centre, gateway, database, bare client; it fails unless all was stored."""
    done = run("ingest", "--json", "--runs", "1", "--scale", "0.01")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.keys() == {"ingest"}
    assert found["ingest"].keys() == {"ratio", "burst_ratio", "per_second"}
    assert all(value > 0 for value in found["ingest"].values())
