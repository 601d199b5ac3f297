"""`manage.py up`: everything on one machine, started in order, kept running, stopped in reverse order."""

import contextlib
import os
import secrets
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tgadmin.local import keys, logs, orphans, programs
from tgadmin.local.address import WILDCARDS, address, allowed_hosts, check_port, reach
from tgadmin.local.bootstrap import Administrator, Preparation
from tgadmin.local.datacentre import DataCentre
from tgadmin.local.errors import LocalError
from tgadmin.local.paths import DataDir
from tgadmin.local.pidfile import POLL_SECONDS
from tgadmin.local.postgres import Postgres
from tgadmin.local.processes import Child, Supervisor, Watched, stop_children
from tgadmin.local.procfile import read_procfile
from tgadmin.local.programs import GATEWAY, WEB, WORKER, Programs
from tgadmin.local.readiness import Database, web_answers
from tgadmin.local.report import Reporter
from tgadmin.local.runtime import Lock, Runtime
from tgadmin.local.servers import Server
from tgadmin.local.valkey import Valkey

READY_SECONDS = 90.0
LOG_CHECK_SECONDS = 60.0
TRIES_BEFORE_READY = 3
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SANDBOX = "sandbox"


@dataclass(frozen=True)
class Options:
    """What the command line says. `base` is the project's directory."""

    base: Path
    data_dir: Path
    host: str
    port: int
    json: bool


class Stopped(BaseException):
    """The user wants us to end while we are still starting. Not an Exception: nothing on the way may swallow it."""


class Up:
    """One run of `up`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._data = DataDir.at(options.data_dir)
        self._given = {name: value for name, value in os.environ.items() if value != ""}
        self._reporter = Reporter(options.json)
        self._say = self._reporter.say
        self._address = address(options.host, options.port)
        self._lock = Lock(self._data)
        self._servers: dict[str, Server] = {}
        self._postgres: Postgres | None = None
        self._centre: DataCentre | None = None
        self._children: dict[str, Child] = {}
        self._supervisor = Supervisor(self._say, self._note)
        self._keys: dict[str, str] = {}
        self._programs = Programs()
        self._environment: dict[str, str] = {}
        self._runtime = Runtime(pid=os.getpid(), address=self._address, environment={}, run=secrets.token_hex(16))
        self._parent_pipe, self._our_end = os.pipe()  # the kernel closes our end when we die
        self._stops = 0
        self._starting = True
        self._began = time.monotonic()

    def run(self) -> None:
        """Start, run until told to stop, stop. LocalError if it cannot start."""
        self._data.prepare()
        self._lock.take(self._address)
        try:
            with self._signals() as wake:
                try:
                    self._start()
                    self._starting = False
                    self._watch(wake)
                except Stopped:
                    pass
                finally:
                    self._starting = False
                    self._stop()
        finally:
            self._lock.release()

    # -- starting

    def _start(self) -> None:
        check_port(self._options.host, self._options.port)
        orphans.end(self._data, self._say)
        self._keys = keys.keys(self._data, self._given, self._say)
        self._programs = programs.find(self._data, self._options.base, self._options.port)
        if self._programs.message:
            self._say(self._programs.message)
        self._launch_servers()
        self._launch_sandbox()
        for server in self._servers.values():
            server.ready()
            self._supervisor.add(server)
        if self._centre is not None:  # its public key is part of the configuration, which the programs check
            self._wait(SANDBOX, self._centre.has_written)
        self._complete_environment()
        self._note()
        administrator = self._preparation().do(self._environment)
        self._launch_programs()
        self._runtime.ready = True
        self._note()
        self._tell_ready(administrator)

    def _launch_servers(self) -> None:
        """Both at once; a cluster that has to be made takes half a second."""
        copies: Path | None = None
        if "DATABASE_URL" not in self._given:
            fresh = not self._data.postgres.exists()
            self._say(f"PostgreSQL: {'making a database' if fresh else 'starting'} …")
            self._postgres = postgres = Postgres(self._data)
            place, copies = postgres.place, postgres.place.copies
            if fresh and place.user is not None:
                self._say(f"PostgreSQL does not run as root: its data are in {place.folder}, user {place.user.uid}.")
            self._servers["postgres"] = Server("postgres", postgres, self._servers_moved)
        if "REDIS_URL" not in self._given:
            self._say("Valkey: starting …")
            self._servers["valkey"] = Server("valkey", Valkey(self._data, copies), self._servers_moved)
        for server in self._servers.values():
            server.launch()

    def _launch_sandbox(self) -> None:
        self._data.demo.unlink(missing_ok=True)  # an older run's
        if "TELEGRAM_API_ID" in self._given:
            return
        self._say("Sandbox: starting (TELEGRAM_API_ID is not set, a data centre on this machine stands in) …")
        self._centre = DataCentre.of(self._data, self._programs)
        self._runtime.sandbox = self._centre.facts()
        secret_key = {keys.SECRET_KEY: self._keys[keys.SECRET_KEY]}
        self._launch(SANDBOX, self._centre.command, {**self._without_keys(self._base_environment()), **secret_key})

    def _base_environment(self) -> dict[str, str]:
        """What every child gets: ours, without the administrator's password."""
        own = {
            "ALLOWED_HOSTS": self._given.get("ALLOWED_HOSTS") or allowed_hosts(self._options.host),
            "DATA_DIR": str(self._data.root),
            "HOST": self._options.host,
            "PORT": str(self._options.port),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SUPERUSER_PASSWORD": None,
            orphans.MARK: self._runtime.run,
        }
        return {name: value for name, value in {**self._given, **own}.items() if value is not None}

    def _complete_environment(self) -> None:
        """The contract's variables, as the programs and other commands get them."""
        contract = dict(self._keys)
        contract["DATABASE_URL"] = self._postgres.program_url if self._postgres else self._given["DATABASE_URL"]
        contract["REDIS_URL"] = self._servers["valkey"].url if "valkey" in self._servers else self._given["REDIS_URL"]
        if self._centre is not None:
            contract.update(self._centre.environment)
        else:
            contract.update({name: value for name, value in self._given.items() if name.startswith("TELEGRAM_")})
        self._runtime.environment = contract
        self._environment = {**self._base_environment(), **contract}

    def _environment_of(self, name: str) -> dict[str, str]:
        """A program's. The encryption keys are for those that decrypt; the worker does for the demo only."""
        environment = {**self._environment, "TGADMIN_PROCESS": name}
        return self._without_keys(environment) if name == WORKER and self._centre is None else environment

    def _without_keys(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in environment.items() if name != keys.ENCRYPTION_KEYS}

    def _preparation(self) -> Preparation:
        owner = self._postgres.url if self._postgres else None
        return Preparation(self._data, self._options.base, self._given, owner, self._child, self._say)

    def _launch_programs(self) -> None:
        """The Procfile's; done when the web process answers and the gateway has its first heartbeat.

        The gateway waits for the sandbox, so that it finds it at once; what nobody waits for (the worker) is last, so
        that it takes no time from them.
        """
        database = Database(self._environment["DATABASE_URL"])
        before = database.heartbeats()

        def gateway_is_alive() -> bool:
            now = database.heartbeats(self._children[GATEWAY].pid)
            return any(before.get(node) != count for node, count in now.items())

        commands = read_procfile(self._options.base / "Procfile", self._environment)

        def launch(name: str) -> None:
            self._say(f"{name}: starting …")
            self._launch(name, commands.pop(name), self._environment_of(name))

        launch(WEB)
        if self._centre is not None:
            self._wait(SANDBOX, self._centre.answers)
        launch(GATEWAY)
        self._note()
        self._wait(WEB, lambda: web_answers(reach(self._options.host), self._options.port))
        self._wait(GATEWAY, gateway_is_alive)
        for name in list(commands):
            launch(name)

    def _launch(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        self._children[name] = child = self._child(name, command, environment)
        child.start()
        self._supervisor.add(child)

    def _child(self, name: str, command: list[str], environment: Mapping[str, str]) -> Child:
        child = Child(name, command, environment, self._data.log(name), self._options.base, self._parent_pipe)
        child.user = self._programs.users.get(name)
        return child

    def _wait(self, name: str, condition: Callable[[], bool]) -> None:
        """Until `condition` holds; an error with the child's own words if it does not stay up."""
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            self._supervisor.tend()
            if self._supervisor.failures(name) >= TRIES_BEFORE_READY or time.monotonic() > deadline:
                child = self._children[name]
                raise LocalError(f"{name} does not start: {logs.reason(child.last_lines())} (see {child.log})")
            time.sleep(POLL_SECONDS)

    def _tell_ready(self, administrator: Administrator) -> None:
        if self._options.host in WILDCARDS and "ALLOWED_HOSTS" not in self._given:
            self._say("Browsers elsewhere are refused until ALLOWED_HOSTS names this machine as they call it.")
        facts = {
            "address": self._address,
            "user": administrator.name,
            "password_file": str(self._data.initial_password),
        }
        took = time.monotonic() - self._began
        lines = [
            "",
            f"tgadmin is ready ({took:.1f} s). Ctrl-C stops it; logs are in {self._data.logs}.",
            f"  address   {self._address}",
            f"  user      {administrator.name}",
            f"  password  {administrator.password}",
        ]
        self._reporter.ready(facts, lines)

    # -- running

    def _watch(self, wake: socket.socket) -> None:
        """Until a signal says stop: asleep but for ends of children, their next starts, and a look at their logs."""
        selector = selectors.DefaultSelector()
        selector.register(wake, selectors.EVENT_READ)
        while not self._stops:
            due = self._supervisor.tend()
            if selector.select(max(0.0, min(due, LOG_CHECK_SECONDS))):
                with contextlib.suppress(BlockingIOError):
                    wake.recv(4096)
            for child in self._children.values():
                logs.keep_small(child.log)

    def _servers_moved(self) -> None:
        """A server came back under another address (its port was taken meanwhile): all programs have to learn it."""
        self._complete_environment()
        for name, child in self._children.items():
            if name != SANDBOX:
                child.environment = self._environment_of(name)
                child.signal(signal.SIGTERM)

    def _note(self) -> None:
        watched: dict[str, Watched] = {**self._servers, **self._children}
        self._runtime.processes = {name: thing.pid for name, thing in watched.items() if thing.pid is not None}
        self._runtime.write(self._data)

    # -- stopping

    def _stop(self) -> None:
        """Worker, gateway, web; then the sandbox, which they talk to; then the servers. A second Ctrl-C hurries."""
        asked = self._stops
        if asked:
            self._say("Stopping …")
        sandbox = self._children.pop(SANDBOX, None)
        for children in (list(reversed(self._children.values())), [sandbox] if sandbox else []):
            stop_children(children, lambda: self._stops > max(asked, 1))
        for server in reversed(self._servers.values()):
            server.stop()
        self._programs.forget()
        if asked:
            self._say("Stopped.")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """Our handlers, and a socket that wakes the loop at each signal."""
        ours, wake = socket.socketpair()
        for end in (ours, wake):
            end.setblocking(False)
        before = {number: signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)}
        for number in STOP_SIGNALS:
            if number != signal.SIGHUP or before[number] != signal.SIG_IGN:  # nohup means what it says
                signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        old = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
        try:
            yield wake
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in before.items():
                signal.signal(number, handler)
            ours.close()
            wake.close()

    def _on_signal(self, number: int, frame: object) -> None:
        self._stops += 1
        if self._starting:
            self._starting = False
            raise Stopped


def run(options: Options) -> int:
    """What the command does: 0 after an orderly stop, 1 with a sentence on stderr."""
    try:
        Up(options).run()
    except LocalError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'tgadmin'}: {error.strerror or error}.\n")
        return 1
    return 0
