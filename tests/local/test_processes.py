"""Children: what ends is started again, what they forked ends with them, nothing outlives its parent."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.kit.running import ROOT, bare_environment, unused_port
from tests.kit.waiting import eventually
from tgadmin.local import logs, parent_watch
from tgadmin.local.address import address, allowed_hosts, check_port
from tgadmin.local.errors import LocalError
from tgadmin.local.processes import Child, Supervisor, describe_status, stop_children
from tgadmin.local.procfile import read_procfile

SLEEP = "import signal; signal.pause()"
FORKS = "import os, signal\nos.fork()\nopen(os.environ['PIDS'], 'a').write(f'{os.getpid()}\\n')\nsignal.pause()\n"
STUBBORN = (
    "import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\nsignal.pause()\n"
)


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def pipe() -> Iterator[int]:
    reading, writing = os.pipe()
    yield reading
    os.close(reading)
    os.close(writing)


def child(tmp_path: Path, pipe: int, script: str, name: str = "child", **environment: str) -> Child:
    program = tmp_path / f"{name}.py"
    program.write_text(script)
    variables = bare_environment(PYTHONPATH=str(ROOT), **environment)
    return Child(name, [sys.executable, str(program)], variables, tmp_path / f"{name}.log", tmp_path, pipe)


def test_a_crashed_child_is_started_again_and_others_keep_running(tmp_path: Path, pipe: int) -> None:
    said: list[str] = []
    starts: list[int] = []
    supervisor = Supervisor(said.append, lambda: starts.append(1))
    one, other = child(tmp_path, pipe, SLEEP, "one"), child(tmp_path, pipe, SLEEP, "other")
    for started in (one, other):
        started.start()
        supervisor.add(started)
    first, bystander = one.pid, other.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)

    def started_again() -> bool:
        supervisor.tend()
        return one.pid != first

    eventually(started_again, 10, "the second start")
    assert other.pid == bystander
    assert other.exit_status() is None
    assert len(starts) == 1
    assert said[0].startswith("one ended (SIGKILL) after 0 s; it is started again in 0.5 s")
    stop_children([one, other], lambda: False)


def test_the_pauses_grow_and_a_steady_run_ends_them(tmp_path: Path) -> None:
    class Failing:
        name = "failing"
        pid = None
        starts = 0

        def start(self) -> None:
            self.starts += 1

        def exit_status(self) -> int | None:
            return 1

    now = [0.0]
    supervisor = Supervisor(lambda text: None, lambda: None, clock=lambda: now[0])
    failing = Failing()
    supervisor.add(failing)
    pauses = []
    for _ in range(9):
        pauses.append(round(supervisor.tend(), 3))
        now[0] += pauses[-1]
        supervisor.tend()
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert supervisor.failures("failing") == 9
    starts = failing.starts
    now[0] += 60
    supervisor.tend()
    assert supervisor.failures("failing") == 0
    assert failing.starts == starts + 1


def test_what_a_killed_child_forked_is_ended(tmp_path: Path, pipe: int) -> None:
    pids = tmp_path / "pids"
    forking = child(tmp_path, pipe, FORKS, PIDS=str(pids))
    forking.start()
    eventually(lambda: pids.exists() and len(pids.read_text().split()) == 2, 20, "both processes")
    assert forking.pid is not None
    os.kill(forking.pid, signal.SIGKILL)
    eventually(lambda: forking.exit_status() is not None, 10, "its end")
    eventually(lambda: not any(is_running(int(pid)) for pid in pids.read_text().split()), 10, "the fork's end")


def test_who_does_not_stop_is_killed(tmp_path: Path, pipe: int) -> None:
    deaf = child(tmp_path, pipe, STUBBORN)
    deaf.start()
    eventually(lambda: "deaf" in logs.last_lines(deaf.log), 20, "its handler")
    stop_children([deaf], lambda: False, grace=0.2)
    assert deaf.process is not None
    assert deaf.process.returncode == -signal.SIGKILL


def test_a_child_ends_at_the_end_of_its_parents_pipe(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    program = tmp_path / "child.py"
    program.write_text("import signal, sys\nprint(sys.argv[1:], flush=True)\nsignal.pause()\n")
    command = [sys.executable, "-m", "tgadmin.local.parent_watch", str(reading), str(program), "--option", "word"]
    started = subprocess.Popen(command, cwd=ROOT, pass_fds=[reading], stdout=subprocess.PIPE, text=True)
    os.close(reading)
    assert started.stdout is not None
    assert started.stdout.readline() == "['--option', 'word']\n"
    os.close(writing)
    assert started.wait(10) == -signal.SIGTERM
    started.stdout.close()


def test_a_deaf_child_is_killed_with_its_group(tmp_path: Path) -> None:
    assert parent_watch.GRACE_SECONDS > 0
    script = (
        "import os, signal, sys\n"
        "from tgadmin.local.parent_watch import watch\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "watch(int(sys.argv[1]), grace=0.2)\n"
        "print('up', flush=True)\n"
        "while True: signal.pause()\n"
    )
    reading, writing = os.pipe()
    started = subprocess.Popen(
        [sys.executable, "-c", script, str(reading)],
        cwd=ROOT,
        pass_fds=[reading],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    os.close(reading)
    assert started.stdout is not None
    assert started.stdout.readline() == "up\n"
    os.close(writing)
    assert started.wait(10) == -signal.SIGKILL
    started.stdout.close()


def test_secrets_are_in_no_process_list(tmp_path: Path, pipe: int) -> None:
    keeper = child(tmp_path, pipe, SLEEP, SECRET_KEY="never-in-a-list")
    keeper.start()
    assert keeper.pid is not None
    process = psutil.Process(keeper.pid)
    eventually(lambda: process.environ().get("SECRET_KEY") == "never-in-a-list", 10, "its environment")
    assert "never-in-a-list" not in " ".join(process.cmdline())
    stop_children([keeper], lambda: False)


@pytest.mark.pure
def test_statuses_in_words() -> None:
    assert [describe_status(status) for status in (0, 1, -9, -99)] == ["status 0", "status 1", "SIGKILL", "signal 99"]


def test_the_procfile_is_what_up_and_a_process_manager_read(tmp_path: Path) -> None:
    commands = read_procfile(ROOT / "Procfile", {"HOST": "127.0.0.2", "PORT": "81"})
    assert list(commands) == ["web", "gateway", "worker"]
    assert commands["web"][0] == sys.executable
    assert commands["web"][1:] == ["-m", "tgadmin.web", "-b", "127.0.0.2", "-p", "81"]
    assert commands["worker"][1:] == ["manage.py", "qcluster"]
    assert read_procfile(ROOT / "Procfile", {})["web"][-4:] == ["-b", "127.0.0.1", "-p", "8000"]
    from honcho.environ import parse_procfile

    assert list(parse_procfile((ROOT / "Procfile").read_text()).processes) == ["web", "gateway", "worker"]
    (tmp_path / "Procfile").write_text("web: bash -c 'x'\n")
    with pytest.raises(LocalError, match="'web' must begin with 'python'"):
        read_procfile(tmp_path / "Procfile", {})


def test_a_large_log_is_cut_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab") as writer:
        writer.write(b"old line\n" * 100)
        writer.flush()
        assert not logs.keep_small(log, largest=900)
        assert logs.keep_small(log, largest=899)
        writer.write(b"new line\n")
        writer.flush()
    assert log.read_text() == "new line\n"
    assert (tmp_path / "web.log.1").read_text().count("old line") == 100
    assert (tmp_path / "web.log.1").stat().st_mode & 0o777 == 0o600
    assert logs.last_lines(log, since=900) == ["new line"]


@pytest.mark.pure
def test_a_failed_check_is_told_with_its_hint() -> None:
    lines = [
        "SystemCheckError: System check identified some issues:",
        "ERRORS:",
        "?: (tgadmin.E1) X is wrong.",
        "\tHINT: Set X.",
    ]
    assert logs.reason(lines) == "(tgadmin.E1) X is wrong. Set X."
    assert logs.reason(["CommandError: No."]) == "No."
    assert logs.reason([]) == "it said nothing."


def test_a_taken_port_is_said_with_a_free_one() -> None:
    import socket

    port = unused_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(
            LocalError, match=rf"Port {port} on 127.0.0.1 is taken or not allowed: try --port (\d+)"
        ) as told:
            check_port("127.0.0.1", port)
    advised = int(str(told.value).rstrip(".").rpartition(" ")[2])
    assert port < advised < port + 101
    check_port("127.0.0.1", port)
    with pytest.raises(LocalError, match="no address of this machine"):
        check_port("no.such.host.invalid", port)


@pytest.mark.pure
def test_addresses() -> None:
    assert address("0.0.0.0", 80) == "http://127.0.0.1:80/"
    assert address("::1", 80) == "http://[::1]:80/"
    assert allowed_hosts("192.0.2.1") == "localhost,127.0.0.1,[::1],192.0.2.1"
    assert allowed_hosts("0.0.0.0") is None
