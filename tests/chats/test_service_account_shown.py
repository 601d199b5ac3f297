"""Nobody is shown a code of Telegram's but one manager who asks for it; nobody writes to Telegram's own accounts."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from apps.chats import sight
from apps.chats.models import Chat, Message, MessageSecret
from apps.chats.services import messages as services
from apps.chats.services.reveal import reveal
from apps.commands.models import Command
from apps.sessions.services import rights
from apps.staff.models import AuditEntry
from apps.staff.roles import Role
from tests.chats.official import CODE, ROLES, WORDS, anna, chat, dump
from tests.kit.people import MANAGERS, person, quick_passwords
from tests.kit.people import chat as secret_chat
from tgadmin.core import origin
from tgadmin.core.errors import UserError
from tgadmin.core.official import SERVICE

__all__ = ["anna", "chat", "quick_passwords", "secret_chat"]


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
    with pytest.raises(UserError) as refused:
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
    with pytest.raises(UserError) as refused:
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
        with pytest.raises(UserError) as refused:
            write()
        assert refused.value.message.endswith("nothing was sent.")
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
