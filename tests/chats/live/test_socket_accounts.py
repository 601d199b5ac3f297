"""What a page hears of all its user's accounts: how much is unread, one list over them, rows of others to notify of."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from apps.chats.models import Chat, LivePlace
from apps.commands.models import Command
from apps.sessions.models import SessionGrant
from apps.staff.roles import Role
from tests.kit import world
from tests.kit.sockets import Connect, Page, arrives, connect

__all__ = ["connect"]
pytestmark = pytest.mark.django_db(transaction=True)


@sync_to_async
def another(user: User, role: Role | None = Role.OPERATOR) -> Chat:
    """A chat of an account of its own, in which the user has this role."""
    chat = world.make_chat(world.make_session("Another"), "Ben")
    if role is not None:
        SessionGrant.objects.create(session=chat.session, user=user, role=role)
    return chat


async def counted(page: Page, **wanted: int) -> dict[str, int]:
    """The account's counts, once they are as wanted."""
    while True:
        for one in (await page.receive("unread"))["accounts"]:
            if wanted.items() <= one.items():
                return one


async def test_unread_of_all_accounts_whichever_list_is_followed(connect: Connect, operator: User, chat: Chat) -> None:
    ben, hidden = await another(operator), await another(operator, None)
    page = await (await connect(operator)).follow(chat)
    accounts = (await page.receive("unread"))["accounts"]
    assert {one["session"] for one in accounts} == {chat.session_id, ben.session_id}
    await arrives(hidden, 1, "not theirs")
    await arrives(ben, 1, "hello")
    assert await counted(page, session=ben.session_id, chats=1) == {
        "session": ben.session_id, "chats": 1, "messages": 1, "muted_chats": 0, "muted_messages": 0,
    }  # fmt: skip
    third = await another(operator)
    await counted(page, session=third.session_id)  # with the new right


async def test_one_list_over_all_accounts_is_live(connect: Connect, operator: User, chat: Chat) -> None:
    ben, hidden = await another(operator), await another(operator, None)
    await arrives(ben, 1, "first")
    page = await (await connect(operator)).hello()
    await page.send(type="list")
    frame = await page.receive("list")
    assert (frame["session"], frame["unread"]) == (None, 1)
    assert {row["id"] for row in frame["chats"]} == {chat.pk, ben.pk}
    for told in (chat, ben):
        await page.send(type="open", chat=told.pk)
        await page.receive("reset", "opened")
        await arrives(hidden, 5, "not theirs")
        await arrives(told, 5, "news")
        frame = await page.receive("events")
        assert (frame["chat"], frame["messages"][0]["text"]) == (told.pk, "news")
    await arrives(chat, 6, "elsewhere")
    frame = await page.until(lambda one: one["type"] == "chats" and one["chats"][0]["last"]["text"] == "elsewhere")
    assert (frame["session"], frame["chats"][0]["id"]) == (chat.session_id, chat.pk)


async def test_a_lost_right_takes_one_account_off_and_leaves_the_others(
    connect: Connect, operator: User, chat: Chat
) -> None:
    ben = await another(operator)
    page = await (await connect(operator)).hello()
    await page.send(type="list", session=None)
    await page.receive("list")
    await page.send(type="open", chat=ben.pk)
    await page.receive("reset")
    await SessionGrant.objects.filter(session=ben.session_id).adelete()
    assert (await page.receive("gone"))["session"] == ben.session_id
    heard: list[dict[str, object]] = []
    await arrives(ben, 1, "not theirs any more")
    await arrives(chat, 1, "theirs")
    await page.until(lambda one: heard.append(one) or (one["type"] == "chats" and one["session"] == chat.session_id))
    assert not [one for one in heard if one["type"] == "events" or one.get("session") == ben.session_id]
    await SessionGrant.objects.acreate(session_id=ben.session_id, user=operator, role=Role.VIEWER)
    await page.receive("sessions")
    await arrives(ben, 2, "again")
    await page.until(lambda one: one["type"] == "chats" and one["session"] == ben.session_id)


async def test_rows_of_accounts_that_the_page_notifies_of(connect: Connect, operator: User, chat: Chat) -> None:
    ben, quiet, hidden = [await another(operator) for _ in range(2)] + [await another(operator, None)]
    page = await (await connect(operator)).follow(chat)
    await page.send(type="notify", sessions=[ben.session_id, hidden.session_id, 10**6])
    await page.send(type="ping")
    await page.receive("pong")
    for one in (hidden, quiet, ben):
        await arrives(one, 1, "hello")
    heard: list[int] = []

    def of_ben(frame: dict[str, Any]) -> bool:
        heard.append(frame["session"]) if frame["type"] == "chats" else None
        return frame["type"] == "chats" and frame["session"] == ben.session_id and frame["chats"][0]["unread"] == 1

    frame = await page.until(of_ben)
    assert frame["chats"][0]["last"]["text"] == "hello"
    assert not {hidden.session_id, quiet.session_id} & set(heard)
    # The open chat goes on; the list of the other account is not followed by it.
    await arrives(chat, 1, "still here")
    assert (await page.receive("events"))["chat"] == chat.pk
    await page.send(type="open", chat=ben.pk, ref="x")
    assert (await page.until(lambda one: one.get("ref") == "x"))["code"] == "NOT_FOUND"


async def test_mark_and_place(connect: Connect, operator: User, chat: Chat) -> None:
    hidden = await another(operator, None)
    page = await (await connect(operator)).follow(chat)
    await page.send(type="mark", chat=chat.pk, unread=True, ref="m")
    await page.until(lambda one: one.get("ref") == "m" and one["type"] == "ok")
    await page.until(lambda one: one["type"] == "chats" and one["chats"][0]["marked"] is True)
    assert await Command.objects.aget(kind="mark")
    for session, there in ((chat.session_id, chat.pk), (None, chat.pk), (None, None)):
        await page.send(type="place", session=session, chat=there)
        await page.send(type="ping")
        await page.receive("pong")
        place = await LivePlace.objects.aget()
        assert (place.user_id, place.session_id, place.chat_id) == (operator.pk, session, there)
    for wrong in ({"session": hidden.session_id}, {"chat": hidden.pk}, {"session": 10**6, "chat": chat.pk}):
        await page.send(type="place", ref="p", **wrong)
        assert (await page.until(lambda one: one.get("ref") == "p"))["code"] == "NOT_FOUND"
