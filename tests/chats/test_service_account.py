"""Telegram's own accounts on every surface: for those who are no managers their chats and messages do not exist."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction

from apps.chats.models import Chat, Message, Peer, UnreadableUpdate
from apps.chats.payloads import PROTOCOL
from apps.chats.selectors import unread
from apps.commands.models import Command, FloodWait
from apps.sessions.models import Session, SessionGrant
from apps.staff.models import AuditEntry
from apps.staff.roles import Role
from tests.chats.official import (
    CODE,
    CODES,
    NAME,
    ROLES,
    SECOND,
    THIRD,
    WORDS,
    anna,
    arrive,
    chat,
    forwarded,
    shows,
    signed_in,
    written,
)
from tests.kit import world
from tests.kit.people import MANAGERS, person, quick_passwords
from tests.kit.people import chat as secret_chat
from tests.kit.routes import Examples, examples, outcome, routes
from tests.kit.sockets import Connect, Page, connect
from tests.test_security_rights import FRAMES
from tgadmin.core import types
from tgadmin.core.official import SERVICE

__all__ = ["anna", "chat", "connect", "examples", "quick_passwords", "secret_chat"]


# --- pages, admin -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ROLES)
def test_every_address(who: str, chat: Chat, examples: Examples) -> None:
    """The whole project's, with the service chat's rows as their examples; those that will be added too."""
    session = chat.session
    examples.rows[Chat] = chat
    examples.rows[Message] = Message.objects.filter(chat=chat)[0]
    examples.rows[Peer] = Peer.objects.get(session=session, peer_id=SERVICE)
    examples.rows[Command] = Command.objects.get(lane=f"history:{SERVICE}")
    examples.rows[FloodWait] = FloodWait.objects.get(peer_id=SERVICE)
    hidden = {
        "chats/<int:session_id>/<int:chat_id>/",
        "chats/<int:session_id>/<int:chat_id>/history/",
        "chats/<int:session_id>/<int:chat_id>/details/",
        *(f"admin/chats/{name}/<path:object_id>/change/" for name in ("chat", "message", "peer", "unreadableupdate")),
        *(f"admin/commands/{name}/<path:object_id>/change/" for name in ("command", "floodwait")),
    }
    client, asked = signed_in(who, session), set()
    for route in routes():
        for method in ("GET", "POST"):
            client.cookies.load(client.initial)  # type: ignore[attr-defined]
            with transaction.atomic():
                response = client.generic(method, examples.address(route), headers={"accept": "text/html"})
                cell = outcome(client, route, response)
                transaction.set_rollback(True)
            assert not shows(response.content.decode(errors="replace"), who), (method, route)
            assert not shows(str(response.headers), who), (method, route)
            if method == "GET" and route in hidden:
                asked.add(route)
                assert (cell == "yes") == (who in MANAGERS), route
    assert asked == hidden


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ROLES)
def test_lists_searches_history_and_counts(who: str, chat: Chat, anna: Chat) -> None:
    client, session = signed_in(who, chat.session), chat.session
    UnreadableUpdate.objects.create(session=session, kind=WORDS, reason="x", data=b"x")
    sees = who in MANAGERS
    found = {}
    for address in (
        f"/chats/{session.pk}/list/",
        f"/chats/{session.pk}/list/?tab=unread",
        f"/chats/{session.pk}/list/?q={NAME[:5]}",
        f"/chats/{session.pk}/{anna.pk}/history/",
        f"/chats/{session.pk}/{anna.pk}/history/?around=3",
        f"/chats/{session.pk}/{anna.pk}/history/?before=4",
        f"/chats/{session.pk}/{anna.pk}/history/?after=2",
        f"/chats/{session.pk}/{anna.pk}/details/",
        f"/chats/{session.pk}/",
        f"/chats/{session.pk}/{anna.pk}/",
        *(
            f"/admin/{name}/{query}"
            for name in (
                "chats/chat", "chats/message", "chats/peer", "chats/unreadableupdate", "commands/command",
                "commands/floodwait",
            )
            for query in ("", f"?q={WORDS[:5]}", f"?q={NAME[:5]}", f"?q={SERVICE}", "?_facets=True")
        ),
        "/admin/",
        f"/admin/search/?s={NAME[:5]}",
    ):  # fmt: skip
        response = client.get(address)
        text = response.content.decode()
        asked = address.partition("?")[2]
        assert not [mark for mark in shows(text, who) if mark[:5] not in asked or mark in CODES], address
        found[address] = json.loads(text) if text.startswith("{") else text
    titles = [row["title"] for row in found[f"/chats/{session.pk}/list/"]["chats"]]
    assert (NAME in titles) == sees
    assert "Anna" in titles
    shown = {one["tid"]: one for one in found[f"/chats/{session.pk}/{anna.pk}/history/"]["messages"]}
    assert set(shown) == ({2, 3, 4} if sees else {2, 4})
    assert shown[4]["reply"]["missing"] is not sees
    assert found[f"/chats/{session.pk}/{anna.pk}/details/"]["stored"] == (3 if sees else 2)
    if sees:
        assert (shown[3]["text"], shown[3]["masked"]) == (f"{WORDS}: •••••. Do not give it to anyone.", True)
        assert WORDS in found["/admin/chats/message/"]
    # The row of a chat that all may see says the same to all.
    (row,) = [row for row in found[f"/chats/{session.pk}/list/"]["chats"] if row["title"] == "Anna"]
    assert (row["last"]["text"], row["unread"]) == ("thank you", 2)
    assert not any(row["can_send"] for row in found[f"/chats/{session.pk}/list/"]["chats"] if row["official"])
    counted = unread.counts([session.pk])[session.pk].of(whole=sees)
    assert counted.chats == (2 if sees else 1)
    assert (f"in {counted.chats} chats" in found["/admin/"]) == sees  # others work in chats alone


@pytest.mark.django_db(transaction=True)
def test_a_forwarded_code_is_neither_the_lists_last_line_nor_unread(anna: Chat) -> None:
    """The list's row of an ordinary chat goes to all who see the chat."""
    arrive(anna.session, types.NewMessage(forwarded(9, THIRD, anna.peer_id)))
    anna.refresh_from_db()
    assert (anna.last_message_text, anna.last_message_id, anna.unread_count) == ("thank you", 4, 2)
    world.arrive(anna.session, types.MessagesDeleted(0, (4,)))  # counted, and looked for, again
    anna.refresh_from_db()
    assert (anna.last_message_text, anna.last_message_id, anna.unread_count) == ("hello", 2, 1)
    world.arrive(anna.session, types.MessagesDeleted(0, (9,)))
    world.arrive(anna.session, types.ReadInbox(anna.peer_id, 1, 3))
    anna.refresh_from_db()
    assert (anna.last_message_text, anna.unread_count) == ("hello", 1)


# --- the live socket --------------------------------------------------------------------------------------------------


class Hearing:
    """A page that keeps all that it is sent, as it comes."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[str] = []

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            text = await self.page.communicator.receive_from(10)
            self.frames.append(text)
            frame: dict[str, Any] = json.loads(text)
            if wanted(frame):
                return frame

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The answer that bears the frame's ref."""
        await self.page.send(type=kind, ref=kind, **fields)
        return await self.until(lambda frame: frame.get("ref") == kind)

    async def silence(self, kind: str, **fields: Any) -> dict[str, Any] | None:
        """What a frame was answered with before the answer to the next one; None for nothing."""
        await self.page.send(type=kind, ref=kind, **fields)
        await self.page.send(type="nothing", ref="end")
        frame = await self.until(lambda frame: frame.get("ref") in (kind, "end"))
        if frame["ref"] == "end":
            return None
        await self.until(lambda frame: frame.get("ref") == "end")
        return frame

    def heard(self, who: str) -> list[str]:
        return shows("\n".join(self.frames), who)


async def hearing(connect: Connect, user: User, session: Session) -> Hearing:
    page = await connect(user)
    hears = Hearing(page)
    await page.send(type="hello", version=PROTOCOL)
    await hears.until(lambda frame: frame["type"] == "welcome")
    await page.send(type="list", session=session.pk)
    await hears.until(lambda frame: frame["type"] == "list")
    return hears


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ROLES)
async def test_frames_about_it_are_answered_as_if_it_did_not_exist(who: str, chat: Chat, connect: Connect) -> None:
    """Every frame that names a chat or a message; those that will be added too."""
    user = await sync_to_async(person)(who, chat.session)
    assert user is not None
    message = await Message.objects.filter(chat=chat).afirst()
    there = await Message.objects.aget(managers_only=True, forward__isnull=False)
    assert message is not None
    hears = await hearing(connect, user, chat.session)
    shown = None
    for target in (message, there):
        rows: dict[str, Any] = {"session": chat.session_id, "chat": chat.pk, "ours": target.pk}
        for kind, (fields, _) in FRAMES.items():
            if kind in ("list", "notify") or (target is there and "chat" in fields):
                continue
            given = {
                name: [rows[one] for one in value] if isinstance(value, list) else rows.get(value, value)
                if isinstance(value, str) else value
                for name, value in fields.items()
            }  # fmt: skip
            before = await Command.objects.acount()
            answer = await hears.silence(kind, **given)
            if who not in MANAGERS:
                assert answer is not None
                assert answer["code"] == "NOT_FOUND", kind
                unknown = {name: 999_999 if name in ("chat", "message") else value for name, value in given.items()}
                unknown |= {"messages": [999_999]} if "messages" in given else {}
                assert await hears.silence(kind, **unknown) == answer, kind
                assert await Command.objects.acount() == before, kind
            elif kind in ("send", "typing", "edit") and target is message:
                assert answer is not None
                assert answer["code"] == "TELEGRAM_CHAT", kind
                assert await Command.objects.acount() == before, kind
            elif kind == "reveal":
                assert answer is not None
                shown = json.loads(hears.frames.pop(-2))["shown"]
                assert (shown["message"], answer["type"]) == (target.pk, "ok")
    assert (shown is not None) == (who in MANAGERS)
    assert shown is None or SECOND in shown["text"]
    seen = [entry async for entry in AuditEntry.objects.filter(action="message.code_shown").order_by("pk")]
    if who in MANAGERS:
        assert [entry.actor_id for entry in seen] == [user.pk] * 2
        assert [entry.details for entry in seen] == [{"message": message.pk}, {"message": there.pk}]
    else:
        assert not seen
    assert not hears.heard(who)


@pytest.mark.django_db(transaction=True)
async def test_what_happens_in_it_is_told_to_managers_only(chat: Chat, anna: Chat, connect: Connect) -> None:
    """New messages, edits, deletions, resets, typing; in the chat itself, and of what was forwarded elsewhere."""
    session = chat.session
    users = {who: await sync_to_async(person)(who, session) for who in ROLES}
    pages: dict[tuple[str, Chat], Hearing] = {}
    for who, user in users.items():
        assert user is not None
        for shown in (anna, chat) if who in MANAGERS else (anna,):
            hears = pages[who, shown] = await hearing(connect, user, session)
            await hears.page.send(type="open", chat=shown.pk)
            await hears.until(lambda frame: frame["type"] == "reset")

    def happens() -> None:
        arrive(session, types.NewMessage(written(11, CODE)), types.NewMessage(forwarded(12, SECOND, anna.peer_id)))
        arrive(session, types.MessageEdited(written(11, THIRD)), types.MessageEdited(forwarded(12, CODE, anna.peer_id)))
        typing = {"peer_id": SERVICE, "sender_id": SERVICE, "name": NAME, "action": "typing"}
        world.group_send(session.pk, {"type": "session.typing", **typing})
        arrive(session, types.MessagesDeleted(0, (11, 12)))
        arrive(session, types.NewMessage(written(13, CODE)), types.NewMessage(forwarded(14, SECOND, anna.peer_id)))
        # The history of both is looked at again: open pages are given it whole.
        for peer_id, number, make in ((SERVICE, 15, written), (anna.peer_id, 16, forwarded)):
            page = (make(number, THIRD, peer_id=peer_id),)
            arrive(session, types.History(peer_id, page, 0, complete=False))
        world.arrive(session, types.MessageEdited(types.Message(anna.peer_id, 2, datetime.now(UTC), "the end")))

    await sync_to_async(happens)()
    for (who, shown), hears in pages.items():
        if shown is anna:
            await hears.until(lambda frame: "the end" in json.dumps(frame.get("messages", frame.get("page"))))
        else:
            await hears.until(lambda frame: "15" in json.dumps([one["tid"] for one in _told(frame)]))
        await hears.page.send(type="ping")
        await hears.until(lambda frame: frame["type"] == "pong")
        assert not hears.heard(who), who
        tids = {one["tid"] for text in hears.frames for one in _told(json.loads(text))}
        if shown is anna:
            assert ({12, 14, 16} <= tids) == (who in MANAGERS), who
            assert not {3, 12, 14, 16} & tids or who in MANAGERS
        types_of = {json.loads(text)["type"] for text in hears.frames}
        assert "typing" not in types_of or who in MANAGERS
        if who in MANAGERS:
            assert any(WORDS in text for text in hears.frames)


def _told(frame: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = frame.get("messages") or frame.get("page", {}).get("messages") or []
    return found


@pytest.mark.django_db(transaction=True)
async def test_a_manager_who_is_one_no_more_hears_no_more_of_it(chat: Chat, anna: Chat, connect: Connect) -> None:
    session = chat.session
    user = await sync_to_async(person)("manager", session)
    assert user is not None
    hears = await hearing(connect, user, session)
    await hears.page.send(type="open", chat=chat.pk)
    await hears.until(lambda frame: frame["type"] == "reset")
    await SessionGrant.objects.filter(user=user).aupdate(role=Role.OPERATOR)
    await hears.until(lambda frame: frame["type"] == "sessions")
    hears.frames.clear()
    await sync_to_async(arrive)(session, types.NewMessage(written(20, CODE)))
    await sync_to_async(world.says)(anna, 21, "the end")
    await hears.until(lambda frame: frame["type"] == "chats" and "the end" in json.dumps(frame))
    answer = await hears.silence("open", chat=chat.pk)
    assert answer is not None
    assert answer["code"] == "NOT_FOUND"
    await hears.page.send(type="list", session=session.pk)
    await hears.until(lambda frame: frame["type"] == "list")
    assert not hears.heard("operator")


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", [*ROLES, ""])
def test_commands(who: str, chat: Chat, anna: Chat, settings: Any) -> None:
    """``""``: whoever has the shell, and gives no name: everything, but for the codes."""
    settings.TELEGRAM_NETWORK = chat.session.network
    if who:
        person(who, chat.session)
    sees = who in MANAGERS or not who

    def run(*arguments: str) -> str:
        out = io.StringIO()
        try:
            call_command(*arguments, *(("--user", who) if who else ()), stdout=out)
        except CommandError as error:
            return f"error {error}"
        return out.getvalue()

    outputs = {
        (action, form): run("chat", action, str(argument), *form)
        for action, argument in (("list", chat.session_id), ("history", chat.pk), ("history ", anna.pk))
        for form in ((), ("--json",))
        for action in (action.strip(),)
    }
    outputs["send", ()] = run("chat", "send", str(chat.pk), "--text", "x", "--timeout", "0")
    for key, text in outputs.items():
        assert not shows(text, "manager" if sees else who), key
    assert ("Telegram itself writes" in outputs["send", ()]) == sees
    assert ("There is no chat" in outputs["send", ()]) == (not sees)
    assert (NAME in outputs["list", ()]) == sees
    assert not Command.objects.filter(kind="send").exists()
    other = run("chat", "history", str(anna.pk))
    assert (WORDS in other) == sees
    assert CODE not in other
