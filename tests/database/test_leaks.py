"""Whatever happens to a request or a socket, its database connection comes back: the pool is whole as before.

The database ends nothing by itself here, and the server is as rough as any: it kills what it likes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat
from apps.chats.payloads import PROTOCOL
from apps.sessions.models import SessionGrant
from apps.staff.roles import Role
from tests.database.kit import Lock, Stage
from tests.kit import world
from tests.kit.waiting import eventually
from tests.kit.web import cookie_of

PATHS = (
    "plain", "atomic", "unfinished", "raising", "asynchronous", "streaming", "endless", "file",
    "plain?fail=before", "plain?fail=after", "atomic?fail=after", "nowhere?fail=before",
)  # fmt: skip


def stays(stage: Stage, lock: Lock, address: str) -> None:
    """The client waits for the end."""
    client = stage.client(address)
    lock.until_waiting()
    lock.give_back()
    assert client.recv(65536).startswith(b"HTTP/1.1 ")
    client.close()


def leaves(stage: Stage, lock: Lock, address: str) -> None:
    """The client is gone while the view or the stream asks the database."""
    client = stage.client(address)
    lock.until_waiting()
    client.close()
    lock.give_back()


def is_killed(stage: Stage, lock: Lock, address: str) -> None:
    """The server loses its patience meanwhile."""
    client = stage.client(address)
    lock.until_waiting()
    assert stage.ask("kill")["killed"] == 1
    eventually(lambda: stage.ask("count")["running"] == 0, 20, "the server has got rid of it")
    lock.give_back()
    client.close()


def leaves_and_is_killed(stage: Stage, lock: Lock, address: str) -> None:
    """What daphne does to whose client has left, ten seconds later."""
    client = stage.client(address)
    lock.until_waiting()
    client.close()
    stage.ask("kill")
    eventually(lambda: stage.ask("count")["running"] == 0, 20, "the server has got rid of it")
    lock.give_back()


def leaves_a_crowd(stage: Stage, lock: Lock, address: str) -> None:
    """Twice as many as there are connections, all gone, all killed."""
    clients = [stage.client(address) for _ in range(8)]
    lock.until_waiting(4)
    for client in clients:
        client.close()
    stage.ask("kill")
    eventually(lambda: stage.ask("count")["running"] == 0, 20, "the server has got rid of them")
    lock.give_back()


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("end", [stays, leaves, is_killed, leaves_and_is_killed, leaves_a_crowd])
def test_a_request_gives_back_what_it_took(stage: Stage, path: str, end: Callable[[Stage, Lock, str], None]) -> None:
    with Lock() as lock:
        end(stage, lock, f"/stage/{path}{'&' if '?' in path else '?'}lock={lock.number}")
    eventually(stage.is_whole, 20, "the pool is whole")


@pytest.fixture
def reader(transactional_db: None) -> tuple[str, Chat]:
    """The cookie of somebody who reads a chat, and the chat."""
    session = world.make_session()
    chat = world.make_chat(session, "Anna")
    user = User.objects.create_user("vera", is_staff=True)
    SessionGrant.objects.create(session=session, user=user, role=Role.OPERATOR)
    return cookie_of(user), chat


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize(
    ("table", "frame"),
    [
        ("telegram_chats", "list"),
        ("telegram_chats", "open"),
        ("telegram_messages", "send"),
        ("telegram_messages", "edit"),
        ("auth_user", "hello"),
    ],
)
async def test_a_socket_gives_back_what_its_frame_took(
    stage: Stage, reader: tuple[str, Chat], table: str, frame: str, killed: bool
) -> None:
    cookie, chat = reader
    values = {
        "list": {"session": chat.session_id},
        "open": {"chat": chat.pk},
        "send": {"chat": chat.pk, "text": "x", "cid": "0b6a3c1e-0000-4000-8000-000000000001"},
        "edit": {"message": 1, "text": "x"},
        "hello": {"version": PROTOCOL},
    }[frame]
    page = await (stage.connect(cookie) if frame == "hello" else stage.admitted(cookie))
    if frame == "open":
        page.say(type="list", session=chat.session_id)
        assert await page.outcome("list") == "list"
    lock = await asyncio.to_thread(Lock, table=table)
    try:
        page.say(type=frame, **values)
        await asyncio.to_thread(lock.until_waiting)
        page.close()
        if killed:
            await asyncio.to_thread(stage.ask, "kill")
    finally:
        await asyncio.to_thread(lock.close)
    await asyncio.to_thread(eventually, stage.is_whole, 20, "the pool is whole")
    # The next test's database is another one, which a hub that still has followers would tell them.
    await asyncio.to_thread(eventually, lambda: not stage.ask("count")["running"], 20, "the socket is gone")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("killed", [False, True])
def test_a_socket_that_goes_while_one_looks_who_it_is(stage: Stage, reader: tuple[str, Chat], killed: bool) -> None:
    with Lock(table="staff_logins") as lock:
        clients = [stage.upgrading(reader[0]) for _ in range(6)]
        lock.until_waiting(4)
        for client in clients:
            client.close()
        if killed:
            stage.ask("kill")
    eventually(stage.is_whole, 20, "the pool is whole")
