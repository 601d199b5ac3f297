"""Out: messages, edits and deletions reach Telegram once, in order, whatever it answers."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apps.chats.models import Chat, Event, Message
from apps.chats.services import messages
from apps.commands.models import Command, FloodWait
from apps.sessions.models import Session
from tests.kit.threads import GatewayThread, SandboxThread
from tests.kit.waiting import eventually


@pytest.fixture
def anna(session: Session, dc: SandboxThread, person: Callable[..., int]) -> Chat:
    """A private chat with a message in it."""
    return chat_with(session, dc, person("Anna"))


def chat_with(session: Session, dc: SandboxThread, user_id: int) -> Chat:
    dc.world("send", user_id, session.telegram_user_id, "hello")
    return eventually(lambda: Chat.objects.filter(session=session, peer_id=user_id).first())


def send(user: User, chat: Chat, text: str, **options: object) -> Message:
    return messages.send(user, chat, text, cid=uuid.uuid4(), **options)


def sent(message: Message) -> Message:
    def there() -> bool:
        message.refresh_from_db()
        assert message.state != Message.State.FAILED, message.error_code
        return message.state == Message.State.SENT

    eventually(there)
    return message


def at_telegram(dc: SandboxThread, session: Session, chat: Chat) -> list[str]:
    return [one["text"] for one in dc.world("snapshot", session.telegram_user_id)[chat.peer_id]]


def here(chat: Chat) -> list[str]:
    rows = Message.objects.filter(chat=chat, deleted_at=None).order_by("telegram_id")
    return list(rows.values_list("text", flat=True))


def test_many_messages_keep_their_order(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    texts = [f"number {number}" for number in range(20)]
    rows = [send(user, anna, text) for text in texts]
    for row in rows:
        sent(row)
    assert at_telegram(dc, session, anna) == ["hello", *texts]
    assert here(anna) == ["hello", *texts]
    numbers = list(Event.objects.filter(chat=anna).values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_reply_edit_and_deletion(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    first = Message.objects.get(chat=anna)
    row = sent(send(user, anna, "an answer", reply_to_id=first.telegram_id))
    snapshot = dc.world("snapshot", session.telegram_user_id)[anna.peer_id]
    assert (snapshot[1]["text"], snapshot[1]["reply_to"]) == ("an answer", first.telegram_id)
    messages.edit(user, row, "a better answer")
    eventually(lambda: here(anna) == ["hello", "a better answer"])
    assert at_telegram(dc, session, anna) == ["hello", "a better answer"]
    same = messages.edit(user, row, "a better answer")  # MESSAGE_NOT_MODIFIED is as good
    assert settled(same).state == Command.State.DONE
    row.refresh_from_db()
    deletion = messages.delete(user, [row])
    assert settled(deletion).state == Command.State.DONE
    assert at_telegram(dc, session, anna) == here(anna) == ["hello"]


def settled(command: Command) -> Command:
    def there() -> bool:
        command.refresh_from_db()
        return command.state in (Command.State.DONE, Command.State.FAILED, Command.State.CANCELLED)

    eventually(there)
    return command


def test_a_refused_edit_is_told(dc: SandboxThread, user: User, anna: Chat) -> None:
    row = sent(send(user, anna, "too late"))
    dc.faults("error", "messages.editMessage", 400, "MESSAGE_EDIT_TIME_EXPIRED")
    command = settled(messages.edit(user, row, "changed"))
    assert (command.state, command.error_code) == (Command.State.FAILED, "MESSAGE_EDIT_TIME_EXPIRED")
    event = Event.objects.filter(chat=anna).latest("number")
    assert (event.message_id, event.data) == (row.pk, {"action": "edit", "code": "MESSAGE_EDIT_TIME_EXPIRED"})
    row.refresh_from_db()
    assert row.text == "too late"


@pytest.mark.parametrize("mode", ["first_result", "duplicate_error"])
def test_an_answer_that_never_came(mode: str, session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    dc.faults("set_random_id", mode)
    dc.faults("drop_reply", "messages.sendMessage", times=2)
    rows = [send(user, anna, text) for text in ("first", "second")]
    for row in rows:
        sent(row)
    assert at_telegram(dc, session, anna) == here(anna) == ["hello", "first", "second"]


def test_an_id_that_nothing_ever_tells(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    """The answer is lost, its update lies in a gap that is too long, and a repeated random_id is refused."""
    account = session.telegram_user_id
    dc.faults("set_random_id", "duplicate_error")
    dc.faults("late", "messages.sendMessage", 60.0)
    rows = [send(user, anna, text) for text in ("same", "same")]
    eventually(lambda: at_telegram(dc, session, anna) == ["hello", "same"])
    dc.world("forget_updates", account)
    dc.faults("drop", user=account)
    for row in rows:
        sent(row)
    assert at_telegram(dc, session, anna) == here(anna) == ["hello", "same", "same"]


def test_telegrams_own_trouble_is_waited_out(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    dc.faults("error", "messages.sendMessage", 500, "RPC_CALL_FAIL", times=2)
    sent(send(user, anna, "patient"))
    assert at_telegram(dc, session, anna) == ["hello", "patient"]


def test_a_refusal_fails_and_may_be_retried(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    dc.faults("error", "messages.sendMessage", 403, "CHAT_WRITE_FORBIDDEN")
    row = send(user, anna, "refused")
    behind = send(user, anna, "behind it")
    eventually(lambda: Message.objects.filter(pk=row.pk, state=Message.State.FAILED).exists())
    row.refresh_from_db()
    assert row.error_code == "CHAT_WRITE_FORBIDDEN"
    sent(behind)
    messages.retry(user, row)
    sent(row)
    assert at_telegram(dc, session, anna) == here(anna) == ["hello", "behind it", "refused"]


def test_a_flood_wait_binds_the_account_and_outlives_the_gateway(
    session: Session,
    dc: SandboxThread,
    user: User,
    anna: Chat,
    person: Callable[..., int],
    gateway: GatewayThread,
    start_gateway: Callable[..., GatewayThread],
) -> None:
    ben = chat_with(session, dc, person("Ben"))
    dc.faults("flood", "messages.sendMessage", 4)
    row = send(user, anna, "slowly")
    eventually(lambda: Message.objects.filter(pk=row.pk, waits_until__isnull=False).exists())
    row.refresh_from_db()
    until = FloodWait.objects.get(session=session).until
    assert (row.error_code, row.waits_until, row.state) == ("FLOOD_WAIT", until, Message.State.SENDING)
    gateway.stop()
    start_gateway()
    other = send(user, ben, "other chat")
    eventually(lambda: Message.objects.filter(pk=other.pk, waits_until__isnull=False).exists())
    assert timezone.now() < until
    for one in (row, other):
        sent(one)
        assert timezone.now() >= until
        assert (one.waits_until, one.error_code) == (None, "")


def test_a_message_that_waits_can_be_taken_back(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    dc.faults("flood", "messages.sendMessage", 3)
    row = send(user, anna, "on second thoughts")
    eventually(lambda: Message.objects.filter(pk=row.pk, waits_until__isnull=False).exists())
    messages.discard(user, row)
    behind = sent(send(user, anna, "better"))
    assert at_telegram(dc, session, anna) == here(anna) == ["hello", "better"]
    assert behind.state == Message.State.SENT
    taken_back = Command.objects.get(session=session, payload={"message": row.pk})
    assert (taken_back.state, taken_back.error_code) == (Command.State.CANCELLED, "CANCELLED_BY_STAFF")


def test_slow_mode_binds_its_chat_only(
    session: Session, dc: SandboxThread, user: User, anna: Chat, person: Callable[..., int]
) -> None:
    ben = chat_with(session, dc, person("Ben"))
    dc.faults("slow_mode", anna.peer_id, 3)
    slow = send(user, anna, "slow")
    eventually(lambda: Message.objects.filter(pk=slow.pk, waits_until__isnull=False).exists())
    sent(send(user, ben, "quick"))
    slow.refresh_from_db()
    assert (slow.state, slow.error_code) == (Message.State.SENDING, "SLOWMODE_WAIT")
    until = slow.waits_until
    anna.refresh_from_db()
    assert anna.slow_until == until
    sent(slow)
    assert until is not None
    assert timezone.now() >= until


def test_reading_is_told_to_telegram(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    newest = Message.objects.get(chat=anna)
    messages.mark_read(user, anna, newest.telegram_id or 0)

    def marks() -> dict[str, int]:
        return dc.world("snapshot", session.telegram_user_id)["read_marks"][anna.peer_id]

    eventually(lambda: marks()["unread"] == 0)
    assert marks()["inbox"] == newest.telegram_id


def test_a_mark_as_unread_is_told_to_telegram(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    for unread in (True, False):
        messages.mark_unread(user, anna, unread=unread)
        eventually(lambda: not Command.objects.filter(kind="mark", state__in=["queued", "claimed"]).exists())
        assert set(Command.objects.filter(kind="mark").values_list("state", flat=True)) == {"done"}
        assert dc.world("marked", session.telegram_user_id) == ([anna.peer_id] if unread else [])


def test_a_mark_that_telegram_refuses_is_taken_back(session: Session, dc: SandboxThread, user: User) -> None:
    """A chat of which Telegram knows nothing."""
    nowhere = Chat.objects.create(session=session, peer_id=-987_654, kind="group", title="Nowhere")
    messages.mark_unread(user, nowhere, unread=True)
    eventually(lambda: Command.objects.filter(kind="mark", state="failed").exists())
    nowhere.refresh_from_db()
    assert not nowhere.unread_mark


def test_typing_is_shown_and_old_typing_is_not(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    messages.typing(user, anna)
    command = eventually(lambda: Command.objects.filter(kind="typing", state=Command.State.DONE).first())
    assert command.result is None
    late = Command.objects.create(
        session=session,
        kind="typing",
        lane=f"typing:{anna.peer_id}",
        payload={"peer_id": anna.peer_id},
        created_by=user,
        created_at=timezone.now() - timezone.timedelta(seconds=9),
    )
    assert settled(late).result == {"dropped": True}


def test_history_on_demand(session: Session, dc: SandboxThread, user: User, person: Callable[..., int]) -> None:
    ben = person("Ben")
    for number in range(150):
        dc.world("send", ben, session.telegram_user_id, f"old {number}")
    chat = eventually(lambda: Chat.objects.filter(session=session, peer_id=ben).first())
    eventually(lambda: Message.objects.filter(chat=chat).count() == 150)
    ids = list(Message.objects.filter(chat=chat).order_by("telegram_id").values_list("telegram_id", flat=True))
    Message.objects.filter(chat=chat, telegram_id__lt=ids[129]).delete()
    Chat.objects.filter(pk=chat.pk).update(synced_from_id=ids[129])
    results = [settled(messages.fetch_history(user, chat, ids[lowest] or 0)).result for lowest in (129, 29, 0)]
    assert results == [
        {"stored": 100, "complete": False},
        {"stored": 29, "complete": False},
        {"stored": 0, "complete": True},
    ]
    assert here(chat) == [f"old {number}" for number in range(150)]
    chat.refresh_from_db()
    assert chat.history_complete
