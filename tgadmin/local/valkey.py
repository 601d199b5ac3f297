"""The embedded Valkey: a loopback port, a password made at each start, nothing on disk.

It carries wake-ups between processes and nothing that may not be lost, so it keeps no data over a restart.
"""

import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

from tgadmin.local.account import ServiceUser, is_root, service_user
from tgadmin.local.binaries import valkey_program
from tgadmin.local.errors import LocalError
from tgadmin.local.paths import DataDir, read_json, write_json
from tgadmin.local.pidfile import POLL_SECONDS, Mark, stop
from tgadmin.local.ports import LOOPBACK, free_port
from tgadmin.local.spawn import spawn

PORT_TRIES = 5
START_SECONDS = 15.0
STOPPING = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))

CONF = """\
bind {host}
port {port}
requirepass {password}
protected-mode yes
daemonize no
save ""
appendonly no
maxmemory {megabytes}mb
maxmemory-policy noeviction
logfile ""
loglevel warning
"""


class Valkey:
    """One server of one DATA_DIR. `copies` is where its program is put for a user who cannot go to pip's; without a
    `password` it makes one."""

    def __init__(self, data: DataDir, copies: Path | None = None, *, megabytes: int = 256, password: str = "") -> None:
        self._data = data
        self._user: ServiceUser | None = service_user(data.root) if is_root() else None
        self._program = valkey_program(self._user, copies or data.root / "programs")
        if self._user is not None and not self._user.can_run(self._program):
            self._user = None  # then as root: there is no place for a copy that another user can reach
        self._megabytes = megabytes
        self._log = data.log("valkey")
        self._password = password or secrets.token_urlsafe(24)
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    @property
    def url(self) -> str:
        """REDIS_URL of the running server."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> str:
        """Start it, wait until it answers, return its REDIS_URL."""
        self.launch()
        return self.ready()

    def launch(self) -> None:
        """End what an earlier run left, start the server; `ready` waits for it."""
        noted = read_json(self._data.valkey) or {}
        orphan = Mark.read(noted)
        if orphan is not None and not stop(orphan, *STOPPING):
            raise LocalError(f"The Valkey that an earlier run left (process {orphan.pid}) does not stop.")
        port = noted.get("port")
        self._spawn(port if isinstance(port, int) else None)

    def ready(self) -> str:
        """Wait until the server answers to its password."""
        for _ in range(PORT_TRIES):
            if self._wait():
                return self.url
            said = self._said()
            if "Address already in use" not in said and "Failed listening" not in said:
                last = next((line for line in reversed(said.splitlines()) if line.strip()), "it gave no reason")
                raise LocalError(f"Valkey did not start: {last.strip()} (see {self._log}).")
            self._spawn(None)
        raise LocalError(f"Valkey found no free port on {LOOPBACK} in {PORT_TRIES} tries.")

    def exit_status(self) -> int | None:
        """None while the server runs (or was never started)."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for number, seconds in STOPPING:
            process.send_signal(number)
            try:
                process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                continue

    def _spawn(self, preferred: int | None) -> None:
        self._port = free_port(preferred)
        self._log_from = self._log.stat().st_size if self._log.exists() else 0
        self._process = self._spawn_with(
            CONF.format(host=LOOPBACK, port=self._port, password=self._password, megabytes=self._megabytes)
        )
        mark = Mark.of(self._process.pid)
        write_json(self._data.valkey, {**(mark.write() if mark else {}), "port": self._port})

    def _spawn_with(self, conf: str) -> "subprocess.Popen[bytes]":
        """Told through its standard input, the configuration shows the password to no process list and no disk."""
        end, ours = os.pipe()
        try:
            os.write(ours, conf.encode())  # less than a pipe holds
            os.close(ours)
            return spawn(
                [self._program, "-"],
                environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                log=self._log,
                cwd="/",
                user=self._user,
                stdin=end,
            )
        finally:
            os.close(end)

    def _wait(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            if self._pings():
                return True
            time.sleep(POLL_SECONDS)
        self.stop()
        raise LocalError(f"Valkey was not ready within {START_SECONDS:.0f} s (see {self._log}).")

    def _pings(self) -> bool:
        """Whether it is our server that answers there: another would not know the password."""
        try:
            with socket.create_connection((LOOPBACK, self._port or 0), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (part := connection.recv(256)):
                    answer += part
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def _said(self) -> str:
        with self._log.open("rb") as stream:
            stream.seek(self._log_from)
            return stream.read(64 * 1024).decode(errors="replace")
