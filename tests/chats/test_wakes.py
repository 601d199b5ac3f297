"""The wake-ups of a web process begin and end with its watchers."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from apps.chats.wakes import Listener, parameters

SECONDS = 10.0

LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"


@pytest.mark.django_db(transaction=True)
async def test_a_start_while_the_last_one_ends_is_the_one_that_is_closed_later() -> None:
    """A page that is reloaded: its socket goes and comes. No connection stays behind when it has gone for good."""
    listener = Listener(lambda channel, number: None)
    listener.start()
    await eventually(1)
    ending = asyncio.create_task(listener.close())
    await asyncio.sleep(0)  # it has begun to wait for the old connection's end
    listener.start()
    await ending
    await eventually(1)
    await listener.close()
    await eventually(0)


@pytest.mark.django_db(transaction=True)
async def test_starting_twice_listens_once_and_notes_arrive() -> None:
    heard: list[tuple[str, int]] = []
    listener = Listener(lambda channel, number: heard.append((channel, number)))
    listener.start()
    listener.start()
    await eventually(1)
    async with await psycopg.AsyncConnection.connect(**parameters(), autocommit=True) as connection:
        await connection.execute("SELECT pg_notify('tg_events', '7'), pg_notify('tg_events', 'hostile')")
    await until(lambda: heard == [("tg_events", 7)])
    await listener.close()
    await eventually(0)


async def eventually(wanted: int) -> None:
    async with await psycopg.AsyncConnection.connect(**parameters(), autocommit=True) as connection:
        async with asyncio.timeout(SECONDS):
            while True:
                row = await (await connection.execute(LISTENING)).fetchone()
                if row is not None and row[0] == wanted:
                    return
                await asyncio.sleep(0.02)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - told by a callback
            await asyncio.sleep(0.02)
