"""What a running `up` tells other commands, and that nobody believes it afterwards."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.running import ROOT, bare_environment
from tgadmin.local import runtime
from tgadmin.local.errors import LocalError, NotRunning
from tgadmin.local.paths import DataDir
from tgadmin.local.runtime import Lock, Runtime

HOLD = """
import signal, sys
from tgadmin.local.paths import DataDir
from tgadmin.local.runtime import Lock
Lock(DataDir.at(sys.argv[1])).take("http://127.0.0.1:1/")
print("held", flush=True)
signal.pause()
"""


def test_nothing_was_ever_started(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match=r"Nothing runs on DATA_DIR .*: start bin/run\."):
        runtime.load(tmp_path / "var")


def test_it_is_told_while_the_lock_is_held_only(data: DataDir) -> None:
    lock = Lock(data)
    lock.take("http://127.0.0.1:1/")
    with pytest.raises(NotRunning, match="only just starting"):
        runtime.load(data.root)
    Runtime(os.getpid(), "http://127.0.0.1:1/", {"DATABASE_URL": "postgresql://x"}, processes={"web": 7}).write(data)
    assert stat.S_IMODE(data.runtime.stat().st_mode) == 0o600
    assert runtime.load(data.root) == {"DATABASE_URL": "postgresql://x"}
    assert runtime.running(data.root).processes == {"web": 7}
    lock.release()
    assert not data.runtime.exists()
    with pytest.raises(NotRunning):
        runtime.load(data.root)


def test_a_file_that_a_killed_up_left_is_not_believed(data: DataDir) -> None:
    Runtime(os.getpid(), "http://127.0.0.1:1/", {"DATABASE_URL": "postgresql://x"}).write(data)
    with pytest.raises(NotRunning):
        runtime.load(data.root)


def test_a_second_up_is_told_who_runs(data: DataDir) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data.root)],
        cwd=ROOT,
        env=bare_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LocalError, match=rf"in use already: process {holder.pid} \(http://127.0.0.1:1/\) runs on it"):
        Lock(data).take("http://127.0.0.1:2/")
    holder.kill()
    holder.communicate()
    lock = Lock(data)
    lock.take("http://127.0.0.1:2/")
    lock.release()


def test_a_command_without_up_exits_with_one_sentence(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=ROOT,
        env=bare_environment(DATA_DIR=str(tmp_path / "var")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "bin/run" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""
    assert not (tmp_path / "var").exists()


def test_a_damaged_file_is_named(data: DataDir) -> None:
    data.keys.write_text("{")
    from tgadmin.local.paths import read_json

    with pytest.raises(LocalError, match=r"keys.json is damaged: restore it from a backup"):
        read_json(data.keys)


def test_somebody_elses_data_dir_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a directory that is another's")
    folder = tmp_path / "var"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(LocalError, match="belongs to user id 65534, not to you"):
        DataDir.at(folder).prepare()


def test_data_dir_is_narrowed(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o755)
    DataDir.at(folder).prepare()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o700}


def test_a_data_dir_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps({}))
    with pytest.raises(LocalError, match="cannot be made or used: Not a directory"):
        DataDir.at(tmp_path / "file" / "var").prepare()
