"""Every answer repeats the ``ref`` of the frame that it answers; what nobody asked for has none."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from apps.chats.live.frames.incoming import TYPES
from apps.chats.models import Chat, Message
from apps.chats.payloads import PROTOCOL
from apps.chats.selectors import history
from apps.commands.models import Command
from apps.commands.services import commands
from tests.kit import world
from tests.kit.sockets import Connect, Page, connect, run

__all__ = ["connect"]

pytestmark = pytest.mark.django_db(transaction=True)

LONGEST = '"' * 64
"""As long as a ref may be, and twice as long in JSON."""
SILENT = {"close", "read", "typing", "mark", "notify", "place"}
"""Not answered unless they are refused."""
SETTLED = {"edit", "delete", "history"}
"""Answered when the gateway has done it."""


def settle_all() -> None:
    with transaction.atomic():
        for command in Command.objects.filter(state__in=commands.OPEN):
            commands.settle(command, Command.State.DONE)


def failed(chat: Chat) -> Message:
    cid = uuid4()
    names = {"cid": cid, "random_id": cid.int % 2**62}
    state = Message.State.FAILED
    return Message.objects.create(chat=chat, session_id=chat.session_id, out=True, state=state, text="x", **names)


def requests(chat: Chat) -> dict[str, dict[str, Any]]:
    """A frame of each type that is carried out."""
    sent = world.make_message(chat, 50, "ours", out=True)
    theirs = world.make_message(chat, 51, "theirs")
    return {
        "hello": {"version": PROTOCOL},
        "ping": {},
        "list": {"session": chat.session_id},
        "open": {"chat": chat.pk},
        "close": {},
        "send": {"chat": chat.pk, "cid": str(uuid4()), "text": "hello"},
        "retry": {"message": failed(chat).pk},
        "discard": {"message": failed(chat).pk},
        "reveal": {"message": theirs.pk},
        "edit": {"message": sent.pk, "text": "other"},
        "delete": {"messages": [sent.pk]},
        "history": {"chat": chat.pk, "before": 50},
        "read": {"chat": chat.pk, "max_id": 51},
        "typing": {"chat": chat.pk},
        "mark": {"chat": chat.pk, "unread": True},
        "notify": {"sessions": [chat.session_id]},
        "place": {"session": chat.session_id, "chat": chat.pk},
    }


async def answer(page: Page, ref: str) -> dict[str, Any]:
    return await page.until(lambda frame: frame.get("ref") == ref)


async def test_every_answer_repeats_the_ref(connect: Connect, operator: User, chat: Chat) -> None:
    frames = await run(requests, chat)
    assert frames.keys() == TYPES.keys()
    page = await connect(operator)
    seen = {}
    for kind, fields in frames.items():
        ref = f"{kind}{LONGEST}"[:64]
        await page.send(type=kind, ref=ref, **fields)
        if kind in SETTLED:
            await page.send(type="ping", ref="before")  # it has been taken
            await answer(page, "before")
            await run(settle_all)
        if kind in SILENT:
            continue
        seen[kind] = (await answer(page, ref))["type"]
    assert seen == {
        "hello": "welcome",
        "ping": "pong",
        "list": "list",
        "open": "reset",
        "send": "ok",
        "retry": "ok",
        "discard": "ok",
        "reveal": "error",  # there is nothing to reveal in it
        "edit": "done",
        "delete": "done",
        "history": "done",
    }


async def test_what_goes_on_is_answered_so_too(connect: Connect, operator: User, chat: Chat) -> None:
    page = await (await connect(operator)).follow(chat)
    await page.receive("reset")
    epoch = str(await run(history.epoch))
    await page.send(type="open", ref="again", chat=chat.pk, after=chat.last_event, epoch=epoch)
    assert (await answer(page, "again"))["type"] == "opened"


async def test_every_refusal_repeats_the_ref(connect: Connect, stranger: User, chat: Chat) -> None:
    frames = await run(requests, chat)
    page = await (await connect(stranger)).hello()
    # ``notify`` is a wish: of accounts that one does not see nothing is heard.
    for kind in frames.keys() - {"ping", "close", "notify"}:
        await page.send(type=kind, ref=f"their {kind}", **frames[kind])
        assert (await answer(page, f"their {kind}"))["type"] == "error", kind


async def test_without_a_ref_none_is_made_up(connect: Connect, operator: User, chat: Chat) -> None:
    page = await connect(operator)
    frames = await run(requests, chat)
    for kind, wanted in (("hello", "welcome"), ("ping", "pong"), ("list", "list"), ("open", "reset")):
        await page.send(type=kind, **frames[kind])
        assert "ref" not in await page.receive(wanted)
