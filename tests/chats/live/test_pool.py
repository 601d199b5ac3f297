"""A web process whose database connections are all taken: a few requests wait, further ones are refused."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User

from apps.chats.live.wakes import parameters
from tests.kit.waiting import eventually
from tests.kit.web import Web, cookie_of, webs

pytestmark = pytest.mark.django_db(transaction=True)

POOL = {"DATABASE_CONNECTIONS": "4", "DATABASE_WAITING": "1", "DATABASE_WAIT_SECONDS": "60"}
POOL |= {
    "DATABASE_LOCK_SECONDS": "60",
    "DATABASE_STATEMENT_SECONDS": "60",
}  # the lock is held for as long as a test asks
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def web(tmp_path: Path, transactional_db: None) -> Iterator[Web]:
    with webs(tmp_path, **POOL) as started:
        yield started[0]


@pytest.fixture
def cookie(transactional_db: None) -> str:
    return cookie_of(User.objects.create_user("anna", is_staff=True))


class Full:
    """Requests that hold both connections of the pool, and one that waits, until this ends: a table is locked."""

    def __init__(self, web: Web, cookie: str) -> None:
        self._web, self._cookie = web, cookie
        self._threads = ThreadPoolExecutor(5)
        self._holders: list[Future[Any]] = []

    def __enter__(self) -> "Full":
        self._lock = psycopg.connect(**parameters())
        self._lock.execute("LOCK TABLE staff_logins IN ACCESS EXCLUSIVE MODE")
        self._hold()
        self._hold()
        eventually(lambda: self._blocked() >= 2, 20, "both connections are taken")
        for _ in range(3):
            self._hold()
        # One of the three waits, unless something else of the process does already.
        eventually(lambda: sum(holder.done() for holder in self._holders) >= 2, 40, "one waits, others are refused")
        return self

    def _hold(self) -> None:
        self._holders.append(self._threads.submit(self._web.get, "/chats/", self._cookie))

    def _blocked(self) -> int:
        row = self._lock.execute(BLOCKED).fetchone()
        assert row is not None
        return int(row[0])

    def __exit__(self, *_: object) -> None:
        self._lock.close()
        self.statuses = [holder.result()[0] for holder in self._holders]


def test_requests_beyond_those_that_wait_are_refused(web: Web, cookie: str) -> None:
    with Full(web, cookie) as full:
        status, headers, body = web.get("/chats/", cookie)
        assert (status, headers["Retry-After"], headers["Cache-Control"]) == (503, "2", "no-store")
        assert "<h1>Too much to do just now</h1>" in body
        status, headers, body = web.get("/chats/1/list/", cookie, accept="application/json")
        assert (status, headers["Retry-After"], json.loads(body)["code"]) == (503, "2", "BUSY")
        assert web.get("/healthz")[0] == 200
    assert sorted(full.statuses) == [200, 200, 200, 503, 503]
    assert web.get("/chats/", cookie)[0] == 200


async def test_sockets_are_told_too(web: Web, cookie: str) -> None:
    open_one = await web.admitted(cookie)
    full = Full(web, cookie)
    await asyncio.to_thread(full.__enter__)
    try:
        assert await (await web.connect(cookie)).outcome() == 4503
        open_one.say(type="read", ref="r", chat=1, max_id=1)
        assert await open_one.outcome("error") == "error"
        open_one.say(type="open", chat=1)
        assert await open_one.outcome("error") == 4503
    finally:
        await asyncio.to_thread(full.__exit__)
    async with asyncio.timeout(20):
        (await web.admitted(cookie)).close()
