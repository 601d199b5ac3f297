"""A process whose pool is dead ends itself, whether or not somebody asks; one that is only busy does not."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from apps.chats.live.wakes import parameters
from tests.database.kit import SIZE, Gate, Stage, running
from tests.kit.waiting import eventually
from tgadmin.database import pooled
from tgadmin.database import watch as watching
from tgadmin.database.watch import EXIT_STATUS, Watch

pytestmark = pytest.mark.django_db

LAST_WORDS = "no database connection of this process came back"


def test_a_dead_pool_ends_the_process_although_nobody_asks(tmp_path: Path) -> None:
    with running(Stage, tmp_path) as stage:
        stage.ask("hurry")
        assert stage.ask("lose") == {"lost": SIZE}
        seen: set[str] = set()

        def ended() -> bool:
            if stage.exit_status() is None:
                try:
                    status, _, body = stage.get("/readyz")
                except OSError:
                    return False
                if status == 503:
                    seen.update(json.loads(body)["reasons"])
            return stage.exit_status() is not None

        eventually(ended, 40, "the process ends itself")
        assert stage.exit_status() == EXIT_STATUS
        assert "database: no connection of this process comes back" in seen
        assert (tmp_path / "stage.log").read_text().count(LAST_WORDS) == 1


def test_a_pool_that_is_only_busy_is_let_work(tmp_path: Path) -> None:
    with running(Stage, tmp_path) as stage, ThreadPoolExecutor(SIZE) as threads:
        stage.ask("hurry")
        asked = [threads.submit(stage.get, "/stage/busy?times=12") for _ in range(SIZE)]
        reasons: set[str] = set()
        while not all(one.done() for one in asked):
            reasons.update(json.loads(stage.get("/readyz")[2])["reasons"])
        assert [one.result()[0] for one in asked] == [200] * SIZE
        assert reasons <= {"database: all connections of this process are at work"}
        assert stage.exit_status() is None
        eventually(stage.is_whole, 20, "the pool is whole")
        eventually(lambda: stage.get("/readyz")[0] == 200, 20, "it is ready again")


def test_a_pool_is_filled_again_when_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a connection then does not wait for the end of a pause of the pool's own."""
    there = parameters()
    with Gate(there["host"], int(there["port"])) as gate:
        pool: ConnectionPool[Any] = ConnectionPool(
            kwargs={**there, "host": "127.0.0.1", "port": gate.port},
            min_size=1,
            max_size=SIZE,
            reconnect_timeout=pooled.RECONNECT_SECONDS,
            open=True,
        )
        monkeypatch.setattr(watching, "_pool", lambda: pool)
        watch = Watch(lambda: None)
        with pool, ThreadPoolExecutor(SIZE) as threads:
            pool.wait()
            with pool.connection() as connection:
                gate.shut()
                with pytest.raises(psycopg.OperationalError):
                    connection.execute("SELECT 1")
            waiting = [threads.submit(pool.getconn, 60) for _ in range(SIZE)]
            eventually(lambda: pool.get_stats()["pool_size"] == 0, 20, "the pool has given up")
            assert pool.get_stats()["requests_waiting"] == SIZE
            watch.refill()
            eventually(lambda: pool.get_stats()["pool_size"] == 0, 20, "it has tried in vain")
            gate.open()
            watch.refill()
            given = [one.result(20) for one in waiting]
            assert pool.get_stats()["pool_size"] == SIZE
            for connection in given:
                pool.putconn(connection)
