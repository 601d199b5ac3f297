"""Everything arrives over a real socket of a real web process, whatever the size of its texts: every frame within the
bound, all of it, in order, once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from apps.chats.models import Chat, Installation, Message
from apps.chats.payloads import PROTOCOL
from apps.chats.selectors import history
from apps.chats.services import events
from apps.sessions.models import Session
from benchmarks.websocket import Peer
from tests.kit import world
from tests.kit.frame_types import faults
from tests.kit.web import Web, cookie_of, webs
from tgadmin.core.frames import BOUND

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60
FACE = "😀"
TEXTS = [FACE * 4096, "ж" * 4096, FACE * 2048, "x" * 4096, '"\\' * 2048, "short", "€" * 3000, FACE * 30_000]
"""In UTF-8: 16,384, 8,192, 8,192, 4,096, twice as many in JSON as here, 5, 9,000, and more than fits into a frame."""


@pytest.fixture
def web(tmp_path: Path, transactional_db: None) -> Iterator[Web]:
    with webs(tmp_path) as started:
        yield started[0]


class Page:
    """A page that notes the size of each frame, and what in it is not as declared, and puts parts together."""

    def __init__(self, web: Web, cookie: str) -> None:
        self.largest = 0
        self.faults: list[str] = []
        self._web, self._cookie = web, cookie
        self._parts = ""
        self._frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._peer = Peer(self._heard, is_server=False)

    def _heard(self, _: Peer, body: bytes) -> None:
        self.largest = max(self.largest, len(body))
        frame = json.loads(body)
        self.faults += faults(frame)
        if frame["type"] == "part":
            self._parts += frame["text"]
            if not frame["last"]:
                return
            frame, self._parts = json.loads(self._parts), ""
            self.faults += faults(frame)
        self._frames.put_nowait(frame)

    async def open(self, session: Session) -> Page:
        """Greeted, and with the list that its first frames brought."""
        await asyncio.get_running_loop().create_connection(lambda: self._peer, "127.0.0.1", self._web.port)
        host = f"127.0.0.1:{self._web.port}"
        self._peer.ask(host, "/ws/live/?parts=1", {"Cookie": self._cookie, "Origin": f"http://{host}"})
        await asyncio.wait_for(self._peer.opened, PATIENCE)
        self.say(type="hello", version=PROTOCOL)
        await self.next("welcome")
        self.say(type="list", session=session.pk)
        return self

    def say(self, **frame: Any) -> None:
        self._peer.send(json.dumps(frame))

    async def next(self, *types: str) -> dict[str, Any]:
        while True:
            frame = await asyncio.wait_for(self._frames.get(), PATIENCE)
            if frame["type"] in types:
                return frame

    def close(self) -> None:
        assert 0 < self.largest <= BOUND
        assert self.faults == []
        self._peer.close()


@sync_to_async
def operator_cookie(user: User) -> str:
    return cookie_of(user)


def text_of(number: int) -> str:
    return f"{number}:{TEXTS[number % len(TEXTS)]}"


def happen(chat: Chat, count: int) -> None:
    with transaction.atomic():
        locked = events.lock(chat.pk)
        for number in range(1, count + 1):
            message = world.make_message(locked, number, text_of(number))
            events.append(locked, "message", message_id=message.pk)


@pytest.mark.parametrize("sizes", ["all", "largest"])
async def test_the_newest_page_and_pages_of_history(
    web: Web, chat: Chat, operator: User, sizes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sizes == "largest":
        monkeypatch.setattr("tests.chats.live.test_every_frame.TEXTS", [FACE * 4096])
    await sync_to_async(happen)(chat, 130)
    cookie = await operator_cookie(operator)
    page = await Page(web, cookie).open(chat.session)
    page.say(type="open", chat=chat.pk)
    frame = await page.next("reset")
    shown, older = frame["page"]["messages"], frame["page"]["older"]
    while len(shown) < history.PAGE:
        assert older == "stored"
        frame = await page.next("page")
        shown, older = frame["messages"] + shown, frame["older"]
    while older == "stored":
        address = f"/chats/{chat.session_id}/{chat.pk}/history/?before={shown[0]['tid']}"
        status, _, body = await asyncio.to_thread(web.get, address, cookie)
        assert status == 200
        above = json.loads(body)
        assert len(body) < history.MOST_BYTES + 1_000_000
        shown, older = above["messages"] + shown, above["older"]
    assert [(one["tid"], one["text"]) for one in shown] == [(tid, text_of(tid)) for tid in range(1, 131)]
    page.close()


async def test_the_list_of_a_hundred_with_somebody_typing(web: Web, session: Session, operator: User) -> None:
    def make() -> list[Chat]:
        chats = [world.make_chat(session, FACE * 255) for _ in range(120)]
        for number, chat in enumerate(chats, 1):
            world.make_message(chat, number, FACE * 160)
        return chats

    chats = await sync_to_async(make)()
    page = await Page(web, await operator_cookie(operator)).open(session)
    frame = await page.next("list")
    rows = {row["id"]: row for row in frame["chats"]}
    assert frame["more"]
    typing = {"type": "session.typing", "peer_id": chats[0].peer_id, "sender_id": 5, "name": FACE * 255}
    typing["action"] = "typing"
    while len(rows) < 100:
        rows |= {row["id"]: row for row in (await page.next("chats"))["chats"]}
    await sync_to_async(world.group_send)(session.pk, typing)
    assert (await page.next("typing"))["name"] == FACE * 255
    assert {row["last"]["text"] for row in rows.values()} == {FACE * 160}

    # All of them change at once.
    await sync_to_async(change_titles)(session)
    changed: dict[int, str] = {}
    while len(changed) < 120:
        changed |= {row["id"]: row["title"] for row in (await page.next("chats"))["chats"] if row["title"][0] == "ж"}
    page.close()


def change_titles(session: Session) -> None:
    Chat.objects.filter(session=session).update(title="ж" * 255, updated_at=timezone.now())


@pytest.mark.parametrize("count", [230, 1000])
async def test_replay(web: Web, chat: Chat, operator: User, count: int) -> None:
    await sync_to_async(happen)(chat, count)
    epoch = str((await Installation.objects.aget_or_create(pk=1))[0].epoch)
    page = await Page(web, await operator_cookie(operator)).open(chat.session)
    page.say(type="open", chat=chat.pk, after=0, epoch=epoch)
    assert (await page.next("opened", "reset"))["type"] == "opened"
    known, shown = 0, []
    while known < count:
        frame = await page.next("events", "reset")
        assert (frame["type"], frame["after"]) == ("events", known)
        known = frame["to"]
        shown += [(message["tid"], message["text"]) for message in frame["messages"]]
    assert shown == [(number, text_of(number)) for number in range(1, count + 1)]
    page.close()


async def test_long_messages_that_arrive_at_once(web: Web, chat: Chat, operator: User) -> None:
    page = await Page(web, await operator_cookie(operator)).open(chat.session)
    page.say(type="open", chat=chat.pk)
    await page.next("reset")
    await sync_to_async(happen)(chat, 60)
    shown: list[tuple[int, str]] = []
    known = 0
    while known < 60:
        frame = await page.next("events")
        assert frame["after"] == known
        known = frame["to"]
        shown += [(message["tid"], message["text"]) for message in frame["messages"]]
    assert shown == [(number, text_of(number)) for number in range(1, 61)]
    page.close()


async def test_what_waits_is_shown_in_part_and_counted(web: Web, chat: Chat, operator: User) -> None:
    await sync_to_async(pending)(chat)
    page = await Page(web, await operator_cookie(operator)).open(chat.session)
    page.say(type="open", chat=chat.pk)
    frame = await page.next("reset")
    shown = frame["page"]["messages"]
    while len(shown) < history.PENDING:
        shown = (await page.next("page"))["messages"] + shown
    assert frame["row"]["waiting"] == {"sending": 90, "failed": 30}
    assert [one["state"] for one in shown].count("failed") == 30
    newest = [one["text"].split(":")[0] for one in shown if one["state"] == "sending"]
    assert newest == [str(number) for number in range(120) if number % 4][-20:]
    page.close()


def pending(chat: Chat) -> None:
    """120 that wait, every fourth of which could not be sent."""
    Message.objects.bulk_create(
        Message(
            chat=chat,
            session_id=chat.session_id,
            text=f"{number}:{FACE * 4000}",
            out=True,
            sender_id=chat.session.telegram_user_id,
            state=Message.State.SENDING if number % 4 else Message.State.FAILED,
        )
        for number in range(120)
    )
