"""`/healthz` and `/readyz` cost nothing, however many ask: one look a second, past the pool and all threads."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db.migrations.loader import MigrationLoader

from apps.monitoring import health as module
from apps.monitoring.health import Health
from tests.database.kit import Lock, Stage
from tests.kit.waiting import eventually

pytestmark = pytest.mark.django_db


async def test_forty_at_a_time_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, now = 0, 100.0

    async def looked() -> str:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        return "database: no answer"

    async def fine() -> str:
        return ""

    monkeypatch.setattr(module, "_database", looked)
    monkeypatch.setattr(module, "_channel_layer", fine)
    health = Health(clock=lambda: now)
    for _ in range(3):
        found = await asyncio.gather(*(health.reasons() for _ in range(40)))
        assert found == [["database: no answer"]] * 40
    assert looks == 1
    now += module.FRESH
    await asyncio.gather(*(health.reasons() for _ in range(40)))
    assert looks == 2


async def test_who_leaves_takes_the_answer_from_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    go = asyncio.Event()

    async def looked() -> str:
        await go.wait()
        return ""

    monkeypatch.setattr(module, "_database", looked)
    monkeypatch.setattr(module, "_channel_layer", looked)
    health = Health()
    first, second = (asyncio.create_task(health.reasons()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    go.set()
    assert await second == []


def test_they_answer_while_every_connection_and_thread_is_taken(stage: Stage) -> None:
    threads = 4 + 10 + 20
    with Lock() as lock:
        address = f"/stage/plain?lock={lock.number}"
        clients = [stage.client(address) for _ in range(threads * 2)]
        lock.until_waiting(4)
        with ThreadPoolExecutor(40) as asking:
            answers = list(asking.map(stage.get, ["/readyz", "/healthz"] * 100))
        assert {status for status, _, _ in answers} == {200}
        assert {body for _, _, body in answers} == {"ok\n", json.dumps({"ready": True, "reasons": []})}
        for client in clients:
            client.close()
    eventually(stage.is_whole, 40, "the pool is whole")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_other_methods_are_refused(stage: Stage, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        request = urllib.request.Request(f"http://127.0.0.1:{stage.port}{path}", data=b"x" * 1000, method=method)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        assert refused.value.code == 405
    head = urllib.request.Request(f"http://127.0.0.1:{stage.port}{path}", method="HEAD")
    with urllib.request.urlopen(head, timeout=20) as answer:
        assert (answer.status, answer.read(), answer.headers["X-Content-Type-Options"]) == (200, b"", "nosniff")


def test_the_migrations_are_those_that_django_finds() -> None:
    assert module._migrations() == MigrationLoader(None).graph.nodes.keys()
