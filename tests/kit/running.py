"""A real `manage.py up` for tests, in a directory of its own, with its output and its end watched."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tgadmin.local import runtime
from tgadmin.local.account import ServiceUser
from tgadmin.local.runtime import Runtime

ROOT = Path(__file__).resolve().parents[2]
OURS = (
    "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SESSION_ENCRYPTION_KEYS", "DATA_DIR",
    "TELEGRAM_API_ID", "TELEGRAM_API_HASH", "TELEGRAM_DC", "TELEGRAM_DC_PUBLIC_KEY", "TELEGRAM_LOCAL_ADDRESS",
    "DJANGO_SETTINGS_MODULE", "DJANGO_SUPERUSER_USERNAME", "DJANGO_SUPERUSER_PASSWORD", "DJANGO_SUPERUSER_EMAIL",
)  # fmt: skip
"""What the test run's own environment names: a child that is to find things by itself must not see it."""


def bare_environment(**extra: str) -> dict[str, str]:
    """The environment without anything of the test run, plus `extra`."""
    return {**{name: value for name, value in os.environ.items() if name not in OURS}, **extra}


@contextmanager
def temporary_base() -> Iterator[Path]:
    """A directory for DATA_DIRs; under root the servers' own user can go through it, as through /srv or /opt."""
    base = Path(tempfile.mkdtemp(prefix="tgadmin-tests-"))
    base.chmod(0o711)
    try:
        yield base
    finally:
        shutil.rmtree(base, ignore_errors=True)


def python_as(user: ServiceUser) -> list[str]:
    """A command that runs the tests' interpreter as `user`.

    Where that user cannot go to the interpreter (one below /root), he is given the one capability to read and search
    everywhere: he owns, writes and signals what he otherwise would, no more.
    """
    packages = Path(sysconfig.get_path("purelib"))
    if not (user.can_enter(ROOT) and user.can_enter(packages)):
        pytest.skip(f"an ordinary user cannot go to {ROOT} and {packages}")
    drop = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups"]
    reader = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    # twice: setpriv itself may still go everywhere, and only what it starts is bound
    again = "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', 'import psycopg']).returncode)"
    for prefix in ([*drop, sys.executable], [*drop, *reader, sys.executable]):
        with contextlib.suppress(FileNotFoundError):
            if subprocess.run([*prefix, "-c", again], cwd=ROOT, capture_output=True, check=False).returncode == 0:
                return prefix
    pytest.skip(f"this system lets no ordinary user run {sys.executable} in {ROOT}")


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningUp:
    """One `manage.py up --json` on `data_dir`. `environment` adds to a bare one."""

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] = (),
        python: Sequence[str] = (sys.executable,),
    ) -> None:
        self.data_dir = data_dir
        self.port = port or unused_port()
        self.events: list[dict[str, str]] = []
        self._said_wrong = ""
        self.seconds = 0.0  # from the start to the ready line
        self._began = time.monotonic()
        self._ready = threading.Event()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the whole
        self.process = subprocess.Popen(
            [*python, "manage.py", "up", "--json", "--port", str(self.port), *arguments],
            cwd=ROOT,
            env=bare_environment(DATA_DIR=str(data_dir), **(environment or {})),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == "ready":
                self.seconds = time.monotonic() - self._began
                self._ready.set()
        self._ready.set()

    def wait_ready(self, seconds: float = 120) -> dict[str, str]:
        """The ready event: address, user, password_file."""
        self._ready.wait(seconds)
        ready = next((event for event in self.events if event["event"] == "ready"), None)
        assert ready is not None, f"{self.events}\n{self.errors()}\n{self.logs()}"
        return ready

    def said(self) -> str:
        return "\n".join(event.get("text", "") for event in self.events)

    def errors(self) -> str:
        """What it wrote to standard error."""
        if not self._errors.closed:
            self._errors.seek(0)
            self._said_wrong = self._errors.read().decode()
        return self._said_wrong

    def logs(self) -> str:
        """The end of each child's log, for a failed assertion."""
        found = sorted((self.data_dir / "logs").glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in found)

    def runtime(self) -> Runtime:
        """What it tells other commands: pids, the sandbox's control address, the environment."""
        return runtime.running(self.data_dir)

    @property
    def password(self) -> str:
        return (self.data_dir / "initial-password").read_text().strip()

    def wait(self, seconds: float = 60) -> int:
        return self.process.wait(seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        """Stop it as a user does; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(seconds)
        self._reader.join(10)
        return status

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "RunningUp":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
        self.errors()  # kept for whoever asks afterwards
        self._errors.close()
