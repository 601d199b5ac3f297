"""The live socket: replay before live, or a reset."""

import time
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from pytest_django import Settings

from apps.chats.live import answers
from apps.chats.live.hub import hub
from apps.chats.models import Chat, Event, Installation
from apps.chats.services import events, pruning
from tests.kit import world
from tests.kit.sockets import PATIENCE, Connect, arrives, connect, run

__all__ = ["connect"]

pytestmark = pytest.mark.django_db(transaction=True)


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
    look = hub().broadcaster._send_events

    async def still(session_ids: set[int]) -> None:
        pass

    monkeypatch.setattr(hub().broadcaster, "_send_events", still)
    await run(happen, chat, 200)
    await Event.objects.filter(number__lte=200 - kept).adelete()
    monkeypatch.setattr(hub().broadcaster, "_send_events", look)
    hub().broadcaster.wake(chat.session_id)
    frame = await page.receive("reset", "events")
    assert (frame["type"], frame["page"]["at"]) == ("reset", 200)
    await arrives(chat, 201, "next")
    frame = await page.receive("reset", "events")
    assert (frame["type"], frame["after"], frame["to"]) == ("events", 200, 201)


async def test_a_restored_database_sends_pages_back_to_resume(connect: Connect, viewer: User, chat: Chat) -> None:
    page = await (await connect(viewer)).follow(chat)
    await page.receive("reset")
    while hub().access_watch.epoch is None:
        await page.send(type="ping")
        await page.receive("pong")
    await Installation.objects.aupdate(epoch=uuid4())
    assert await page.closed() == 4411
