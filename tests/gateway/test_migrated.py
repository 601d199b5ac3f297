"""A group that becomes a supergroup, over real MTProto: one conversation, and nothing that waits is lost."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.chats.selectors import lists
from apps.chats.services import messages
from apps.sessions.models import Session
from tests.kit.threads import GatewayThread, SandboxThread, ready
from tests.kit.waiting import eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def team(session: Session, dc: SandboxThread, person: Any) -> Chat:
    """A group in which the owner has written."""
    owner = person("Owner")
    group = dc.world("create_group", owner, "Team", [session.telegram_user_id])
    dc.world("send", owner, group, "before the move")
    return eventually(lambda: Chat.objects.filter(session=session, peer_id=group).first())


def successor(session: Session, room: int) -> Chat:
    return eventually(lambda: Chat.objects.filter(session=session, peer_id=room).first())


def test_it_is_one_conversation(session: Session, dc: SandboxThread, team: Chat, user: User) -> None:
    room = dc.world("migrate", team.peer_id)
    new = successor(session, room)
    eventually(lambda: Chat.objects.get(pk=team.pk).migrated_to == room)
    (row,) = [row for row in lists.page({session.pk: True})["chats"] if row["title"] == "Team"]
    assert (row["id"], row["continues"]) == (new.pk, team.pk)
    assert Message.objects.filter(chat=team, text="before the move").exists()
    message = messages.send(user, Chat.objects.get(pk=team.pk), "after it", cid=uuid.uuid4())
    assert message.chat_id == new.pk
    eventually(lambda: Message.objects.get(pk=message.pk).state == "sent")


def test_what_waited_while_it_happened_is_sent_there(
    session: Session, dc: SandboxThread, team: Chat, user: User, gateway: GatewayThread, start_gateway: Any
) -> None:
    assert gateway.stop()
    room = dc.world("migrate", team.peer_id)
    message = messages.send(user, team, "written meanwhile", cid=uuid.uuid4())
    assert message.chat_id == team.pk
    start_gateway()
    ready(session)
    eventually(lambda: Message.objects.get(pk=message.pk).state == "sent", seconds=30)
    message.refresh_from_db()
    assert message.chat_id == successor(session, room).pk
    posts = dc.call(lambda: [post.text for post in dc.server.world.boxes.box(room).posts.values()])
    assert posts.count("written meanwhile") == 1


def test_a_refusal_that_comes_before_the_update_is_not_the_end(
    session: Session, dc: SandboxThread, team: Chat, user: User
) -> None:
    dc.faults("lose", user=session.telegram_user_id, times=3)
    room = dc.world("migrate", team.peer_id)
    message = messages.send(user, team, "written at once", cid=uuid.uuid4())
    eventually(lambda: Message.objects.get(pk=message.pk).state == "sent", seconds=30)
    assert Message.objects.get(pk=message.pk).chat.peer_id == room
