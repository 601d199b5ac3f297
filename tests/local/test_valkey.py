"""The embedded Valkey: who may enter, what an earlier run left."""

import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest
import redis

from tests.kit.running import ROOT, bare_environment
from tests.kit.waiting import eventually
from tgadmin.local.paths import DataDir
from tgadmin.local.valkey import Valkey


def test_only_the_password_opens_it(valkey: Valkey) -> None:
    client = redis.Redis.from_url(valkey.url)
    assert client.ping()
    assert client.config_get("bind")["bind"] == "127.0.0.1"
    password = client.connection_pool.connection_kwargs["password"]
    stranger = redis.Redis(port=client.connection_pool.connection_kwargs["port"])
    with pytest.raises(redis.AuthenticationError):
        stranger.ping()
    process = psutil.Process(valkey.pid or 0)
    assert password not in " ".join(process.cmdline())
    assert password not in str(process.environ())


def test_it_keeps_nothing_and_comes_back_at_the_same_port(data: DataDir) -> None:
    server = Valkey(data)
    url = server.start()
    redis.Redis.from_url(url).set("key", "value")
    os.kill(server.pid or 0, signal.SIGKILL)
    eventually(lambda: server.exit_status() is not None, 5, "its end")
    assert server.start() == url  # its programs know this address and password
    assert redis.Redis.from_url(url).get("key") is None
    server.stop()


def test_an_orphan_is_ended(data: DataDir) -> None:
    script = (
        "import sys, signal\n"
        "from tgadmin.local import spawn, valkey\n"
        "spawn._libc = None\n"  # as on a system without a death signal
        "from tgadmin.local.paths import DataDir\n"
        "server = valkey.Valkey(DataDir.at(sys.argv[1])); server.start()\n"
        "print(server.pid, flush=True); signal.pause()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(data.root)],
        cwd=ROOT,
        env=bare_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    server = Valkey(data)
    server.start()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    server.stop()


def test_a_stranger_with_the_noted_pid_is_left_alone(data: DataDir) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        data.valkey.write_text(f'{{"pid": {stranger.pid}, "started": "another boot/1", "port": 1}}')
        server = Valkey(data)
        server.start()
        assert stranger.poll() is None
        server.stop()
    finally:
        stranger.kill()
        stranger.wait()


def test_a_taken_port_is_exchanged(data: DataDir) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        data.valkey.write_text(f'{{"port": {port}}}')
        server = Valkey(data)
        assert f":{port}/" not in server.start()
        server.stop()
