"""The command bus's rows: asking, taking back, waiting, settling."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.commands.command_kinds import SPECS, CommandKind, Subject
from apps.commands.models import Command, CommandSecret, Lease, Node
from apps.commands.services import commands, floods, leases
from apps.commands.services.commands import SYSTEM
from apps.commands.services.leases import Held, LeaseLost
from apps.sessions.models import Session
from tgadmin.core.errors import UserError


@pytest.fixture
def session(db: None) -> Session:
    return Session.objects.create(name="Support", network="dc-test")


@pytest.fixture
def marta(db: None) -> User:
    return User.objects.create_user("marta", first_name="Marta", last_name="Lind")


def test_enqueue_keeps_the_secret_apart_and_settling_erases_it(session: Session) -> None:
    user = User.objects.create_user("marta")
    attempt = uuid.uuid4()
    command = commands.enqueue(
        session.pk, CommandKind.SIGN_IN_CODE, {"attempt": "x"}, about=attempt, secret={"code": "12345"}, user=user
    )
    stored = Command.objects.get(pk=command.pk)
    assert (stored.state, stored.payload, stored.created_by) == ("queued", {"attempt": "x"}, user)
    assert (stored.kind, stored.lane) == ("sign_in.code", f"sign-in:{attempt}")
    assert CommandSecret.objects.get(command=command).secret == {"code": "12345"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM telegram_command_secrets WHERE command_id = %s", [command.pk])
        assert b"12345" not in bytes(cursor.fetchone()[0])
    commands.settle(stored, Command.State.DONE, result={"ok": 1})
    stored.refresh_from_db()
    assert (stored.state, stored.result, stored.settled_at is None) == ("done", {"ok": 1}, False)
    assert not CommandSecret.objects.exists()


@pytest.mark.parametrize("end", ["settle", "cancel"])
def test_an_edits_text_is_erased_when_it_is_over(session: Session, marta: User, end: str) -> None:
    payload = {"message": 1, "text": "what somebody wrote"}
    command = commands.enqueue(session.pk, CommandKind.EDIT, payload, about=5, user=marta)
    if end == "cancel":
        assert commands.cancel(command)
    else:
        commands.postpone(command, timezone.now(), "FLOOD_WAIT")
        command.refresh_from_db()
        assert command.payload == payload
        commands.settle(command, Command.State.FAILED, error_code="TIMEOUT")
    command.refresh_from_db()
    assert command.payload == {"message": 1}


def test_a_command_of_no_chat_is_refused_where_its_lane_is_a_chats(session: Session, marta: User) -> None:
    with pytest.raises(ValueError, match="of one CHAT"):
        commands.enqueue(session.pk, CommandKind.SEND, {"message": 1}, user=marta)
    with pytest.raises(ValueError, match="of one ACCOUNT, not of 5"):
        commands.enqueue(session.pk, CommandKind.DIALOGS, {}, about=5, user=marta)
    assert not Command.objects.exists()


def test_only_what_nobody_began_can_be_taken_back(session: Session, marta: User) -> None:
    waiting = commands.enqueue(session.pk, CommandKind.SEND, {"message": 1}, about=5, secret={"a": 1}, user=marta)
    begun = commands.enqueue(session.pk, CommandKind.SEND, {"message": 2}, about=5, user=marta)
    Command.objects.filter(pk=begun.pk).update(state=Command.State.CLAIMED)
    assert (commands.cancel(waiting), commands.cancel(waiting), commands.cancel(begun)) == (True, False, False)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error_code) == ("cancelled", "CANCELLED_BY_STAFF")
    assert not CommandSecret.objects.exists()


def test_postponed_to_the_head_of_its_lane_or_left_in_doubt(session: Session, marta: User) -> None:
    command = commands.enqueue(session.pk, CommandKind.SEND, {"message": 1}, about=5, user=marta)
    command.state = Command.State.CLAIMED
    command.save()
    until = timezone.now() + timedelta(seconds=5)
    commands.postpone(command, until, "TIMEOUT", unknown=True)
    command.refresh_from_db()
    assert (command.state, command.not_before, command.error_code) == ("claimed", until, "TIMEOUT")
    commands.postpone(command, until, "FLOOD_WAIT")
    command.refresh_from_db()
    assert command.state == "queued"


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_with_the_command(transactional_db: None) -> None:
    session = Session.objects.create(name="Support", network="dc-test")
    command = commands.enqueue(session.pk, CommandKind.DIALOGS, {}, user=commands.SYSTEM)
    assert commands.wait(command.pk, 0.05).state == Command.State.QUEUED

    def settle() -> None:
        with transaction.atomic():
            commands.settle(Command.objects.get(pk=command.pk), Command.State.DONE, result={"chats": 3})
        connection.close()

    thread = threading.Thread(target=settle)
    thread.start()
    done = commands.wait(command.pk, 20)
    thread.join()
    assert (done.state, done.result) == (Command.State.DONE, {"chats": 3})


def test_holding_a_lease_needs_its_owner_and_fence(session: Session) -> None:
    node = Node.objects.create(id=uuid.uuid4(), name="n", host="h", pid=1, pid_started=1.0)
    Lease.objects.update_or_create(session=session, defaults={"owner": node, "fence": 3})
    leases.hold(Held(session.pk, 3, node.pk))
    for wrong in (Held(session.pk, 2, node.pk), Held(session.pk, 3, uuid.uuid4()), Held(session.pk + 1, 3, node.pk)):
        with pytest.raises(LeaseLost):
            leases.hold(wrong)


def test_the_flood_ledger_knows_methods_and_chats(session: Session) -> None:
    now = timezone.now()
    slow = floods.note(session.pk, "messages.sendMessage", 5, "SLOWMODE_WAIT", 30, now)
    assert slow == now + timedelta(seconds=30)
    assert floods.waiting(session.pk, ["messages.sendMessage"], 5) == (slow, "SLOWMODE_WAIT")
    assert floods.waiting(session.pk, ["messages.sendMessage"], 6) is None
    flood = floods.note(session.pk, "messages.sendMessage", 5, "FLOOD_WAIT", 60, now)
    assert floods.waiting(session.pk, ["messages.sendMessage"], 5) == (flood, "FLOOD_WAIT")
    assert floods.waiting(session.pk, ["messages.sendMessage"], 6) == (flood, "FLOOD_WAIT")
    assert floods.waiting(session.pk, ["messages.editMessage"], 6) is None
    floods.note(session.pk, "messages.getHistory", 0, "FLOOD_WAIT", -1, now)
    assert floods.waiting(session.pk, ["messages.getHistory"], 0) is None
    assert floods.latest(session.pk) == flood


@pytest.mark.django_db(transaction=True)
def test_one_that_a_gateway_holds_is_not_waited_for(transactional_db: None) -> None:
    session = Session.objects.create(name="Support", network="dc-test")
    command = commands.enqueue(session.pk, CommandKind.DIALOGS, {}, user=commands.SYSTEM)
    held, asked = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Command.objects.select_for_update().get(pk=command.pk)
            held.set()
            asked.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(20)
    assert commands.cancel(command) is False
    asked.set()
    thread.join()
    assert commands.cancel(command) is True


# --- whose it is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(CommandKind))
def test_the_system_asks_only_for_what_is_declared_so(session: Session, kind: CommandKind) -> None:
    about = None if SPECS[kind].lane.subject is Subject.ACCOUNT else 5
    if SPECS[kind].need.system:
        command = commands.enqueue(session.pk, kind, {}, about=about, user=SYSTEM)
        assert (command.origin, command.created_by, command.asked_by) == ("system", None, "")
    else:
        with pytest.raises(ValueError, match="the system does not ask"):
            commands.enqueue(session.pk, kind, {}, about=about, user=SYSTEM)


def test_a_persons_command_stays_a_persons_when_the_user_is_deleted(session: Session, marta: User) -> None:
    command = commands.enqueue(session.pk, CommandKind.SEND, {"message": 1}, about=5, user=marta)
    marta.delete()
    command.refresh_from_db()
    assert (command.origin, command.created_by, command.asked_by) == ("person", None, "Marta Lind")


def test_nobodys_command_is_not_the_systems(session: Session, marta: User) -> None:
    command = commands.enqueue(session.pk, CommandKind.DIALOGS, {}, user=None)
    assert command.origin == "person"
    with pytest.raises(IntegrityError), transaction.atomic():
        Command.objects.create(session=session, kind="send", lane="chat:1", origin="system", created_by=marta)


# --- how much may wait ----------------------------------------------------------------------------------------------


def ask(session: Session, user: Any, chat: int) -> Command:
    with transaction.atomic():
        return commands.enqueue(session.pk, CommandKind.SEND, {"message": 1}, about=chat, user=user)


def test_what_waits_for_a_user_and_in_a_chat_is_limited(session: Session, marta: User, settings: Any) -> None:
    settings.COMMANDS_PER_USER, settings.COMMANDS_PER_CHAT = 5, 3
    ben = User.objects.create_user("ben")
    of_marta = [ask(session, marta, 1) for _ in range(3)]
    for user in (marta, ben):
        with pytest.raises(UserError, match="3 things wait in this chat already"):
            ask(session, user, 1)
    ask(session, ben, 2)
    of_marta += [ask(session, marta, 2) for _ in range(2)]
    with pytest.raises(UserError, match="5 things that you asked for"):
        ask(session, marta, 3)
    assert Command.objects.count() == 6
    ask(session, ben, 3)
    Command.objects.filter(pk=of_marta[0].pk).update(state=Command.State.CLAIMED)
    with pytest.raises(UserError):
        ask(session, marta, 3)
    commands.settle(of_marta[0], Command.State.DONE)
    ask(session, marta, 3)


def test_what_only_ends_things_and_what_the_system_asks_is_never_too_much(
    session: Session, marta: User, settings: Any
) -> None:
    settings.COMMANDS_PER_USER = 1
    ask(session, marta, 1)
    commands.enqueue(session.pk, CommandKind.SIGN_IN_CANCEL, {}, about=1, user=marta)
    commands.enqueue(session.pk, CommandKind.LOG_OUT, {}, about=1, user=marta)
    commands.enqueue(session.pk, CommandKind.SIGN_IN_QR, {}, about=2, user=marta, follows=True)
    for _ in range(3):
        commands.enqueue(session.pk, CommandKind.DEVICES, {}, user=SYSTEM)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("per_user", "per_chat"), [(4, 100), (100, 4)])
def test_many_at_once_share_the_places_that_there_are(
    transactional_db: None, settings: Any, per_user: int, per_chat: int
) -> None:
    settings.COMMANDS_PER_USER, settings.COMMANDS_PER_CHAT = per_user, per_chat
    session = Session.objects.create(name="Support", network="dc-test")
    marta = User.objects.create_user("marta")
    together = threading.Barrier(8)

    def one(number: int) -> bool:
        together.wait(20)
        try:
            ask(session, marta, number if per_user < per_chat else 1)
        except UserError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 4
    assert Command.objects.count() == 4
