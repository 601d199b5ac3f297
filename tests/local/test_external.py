"""PostgreSQL 15 and Redis 7 that tgadmin did not start: `up` works with them by their URLs and starts none of its own.

The programs are Debian's (packages postgresql and redis-server); .ci/run installs them.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from tests.kit.running import RunningUp, temporary_base, unused_port
from tests.kit.waiting import eventually
from tgadmin.local.account import is_root, nobody

PASSWORD = secrets.token_urlsafe(16)


def debian_postgres() -> Path:
    """The folder of the newest PostgreSQL of the system, 15 or newer."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    usable = sorted((path for path in found if int(path.parent.name) >= 15), key=lambda path: int(path.parent.name))
    if not usable:
        pytest.skip("no PostgreSQL of the system: apt-get install postgresql")
    return usable[0]


@contextmanager
def running(command: list[str], **options: object) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def pings(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """An empty database of a server of the system's, with a password."""
    programs = debian_postgres()
    with temporary_base() as base:
        secret = base / "password"
        secret.write_text(PASSWORD)
        options: dict[str, object] = {}
        if is_root():
            user = nobody()
            os.chown(base, user.uid, user.gid)
            os.chown(secret, user.uid, user.gid)
            options = {"user": user.uid, "group": user.gid, "extra_groups": []}
        data, port = base / "cluster", unused_port()
        how = ["-U", "owner", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync"]
        make = [str(programs / "initdb"), "-D", str(data), *how]
        subprocess.run(make, check=True, capture_output=True, **options)  # type: ignore[call-overload]
        settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
        command = [str(programs / "postgres"), "-D", str(data), *(part for one in settings for part in ("-c", one))]
        url = f"postgresql://owner:{PASSWORD}@127.0.0.1:{port}/postgres"
        with running(command, **options):
            eventually(lambda: answers(url), 30, "PostgreSQL answers")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE tgadmin")
            yield url.removesuffix("postgres") + "tgadmin"


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no Redis of the system: apt-get install redis-server")
    port = unused_port()
    url = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    with running([program, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", ""]):
        eventually(lambda: pings(url), 15, "Redis answers")
        yield url


def test_up_works_with_servers_from_outside(database_url: str, redis_url: str) -> None:
    keys = {"SECRET_KEY": secrets.token_urlsafe(48), "SESSION_ENCRYPTION_KEYS": secrets.token_urlsafe(48)}
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, **keys}
    with temporary_base() as base, RunningUp(base / "var", environment=environment) as up:
        up.wait_ready()
        assert set(up.runtime().processes) == {"sandbox", "web", "gateway", "worker"}
        with psycopg.connect(database_url) as connection:
            row = connection.execute("SELECT count(*) FROM gateway_nodes").fetchone()
            version = connection.info.server_version
        assert row == (1,)
        assert version >= 150000


def test_up_with_a_database_from_outside_and_no_keys_stops_and_names_the_variable(database_url: str) -> None:
    with temporary_base() as base, RunningUp(base / "var", environment={"DATABASE_URL": database_url}) as up:
        assert up.wait() == 1
        assert "SECRET_KEY" in up.said() + up.errors()
