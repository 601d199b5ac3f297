"""The live socket: what happens comes to every page that it concerns, once."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.chats.live.hub import event_broadcaster, hub, list_broadcaster
from apps.chats.models import Chat, Event, Message, Peer
from apps.chats.services import messages
from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.models import SessionStatus
from apps.sessions.services import status
from tests.kit import world
from tests.kit.sockets import Connect, Page, arrives, connect, run
from tgadmin.core import types

__all__ = ["connect"]

pytestmark = pytest.mark.django_db(transaction=True)


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
    monkeypatch.setattr(list_broadcaster, "LIST_REST", 0.4)
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
    looked = hub().broadcaster._full_at
    while hub().broadcaster._full_at < looked + 2 * event_broadcaster.POLL:  # noqa: ASYNC110 - a clock of the hub's own
        await asyncio.sleep(0.05)
    await page.send(type="ping")
    assert (await page.receive("pong", "chats"))["type"] == "pong"


async def test_the_hub_s_connection_is_made_again(connect: Connect, viewer: User, chat: Chat) -> None:
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    await arrives(chat, 1, "before")
    await page.receive("events")
    conn = hub().broadcaster._reader._conn
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
    assert frame["message"]


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


async def test_discarded_message_is_named_as_removed(connect: Connect, operator: User, chat: Chat) -> None:
    message = await run(messages.send, operator, chat, "oops", cid=uuid4())
    page = await (await connect(operator)).follow(chat)
    await page.receive("reset")
    await page.send(type="discard", ref="d", message=message.pk)
    frames = [await page.receive("ok", "events") for _ in range(2)]  # whichever is quicker
    assert {frame["type"]: frame.get("removed") for frame in frames} == {"ok": None, "events": [message.pk]}
