"""PostgreSQL 15 and Redis 7 that tgadmin did not start: `up` works with them by their URLs and starts none of its own.

The programs are Debian's (packages postgresql and redis-server); .ci/run installs them.
"""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import redis

from tests.kit.running import RunningUp, temporary_base, unused_port
from tests.kit.system_postgres import installed, system_postgres
from tests.kit.waiting import eventually

PASSWORD = secrets.token_urlsafe(16)


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def pings(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    servers = installed()
    if not servers:
        pytest.skip("no PostgreSQL of the system: apt-get install postgresql")
    with system_postgres(servers[max(servers)]) as url:
        yield url


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
