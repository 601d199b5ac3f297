"""What ends by itself, over real MTProto: Telegram says nothing when its time is over."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from telethon import types as T  # noqa: N812
from telethon.tl.patched import Message as Said

from apps.chats.models import Chat, Message, Peer
from apps.chats.selectors import lists
from apps.chats.services import messages
from apps.commands.models import Command
from apps.commands.services.commands import OPEN
from apps.sessions.models import Session
from tests.kit.threads import GatewayThread, SandboxThread
from tests.kit.waiting import eventually
from tgadmin.core.errors import UserError

pytestmark = pytest.mark.timeout(120)


def chat_of(session: Session, peer: int) -> Chat:
    return eventually(lambda: Chat.objects.filter(session=session, peer_id=peer).first())


def push(dc: SandboxThread, user_id: int, *updates: Any) -> None:
    dc.call(dc.server.push, user_id, T.Updates(list(updates), [], [], datetime.now(UTC), 0))


def expiring(dc: SandboxThread, me: int, anna: int, seconds: int) -> None:
    """A message from Anna that goes everywhere in so many seconds."""
    box = dc.call(lambda: dc.server.world.boxes.box(me))
    said = Said(
        id=box.last_id + 1, peer_id=T.PeerUser(anna), date=datetime.now(UTC).replace(microsecond=0),
        message="for your eyes", ttl_period=seconds,
    )  # fmt: skip
    push(dc, me, T.UpdateNewMessage(said, box.pts + 1, 1))


def test_a_restriction_for_some_seconds_ends(session: Session, dc: SandboxThread, user: User, person: Any) -> None:
    me, owner = session.telegram_user_id, person("Owner")
    room = dc.world("create_channel", owner, "Room", kind="supergroup")
    dc.world("add_user", room, me, inviter=owner)
    dc.world("send", owner, room, "hello")
    chat = chat_of(session, room)
    until = int(time.time()) + 6
    dc.world("restrict", room, me, ["send_messages", "send_plain"], until=until)
    eventually(lambda: not Chat.objects.get(pk=chat.pk).can_send)
    (row,) = lists.payloads([chat.pk])
    assert row["restricted_until"] == datetime.fromtimestamp(until, UTC).isoformat()
    with pytest.raises(UserError, match="may not write"):
        messages.send(user, chat, "too early", cid=uuid.uuid4())
    eventually(lambda: Chat.objects.get(pk=chat.pk).can_send, seconds=30)
    assert time.time() >= until
    assert lists.payloads([chat.pk])[0]["can_send"]
    message = messages.send(user, chat, "again", cid=uuid.uuid4())
    eventually(lambda: Message.objects.get(pk=message.pk).state == "sent")


def test_a_message_with_a_timer_goes_when_its_time_is_over(session: Session, dc: SandboxThread, person: Any) -> None:
    me, anna = session.telegram_user_id, person("Anna")
    dc.world("send", anna, me, "hello")
    chat = chat_of(session, anna)
    expiring(dc, me, anna, 3)
    eventually(lambda: Message.objects.filter(chat=chat, text="for your eyes").exists())
    eventually(lambda: not Message.objects.filter(chat=chat, text="for your eyes").exists(), seconds=30)
    chat.refresh_from_db()
    assert chat.last_message_text == "hello"


def test_it_goes_after_a_restart_too(
    session: Session, dc: SandboxThread, person: Any, gateway: GatewayThread, start_gateway: Any
) -> None:
    me, anna = session.telegram_user_id, person("Anna")
    dc.world("send", anna, me, "hello")
    chat = chat_of(session, anna)
    expiring(dc, me, anna, 2)
    row = eventually(lambda: Message.objects.filter(chat=chat, text="for your eyes").first())
    assert gateway.stop()
    Message.objects.filter(pk=row.pk).update(deleted_at=None, text="for your eyes")  # as if it had stopped in time
    start_gateway()
    eventually(lambda: Message.objects.get(pk=row.pk).deleted_at is not None, seconds=30)
    assert Message.objects.get(pk=row.pk).text == ""


def test_who_is_online_counts_as_gone_when_telegram_said(session: Session, dc: SandboxThread, person: Any) -> None:
    me, anna = session.telegram_user_id, person("Anna")
    dc.world("send", anna, me, "hello")
    chat_of(session, anna)
    # What is still being fetched brings people as Telegram has them: never seen.
    eventually(lambda: not Command.objects.filter(session=session, state__in=OPEN).exists())
    until = datetime.fromtimestamp(int(time.time()) + 8, UTC)
    push(dc, me, T.UpdateUserStatus(anna, T.UserStatusOnline(until)))
    peers = Peer.objects.filter(session=session, peer_id=anna)
    eventually(lambda: peers.get().is_online)
    eventually(lambda: not peers.get().is_online, seconds=30)
    assert peers.get().last_seen_at == until


def test_what_members_may_do_is_heard_of(session: Session, dc: SandboxThread, person: Any) -> None:
    me, owner = session.telegram_user_id, person("Owner")
    group = dc.world("create_group", owner, "Team", [me])
    chat = chat_of(session, group)
    assert chat.can_send
    silent = T.ChatBannedRights(until_date=None, send_messages=True, send_plain=True)
    push(dc, me, T.UpdateChatDefaultBannedRights(T.PeerChat(-group), silent, 2))
    eventually(lambda: not Chat.objects.get(pk=chat.pk).can_send)
    push(dc, me, T.UpdateChatDefaultBannedRights(T.PeerChat(-group), T.ChatBannedRights(until_date=None), 3))
    eventually(lambda: Chat.objects.get(pk=chat.pk).can_send)


def test_a_notice_of_telegrams_is_kept_for_managers(session: Session, dc: SandboxThread) -> None:
    notice = T.UpdateServiceNotification(
        "news", "Your account was reported.", T.MessageMediaEmpty(), [], inbox_date=datetime.now(UTC)
    )
    push(dc, session.telegram_user_id, notice)
    row = eventually(lambda: Message.objects.filter(session_id=session.pk, text__contains="was reported").first())
    assert (row.managers_only, row.chat.peer_id) == (True, 777000)
