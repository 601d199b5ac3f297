"""What a person queued is carried out only while that person has the right: asked again at each claim, with a real
gateway and a data centre that sees what comes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.utils import timezone

from apps.chats.models import Chat, Event, Message
from apps.chats.selectors.messages import payloads
from apps.chats.services import messages
from apps.commands.models import Command
from apps.commands.services.commands import OPEN
from apps.sessions.models import Session, SessionEvent
from apps.sessions.services import devices, sessions
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from apps.staff.models import AuditEntry, Authenticator, Policy
from apps.staff.roles import Role
from tests.kit.threads import GatewayThread, SandboxThread, at_step
from tests.kit.waiting import eventually

SENDS = "messages.sendMessage"
LATER = timedelta(hours=3)


@pytest.fixture
def anna(session: Session, dc: SandboxThread, person: Callable[..., int]) -> Chat:
    anna = person("Anna")
    dc.world("send", anna, session.telegram_user_id, "hello")
    return eventually(lambda: Chat.objects.filter(session=session, peer_id=anna).first())


@contextmanager
def held_back() -> Iterator[None]:
    """What is asked for in here waits for hours, as after a flood wait: no gateway can claim it before."""
    with transaction.atomic():
        yield
        Command.objects.filter(state=Command.State.QUEUED).update(not_before=timezone.now() + LATER)


def go(session: Session) -> None:
    """The time has come."""
    Command.objects.filter(session=session, state__in=OPEN).update(not_before=None)
    eventually(lambda: not Command.objects.filter(session=session, state__in=OPEN).exists())


def operator(by: User, session: Session, name: str) -> User:
    user = User.objects.create_user(name.lower(), is_staff=True, first_name=name)
    sessions.grant(by, session, user, Role.OPERATOR)
    return user


Way = Callable[[User, Session, User], str]


def taken(by: User, session: Session, user: User) -> str:
    sessions.revoke(by, session, user)
    return "may no longer write in this account."


def lowered(by: User, session: Session, user: User) -> str:
    sessions.grant(by, session, user, Role.VIEWER)
    return "may no longer write in this account."


def deactivated(by: User, session: Session, user: User) -> str:
    User.objects.filter(pk=user.pk).update(is_active=False)
    return "'s user is no longer active."


def left_staff(by: User, session: Session, user: User) -> str:
    User.objects.filter(pk=user.pk).update(is_staff=False)
    return "is no longer on the staff."


def deleted(by: User, session: Session, user: User) -> str:
    User.objects.get(pk=user.pk).delete()
    return "is no longer a user here."


def out_of_group(by: User, session: Session, user: User) -> str:
    user.groups.clear()
    return "may no longer write in this account."


def groups_right_taken(by: User, session: Session, user: User) -> str:
    sessions.revoke(by, session, Group.objects.get(user=user))
    return "may no longer write in this account."


def group_deleted(by: User, session: Session, user: User) -> str:
    Group.objects.get(user=user).delete()
    return "may no longer write in this account."


WAYS: tuple[Way, ...] = (taken, lowered, deactivated, left_staff, deleted)
OF_GROUPS: tuple[Way, ...] = (out_of_group, groups_right_taken, group_deleted)


def test_no_message_goes_out_after_the_right(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    said: dict[int, str] = {}
    for number, way in enumerate((*WAYS, *OF_GROUPS)):
        name = f"Marta{number}"
        if way in WAYS:
            writer = operator(user, session, name)
        else:
            writer, team = User.objects.create_user(name.lower(), is_staff=True, first_name=name), f"Team {number}"
            writer.groups.add(Group.objects.create(name=team))
            sessions.grant(user, session, Group.objects.get(name=team), Role.OPERATOR)
        with held_back():
            message = messages.send(writer, anna, f"queued before: {way.__name__}", cid=uuid.uuid4())
        said[message.pk] = f"Not sent: {name} {way(user, session, writer)}".replace(" 's", "'s")
    go(session)
    rows = Message.objects.filter(pk__in=said)
    assert {row.pk: (row.state, row.error_code, row.error_message) for row in rows} == {
        pk: ("failed", "REFUSED_RIGHT", message) for pk, message in said.items()
    }
    assert dc.server.record.uses_of(SENDS) == []
    assert {one["id"]: one["error"]["message"] for one in payloads(said, whole=True)} == said
    assert AuditEntry.objects.filter(action="command.refused", session_id=session.pk).count() == len(said)
    assert SessionEvent.objects.filter(session=session, kind="command_refused").count() == len(said)
    # Somebody who may write sends them all: each once.
    for row in rows.order_by("pk"):
        messages.retry(user, row)
    go(session)
    assert not Message.objects.filter(pk__in=said).exclude(state="sent", error_code="", error_message="").exists()
    assert texts(dc, session, anna) == ["hello", *(row.text for row in rows.order_by("pk"))]


def test_a_second_factor_that_all_staff_need_now(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    without, with_one = operator(user, session, "Ben"), operator(user, session, "Cleo")
    Authenticator.objects.create(user=with_one, name="app", confirmed=True)
    with held_back():
        rows = [messages.send(who, anna, who.first_name, cid=uuid.uuid4()) for who in (without, with_one)]
    Policy.objects.create(second_factor_required=True)
    go(session)
    for row in rows:
        row.refresh_from_db()
    assert [(row.state, row.error_code) for row in rows] == [("failed", "REFUSED_RIGHT"), ("sent", "")]
    assert rows[0].error_message == "Not sent: Ben has no second factor, which all staff need now."


def test_whatever_a_person_asked_for(session: Session, dc: SandboxThread, user: User, anna: Chat) -> None:
    """Edits, deletions, marks, older messages, devices: none reaches Telegram, each says so where it is shown."""
    ours = messages.send(user, anna, "ours", cid=uuid.uuid4())
    go(session)
    ours.refresh_from_db()
    manager = User.objects.create_user("max", is_staff=True)
    sessions.grant(user, session, manager, Role.MANAGER)
    theirs = Message.objects.get(chat=anna, out=False)
    with held_back():
        asked = [
            messages.edit(manager, ours, "changed"),
            messages.delete(manager, [ours]),
            messages.fetch_history(manager, anna, 1),
            devices.refresh(manager, session),
            sessions.resync(manager, session),
        ]
        messages.mark_read(manager, anna, theirs.telegram_id or 0)
        asked.append(Command.objects.get(kind="read"))
    before = len(dc.server.record.uses_of("account.getAuthorizations"))
    sessions.revoke(user, session, manager)
    go(session)
    for command in asked:
        command.refresh_from_db()
        assert (command.state, command.error_code) == ("failed", "REFUSED_RIGHT"), command.kind
    for method in ("messages.editMessage", "messages.deleteMessages", "messages.readHistory", "messages.getHistory"):
        assert dc.server.record.uses_of(method) == [], method
    assert len(dc.server.record.uses_of("account.getAuthorizations")) == before
    notices = [one.data for one in Event.objects.filter(chat=anna, kind="state", data__action__isnull=False)]
    message = "max may no longer write in this account."
    assert notices == [{"action": one, "code": "REFUSED_RIGHT", "message": message} for one in ("edit", "delete")]


def test_a_sign_in_ends_where_its_right_ends(dc: SandboxThread, session: Session, person: Callable[..., int]) -> None:
    person("Other", "491511000777")
    starter = User.objects.create_user("starter", is_staff=True)
    permission = Permission.objects.get(codename="add_account")
    starter.user_permissions.add(permission)
    attempt = signin.start(User.objects.get(pk=starter.pk), "", "491511000777")
    at_step(attempt, SignInStep.CODE)
    code = dc.code("491511000777")
    with held_back():
        signin.submit_code(User.objects.get(pk=starter.pk), attempt, code)
    used = len(dc.server.record.uses_of("auth.signIn"))
    starter.user_permissions.remove(permission)
    go(attempt.session)
    attempt.refresh_from_db()
    assert (attempt.step, attempt.error_code) == (SignInStep.FAILED, "REFUSED_RIGHT")
    assert len(dc.server.record.uses_of("auth.signIn")) == used
    assert dc.server.record.uses_of("auth.cancelCode") != []
    assert SignInAttempt.objects.get(pk=attempt.pk).session.telegram_user_id is None


# --- with an unknown outcome ----------------------------------------------------------------------------------------


def test_what_telegram_may_have_is_looked_for_and_never_asked_again(
    session: Session, dc: SandboxThread, user: User, anna: Chat, gateway: GatewayThread
) -> None:
    """The right goes while nobody knows whether the message is there: it is shown as what it is."""
    writer = operator(user, session, "Oda")
    dc.faults("late", SENDS, 3600.0)
    there = messages.send(writer, anna, "Telegram has it", cid=uuid.uuid4())
    eventually(lambda: texts(dc, session, anna)[-1:] == [there.text])
    with transaction.atomic():
        lost = messages.send(writer, anna, "it was never sent", cid=uuid.uuid4())
        Command.objects.filter(payload={"message": lost.pk}).update(state=Command.State.CLAIMED)
        sessions.revoke(user, session, writer)
    dc.faults("clear")
    gateway.call(gateway.process.bus.forget, session.pk)  # its answer never comes: the outcome stays unknown
    go(session)
    for row in (there, lost):
        row.refresh_from_db()
    assert (there.state, there.error_code) == ("sent", "")
    assert (lost.state, lost.error_message) == ("failed", "Not sent: Oda may no longer write in this account.")
    assert len(dc.server.record.uses_of(SENDS)) == 1
    assert texts(dc, session, anna) == ["hello", there.text]


def texts(dc: SandboxThread, session: Session, chat: Chat) -> list[str]:
    """What the other side sees."""
    return [one["text"] for one in dc.world("snapshot", chat.peer_id)[session.telegram_user_id]]
