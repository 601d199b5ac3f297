"""Which runs of the tests start PostgreSQL and Valkey."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.kit.running import ROOT, bare_environment


def programs(folder: Path, *arguments: str) -> set[str]:
    """Names of the programs that a run of pytest with these arguments started; its tests must pass."""
    started = folder / "programs"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "tests.kit.programs", *arguments],
        cwd=ROOT,
        env=bare_environment(PROGRAMS=str(started)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return {Path(line).name for line in started.read_text().splitlines()}


def test_pure_ones_start_none(tmp_path: Path) -> None:
    """In folders whose conftest imports models, too."""
    some = ("tests/chats/live/test_origin.py", "tests/gateway/test_fetch_window.py")
    assert programs(tmp_path, "-m", "pure", *some) & {"postgres", "initdb", "valkey-server"} == set()


def test_others_start_both(tmp_path: Path) -> None:
    a_test = "tests/test_priority.py::test_where_nobody_may_choose_it_goes_on"
    assert programs(tmp_path, a_test) >= {"postgres", "initdb", "valkey-server"}
