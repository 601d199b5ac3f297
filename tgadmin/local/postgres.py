"""The embedded PostgreSQL: made once, started on a loopback port with scram passwords only, stopped cleanly.

Nobody can log in as the superuser: what needs one (the roles, the database, the extensions) is done in single-user mode
before the server first listens, so there is no moment without a password and no superuser password to keep.

Two roles: OWNER has the tables and migrates them; USER is the running program's, which reads and writes rows, and of
the audit only reads and adds (readiness.Database.share). The program's password is made from the owner's, and does not
lead back to it.
"""

import hashlib
import locale
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import psutil

from tgadmin.local.account import ServiceUser, nobody
from tgadmin.local.binaries import postgres_programs
from tgadmin.local.cluster_dir import ClusterDir, find_cluster_dir, note
from tgadmin.local.errors import LocalError
from tgadmin.local.paths import DataDir, need_space, read_json
from tgadmin.local.pidfile import POLL_SECONDS, Mark, stop
from tgadmin.local.ports import LOOPBACK, free_port
from tgadmin.local.spawn import spawn

OWNER = DATABASE = "tgadmin"
USER = "tgadmin_program"
ROLES_FILE = "roles"
"""In the place: says that USER has been made; clusters of older versions have none."""
PORT_TRIES = 5
START_SECONDS = 60.0  # recovery after a power cut may take that long
STOPPING = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))  # fast, immediate, by force

DISK_FULL = ("No space left on device", "could not extend file")
"""What PostgreSQL says then; a write that was cut short names no reason."""

HBA = f"host all all {LOOPBACK}/32 scram-sha-256\n"

# Errors are logged without the statement, its parameters and the DETAIL line: they would hold message text and phones.
CONF = """\
listen_addresses = '{host}'
unix_socket_directories = ''
max_connections = {connections}
shared_buffers = {buffers}
password_encryption = scram-sha-256
shared_preload_libraries = 'pg_stat_statements'
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_min_messages = warning
log_min_error_statement = panic
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
log_checkpoints = off
{durability}
"""
FAST = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n"

SETUP = """\
CREATE EXTENSION pg_trgm
CREATE EXTENSION pg_stat_statements
CREATE ROLE {owner} LOGIN CREATEDB PASSWORD '{password}'
GRANT pg_monitor TO {owner}
CREATE DATABASE {database} OWNER {owner}
"""
USER_SETUP = """\
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') THEN CREATE ROLE {user}; END IF; END $$
ALTER ROLE {user} LOGIN PASSWORD '{password}'
GRANT pg_monitor TO {user}
"""


class Postgres:
    """One cluster of one DATA_DIR. `durable=False` (tests) trades safety against a power cut for speed."""

    def __init__(self, data: DataDir, *, durable: bool = True, connections: int = 200) -> None:
        self._data = data
        self._durable = durable
        self._connections = connections
        self._place = find_cluster_dir(data)
        self._programs = postgres_programs(self._place.user, self._place.copies)
        self._log = data.log("postgres")
        self._process: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    @property
    def url(self) -> str:
        """DATABASE_URL of the running server, for the owner of the tables."""
        return _url(OWNER, self._place.password, self._place.port)

    @property
    def program_url(self) -> str:
        """The same for the running program."""
        return _url(USER, _program_password(self._place.password), self._place.port)

    @property
    def place(self) -> ClusterDir:
        return self._place

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> str:
        """Start it, wait until it answers, return its DATABASE_URL."""
        self.launch()
        return self.ready()

    def launch(self) -> None:
        """Make the cluster if there is none, end what an earlier run left, start the server; `ready` waits for it."""
        stop_orphan(self._place.cluster)
        if not self._place.cluster.exists():
            self._create()
        self._check_version()
        self._make_user()
        self._spawn()

    def ready(self) -> str:
        """Wait until the server accepts connections; a port that was taken meanwhile is exchanged for another."""
        for _ in range(PORT_TRIES):
            if self._wait():
                return self.url
            self._process = None
            said = self._said()
            if "Address already in use" not in said and "could not create any TCP/IP sockets" not in said:
                raise LocalError(_explain("PostgreSQL did not start", said, self._log))
            self._place = replace(self._place, port=None)
            self._spawn()
        raise LocalError(f"PostgreSQL found no free port on {LOOPBACK} in {PORT_TRIES} tries.")

    def exit_status(self) -> int | None:
        """None while the server runs (or was never started)."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> None:
        """Fast shutdown: connections are closed, everything is on disk."""
        process, self._process = self._process, None
        if process is None:
            return
        for number, seconds in STOPPING:
            process.send_signal(number)
            try:
                process.wait(seconds)
                return
            except subprocess.TimeoutExpired:
                continue

    def _spawn(self) -> None:
        port = free_port(self._place.port)
        if port != self._place.port:
            self._place = replace(self._place, port=port)
            note(self._data, self._place)
        self._log_from = self._log.stat().st_size if self._log.exists() else 0
        self._process = spawn(
            [self._programs.postgres, "-D", self._place.cluster, "-p", str(port)],
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            log=self._log,
            cwd="/",
            user=self._place.user,
            on_parent_death=signal.SIGINT,  # a fast shutdown, also when `up` is killed
        )

    def _wait(self) -> bool:
        """True when the server of ours says that it is ready; False when it has ended."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            lines = _pid_file(self._place.cluster)
            if len(lines) >= 8 and lines[0] == str(self._process.pid) and lines[7] == "ready":
                return True
            time.sleep(POLL_SECONDS)
        self.stop()
        raise LocalError(_explain(f"PostgreSQL was not ready within {START_SECONDS:.0f} s", self._said(), self._log))

    def _said(self) -> str:
        with self._log.open("rb") as stream:
            stream.seek(self._log_from)
            return stream.read(64 * 1024).decode(errors="replace")

    def _create(self) -> None:
        """A new cluster, complete or not at all: it gets its name when its role and database are in it."""
        need_space(self._place.folder)
        fresh = self._place.cluster.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        user = self._place.user
        fresh.mkdir(mode=0o700)
        maker = None if user is None else nobody()  # initdb and single-user mode ask for a user of /etc/passwd
        if maker is not None:
            maker.own(fresh)
        command: list[str | Path] = [self._programs.initdb, "-D", fresh, "-U", "postgres", "-A", "reject", "-E", "UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={_unicode_locale()}"]
        if not self._durable:
            command.append("--no-sync")
        self._run(command, "PostgreSQL's data directory could not be made", maker, b"")
        (fresh / "pg_hba.conf").write_text(HBA, encoding="utf-8")
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as stream:
            stream.write(self._conf())
        setup = SETUP.format(owner=OWNER, database=DATABASE, password=self._place.password)
        self._single(fresh, maker, setup + self._user_setup())
        if user is not None:
            user.own(fresh)
        fresh.rename(self._place.cluster)
        (self._place.folder / ROLES_FILE).touch(mode=0o600)

    def _user_setup(self) -> str:
        return USER_SETUP.format(user=USER, password=_program_password(self._place.password))

    def _make_user(self) -> None:
        """In a cluster of an older version, once. May be repeated."""
        made = self._place.folder / ROLES_FILE
        if made.exists():
            return
        user = self._place.user
        maker = None if user is None else nobody()
        try:
            if maker is not None:
                maker.own(self._place.cluster)
            self._single(self._place.cluster, maker, self._user_setup())
        finally:
            if user is not None:
                user.own(self._place.cluster)
        made.touch(mode=0o600)

    def _single(self, cluster: Path, user: ServiceUser | None, commands: str) -> None:
        """Statements as the superuser, one a line, while no server runs."""
        command: list[str | Path] = [self._programs.postgres, "--single", "-D", cluster, "template1"]
        self._run(command, "PostgreSQL's database could not be made", user, commands.encode())

    def _conf(self) -> str:
        return CONF.format(
            host=LOOPBACK,
            connections=self._connections,
            buffers="128MB" if self._durable else "32MB",
            durability="" if self._durable else FAST,
        )

    def _run(self, command: list[str | Path], failure: str, user: ServiceUser | None, commands: bytes) -> None:
        identity = {} if user is None else user.identity()
        ended = subprocess.run(  # noqa: S603
            [str(part) for part in command],
            input=commands,
            capture_output=True,
            check=False,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            **identity,
        )
        said = ended.stderr.decode(errors="replace")
        if ended.returncode != 0 or "ERROR:" in said or "FATAL:" in said:
            with self._log.open("a", encoding="utf-8") as stream:
                stream.write(said)
            raise LocalError(_explain(failure, said, self._log))

    def _check_version(self) -> None:
        have = (self._place.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        want = (
            (self._programs.folder.parent / "share" / "postgres.bki")
            .read_text(encoding="utf-8")
            .split("\n", 1)[0]
            .split()[-1]
        )
        if have != want:
            raise LocalError(
                f"{self._place.cluster} holds data of PostgreSQL {have}, but {want} is installed: install the tgadmin "
                "that made it and move the data with pg_dump and pg_restore, or set DATABASE_URL."
            )


def _url(role: str, password: str, port: int | None) -> str:
    return f"postgresql://{role}:{password}@{LOOPBACK}:{port}/{DATABASE}"


def _program_password(owners: str) -> str:
    return hashlib.sha256(f"{USER} {owners}".encode()).hexdigest()


def owner_url(data: DataDir) -> str | None:
    """DATABASE_URL of the owner of the tables on the running server of this DATA_DIR; None where there is none."""
    noted = read_json(data.postgres)
    if noted is None or not isinstance(noted.get("port"), int):
        return None
    return _url(OWNER, str(noted["password"]), int(str(noted["port"])))


def _unicode_locale() -> str:
    """A locale of this system that knows letters beyond ASCII (pg_trgm asks the C library what a letter is)."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8", "UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _pid_file(cluster: Path) -> list[str]:
    """postmaster.pid: pid, data directory, start time, port, socket, host, shared memory, status."""
    try:
        return [line.strip() for line in (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return []


def stop_orphan(cluster: Path) -> bool:
    """End a server that an earlier run left on this cluster; True if there was one.

    It is ours if the process of postmaster.pid is a `postgres` that works in this very directory (a postmaster's
    working directory is its cluster). A pid file that names anything else is stale: its number was given to a stranger.
    """
    lines = _pid_file(cluster)
    if not lines or not lines[0].lstrip("-").isdigit():
        return False
    pid = abs(int(lines[0]))
    if _is_postmaster_of(pid, cluster):
        mark = Mark.of(pid)
        if mark is not None and not stop(mark, *STOPPING):
            raise LocalError(f"The PostgreSQL that an earlier run left on {cluster} (process {pid}) does not stop.")
        return True
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    return False


def _is_postmaster_of(pid: int, cluster: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return (
            process.status() != psutil.STATUS_ZOMBIE
            and process.name() == "postgres"
            and Path(process.cwd()).resolve() == cluster.resolve()
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False


def _explain(failure: str, said: str, log: Path) -> str:
    """One sentence out of what PostgreSQL said."""
    if any(words in said for words in DISK_FULL):
        return f"{failure}: the disk is full. Free some space, or set DATA_DIR to a directory on another disk."
    lines = said.splitlines()
    faults = [line for line in lines if any(word in line for word in ("FATAL:", "ERROR:", "PANIC:", "error:"))]
    if faults and "contains errors" in faults[0]:  # which errors stands in the lines before
        faults = [line for line in lines if "LOG:" in line] + faults
    reason = faults[0].split("] ", 1)[-1].strip() if faults else "it gave no reason"
    return f"{failure}: {reason} (see {log})."
