"""The wake-ups of a web process begin and end with its watchers."""

import asyncio
import contextlib
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from channels.layers import get_channel_layer
from django.conf import settings

from apps.chats.live.wakes import Groups, Lifeline, Listener, parameters
from tests.kit.running import unused_port
from tests.kit.waiting import until

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


class Cable:
    """A connection to Valkey that can be cut: a port of its own in front of it."""

    def __init__(self) -> None:
        self._to = urlsplit(settings.REDIS_URL)
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = unused_port()

    @property
    def url(self) -> str:
        user = self._to.netloc.rpartition("@")[0]
        here = f"127.0.0.1:{self.port}"
        return urlunsplit(self._to._replace(netloc=f"{user}@{here}" if user else here))

    async def plug(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._ends |= {writer, back}
        with contextlib.suppress(OSError):
            await asyncio.gather(_pipe(reader, back), _pipe(there, writer))


async def _pipe(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        to.write(data)


async def test_valkey_s_end_is_noticed_at_once_and_everything_is_joined_before_it_counts_as_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cable = Cable()
    monkeypatch.setattr("apps.chats.live.wakes.settings.REDIS_URL", cable.url)
    await cable.plug()
    told: list[object] = []

    async def back() -> None:
        told.append("joined")

    lifeline = Lifeline(told.append, back)
    lifeline.start()
    await until(lambda: bool(cable._ends))
    for _ in range(2):
        told.clear()
        await cable.cut()
        await until(lambda: told == [False])
        await cable.plug()
        await until(lambda: told == [False, "joined", True])
    await lifeline.close()
    await cable.cut()


async def test_groups_are_joined_again() -> None:
    heard: list[int] = []
    groups = Groups(lambda session_id, message: heard.append(session_id))
    await groups.want({1, 2})
    await groups.rejoin()
    for session_id in (1, 2):
        await get_channel_layer().group_send(f"session.{session_id}", {"type": "session.changed"})
    await until(lambda: sorted(heard) == [1, 2])
    await groups.close()
    await get_channel_layer().flush()
