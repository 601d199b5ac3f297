"""What is wrong with one page or one chat is its own affair: others hear everything, and it hears what it missed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from autobahn.exception import PayloadExceededError
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.test import Client

from apps.chats.live import beginning
from apps.chats.live.hub import OpenChat, hub
from apps.chats.live.hub.line import FULL, MOST, Line
from apps.chats.live.hub.reader import Reader
from apps.chats.live.hub.watchers import SLOW, UNSENT, Following, fan
from apps.chats.models import Chat
from apps.chats.selectors import live
from apps.chats.selectors.live import Change
from apps.chats.services import events
from apps.staff.roles import Role
from tests.kit import world
from tests.kit.sockets import Connect, arrives, connect
from tests.kit.waiting import until

__all__ = ["connect"]
pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 30.0


class Reading:
    """A socket in the hub whose end the test holds: it takes frames while ``reads`` is set."""

    def __init__(self, user: User, key: str) -> None:
        self.user, self.login_key, self.auth_hash = user, key, user.get_session_auth_hash()
        self.roles: dict[int, Role] = {}
        self.following = Following()
        self.chat: OpenChat | None = None
        self.missed: set[int] = set()
        self.got: list[dict[str, Any]] = []
        self.codes: list[int] = []
        self.error: Exception | None = None
        self.reads = asyncio.Event()
        self.reads.set()
        self.line = Line(self._send, failed=self._failed, drained=lambda: hub().drained(self))

    async def _send(self, text: str) -> None:
        await self.reads.wait()
        if self.error is not None:
            raise self.error
        self.got.append(json.loads(text))

    async def _failed(self) -> None:
        await self.shut(UNSENT)

    async def shut(self, code: int) -> None:
        self.codes.append(code)
        self.line.end()

    @property
    def texts(self) -> list[str]:
        return [message["text"] for frame in self.events for message in frame["messages"]]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [frame for frame in self.got if frame["type"] == "events"]


Open = Callable[[], Awaitable[Reading]]


@pytest.fixture
async def opened(chat: Chat, viewer: User, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """Sockets that follow the chat from its first event on."""
    monkeypatch.setitem(connections.databases["default"], "CONN_MAX_AGE", 0)

    @sync_to_async
    def signed_in() -> str:
        client = Client()
        client.force_login(viewer)
        return str(client.session.digest)  # type: ignore[attr-defined]  # ours (apps/staff/logins.py)

    async def open_one() -> Reading:
        one = Reading(viewer, await signed_in())
        one.roles = {chat.session_id: Role.VIEWER}
        await hub().add(one)
        await hub().watch(one, frozenset((chat.session_id,)))
        hub().show(one, OpenChat(chat.pk, chat.session_id, 0))
        return one

    yield open_one
    for watcher in hub().watchers:
        await hub().remove(watcher)
    await sync_to_async(connections.close_all)()


@sync_to_async
def happen(chat: Chat, first: int, count: int, text: str = "x") -> None:
    with transaction.atomic():
        locked = events.lock(chat.pk)
        for number in range(first, first + count):
            message = world.make_message(locked, number, f"{number}{text}")
            events.append(locked, "message", message_id=message.pk)


async def test_a_page_that_does_not_read_is_waited_for_by_nobody_and_hears_all(opened: Open, chat: Chat) -> None:
    slow, quick = await opened(), await opened()
    slow.reads.clear()
    for first in range(1, 201, 50):
        await happen(chat, first, 50, "😀" * 3000)
        await until(lambda first=first: len(quick.texts) == first + 49)
    assert slow.chat is not None
    assert (slow.events, slow.chat.number) == ([], 0)
    assert not slow.line.is_over_full
    slow.reads.set()
    await until(lambda: len(slow.texts) >= 200)
    for one in (slow, quick):
        assert one.texts == [f"{number}{'😀' * 3000}" for number in range(1, 201)]
        assert [frame["after"] for frame in one.events] == [0, *(frame["to"] for frame in one.events[:-1])]
        assert one.chat is not None
        assert one.chat.number == 200
    assert (slow.codes, quick.codes) == ([], [])


async def test_rows_that_a_full_line_missed_come_when_it_has_drained(opened: Open, chat: Chat) -> None:
    slow = await opened()
    slow.reads.clear()
    for _ in range(FULL + 1):
        await fan([slow], '{"type":"filler"}')
    await happen(chat, 1, 1, "first")
    await until(lambda: slow.missed == {chat.pk})
    await happen(chat, 2, 1, "last")
    slow.reads.set()
    await until(lambda: any(frame["type"] == "chats" for frame in slow.got))
    await until(lambda: [f for f in slow.got if f["type"] == "chats"][-1]["chats"][0]["last"]["text"] == "2last")
    await until(lambda: not slow.missed)


async def test_what_piles_up_all_the_same_ends_the_socket(opened: Open) -> None:
    slow = await opened()
    slow.reads.clear()
    for _ in range(MOST + 1):
        await fan([slow], '{"type":"session"}')
    assert slow.codes == [SLOW]


async def test_an_event_whose_frame_was_not_sent_is_not_counted_as_told(opened: Open, chat: Chat) -> None:
    broken, other = await opened(), await opened()
    broken.error = PayloadExceededError("larger than 65536")
    await happen(chat, 1, 3)
    await until(lambda: len(other.texts) == 3)
    await until(lambda: broken.codes == [UNSENT])
    assert broken.chat is not None
    assert (broken.events, broken.chat.number) == ([], 0)


# --- what cannot be read ----------------------------------------------------------------------------------------------


async def test_a_chat_that_cannot_be_read_harms_no_other(
    connect: Connect, viewer: User, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses a question about it, as for a number that is too large, together with all others in it."""
    bad = await sync_to_async(world.make_chat)(chat.session, "Bad")
    others = [await sync_to_async(world.make_chat)(chat.session, f"Good {number}") for number in range(2)]
    changes = Reader.changes
    broken = True

    async def refusing(self: Reader, floors: Mapping[int, int]) -> dict[int, Change]:
        if broken and bad.pk in floors:
            raise psycopg.errors.NumericValueOutOfRange
        return await changes(self, floors)

    monkeypatch.setattr(Reader, "changes", refusing)
    monkeypatch.setattr("apps.chats.live.hub.bad.ASIDE", 0.5)
    pages = {one.pk: await (await connect(viewer)).follow(one) for one in (bad, *others)}
    for page in pages.values():
        await page.receive("reset")
    for number, one in enumerate((bad, *others), 1):
        await arrives(one, number, f"to {one.title}")
    for one in others:
        assert [m["text"] for m in (await pages[one.pk].receive("events"))["messages"]] == [f"to {one.title}"]
    error = await pages[bad.pk].receive("error")
    assert (error["code"], error["chat"], error["ref"]) == ("UNREADABLE", bad.pk, None)
    await arrives(others[1], 9, "and one more")
    told: list[str] = []  # rows come together where several have changed
    while "and one more" not in told:
        rows = await pages[bad.pk].receive("chats")
        assert rows["session"] == chat.session_id
        told = [row["last"]["text"] for row in rows["chats"]]
    broken = False  # as when it was mended
    assert [m["text"] for m in (await pages[bad.pk].receive("events"))["messages"]] == ["to Bad"]


async def test_a_page_whose_chat_cannot_be_opened_goes_on_with_others(
    connect: Connect, viewer: User, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = await sync_to_async(world.make_chat)(chat.session, "Bad")
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    opening = beginning.opening

    def refusing(chat: int, *given: Any, **more: Any) -> beginning.Opening:
        if chat == bad.pk:
            raise ValueError
        return opening(chat, *given, **more)

    monkeypatch.setattr(beginning, "opening", refusing)
    await page.send(type="open", ref="o", chat=bad.pk)
    error = await page.receive("error")
    assert (error["code"], error["ref"], error["chat"]) == ("UNREADABLE", "o", bad.pk)
    await page.send(type="open", chat=chat.pk)
    assert (await page.receive("reset"))["page"]["chat"] == chat.pk


async def test_a_look_that_fails_keeps_no_other_look(
    connect: Connect, viewer: User, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights are looked at although statuses and people who are online cannot be read."""

    def broken(*_: Any) -> Any:
        raise ValueError

    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    monkeypatch.setattr(live, "session_marks", broken)
    monkeypatch.setattr(live, "online", broken)
    await User.objects.filter(pk=viewer.pk).aupdate(is_staff=False)
    assert await page.closed() == 4403
