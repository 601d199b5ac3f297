"""An account's life in the gateway: signed in, connected, following what happens at Telegram."""

from __future__ import annotations

from collections.abc import Callable

from apps.chats.models import Chat, Message
from apps.sessions.models import Session
from tests.kit.threads import SandboxThread
from tests.kit.waiting import eventually


def test_messages_arrive_and_are_edited_and_deleted(
    session: Session, dc: SandboxThread, person: Callable[..., int]
) -> None:
    anna = person("Anna")
    me = session.telegram_user_id
    first = dc.world("send", anna, me, "hello")
    dc.world("send", anna, me, "second")
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="second").exists())
    dc.world("edit", anna, me, first, "hello again")
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="hello again").exists())
    chat = Chat.objects.get(session=session, peer_id=anna)
    assert (chat.title, chat.unread_count, chat.last_message_text) == ("Anna", 2, "second")
    dc.world("delete", anna, me, [first])
    eventually(lambda: Message.objects.filter(session_id=session.pk, deleted_at__isnull=False).exists())
