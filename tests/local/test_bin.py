"""bin/run and bin/test on machines that lack something."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.running import ROOT

TOOLS = ("sh", "dirname", "basename", "cat", "cmp", "cp", "df", "awk", "rm", "env", "uname", "ls", "mkdir")
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)
FAKE_UV = '#!/bin/sh\necho "uv $*"\nexit {status}\n'
FAKE_PYTHON = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; *version_info*) exit {new} ;; esac\necho "Python 3.x"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the real scripts, nothing to install, and a manage.py that shows its arguments."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "bin", folder / "bin")
    (folder / "locks").mkdir()
    for name in ("run", "test", "uv"):
        (folder / "locks" / f"{name}.txt").write_text("# nothing\n")
    (folder / "manage.py").write_text("import sys\nprint('manage.py', sys.argv[1:], sys.prefix)\n")
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the few programs of every system, and no Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        (folder / name).symlink_to(shutil.which(name) or name)
    return folder


def run(
    project: Path, path: Path | str, script: str = "run", *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(project / "bin" / script), *arguments],
        env={"PATH": str(path), **environment},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def fake(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def test_no_python_or_an_old_one(project: Path, tools: Path) -> None:
    ended = run(project, tools)
    assert ended.returncode == 1
    assert "Python 3.11 or newer is missing" in ended.stderr
    assert "apt-get install python3" in ended.stderr
    fake(tools, "python3", FAKE_PYTHON.format(new=1))
    ended = run(project, tools)
    assert ended.returncode == 1
    assert "Python 3.11 or newer is missing (found: Python 3.x)" in ended.stderr


def test_no_venv_module(project: Path, tools: Path) -> None:
    fake(tools, "python3", FAKE_PYTHON.format(new=0))
    ended = run(project, tools)
    assert ended.returncode == 1
    assert "The venv module" in ended.stderr
    assert "apt-get install python3-venv" in ended.stderr
    assert not (project / ".venv").exists()


def test_a_full_disk(project: Path, tools: Path) -> None:
    (tools / "python3").symlink_to(sys.executable)
    (tools / "df").unlink()
    fake(tools, "df", "#!/bin/sh\necho Filesystem\necho '/dev/x 1000 900 100 90% /'\n")
    ended = run(project, tools)
    assert ended.returncode == 1
    assert "is nearly full: 0 MB are free" in ended.stderr
    assert not (project / ".venv").exists()


def test_first_second_and_changed_start(project: Path, tools: Path) -> None:
    """Without uv (there is none in the lock), so by pip."""
    (tools / "python3").symlink_to(BASE_PYTHON)
    lock = project / "locks" / "run.txt"
    first = run(project, tools, "run", "--port", "81 82")
    assert first.returncode == 0, first.stderr
    assert "Making a virtual environment" in first.stdout
    assert "Installing what locks/run.txt lists" in first.stdout
    assert "with pip it takes a minute longer" in first.stdout
    assert f"manage.py ['up', '--port', '81 82'] {project / '.venv'}" in first.stdout
    second = run(project, tools)
    assert second.stdout.splitlines() == [f"manage.py ['up'] {project / '.venv'}"]
    lock.write_text("# nothing, in other words\n")
    changed = run(project, tools)
    assert "Installing" in changed.stdout
    assert "Making" not in changed.stdout
    lock.write_text("./no-such-package\n")
    broken = run(project, tools)
    assert broken.returncode == 1
    assert "The packages could not be installed" in broken.stderr
    assert "manage.py" not in broken.stdout
    assert run(project, tools).returncode == 1  # what failed is not taken for done


def test_pip_takes_nothing_without_its_hash(project: Path, tools: Path) -> None:
    (tools / "python3").symlink_to(BASE_PYTHON)
    wheel = project / "thing-1-py3-none-any.whl"
    wheel.write_bytes(b"")
    (project / "locks" / "run.txt").write_text(f"thing @ file://{wheel} --hash=sha256:{'0' * 64}\n")
    ended = run(project, tools)
    assert ended.returncode == 1
    assert "DO NOT MATCH THE HASHES" in ended.stderr


def test_uv_installs_where_there_is_one(project: Path, tools: Path) -> None:
    (tools / "python3").symlink_to(BASE_PYTHON)
    fake(tools, "uv", FAKE_UV.format(status=0))
    ended = run(project, tools)
    assert ended.returncode == 0, ended.stderr
    command = "uv pip install --quiet --python .venv/bin/python --no-deps --require-hashes -r locks/run.txt"
    assert command in ended.stdout.splitlines()
    assert "with pip" not in ended.stdout
    assert "Installing" not in run(project, tools).stdout


def test_pip_installs_where_uv_fails(project: Path, tools: Path) -> None:
    (tools / "python3").symlink_to(BASE_PYTHON)
    fake(tools, "uv", FAKE_UV.format(status=2))
    ended = run(project, tools)
    assert ended.returncode == 0, ended.stderr
    assert "with pip it takes a minute longer" in ended.stdout
    assert "manage.py ['up']" in ended.stdout


def test_another_python_has_an_environment_of_its_own(project: Path, tools: Path) -> None:
    fake(tools, "uv", FAKE_UV.format(status=0))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ended = run(project, tools, PYTHON=BASE_PYTHON)
    assert f"manage.py ['up'] {project / f'.venv-{version}'}" in ended.stdout
    assert not (project / ".venv").exists()
    ended = run(project, tools, PYTHON="python2.7")
    assert ended.returncode == 1
    assert "PYTHON=python2.7 is no Python 3.11 or newer" in ended.stderr


def test_no_npm(project: Path, tools: Path) -> None:
    """Types of the pages' JavaScript are checked in CI; elsewhere it is said that they are not."""
    (tools / "python3").symlink_to(BASE_PYTHON)
    fake(tools, "uv", FAKE_UV.format(status=0))
    ended = run(project, tools, "test", CI="true")
    assert (ended.returncode, ended.stderr) == (1, "npm is missing. Debian: apt-get install nodejs npm\n")
    assert "npm is missing: the types" in run(project, tools, "test", "--version").stdout


def test_no_chromium(project: Path, tools: Path) -> None:
    (tools / "python3").symlink_to(BASE_PYTHON)
    fake(tools, "uv", FAKE_UV.format(status=0))
    for name in ("package-lock.json", "node_modules/installed-lock"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).touch()
    ended = run(project, tools, "test", CI="true")
    assert ended.returncode == 1
    assert "Chromium is missing. Debian: apt-get install chromium" in ended.stderr
    assert "== " not in ended.stdout


MEASURED = "--cov --cov-report= --cov-fail-under=0"


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        (
            ("product",),
            ["-n 2 --dist worksteal -m not alone --ignore=tests/sandbox", "-m alone --ignore=tests/sandbox"],
        ),
        (("product", "-m", "pure and x"), ["--ignore=tests/sandbox -m pure and x"]),
        (("sandbox",), ["-n 2 tests/sandbox"]),
        (("sandbox", "-k", "auth"), ["-n 2 tests/sandbox -k auth"]),
        (("-k", "sandbox"), ["-k sandbox"]),
        (("-m", "pure", "-q"), ["-n 2 -m pure -q"]),
        ((), [f"-n 2 --dist worksteal {MEASURED} -m not alone", "-m alone"]),
    ],
)
def test_parts_of_the_tests(project: Path, tools: Path, arguments: tuple[str, ...], runs: list[str]) -> None:
    programs = project / ".venv" / "bin"
    programs.mkdir(parents=True)
    fake(
        programs,
        "python",
        '#!/bin/sh\n[ "$2" != tests.second_look ] || shift 3\n'
        'if [ "$1 $2" = "-m pytest" ]; then shift 2; echo "pytest $*"; fi\n',
    )
    for name in ("lint-imports", "ruff", "mypy"):
        fake(programs, name, "#!/bin/sh\n")
    ended = run(project, tools, "test", *arguments, CHROMIUM="chromium", TEST_PROCESSES="2")
    assert ended.returncode == 0, ended.stderr
    assert [line for line in ended.stdout.splitlines() if line.startswith("pytest")] == [
        f"pytest {run}" for run in runs
    ]


def test_the_scripts_can_be_run() -> None:
    for script in ("bin/run", "bin/test", "bin/lock", ".ci/run"):
        assert os.access(ROOT / script, os.X_OK)
