"""What Telegram tells the account's owner by itself is kept as its own account's, for managers, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apps.chats.models import Chat, Message
from apps.chats.selectors import history, lists
from apps.sessions.models import Session
from tests.kit import world
from tests.kit.record import T0, Kit, kit, leased, new
from tgadmin.core.official import SERVICE
from tgadmin.core.types import Entity, Notice

__all__ = ["kit", "leased"]

TEXT = "Your account was reported. The code is 73915."


async def test_it_is_kept_once_with_codes_masked(kit: Kit) -> None:
    notice = Notice(TEXT, (Entity("bold", 0, 4),), date=T0)
    await kit.record(notice)
    await kit.record(notice, notice)
    (row,) = await kit.messages(SERVICE)
    assert "was reported" in row["text"]
    assert "73915" not in row["text"]
    assert (row["telegram_id"], row["out"], row["state"], row["managers_only"]) == (None, False, "received", True)
    chat = await kit.chat(SERVICE)
    assert "was reported" in chat["last_message_text"]
    assert (chat["last_message_id"], chat["last_message_at"]) == (None, T0)
    assert (await kit.events(SERVICE)) == [(1, "message")]
    await kit.record(Notice(TEXT, date=T0 + timedelta(seconds=1)))
    assert len(await kit.messages(SERVICE)) == 2


async def test_it_is_the_last_line_only_while_it_is_the_newest(kit: Kit) -> None:
    await kit.record(new(SERVICE, 5, "a login"))
    await kit.record(Notice("older", date=T0))
    assert (await kit.chat(SERVICE))["last_message_text"] == "a login"
    await kit.record(Notice("newer", date=T0 + timedelta(seconds=60)))
    chat = await kit.chat(SERVICE)
    assert (chat["last_message_text"], chat["last_message_id"]) == ("newer", 5)


def _chat(session: Session, **facts: Any) -> Chat:
    return world.make_chat(session, "Telegram", peer_id=SERVICE, **facts)


def _notice(chat: Chat, minute: int, key: int) -> Message:
    return Message.objects.create(
        chat=chat, session_id=chat.session_id, random_id=key, date=T0 + timedelta(minutes=minute), text=f"notice {key}"
    )


def test_pages_of_the_history_have_it_where_its_time_is(session: Session) -> None:
    chat = _chat(session)
    for number in range(1, 7):
        world.make_message(chat, number, f"m{number}", date=T0 + timedelta(minutes=number * 10))
    for key, minute in ((1, 5), (2, 25), (3, 55), (4, 70)):
        _notice(chat, minute, key)

    def texts(page: Any) -> list[str]:
        return [one["text"] for one in page["messages"]]

    newest = history.newest(chat, 3, whole=True)
    assert texts(newest) == ["m4", "m5", "m6", "notice 3", "notice 4"]
    oldest = history.before(chat, 4, 3, whole=True)
    assert texts(oldest) == ["m1", "m2", "m3", "notice 1", "notice 2"]
    assert lists.payloads([chat.pk])[0]["waiting"] == {"sending": 0, "failed": 0}


def test_who_is_no_manager_sees_none(session: Session) -> None:
    chat = _chat(session)
    Message.objects.filter(pk=_notice(chat, 1, 1).pk).update(managers_only=True)
    assert history.newest(chat, whole=False)["messages"] == []
