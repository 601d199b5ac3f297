"""The live socket: who may connect, what is refused and how."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from apps.chats.live import consumers
from apps.chats.live.frames import MAX_BYTES
from apps.chats.models import Chat, Message
from apps.chats.payloads import PROTOCOL
from apps.commands.models import Command
from tests.kit import world
from tests.kit.sockets import Connect, connect, run

__all__ = ["connect"]

pytestmark = pytest.mark.django_db(transaction=True)


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
    await page.send(type="hello", version=PROTOCOL)
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
    ('{"type":"hello","version":3}', 4409),
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
    {"type": "notify", "sessions": 1},
    {"type": "mark", "chat": 1, "unread": 1},
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
