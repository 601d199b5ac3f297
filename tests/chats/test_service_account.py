"""Telegram's own accounts, on every surface: for those who are no managers their chats and messages do not exist, and
nobody is shown a code but one manager who asks for it."""

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
from django.db import connection, transaction
from django.test import Client
from psycopg import sql

from apps.chats import sight
from apps.chats.models import Chat, Message, MessageSecret, Peer, UnreadableUpdate
from apps.chats.selectors import lists
from apps.chats.services import messages as services
from apps.chats.services.reveal import reveal
from apps.chats.services.text import Refused
from apps.monitoring.models import AuditEntry
from apps.sessions.models import Command, FloodWait, Role, Session, SessionGrant
from apps.sessions.services import rights
from apps.sessions.services.keys import encrypted_columns
from tests.chats import world
from tests.chats.test_socket import Connect, Page, connect
from tests.confirmed import confirmed
from tests.test_rights_table import Examples, examples, outcome, routes
from tests.test_security_rights import FRAMES, MANAGERS, person, quick_passwords
from tests.test_security_rights import chat as secret_chat
from tgadmin.core import origin, types
from tgadmin.core.official import SERVICE

__all__ = ["connect", "examples", "quick_passwords", "secret_chat"]

CODE, SECOND, THIRD = "73915", "80264", "59177"
CODES = (CODE, SECOND, THIRD)
NAME = "Telegramnotices"
WORDS = "Logincode"
MARKS = (NAME, WORDS, str(SERVICE))
"""What only managers may see."""
ROLES = ("viewer", "operator", "manager", "superuser")


def written(number: int, code: str, *, peer_id: int = SERVICE, **facts: Any) -> types.Message:
    """As Telegram's own account writes it, or somebody who forwards that."""
    at = datetime.now(UTC)
    sender = SERVICE if peer_id == SERVICE else peer_id
    return types.Message(peer_id, number, at, f"{WORDS}: {code}. Do not give it to anyone.", sender, **facts)


def arrive(session: Session, *changes: types.Change) -> None:
    world.arrive(session, *changes, peers=(types.Peer(SERVICE, types.PeerKind.USER, NAME, phone="42777"),))


def forwarded(number: int, code: str, peer_id: int) -> types.Message:
    return written(number, code, peer_id=peer_id, forward={"from_id": SERVICE, "date": "2026-01-01T00:00:00+00:00"})


@pytest.fixture
def anna(secret_chat: Chat) -> Chat:
    """An ordinary chat, in which a code was forwarded and answered."""
    session = secret_chat.session
    anna = world.make_chat(session, "Anna")
    world.says(anna, 2, "hello")
    arrive(session, types.NewMessage(forwarded(3, SECOND, anna.peer_id)))
    answer = types.Message(anna.peer_id, 4, datetime.now(UTC), "thank you", anna.peer_id, reply_to_id=3)
    world.arrive(session, types.NewMessage(answer))
    anna.refresh_from_db()
    return anna


@pytest.fixture
def chat(anna: Chat) -> Chat:
    """The chat with Telegram's own account: an account's newest."""
    session = anna.session
    arrive(session, types.NewMessage(written(5, CODE)))
    arrive(session, types.NewMessage(written(6, THIRD)))
    chat = Chat.objects.select_related("session").get(session=session, peer_id=SERVICE)
    lane = f"history:{SERVICE}"
    Command.objects.create(session=session, kind="history", lane=lane, payload={"peer_id": SERVICE}, state="done")
    FloodWait.objects.create(session=session, method="m", peer_id=SERVICE, until="2030-01-01T00:00Z", code="x")
    return chat


def shows(text: str, who: str) -> list[str]:
    """What ``text`` holds that this person must not see."""
    return [mark for mark in (*CODES, *(() if who in MANAGERS else MARKS)) if mark in text]


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
        *(f"admin/tg_sessions/{name}/<path:object_id>/change/" for name in ("command", "floodwait")),
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


def signed_in(who: str, session: Session) -> Client:
    client = Client()
    user = person(who, session)
    assert user is not None
    client.force_login(user)
    confirmed(client)
    client.initial = {name: morsel.value for name, morsel in client.cookies.items()}  # type: ignore[attr-defined]
    return client


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
                "chats/chat", "chats/message", "chats/peer", "chats/unreadableupdate", "tg_sessions/command",
                "tg_sessions/floodwait",
            )
            for query in ("", f"?q={WORDS[:5]}", f"?q={NAME[:5]}", f"?q={SERVICE}", "?_facets=True")
        ),
        "/admin/",
        f"/admin/search/?s={NAME[:5]}&extended=1",
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
    counted = lists.unread_chats([session.pk], whole=sees)
    assert counted == {session.pk: 2 if sees else 1}
    assert f"in {counted[session.pk]} chats" in found["/admin/"]


@pytest.mark.django_db(transaction=True)
def test_a_forwarded_code_is_neither_the_lists_last_line_nor_unread(anna: Chat) -> None:
    """The list's row of an ordinary chat goes to all who see the chat."""
    arrive(anna.session, types.NewMessage(forwarded(9, THIRD, anna.peer_id)))
    anna.refresh_from_db()
    assert (anna.last_message_text, anna.last_message_id, anna.unread_count) == ("thank you", 4, 2)
    world.arrive(anna.session, types.MessagesDeleted(0, (4,)))  # counted, and looked for, anew
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
    await page.send(type="hello", version=1)
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
            if kind == "list" or (target is there and "chat" in fields):
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
        # The history of both is looked at anew: open pages are given it whole.
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


# --- what is stored ---------------------------------------------------------------------------------------------------


def dump() -> dict[tuple[str, str], str]:
    """Every column of every table, as text; bytes as they are and in base64 by no one."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables "
            "USING (table_schema, table_name) WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        )
        for table, column in cursor.fetchall():
            cursor.execute(sql.SQL("SELECT {} FROM {}").format(sql.Identifier(column), sql.Identifier(table)))
            values = [value for (value,) in cursor.fetchall() if value is not None]
            found[table, column] = "\n".join(repr(bytes(v)) if isinstance(v, memoryview) else str(v) for v in values)
    return found


@pytest.mark.django_db(transaction=True)
def test_no_column_holds_a_code(chat: Chat, anna: Chat) -> None:
    unreadable = types.Unreadable("NewMessage", "DataError", repr(written(7, CODE)).encode())
    arrive(chat.session, unreadable, types.MessageEdited(written(5, SECOND)))
    columns = dump()
    assert not [place for place, text in columns.items() for code in CODES if code in text]
    assert columns["telegram_message_secrets", "secret"]
    assert columns["telegram_unreadable_updates", "data"]
    encrypted = {(column.table, column.name) for column in encrypted_columns()}
    assert {("telegram_message_secrets", "secret"), ("telegram_unreadable_updates", "data")} <= encrypted


def secret_of(session: Session, telegram_id: int) -> str | None:
    kept = MessageSecret.objects.filter(message__session_id=session.pk, message__telegram_id=telegram_id).first()
    original: Any = None if kept is None else kept.secret
    return None if original is None else original["text"]


@pytest.mark.django_db(transaction=True)
def test_what_is_masked_follows_its_message(chat: Chat) -> None:
    """Edits with another code and with none, a deletion, history, an account that is removed."""
    session = chat.session
    assert CODE in (secret_of(session, 5) or "")
    arrive(session, types.MessageEdited(written(5, SECOND)))
    assert SECOND in (secret_of(session, 5) or "")
    arrive(session, types.MessageEdited(types.Message(SERVICE, 5, datetime.now(UTC), "This code is no longer good.")))
    message = Message.objects.get(session_id=session.pk, telegram_id=5)
    assert (message.text, secret_of(session, 5)) == ("This code is no longer good.", None)
    assert message.managers_only
    arrive(session, types.MessageEdited(written(5, THIRD)))
    assert THIRD in (secret_of(session, 5) or "")
    arrive(session, types.MessagesDeleted(0, (5,)))
    message.refresh_from_db()
    assert (message.text, message.managers_only, secret_of(session, 5)) == ("", True, None)
    page = (written(6, THIRD), written(4 + 100, CODE))
    arrive(session, types.History(SERVICE, page, 0, complete=True))
    assert CODE in (secret_of(session, 104) or "")
    arrive(session, types.History(SERVICE, (written(104, CODE),), 0, complete=True))  # 6 is there no more
    assert secret_of(session, 6) is None
    assert CODE in (secret_of(session, 104) or "")
    session.delete()
    assert not MessageSecret.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_edit_that_names_no_origin_any_more_unmasks_nothing(anna: Chat) -> None:
    plain = types.Message(anna.peer_id, 3, datetime.now(UTC), f"{WORDS}: {CODE}", anna.peer_id)
    arrive(anna.session, types.MessageEdited(plain))
    message = Message.objects.get(session_id=anna.session_id, telegram_id=3)
    assert (message.text, message.managers_only) == (f"{WORDS}: •••••", True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("twin_is_stored", [True, False])
def test_two_rows_that_become_one_keep_what_was_masked(anna: Chat, twin_is_stored: bool) -> None:
    """One of ours that arrived before the word of its id: the page's own row stays, and the secret opens for it."""
    session = anna.session
    ours = Message.objects.create(
        chat=anna, session_id=session.pk, random_id=77, state="sending", out=True, text="x", sender_id=1
    )
    arrived = types.NewMessage(forwarded(30, CODE, anna.peer_id))
    assigned = types.MessageIdAssigned(77, 30)
    for batch in ([arrived], [assigned]) if twin_is_stored else ([arrived, assigned],):
        arrive(session, *batch)
    (row,) = Message.objects.filter(session_id=session.pk, telegram_id=30)
    assert (row.pk, row.managers_only, CODE in row.text) == (ours.pk, True, False)
    assert CODE in (secret_of(session, 30) or "")
    assert not MessageSecret.objects.exclude(message__managers_only=True).exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_when_the_answer_settles_it(anna: Chat) -> None:
    from apps.chats.services import outcomes

    ours = Message.objects.create(
        chat=anna, session_id=anna.session_id, random_id=78, state="sending", out=True, text="x", sender_id=1
    )
    arrive(anna.session, types.NewMessage(forwarded(31, CODE, anna.peer_id)))
    with transaction.atomic():
        outcomes.sent(ours.pk, 31)
    (row,) = Message.objects.filter(session_id=anna.session_id, telegram_id=31)
    assert (row.pk, row.managers_only, CODE in row.text) == (ours.pk, True, False)
    assert CODE in (secret_of(anna.session, 31) or "")


# --- reveal -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_manager_is_shown_one_code_which_is_on_record(chat: Chat) -> None:
    manager = person("manager", chat.session)
    assert manager is not None
    message = Message.objects.get(chat=chat, telegram_id=5)
    token = origin.current.set(origin.Origin("192.0.2.9", "Browser", lambda: manager))
    try:
        shown = reveal(manager, message)
    finally:
        origin.current.reset(token)
    assert shown == {"text": f"{WORDS}: {CODE}. Do not give it to anyone.", "entities": []}
    entry = AuditEntry.objects.get(action="message.code_shown")
    assert (entry.actor_id, entry.session_id, entry.details) == (manager.pk, chat.session_id, {"message": message.pk})
    assert (entry.address, entry.agent) == ("192.0.2.9", "Browser")
    assert CODE not in str(dump())


@pytest.mark.django_db(transaction=True)
def test_nobody_else_is(chat: Chat, anna: Chat) -> None:
    people = [person(who, chat.session) for who in ("nobody", "viewer", "operator", "manager")]
    forwarded_one = Message.objects.get(chat=anna, telegram_id=3)
    for message in (Message.objects.get(chat=chat, telegram_id=5), forwarded_one):
        for user in people[:3]:
            assert user is not None
            with pytest.raises(rights.Forbidden):
                reveal(user, message)
    manager = people[3]
    assert manager is not None
    with pytest.raises(Refused) as refused:
        reveal(manager, Message.objects.get(chat=anna, telegram_id=2))
    assert refused.value.code == "NO_CODE"
    # Somebody who can write to the database puts another message's secret in this one's place.
    one, other = MessageSecret.objects.order_by("pk")[:2]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE telegram_message_secrets SET secret = (SELECT secret FROM telegram_message_secrets "
            "WHERE message_id = %s) WHERE message_id = %s",
            [one.pk, other.pk],
        )
    with pytest.raises(Refused) as refused:
        reveal(manager, other.message)
    assert refused.value.code == "KEYS_MISSING"
    assert not AuditEntry.objects.filter(action="message.code_shown").exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_can_be_written_there(chat: Chat, settings: Any) -> None:
    from uuid import uuid4

    manager = person("manager", chat.session)
    assert manager is not None
    before = Command.objects.count()
    for write in (
        lambda: services.send(manager, chat, "hello", cid=uuid4()),
        lambda: services.typing(manager, chat),
        lambda: services.edit(manager, Message.objects.filter(chat=chat)[0], "hello"),
    ):
        with pytest.raises(Refused) as refused:
            write()
        assert refused.value.says.endswith("nothing was sent.")
    assert Command.objects.count() == before
    assert not Message.objects.filter(chat=chat, telegram_id=None).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ROLES)
def test_what_waits_for_it_is_not_done_for_who_is_no_manager_any_more(who: str, chat: Chat) -> None:
    """Asked once more at the claim, by the command's lane."""
    user = person(who, chat.session)
    for peer_id, sees in ((SERVICE, who in MANAGERS), (5, True)):
        waiting = Command.objects.create(
            session=chat.session, kind="read", lane=f"read:{peer_id}", payload={}, created_by=user
        )
        query = (
            f"SELECT {rights.lack_sql()} FROM telegram_commands c LEFT JOIN auth_user u ON u.id = c.created_by_id "
            "CROSS JOIN (VALUES ('read', 1, false, false)) n(kind, role, or_starter, system) WHERE c.id = %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [waiting.pk])
            assert (cursor.fetchone() == ("",)) is sees


@pytest.mark.django_db(transaction=True)
def test_selectors_agree_with_roles(chat: Chat, anna: Chat) -> None:
    """The one rule, asked in its forms: by user, by role, for rows."""
    for who in ROLES:
        user = person(who, chat.session)
        assert user is not None
        sees = who in MANAGERS
        held = {chat.session_id: rights.role(user, chat.session_id) or Role.VIEWER}
        assert sight.chats(user).filter(pk=chat.pk).exists() == sees
        assert sight.chats(user).filter(pk=anna.pk).exists()
        assert sight.sees_chat(held, chat) == sees
        assert sight.sees_chat(held, anna)
        assert not sight.sees_chat({}, anna)
        assert sight.sees_message(held, Message.objects.get(chat=anna, telegram_id=3)) == sees
        assert rights.sees_telegram(held[chat.session_id]) == sees
