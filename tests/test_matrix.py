"""The matrix says what it ran, what failed and what it skipped."""

import sys
from pathlib import Path

import pytest

from tests import matrix
from tests.kit.running import ROOT
from tests.matrix import ON_POSTGRES, ON_PYTHON, PAIRS, Pair

pytestmark = pytest.mark.pure

OLD, NEW = "Python 3.11 with PostgreSQL 15", "Python 3.13 with PostgreSQL 18"


def test_what_it_names_is_there() -> None:
    assert [path for path in (*ON_PYTHON, *ON_POSTGRES) if not (ROOT / path).exists()] == []
    assert len({pair.python for pair in PAIRS}) == len({pair.postgres for pair in PAIRS}) == 2


def test_the_python_of_the_whole_run_is_not_tried_twice() -> None:
    own, other = f"{sys.version_info.major}.{sys.version_info.minor}", "3.99"
    assert matrix.selection(Pair(own, 15)) == ON_POSTGRES
    assert matrix.selection(Pair(other, 18)) == (*ON_PYTHON, *ON_POSTGRES)


def test_a_python_that_cannot_be_run_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shims, versions = tmp_path / "shims", tmp_path / "versions"
    for folder, status in ((shims, 127), (versions / "3.11.9" / "bin", 1), (versions / "3.11.10" / "bin", 0)):
        folder.mkdir(parents=True)
        (folder / "python3.11").write_text(f"#!/bin/sh\nexit {status}\n")
        (folder / "python3.11").chmod(0o755)
    monkeypatch.setenv("PATH", str(shims))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert matrix.find_python("3.11") == str(versions / "3.11.10" / "bin" / "python3.11")
    assert matrix.find_python("3.13") is None
    assert matrix.lacks(Pair("3.13", 18)) == "no Python 3.13 on this machine"
    assert matrix.lacks(Pair("3.11", 14)) == "no PostgreSQL 14 on this machine"
    assert matrix.lacks(Pair("3.11", matrix.embedded())) is None


@pytest.mark.parametrize(
    ("missing", "failing", "status", "said"),
    [
        ((), (), 0, [f"Passed: {OLD}.", f"Passed: {NEW}."]),
        (("3.13",), (), 0, [f"Passed: {OLD}.", f"Skipped: {NEW} (none)."]),
        ((), ("3.11",), 1, [f"Failed: {OLD}.", f"Passed: {NEW}."]),
        (("3.11", "3.13"), (), 1, [f"Skipped: {OLD} (none).", f"Skipped: {NEW} (none)."]),
    ],
)
def test_how_it_ends(
    missing: tuple[str, ...],
    failing: tuple[str, ...],
    status: int,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(matrix, "lacks", lambda pair: "none" if pair.python in missing else None)
    monkeypatch.setattr(matrix, "run", lambda pair, arguments: pair.python not in failing)
    assert matrix.main([]) == status
    assert capsys.readouterr().out.splitlines()[-2:] == said
