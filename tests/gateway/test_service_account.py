"""A real login code on its way: Telegram sends it to the account that is signed in; it is stored masked and sealed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection

from apps.chats.models import Chat, Message, MessageSecret
from apps.chats.services import messages
from apps.chats.services.reveal import reveal
from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInStep
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, SandboxThread, at_step
from tests.kit.waiting import eventually
from tgadmin.core.codes import BULLET
from tgadmin.core.official import SERVICE

pytestmark = pytest.mark.timeout(120)


def notice(session: Session, count: int) -> Message:
    """The newest of that many messages of the service chat, once they are here."""
    there = Message.objects.filter(session_id=session.pk, chat__peer_id=SERVICE).order_by("-telegram_id")
    eventually(lambda: there.count() == count)
    return there[0]


def test_a_code_arrives_masked_opens_for_a_manager_and_signs_in(
    user: User, session: Session, dc: SandboxThread, start_gateway: Callable[..., GatewayThread], gateway: GatewayThread
) -> None:
    attempt = at_step(signin.start(user, "Support", PHONE, session=session), SignInStep.CODE)
    code = dc.code(PHONE, 2)
    message = notice(session, 1)
    at_telegram = dc.world("snapshot", session.telegram_user_id)[SERVICE][-1]["text"]
    assert code in at_telegram
    assert message.text == at_telegram.replace(code, BULLET * len(code))
    assert message.managers_only
    chat = Chat.objects.get(pk=message.chat_id)
    assert chat.last_message_text == message.text[:160]
    assert reveal(user, message)["text"] == at_telegram
    # What is fetched again, after the chat is forgotten here and the gateway has begun again, is the same.
    assert gateway.stop()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM telegram_message_secrets")
        cursor.execute("DELETE FROM chat_events")
        cursor.execute("DELETE FROM telegram_messages")
    Chat.objects.filter(pk=chat.pk).update(synced_from_id=None, history_complete=False, last_message_text="")
    start_gateway()
    messages.fetch_history(user, chat, 0)
    again = notice(session, 1)
    assert (again.text, again.managers_only) == (message.text, True)
    assert reveal(user, again)["text"] == at_telegram
    # The wizard takes the code as ever.
    signin.submit_code(user, attempt, code)
    at_step(attempt, SignInStep.DONE)


def test_what_is_deleted_at_telegram_leaves_no_secret(user: User, session: Session, dc: SandboxThread) -> None:
    dc.world("send", SERVICE, session.telegram_user_id, "Web login code. This is your login code:\nZq7RtXw_9Lk\n\nBye")
    message = notice(session, 1)
    assert message.text == f"Web login code. This is your login code:\n{BULLET * 11}\n\nBye"
    assert MessageSecret.objects.count() == 1
    messages.delete(user, [message])
    eventually(lambda: Message.objects.filter(pk=message.pk, deleted_at__isnull=False).exists())
    assert not MessageSecret.objects.exists()
