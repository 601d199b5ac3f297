"""Staff's services: rights first, one row and one command for one wish, events without gaps."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from apps.chats.models import Chat, Event, Message
from apps.chats.services import events, messages, outcomes
from apps.commands.models import Command
from apps.sessions.models import Session, SessionGrant, SessionStatus
from apps.sessions.services import rights
from apps.staff.roles import Role
from tests.kit import world
from tgadmin.core.errors import UserError

pytestmark = pytest.mark.django_db


def numbers(chat: Chat) -> list[tuple[int, str]]:
    return list(Event.objects.filter(chat=chat).order_by("number").values_list("number", "kind"))


def test_send_writes_row_event_and_command(operator: User, chat: Chat) -> None:
    cid = uuid4()
    message = messages.send(operator, chat, " hello\0 ", cid=cid, reply_to_id=7)
    assert (message.text, message.state, message.out, message.staff, message.reply_to_id) == (
        "hello", Message.State.SENDING, True, operator, 7,
    )  # fmt: skip
    assert message.random_id
    assert message.sender_id == chat.session.telegram_user_id
    command = Command.objects.get()
    assert (command.kind, command.lane, command.payload) == ("send", f"chat:{chat.peer_id}", {"message": message.pk})
    assert command.created_by == operator
    assert numbers(chat) == [(1, "message")]
    chat.refresh_from_db()
    assert (chat.last_event, chat.last_message_text, chat.last_message_out) == (1, "hello", True)


def test_same_cid_sends_once(operator: User, chat: Chat, session: Session) -> None:
    cid = uuid4()
    first = messages.send(operator, chat, "hello", cid=cid)
    assert messages.send(operator, chat, "hello", cid=cid) == first
    assert (Message.objects.count(), Command.objects.count()) == (1, 1)
    other = world.make_chat(session, "Elsewhere")
    with pytest.raises(UserError) as refused:
        messages.send(operator, other, "hello", cid=cid)
    assert refused.value.code == "CID_TAKEN"


def test_box_of_a_channel_is_its_own(operator: User, session: Session) -> None:
    channel = world.make_chat(session, "News", kind="channel")
    assert messages.send(operator, channel, "post", cid=uuid4()).box == channel.peer_id


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": SessionStatus.NEEDS_SIGN_IN}, "SESSION_NEEDS_SIGN_IN"),
        ({"status": SessionStatus.BANNED}, "SESSION_BANNED"),
        ({"enabled": False}, "SESSION_DISABLED"),
    ],
)
def test_account_that_cannot_send(operator: User, chat: Chat, change: dict[str, object], code: str) -> None:
    Session.objects.filter(pk=chat.session_id).update(**change)
    with pytest.raises(UserError) as refused:
        messages.send(operator, chat, "hello", cid=uuid4())
    assert refused.value.code == code
    assert not Message.objects.exists()


def test_disconnected_account_queues(operator: User, chat: Chat) -> None:
    Session.objects.filter(pk=chat.session_id).update(status=SessionStatus.DISCONNECTED)
    assert messages.send(operator, chat, "hello", cid=uuid4()).state == Message.State.SENDING


@pytest.mark.parametrize("facts", [{"can_send": False}, {"left": True}])
def test_chat_where_one_may_not_write(operator: User, chat: Chat, facts: dict[str, bool]) -> None:
    Chat.objects.filter(pk=chat.pk).update(**facts)
    with pytest.raises(UserError):
        messages.send(operator, chat, "hello", cid=uuid4())


def test_retry_keeps_the_random_id(operator: User, chat: Chat) -> None:
    message = messages.send(operator, chat, "hello", cid=uuid4())
    Message.objects.filter(pk=message.pk).update(state="failed", error_code="PEER_FLOOD")
    Command.objects.update(state="failed")
    again = messages.retry(operator, message)
    assert (again.random_id, again.state, again.error_code) == (message.random_id, "sending", "")
    assert Command.objects.filter(state="queued").count() == 1
    messages.retry(operator, message)
    assert Command.objects.filter(state="queued").count() == 1


def test_sent_message_is_not_retried(operator: User, chat: Chat) -> None:
    with pytest.raises(UserError):
        messages.retry(operator, world.make_message(chat, 1, "sent", out=True))


def test_discard_failed(operator: User, chat: Chat) -> None:
    world.make_message(chat, 1, "before")
    message = messages.send(operator, chat, "hello", cid=uuid4())
    Message.objects.filter(pk=message.pk).update(state="failed")
    messages.discard(operator, message)
    assert not Message.objects.filter(pk=message.pk).exists()
    assert numbers(chat) == [(1, "message"), (2, "delete")]
    chat.refresh_from_db()
    assert (chat.last_message_text, chat.last_message_out) == ("before", False)


def test_discard_waiting_takes_its_command_back(operator: User, chat: Chat) -> None:
    message = messages.send(operator, chat, "hello", cid=uuid4())
    messages.discard(operator, message)
    assert Command.objects.get().state == "cancelled"


def test_discard_under_way_is_refused(operator: User, chat: Chat) -> None:
    message = messages.send(operator, chat, "hello", cid=uuid4())
    Command.objects.update(state="claimed")
    with pytest.raises(UserError) as refused:
        messages.discard(operator, message)
    assert refused.value.code == "UNDER_WAY"
    assert Message.objects.filter(pk=message.pk).exists()


def test_discard_twice_says_it_is_gone(operator: User, chat: Chat) -> None:
    message = messages.send(operator, chat, "hello", cid=uuid4())
    messages.discard(operator, message)
    message.pk = message.pk or 1
    with pytest.raises(UserError):
        messages.discard(operator, Message(pk=10**9, chat=chat, session_id=chat.session_id))


def test_edit_and_delete_are_commands(operator: User, chat: Chat) -> None:
    message = world.make_message(chat, 5, "old", out=True)
    edit = messages.edit(operator, message, "new")
    assert (edit.kind, edit.payload) == ("edit", {"message": message.pk, "text": "new"})
    delete = messages.delete(operator, [message])
    assert (delete.kind, delete.lane, delete.payload) == ("delete", edit.lane, {"messages": [message.pk]})
    message.refresh_from_db()
    assert message.text == "old"


def test_edit_of_theirs_or_of_unsent_is_refused(operator: User, chat: Chat) -> None:
    with pytest.raises(UserError):
        messages.edit(operator, world.make_message(chat, 1, "theirs"), "x")
    with pytest.raises(UserError):
        messages.edit(operator, messages.send(operator, chat, "unsent", cid=uuid4()), "x")


def test_delete_of_two_chats_at_once_is_refused(operator: User, chat: Chat, session: Session) -> None:
    other = world.make_message(world.make_chat(session, "Other"), 1, "b")
    with pytest.raises(UserError):
        messages.delete(operator, [world.make_message(chat, 2, "a"), other])


def test_mark_read(operator: User, chat: Chat) -> None:
    for number in range(1, 6):
        world.make_message(chat, number, "x", out=number == 5)
    Chat.objects.filter(pk=chat.pk).update(unread_count=4)
    messages.mark_read(operator, chat, 2)
    chat.refresh_from_db()
    assert (chat.read_inbox_max_id, chat.unread_count) == (2, 2)
    messages.mark_read(operator, chat, 10**6)
    messages.mark_read(operator, chat, 1)
    chat.refresh_from_db()
    assert (chat.read_inbox_max_id, chat.unread_count) == (5, 0)
    command = Command.objects.get(kind="read")
    assert command.payload == {"peer_id": chat.peer_id, "max_id": 5}
    assert numbers(chat) == [(1, "read_inbox"), (2, "read_inbox")]


def test_marking_as_unread(operator: User, chat: Chat) -> None:
    """The mark is here at once; the command says the last word; what is read is marked no more."""
    messages.mark_unread(operator, chat, unread=True)
    messages.mark_unread(operator, chat, unread=True)
    chat.refresh_from_db()
    assert (chat.unread_mark, chat.unread_count) == (True, 0)
    messages.mark_unread(operator, chat, unread=False)
    chat.refresh_from_db()
    assert not chat.unread_mark
    command = Command.objects.get(kind="mark")
    assert command.payload == {"chat": chat.pk, "peer_id": chat.peer_id, "unread": False}
    world.make_message(chat, 1, "x")
    messages.mark_unread(operator, chat, unread=True)
    messages.mark_read(operator, chat, 1)
    chat.refresh_from_db()
    assert not chat.unread_mark
    assert Command.objects.get(kind="mark").payload["unread"] is False


def test_typing_and_history_do_not_pile_up(operator: User, viewer: User, chat: Chat) -> None:
    for _ in range(3):
        messages.typing(operator, chat)
        messages.fetch_history(viewer, chat, 40)
    assert sorted(Command.objects.values_list("kind", flat=True)) == ["history", "typing"]


def test_history_that_is_asked_for_is_bounded(operator: User, viewer: User, chat: Chat) -> None:
    """One request of a chat under way and one waiting, whoever asked; and a few of one user over all chats."""
    first = messages.fetch_history(viewer, chat, 40)
    with pytest.raises(UserError) as refused:
        messages.fetch_history(operator, chat, 30)
    assert (refused.value.code, "of this chat" in refused.value.message) == ("HISTORY_WAITS", True)
    Command.objects.filter(pk=first.pk).update(state=Command.State.CLAIMED)
    second = messages.fetch_history(operator, chat, 30)
    assert messages.fetch_history(viewer, chat, 40) == first
    assert messages.fetch_history(viewer, chat, 30) == second
    assert messages.fetch_history(operator, chat, 30) == second  # it is of whoever asked last
    with pytest.raises(UserError):
        messages.fetch_history(viewer, chat, 20)
    others = [world.make_chat(chat.session, f"Chat {number}") for number in range(messages.HISTORY_WAITING)]
    for other in others[:-1]:
        messages.fetch_history(viewer, other, 0)
    with pytest.raises(UserError) as refused:
        messages.fetch_history(viewer, others[-1], 0)
    assert (refused.value.code, "of many chats" in refused.value.message) == ("HISTORY_WAITS", True)
    messages.fetch_history(operator, others[-1], 0)
    Command.objects.filter(pk=first.pk).update(state=Command.State.DONE)
    messages.fetch_history(viewer, world.make_chat(chat.session, "One more"), 0)


@pytest.mark.parametrize("who", ["viewer", "stranger"])
@pytest.mark.parametrize(
    "act",
    [
        lambda user, message: messages.send(user, message.chat, "x", cid=uuid4()),
        messages.retry,
        messages.discard,
        lambda user, message: messages.edit(user, message, "x"),
        lambda user, message: messages.delete(user, [message]),
        lambda user, message: messages.mark_read(user, message.chat, 1),
        lambda user, message: messages.mark_unread(user, message.chat, unread=True),
        lambda user, message: messages.typing(user, message.chat),
    ],
)
def test_writing_needs_an_operator(
    request: pytest.FixtureRequest, chat: Chat, who: str, act: Callable[[User, Message], object]
) -> None:
    message = world.make_message(chat, 1, "x", out=True)
    with pytest.raises(rights.Forbidden):
        act(request.getfixturevalue(who), message)
    assert not Command.objects.exists()
    assert not Event.objects.exists()


def test_events_of_many_have_consecutive_numbers(chat: Chat) -> None:
    with transaction.atomic():
        locked = events.lock(chat.pk)
        events.append(locked, "message", message_id=1)
        created = events.append_many(locked, "delete", [2, 3, 4])
    assert [event.number for event in created] == [2, 3, 4]
    chat.refresh_from_db()
    assert chat.last_event == 4


def test_too_much_in_a_chat_is_refused_and_leaves_nothing(operator: User, chat: Chat, settings: Any) -> None:
    settings.COMMANDS_PER_CHAT = 2
    ours = world.make_message(chat, 5, "ours", out=True)
    messages.edit(operator, ours, "changed")
    waiting = messages.send(operator, chat, "one", cid=uuid4())
    before = list(Chat.objects.filter(pk=chat.pk).values()), Message.objects.count(), Command.objects.count()
    for act in (
        lambda: messages.send(operator, chat, "two", cid=uuid4()),
        lambda: messages.edit(operator, ours, "again"),
        lambda: messages.delete(operator, [ours]),
    ):
        with pytest.raises(UserError) as refused:
            act()
        assert refused.value.code == "TOO_MANY_WAITING"
    assert (list(Chat.objects.filter(pk=chat.pk).values()), Message.objects.count(), Command.objects.count()) == before
    messages.discard(operator, waiting)
    messages.send(operator, chat, "two", cid=uuid4())


def test_what_waits_already_is_of_whoever_asked_last(operator: User, viewer: User, chat: Chat) -> None:
    """The first one's right may go while it waits: that is nothing to the others."""
    SessionGrant.objects.filter(user=viewer).update(role=Role.OPERATOR)
    for number in range(1, 3):
        world.make_message(chat, number, "x")
    for user, read in ((operator, 1), (viewer, 2)):
        messages.mark_read(user, chat, read)
        messages.typing(user, chat)
        messages.fetch_history(user, chat, 40)
    rows = Command.objects.order_by("kind").values_list("kind", "created_by", "asked_by")
    assert list(rows) == [(kind, viewer.pk, "vera") for kind in ("history", "read", "typing")]


def test_a_message_that_was_refused_is_sent_by_whoever_retries_it(operator: User, viewer: User, chat: Chat) -> None:
    message = messages.send(operator, chat, "hello", cid=uuid4())
    Command.objects.update(state="failed")
    outcomes.failed(message.pk, "REFUSED_RIGHT", "Not sent: Oda may no longer write in this account.")
    with pytest.raises(rights.Forbidden):
        messages.retry(viewer, message)
    SessionGrant.objects.filter(user=viewer).update(role=Role.OPERATOR)
    again = messages.retry(viewer, message)
    assert (again.state, again.error_code, again.error_message) == ("sending", "", "")
    assert Command.objects.get(state="queued").created_by == viewer
