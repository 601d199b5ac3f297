"""`manage.py sandbox` as a process of its own: what it prints and writes, how it stops, what it refuses."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient
from telethon.crypto import rsa as client_keys
from telethon.sessions import MemorySession
from telethon.tl import functions

from sandbox.control import ControlClient

ROOT = Path(__file__).parents[2]
PHONE = "491511234567"
Run = Callable[..., "Running"]


class Running:
    """The command, started; ``told`` is its JSON line."""

    def __init__(self, *args: str, folder: Path) -> None:
        # Neither database nor keys: nothing of the tests' own environment but what a shell has.
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "sandbox", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={**environment, "DATA_DIR": str(folder / "data")},
            text=True,
        )

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads(self.line()))

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            pytest.fail(self.process.communicate(timeout=30)[1])
        return line

    def end(self, number: int) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err

    def ended(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started: list[Running] = []

    def start(*args: str) -> Running:
        started.append(Running(*args, folder=tmp_path))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


async def connect(told: dict[str, Any], dc: int, session: MemorySession | None = None) -> TelegramClient:
    client_keys.add_key(Path(told["public_key"]).read_text(), old=False)  # noqa: ASYNC240
    session = session or MemorySession()
    session.set_dc(dc, told["host"], told["dcs"][str(dc)])
    client = TelegramClient(session, 1, "0" * 32, auto_reconnect=False)
    await client.connect()
    return client


def control(told: dict[str, Any]) -> ControlClient:
    return ControlClient(told["control"], Path(told["control_token"]).read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_cleanly(run: Run, number: int) -> None:
    command = run("--json")
    told = command.told
    assert command.end(number) == (0, "", "")
    assert not Path(told["public_key"]).parent.exists()
    with pytest.raises(ConnectionError):
        socket.create_connection((told["host"], told["port"])).close()


async def test_a_stock_client_connects_to_each_data_centre(run: Run) -> None:
    told = run("--json", "--dcs", "2").told
    assert told["dcs"] == {"1": told["port"], "2": told["port"] + 1}
    for dc in (1, 2):
        client = await connect(told, dc)
        assert (await client(functions.help.GetNearestDcRequest())).this_dc == dc
        await client.disconnect()


async def test_signing_in_with_the_code_from_its_file_and_a_kill(run: Run, tmp_path: Path) -> None:
    """A kill -9 forgets nothing that was answered."""
    state, codes, key = (str(tmp_path / name) for name in ("s.sqlite", "codes.jsonl", "key.pem"))
    command = run("--json", "--state", state, "--codes", codes, "--public-key", key)
    told = command.told
    assert (told["state"], told["codes"], told["public_key"]) == (state, codes, key)
    user_id = control(told).call("world.create_account", phone=PHONE, first_name="Anna")
    session = MemorySession()
    client = await connect(told, 1, session)
    await client.send_code_request(PHONE)
    (line,) = (json.loads(line) for line in Path(codes).read_text().splitlines())  # noqa: ASYNC240
    assert line["phone"] == PHONE
    assert stat.S_IMODE(Path(codes).stat().st_mode) == 0o600  # noqa: ASYNC240
    assert (await client.sign_in(PHONE, line["code"])).id == user_id
    command.end(signal.SIGKILL)
    await client.disconnect()
    again = await connect(run("--json", "--state", state, "--public-key", key).told, 1, session)
    assert (await again.get_me()).id == user_id
    await again.disconnect()


def test_prints_for_people(run: Run, tmp_path: Path) -> None:
    command = run("--state", str(tmp_path / "s.sqlite"))
    lines = [command.line() for _ in range(6)]
    assert lines[0].startswith("Telegram sandbox: DC 1 on 127.0.0.1:")
    assert lines[1].split()[-1] == str(tmp_path / "s.sqlite.public-key.pem")
    assert Path(lines[1].split()[-1]).read_text().startswith("-----BEGIN RSA PUBLIC KEY-----")


def test_a_taken_port(run: Run) -> None:
    port = run("--json").told["port"]
    code, out, err = run("--port", str(port)).ended()
    assert (code, out) == (1, "")
    assert "address already in use" in err
    assert err.count("\n") == 1


def test_a_state_that_is_in_use(run: Run, tmp_path: Path) -> None:
    state = str(tmp_path / "s.sqlite")
    assert run("--json", "--state", state).told
    code, out, err = run("--state", state).ended()
    assert (code, out) == (1, "")
    assert "in use by another process" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "args", [("--port", "x"), ("--port", "70000"), ("--dcs", "0"), ("--host", "192.0.2.1"), ("--nonsense",)]
)
def test_wrong_usage(run: Run, args: tuple[str, ...]) -> None:
    code, out, err = run(*args).ended()
    assert (code, out) == (2, "")
    assert "error:" in err
