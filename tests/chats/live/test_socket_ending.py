"""The live socket: nothing after a right or a login is gone, and no more than a person may have."""

import asyncio
import threading
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from pytest_django import Settings

from apps.chats.live import consumers
from apps.chats.live.hub import hub
from apps.chats.models import Chat, Message
from apps.chats.selectors import history, lists
from apps.chats.services import messages
from apps.sessions.models import SessionGrant
from apps.staff.roles import Role
from tests.kit import world
from tests.kit.sockets import PATIENCE, Connect, arrives, connect, run
from tgadmin.core.errors import UserError

__all__ = ["connect"]

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert frames[2]["message"].startswith("2 things wait in this chat already: this was not added.")
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


async def test_what_cannot_be_done_is_an_error_frame_with_its_time(
    connect: Connect, operator: User, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise UserError("FLOOD_WAIT", "Telegram asks to wait.", datetime(2026, 11, 28, 4, 45, tzinfo=UTC))

    monkeypatch.setattr(messages, "typing", refuse)
    page = await (await connect(operator)).hello()
    await page.send(type="typing", ref="r1", chat=chat.pk)
    assert await page.receive("error") == {
        "type": "error", "ref": "r1", "code": "FLOOD_WAIT", "message": "Telegram asks to wait.",
        "until": "2026-11-28T04:45:00+00:00",
    }  # fmt: skip
    await page.send(type="discard", ref="r2", message=0)
    invalid = await page.receive("error")
    assert (invalid["ref"], invalid["code"], "until" in invalid) == ("r2", "INVALID", False)


async def test_a_page_that_the_server_kills_is_forgotten(connect: Connect, viewer: User, chat: Chat) -> None:
    """Daphne cancels the consumer of a client that left while a frame was being handled; it gets no disconnect."""
    killed, stays = await (await connect(viewer)).follow(chat), await (await connect(viewer)).follow(chat)
    assert len(hub().watchers) == 2
    killed.communicator.future.cancel()
    await asyncio.wait([killed.communicator.future])
    assert len(hub().watchers) == 1
    stays.communicator.future.cancel()
    await asyncio.wait([stays.communicator.future])
    assert not hub().watchers
