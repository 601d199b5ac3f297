"""A test that fails twice fails the run; one that passes alone is named; a broken run is none to try again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import second_look
from tests.kit.running import ROOT

pytestmark = pytest.mark.source


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with tests of its own: they pass from the second time on, or never."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_own.py").write_text(
        "import pathlib\n"
        "def test_later(name='been'):\n"
        "    been = pathlib.Path(__file__).with_name(name)\n"
        "    there = been.exists()\n"
        "    been.touch()\n"
        "    assert there\n"
        "def test_never():\n"
        "    assert False\n"
        "def test_always():\n"
        "    assert True\n"
    )
    return tmp_path


def whole(own: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(second_look, "ROOT", own)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # that folder has no project
    command = [sys.executable, "-m", "pytest", "-q", f"-c{own / 'pytest.ini'}", *options]
    return second_look.main(command, own / ".pytest_cache")


def test_what_passes_alone_is_named_and_the_run_passes(
    own: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert whole(own, monkeypatch, "-k", "not never") == 0
    assert "Passed alone, failed among others: test_own.py::test_later\n" in capfd.readouterr().out


def test_what_fails_twice_fails_the_run(
    own: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert whole(own, monkeypatch) == 1
    said = capfd.readouterr().out
    assert "Failed twice: test_own.py::test_never\n" in said
    assert "Passed alone, failed among others: test_own.py::test_later\n" in said


@pytest.mark.parametrize(("options", "status"), [(("-k", "always"), 0), (("-k", "nothing"), 5), (("--unknown",), 4)])
def test_nothing_else_is_tried_again(
    options: tuple[str, ...],
    status: int,
    own: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert whole(own, monkeypatch, *options) == status
    assert "once more" not in capfd.readouterr().out


def test_many_failures_are_no_accident(
    own: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(second_look, "MOST", 1)
    assert whole(own, monkeypatch) == 1
    assert "once more" not in capfd.readouterr().out


def test_an_older_note_is_not_this_runs(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert whole(own, monkeypatch) == 1
    assert second_look.failed_tests(own / ".pytest_cache") == ["test_own.py::test_later", "test_own.py::test_never"]
    assert whole(own, monkeypatch, "-k", "always") == 0
    assert second_look.failed_tests(own / ".pytest_cache") == []


def test_the_whole_run_asks_for_it() -> None:
    assert "check tests python -m tests.second_look python -m pytest -n" in (ROOT / "bin" / "test").read_text("utf-8")
