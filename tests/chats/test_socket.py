"""The live socket: who may connect, what is refused and how, replay before live, nothing after a right is gone."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection, connections, transaction
from django.test import Client
from pytest_django import Settings

from apps.chats import answers, consumers
from apps.chats.frames import MAX_BYTES
from apps.chats.hub import hub, list_news, news
from apps.chats.models import Chat, Event, Installation, Message, Peer
from apps.chats.selectors import history, lists
from apps.chats.services import events, messages, pruning
from apps.sessions.models import Command, Role, SessionGrant, SessionStatus
from apps.sessions.services import commands, status
from tests.chats import world
from tests.chats.frame_types import faults
from tgadmin.asgi import application
from tgadmin.core import types

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 10
"""Seconds after which a frame that does not come fails the test."""


class Page:
    """A page's end of a socket."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    async def send(self, **frame: Any) -> None:
        await self.communicator.send_to(text_data=json.dumps(frame))

    async def receive(self, *types: str) -> dict[str, Any]:
        """The next frame of one of these types; others (a status, a list row) are passed over."""
        while True:
            frame: dict[str, Any] = json.loads(await self.communicator.receive_from(PATIENCE))
            assert faults(frame) == []
            if frame["type"] in types:
                return frame

    async def closed(self) -> int:
        """The code with which the server closes."""
        while True:
            event = await self.communicator.receive_output(PATIENCE)
            if event["type"] == "websocket.close":
                return int(event["code"])

    async def hello(self) -> "Page":
        await self.send(type="hello", version=1)
        await self.receive("welcome")
        return self

    async def follow(self, chat: Chat, **resume: Any) -> "Page":
        await self.hello()
        await self.send(type="list", session=chat.session_id)
        await self.receive("list")
        await self.send(type="open", chat=chat.pk, **resume)
        return self


Connect = Callable[..., Awaitable[Page]]


@pytest.fixture
async def connect(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Opens sockets to the real application, signed in as a user or not."""
    # Threads of the pool must not keep connections beyond the test.
    monkeypatch.setitem(connections.databases["default"], "CONN_MAX_AGE", 0)
    opened: list[WebsocketCommunicator] = []

    async def open_socket(user: User | None = None, origin: str = "http://localhost") -> Page:
        headers = [(b"origin", origin.encode()), (b"host", b"localhost")]
        if user is not None:
            client = Client()
            await sync_to_async(client.force_login)(user)
            cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
            headers.append((b"cookie", cookie.encode()))
        communicator = WebsocketCommunicator(application, "/ws/live/", headers)
        opened.append(communicator)
        accepted, _ = await communicator.connect(PATIENCE)
        if not accepted:
            raise ConnectionRefusedError
        return Page(communicator)

    yield open_socket
    for communicator in opened:
        with suppress(asyncio.CancelledError):  # a test that failed waiting has cancelled its consumer
            await communicator.disconnect(timeout=PATIENCE)
    for watcher in hub().watchers:
        await hub().remove(watcher)
    await sync_to_async(connections.close_all)()  # those of the thread in which asynchronous ORM calls run


@sync_to_async
def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


@sync_to_async
def arrives(chat: Chat, telegram_id: int, text: str) -> None:
    world.says(chat, telegram_id, text)


# --- who may connect --------------------------------------------------------------------------------------------------


async def test_signed_out(connect: Connect) -> None:
    assert await (await connect()).closed() == 4401


async def test_not_staff(connect: Connect, operator: User) -> None:
    operator.is_staff = False
    await operator.asave()
    assert await (await connect(operator)).closed() == 4403


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:8001", "https://localhost", "null"])
async def test_foreign_origin(connect: Connect, operator: User, origin: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        await connect(operator, origin=origin)


async def test_welcome_names_the_visible_sessions_only(connect: Connect, operator: User, chat: Chat) -> None:
    await run(world.make_session, "Hidden")
    page = await connect(operator)
    await page.send(type="hello", version=1)
    welcome = await page.receive("welcome")
    assert [(one["id"], one["can_send"]) for one in welcome["sessions"]] == [(chat.session_id, True)]


# --- what closes the connection ---------------------------------------------------------------------------------------


CLOSING = [
    ("not json", 4400),
    ("[]", 4400),
    ('"hello"', 4400),
    ('{"type": 5}', 4400),
    ('{"type":"hello","version":NaN}', 4400),
    ("[" * 60_000, 4400),
    ('{"type":"list","session":1}', 4400),
    ('{"type":"hello","version":"1"}', 4400),
    ('{"type":"nonsense"}', 4400),
    ('{"type":"hello","version":2}', 4409),
    ('{"type":"send","text":"' + "x" * MAX_BYTES + '"}', 4413),
    ("é" * (MAX_BYTES // 2 + 1), 4413),
]


async def test_close_codes(connect: Connect, operator: User) -> None:
    for raw, code in CLOSING:
        page = await connect(operator)
        await page.communicator.send_to(text_data=raw)
        assert await page.closed() == code, raw[:60]


async def test_bytes_are_malformed(connect: Connect, operator: User) -> None:
    page = await connect(operator)
    await page.communicator.send_to(bytes_data=b"{}")
    assert await page.closed() == 4400


async def test_too_many_frames(connect: Connect, operator: User) -> None:
    page = await (await connect(operator)).hello()
    for _ in range(int(consumers.BURST) + 50):
        await page.send(type="ping")
    assert await page.closed() == 4429


async def test_silence(connect: Connect, operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 0.0)
    assert await (await connect(operator)).closed() == 4400
    monkeypatch.setattr(consumers, "HELLO_SECONDS", 2.0)  # a busy machine greets slowly
    monkeypatch.setattr(consumers, "SILENCE_SECONDS", 0.2)
    page = await (await connect(operator)).hello()
    assert await page.closed() == 4408


# --- what is answered with an error -----------------------------------------------------------------------------------


WRONG: list[dict[str, Any]] = [
    {"type": "nonsense"},
    {"type": "list"},
    {"type": "list", "session": "1"},
    {"type": "list", "session": True},
    {"type": "list", "session": 1.5},
    {"type": "list", "session": 2**70},
    {"type": "list", "session": 1, "more": 1},
    {"type": "send", "chat": 1, "cid": "not a uuid", "text": "x"},
    {"type": "send", "chat": 1, "cid": str(uuid4()), "text": ["x"]},
    {"type": "send", "chat": 1, "cid": str(uuid4()), "text": "x", "reply_to": -1},
    {"type": "delete", "messages": []},
    {"type": "delete", "messages": list(range(1, 200))},
    {"type": "open", "chat": 1, "after": -1},
]


async def test_wrong_fields(connect: Connect, operator: User) -> None:
    page = await (await connect(operator)).hello()
    for frame in WRONG:
        await page.send(ref="r1", **frame)
        error = await page.receive("error")
        assert (error["ref"], error["code"]) == ("r1", "INVALID"), frame
    await page.send(type="ping")
    await page.receive("pong")


async def test_text_that_cannot_be_sent(connect: Connect, operator: User, chat: Chat) -> None:
    page = await (await connect(operator)).hello()
    for text, code in (("", "EMPTY"), ("  \0 ", "EMPTY"), ("x" * 4097, "TOO_LONG")):
        await page.send(type="send", ref="s", chat=chat.pk, cid=str(uuid4()), text=text)
        assert (await page.receive("error"))["code"] == code
    assert not await Message.objects.aexists()


async def test_other_peoples_chats_are_unknown(connect: Connect, stranger: User, chat: Chat) -> None:
    message = await run(world.make_message, chat, 1, "secret", out=True)
    fields: dict[str, dict[str, Any]] = {
        "list": {"session": chat.session_id},
        "open": {"chat": chat.pk},
        "send": {"chat": chat.pk, "cid": str(uuid4()), "text": "x"},
        "read": {"chat": chat.pk, "max_id": 1},
        "typing": {"chat": chat.pk},
        "history": {"chat": chat.pk, "before": 0},
        "edit": {"message": message.pk, "text": "x"},
        "delete": {"messages": [message.pk]},
        "retry": {"message": message.pk},
        "discard": {"message": message.pk},
    }
    page = await (await connect(stranger)).hello()
    for kind, theirs in fields.items():
        unknown = theirs | {next(iter(theirs)): [10**9] if kind == "delete" else 10**9}
        for ids in (theirs, unknown):
            await page.send(type=kind, ref="r", **ids)
            error = await page.receive("error")
            assert (error["ref"], error["code"]) == ("r", "NOT_FOUND"), kind
    assert not await Command.objects.aexists()


async def test_viewer_may_not_send(connect: Connect, viewer: User, chat: Chat) -> None:
    page = await (await connect(viewer)).follow(chat)
    await page.send(type="send", ref="s", chat=chat.pk, cid=str(uuid4()), text="x")
    assert (await page.receive("error"))["code"] == "NOT_FOUND"


# --- live -------------------------------------------------------------------------------------------------------------


async def test_send_reaches_every_page_once(connect: Connect, operator: User, viewer: User, chat: Chat) -> None:
    mine = await (await connect(operator)).follow(chat)
    theirs = await (await connect(viewer)).follow(chat)
    await mine.receive("reset")
    await theirs.receive("reset")
    cid = str(uuid4())
    for _ in range(2):
        await mine.send(type="send", ref=cid, chat=chat.pk, cid=cid, text="hello")
        assert (await mine.receive("ok"))["message"]["cid"] == cid
    frame = await theirs.receive("events")
    assert (frame["after"], frame["to"]) == (0, 1)
    assert [(one["text"], one["state"]) for one in frame["messages"]] == [("hello", "sending")]
    assert await Message.objects.acount() == 1
    await arrives(chat, 9, "answer")
    frame = await theirs.receive("events")
    assert [one["text"] for one in frame["messages"]] == ["answer"]


async def test_list_changes_come_to_pages_that_show_it(connect: Connect, viewer: User, chat: Chat) -> None:
    page = await (await connect(viewer)).hello()
    await page.send(type="list", session=chat.session_id)
    assert [row["id"] for row in (await page.receive("list"))["chats"]] == [chat.pk]
    await arrives(chat, 1, "news")
    while (frame := await page.receive("chats"))["chats"][0]["last"]["text"] != "news":
        pass
    assert (frame["unread"], frame["chats"][0]["unread"]) == (1, 1)


async def test_events_come_each_and_the_list_now_and_then(
    connect: Connect, viewer: User, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a busy account: the open chat's events one by one, its list in few frames, the last of which is right."""
    monkeypatch.setattr(list_news, "LIST_REST", 0.4)
    other = await run(world.make_chat, chat.session, "Busy")
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    began, frames, texts = time.monotonic(), 0, []
    for number in range(1, 21):
        await arrives(other, number, f"elsewhere {number}")
        await arrives(chat, 100 + number, f"here {number}")
    told = 0
    seen = {other.pk: "", chat.pk: ""}
    while seen != {other.pk: "elsewhere 20", chat.pk: "here 20"} or told < 20:
        frame = await page.receive("chats", "events")
        if frame["type"] == "events":
            assert frame["after"] == told
            told = frame["to"]
            texts += [one["text"] for one in frame["messages"]]
        else:
            frames += 1
            assert frame["unread"] <= 2
            seen |= {row["id"]: row["last"]["text"] for row in frame["chats"]}
    assert texts == [f"here {number}" for number in range(1, 21)]
    assert frames <= (time.monotonic() - began) / 0.4 + 2


async def test_a_list_is_sent_once_for_each_change(connect: Connect, viewer: User, chat: Chat) -> None:
    """The looks of each second send no row again that has not changed."""
    page = await (await connect(viewer)).hello()
    await page.send(type="list", session=chat.session_id)
    await page.receive("list")
    for number in (1, 2):
        await arrives(chat, number, f"news {number}")
        while (await page.receive("chats"))["chats"][0]["last"]["text"] != f"news {number}":
            pass
    looked = hub().news._full_at
    while hub().news._full_at < looked + 2 * news.LOOK:  # noqa: ASYNC110 - a clock of the hub's own
        await asyncio.sleep(0.05)
    await page.send(type="ping")
    assert (await page.receive("pong", "chats"))["type"] == "pong"


async def test_the_hub_s_connection_is_made_anew(connect: Connect, viewer: User, chat: Chat) -> None:
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    await arrives(chat, 1, "before")
    await page.receive("events")
    conn = hub().news._reader._conn
    assert conn is not None

    def end() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])

    await run(end)
    await arrives(chat, 2, "after")
    frame = await page.receive("events")
    assert (frame["after"], [one["text"] for one in frame["messages"]]) == (1, ["after"])


async def test_lost_wake_up_is_made_good(connect: Connect, viewer: User, chat: Chat) -> None:
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    message = await run(world.make_message, chat, 1, "unannounced")
    await Event.objects.acreate(chat=chat, number=1, kind="message", message_id=message.pk)
    await Chat.objects.filter(pk=chat.pk).aupdate(last_event=1)
    assert (await page.receive("events"))["messages"][0]["text"] == "unannounced"


async def test_typing_and_status(connect: Connect, viewer: User, chat: Chat) -> None:
    page = await (await connect(viewer)).follow(chat)
    typing = {"peer_id": chat.peer_id, "sender_id": 7, "name": "Anna", "action": "typing"}

    async def keep_telling() -> None:  # as Telegram does while somebody types; a single one may be lost
        while True:
            await get_channel_layer().group_send(f"session.{chat.session_id}", {"type": "session.typing", **typing})
            await asyncio.sleep(0.1)

    telling = asyncio.create_task(keep_telling())
    assert await page.receive("typing") == {"type": "typing", "session": chat.session_id, **typing}
    telling.cancel()
    await run(status.change, chat.session_id, SessionStatus.DISCONNECTED, "CONNECTION_FAILED")
    while (frame := await page.receive("session"))["status"] == SessionStatus.READY:
        pass
    assert (frame["id"], frame["status"], frame["code"]) == (chat.session_id, "disconnected", "CONNECTION_FAILED")
    assert frame["says"]


async def test_command_is_followed_to_its_end(connect: Connect, operator: User, chat: Chat) -> None:
    page = await (await connect(operator)).follow(chat)
    await page.send(type="history", ref="h1", chat=chat.pk, before=0)
    await page.receive("reset")
    while (command := await Command.objects.filter(kind="history").afirst()) is None:
        await page.send(type="ping")
        await page.receive("pong")

    def fail() -> None:
        with transaction.atomic():
            commands.settle(command, "failed", error_code="TIMEOUT")

    await run(fail)
    done = await page.receive("done")
    assert (done["ref"], done["state"], done["error"]["code"]) == ("h1", "failed", "TIMEOUT")


# --- resuming ---------------------------------------------------------------------------------------------------------


def happen(chat: Chat, count: int) -> None:
    with transaction.atomic():
        locked = events.lock(chat.pk)
        for number in range(1, count + 1):
            message = world.make_message(locked, number, f"text {number}")
            events.append(locked, "message", message_id=message.pk)


async def epoch() -> str:
    return str((await Installation.objects.aget_or_create(pk=1))[0].epoch)


async def test_replay_from_the_page_s_number(connect: Connect, viewer: User, chat: Chat) -> None:
    await run(happen, chat, 5)
    page = await (await connect(viewer)).follow(chat, after=2, epoch=await epoch())
    assert (await page.receive("opened", "reset"))["type"] == "opened"
    frame = await page.receive("events")
    assert (frame["after"], frame["to"]) == (2, 5)
    assert [one["text"] for one in frame["messages"]] == ["text 3", "text 4", "text 5"]


async def test_replay_of_many_comes_in_pieces_without_gaps(connect: Connect, viewer: User, chat: Chat) -> None:
    await run(happen, chat, 230)
    page = await (await connect(viewer)).follow(chat, after=0, epoch=await epoch())
    known, texts = 0, []
    while known < 230:
        frame = await page.receive("events")
        assert frame["after"] == known
        known = frame["to"]
        texts += [one["text"] for one in frame["messages"]]
    assert texts == [f"text {number}" for number in range(1, 231)]


@pytest.mark.parametrize("case", ["other epoch", "too old", "events gone", "from the future", "no number"])
async def test_reset_when_it_cannot_be_replayed(
    connect: Connect, viewer: User, chat: Chat, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run(happen, chat, 5)
    resume: dict[str, Any] = {"after": 1, "epoch": await epoch()}
    if case == "other epoch":
        resume["epoch"] = str(uuid4())
    elif case == "too old":
        monkeypatch.setattr(answers, "REPLAY", 3)
    elif case == "events gone":
        await Event.objects.filter(number__lte=3).adelete()
    elif case == "from the future":
        resume["after"] = 6
    else:
        resume = {}
    page = await (await connect(viewer)).follow(chat, **resume)
    frame = await page.receive("opened", "reset")
    assert frame["type"] == "reset"
    assert (frame["page"]["at"], [one["tid"] for one in frame["page"]["messages"]]) == (5, [1, 2, 3, 4, 5])


async def test_a_page_that_slept_is_right_at_once(
    connect: Connect, viewer: User, chat: Chat, settings: Settings
) -> None:
    """Its connection ended; more happened than is kept; it comes back with its old number."""
    settings.EVENTS_KEPT_PER_CHAT = 50
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    await page.communicator.disconnect(timeout=PATIENCE)
    await run(happen, chat, 700)
    await run(pruning.prune_events)
    began = time.monotonic()
    page = await (await connect(viewer)).follow(chat, after=0, epoch=await epoch())
    frame = await page.receive("opened", "reset", "events")
    assert (frame["type"], frame["page"]["at"]) == ("reset", 700)
    assert [one["tid"] for one in frame["page"]["messages"]] == list(range(651, 701))
    assert time.monotonic() - began < 1.0
    await arrives(chat, 701, "and on it goes")
    frame = await page.receive("events")
    assert (frame["after"], [one["text"] for one in frame["messages"]]) == (700, ["and on it goes"])


@pytest.mark.parametrize("kept", [0, 3, 150])
async def test_an_open_page_whose_next_events_are_pruned_is_reset(
    connect: Connect, viewer: User, chat: Chat, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The web process stood still for so long that what its page has to hear next is gone."""
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    look = hub().news._send_events

    async def still(session_ids: set[int]) -> None:
        pass

    monkeypatch.setattr(hub().news, "_send_events", still)
    await run(happen, chat, 200)
    await Event.objects.filter(number__lte=200 - kept).adelete()
    monkeypatch.setattr(hub().news, "_send_events", look)
    hub().news.wake(chat.session_id)
    frame = await page.receive("reset", "events")
    assert (frame["type"], frame["page"]["at"]) == ("reset", 200)
    await arrives(chat, 201, "next")
    frame = await page.receive("reset", "events")
    assert (frame["type"], frame["after"], frame["to"]) == ("events", 200, 201)


async def test_a_restored_database_sends_pages_back_to_resume(connect: Connect, viewer: User, chat: Chat) -> None:
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    while hub().standing.epoch is None:
        await page.send(type="ping")
        await page.receive("pong")
    await Installation.objects.aupdate(epoch=uuid4())
    assert await page.closed() == 4411


async def dot(page: Page, chat: Chat, online: bool) -> dict[str, Any]:
    """The chat's row once it says so."""
    while True:
        for row in (await page.receive("chats"))["chats"]:
            if row["id"] == chat.pk and row["online"] is online:
                return dict(row)


async def test_the_online_dot_follows_without_moving_the_chat(connect: Connect, viewer: User, chat: Chat) -> None:
    await run(world.make_chat, chat.session, "Newer")
    page = await (await connect(viewer)).hello()
    await page.send(type="list", session=chat.session_id)
    first = next(row for row in (await page.receive("list"))["chats"] if row["id"] == chat.pk)
    assert first["online"] is False
    for online in (True, False, True):
        await run(world.arrive, chat.session, types.Presence(chat.peer_id, online, None))
        row = await dot(page, chat, online)
        assert row["last"] == first["last"]
    await chat.arefresh_from_db()
    assert chat.last_event == 0


async def test_coming_and_going_between_looks_is_not_missed(connect: Connect, viewer: User, chat: Chat) -> None:
    """One page follows the list; another one reads it while somebody is online, which no look has seen."""
    first = await (await connect(viewer)).hello()
    await first.send(type="list", session=chat.session_id)
    await first.receive("list")
    second = await (await connect(viewer)).hello()
    await run(Peer.objects.filter(peer_id=chat.peer_id).update, is_online=True)
    await second.send(type="list", session=chat.session_id)
    assert [row["online"] for row in (await second.receive("list"))["chats"]] == [True]
    await run(Peer.objects.filter(peer_id=chat.peer_id).update, is_online=False)
    await dot(second, chat, False)


# --- no place ---------------------------------------------------------------------------------------------------------


async def test_a_fourth_page_is_told_why(connect: Connect, operator: User, viewer: User, settings: Settings) -> None:
    settings.LIVE_SOCKETS_PER_USER = 3
    pages = [await (await connect(operator)).hello() for _ in range(3)]
    fourth = await connect(operator)
    assert await fourth.receive("refused") == {"type": "refused", "limit": 3, "seconds": 3}
    assert await fourth.closed() == 4421
    await (await connect(viewer)).hello()
    await pages[0].communicator.disconnect(timeout=PATIENCE)
    await (await connect(operator)).hello()


async def test_discarded_message_is_named_as_removed(connect: Connect, operator: User, chat: Chat) -> None:
    message = await run(messages.send, operator, chat, "oops", cid=uuid4())
    page = await (await connect(operator)).follow(chat)
    await page.receive("reset")
    await page.send(type="discard", ref="d", message=message.pk)
    frames = [await page.receive("ok", "events") for _ in range(2)]  # whichever is quicker
    assert {frame["type"]: frame.get("removed") for frame in frames} == {"ok": None, "events": [message.pk]}


# --- rights that end --------------------------------------------------------------------------------------------------


async def test_right_that_is_taken_away(connect: Connect, viewer: User, chat: Chat) -> None:
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    await SessionGrant.objects.filter(user=viewer).adelete()
    assert (await page.receive("gone", "events"))["session"] == chat.session_id
    assert (await page.receive("sessions"))["sessions"] == []
    await arrives(chat, 1, "not for you")
    await page.send(type="open", chat=chat.pk)
    assert (await page.receive("events", "error"))["code"] == "NOT_FOUND"


async def test_a_groups_right_that_is_taken_away(connect: Connect, stranger: User, chat: Chat) -> None:
    """Whether the right goes or the member: the page hears of it, and of nothing more."""
    for taken in ("right", "membership"):
        team = await Group.objects.acreate(name=taken)
        await stranger.groups.aadd(team)
        right = await SessionGrant.objects.acreate(session_id=chat.session_id, group=team, role=Role.VIEWER)
        page = await (await connect(stranger)).follow(chat)
        await page.receive("reset")
        began = time.monotonic()
        await (right.adelete() if taken == "right" else stranger.groups.aremove(team))
        assert (await page.receive("gone", "events"))["session"] == chat.session_id
        assert time.monotonic() - began < 2.0  # a look happens each second
        await page.send(type="open", chat=chat.pk)
        assert (await page.receive("events", "error"))["code"] == "NOT_FOUND"


@pytest.mark.parametrize("asked", ["list", "open"])
async def test_right_that_is_taken_away_while_it_is_used(
    connect: Connect, viewer: User, chat: Chat, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was being read for the page when its right ended is not sent."""
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    reading, gone = threading.Event(), threading.Event()
    selector, name = (lists, "page") if asked == "list" else (history, "newest")
    work = getattr(selector, name)

    def slow(*given: Any, **named: Any) -> Any:
        found = work(*given, **named)
        reading.set()
        assert gone.wait(PATIENCE)
        return found

    monkeypatch.setattr(selector, name, slow)
    await page.send(type=asked, ref="r", **({"session": chat.session_id} if asked == "list" else {"chat": chat.pk}))
    assert await asyncio.to_thread(reading.wait, PATIENCE)
    await SessionGrant.objects.filter(user=viewer).adelete()
    await page.receive("gone")
    gone.set()
    answer = await page.receive("reset", "opened", "list", "error")
    assert (answer["type"], answer.get("code")) == ("error", "NOT_FOUND")


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "other"}])
async def test_login_that_ends(connect: Connect, viewer: User, change: dict[str, Any]) -> None:
    page = await (await connect(viewer)).hello()
    await User.objects.filter(pk=viewer.pk).aupdate(**change)
    assert await page.closed() == 4401


async def test_staff_no_more(connect: Connect, viewer: User) -> None:
    page = await (await connect(viewer)).hello()
    await User.objects.filter(pk=viewer.pk).aupdate(is_staff=False)
    assert await page.closed() == 4403


async def test_what_is_too_much_is_refused_in_a_sentence_and_nothing_is_stored(
    connect: Connect, operator: User, chat: Chat, settings: Settings
) -> None:
    settings.COMMANDS_PER_CHAT = 2
    page = await (await connect(operator)).hello()
    for number in range(3):
        await page.send(type="send", ref=f"r{number}", chat=chat.pk, cid=str(uuid4()), text=f"text {number}")
    frames = [await page.receive("ok", "error") for _ in range(3)]
    assert [(frame["ref"], frame.get("code")) for frame in frames] == [
        ("r0", None), ("r1", None), ("r2", "TOO_MANY_WAITING"),
    ]  # fmt: skip
    assert frames[2]["says"].startswith("2 things wait in this chat already: this was not added.")
    assert [row async for row in Message.objects.order_by("pk").values_list("text", flat=True)] == ["text 0", "text 1"]
    chat = await Chat.objects.aget(pk=chat.pk)
    assert (chat.last_message_text, chat.last_event) == ("text 1", 2)


async def test_what_a_page_does_by_itself_is_no_use_of_the_login(
    connect: Connect, operator: User, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    monkeypatch.setattr(consumers, "use_digest", used.append)
    monkeypatch.setattr(consumers, "USE_SECONDS", 0.0)
    await run(world.make_message, chat, 1, "hello")
    page = await (await connect(operator)).follow(chat)
    await page.receive("reset", "opened")
    await page.send(type="read", chat=chat.pk, max_id=1)
    await page.send(type="ping")
    await page.receive("pong")
    assert used == []
    await page.send(type="open", chat=chat.pk)
    await page.receive("reset", "opened")
    await page.send(type="typing", chat=chat.pk)
    await page.send(type="ping")
    await page.receive("pong")
    assert len(used) == 2
