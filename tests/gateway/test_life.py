"""A session's life: connections that break, authorizations that end, accounts that people switch off."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.chats.services import messages
from apps.commands.models import Command, Lease, Node
from apps.commands.services import commands
from apps.sessions.models import Authorization, AuthorizationSecret, Session, SessionEvent, SessionStatus
from apps.sessions.services import sessions, status
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, SandboxThread, ready, sign_in
from tests.kit.waiting import eventually
from tgadmin.telegram.client import authorization_check


def statuses(session: Session) -> list[tuple[str, str]]:
    return list(SessionEvent.objects.filter(session=session).order_by("id").values_list("kind", "code"))


def with_status(session: Session, wanted: SessionStatus) -> Session:
    return eventually(lambda: Session.objects.filter(pk=session.pk, status=wanted).first())


def test_each_step_to_ready_is_recorded(session: Session) -> None:
    kinds = [kind for kind, _ in statuses(session) if kind.startswith("status.")]
    assert kinds in (["status.syncing", "status.ready"], ["status.connecting", "status.syncing", "status.ready"])
    assert session.status_code == ""


def test_what_came_while_the_connection_was_down_is_caught_up(
    session: Session, dc: SandboxThread, person: Callable[..., int]
) -> None:
    anna = person("Anna")
    me = session.telegram_user_id
    dc.world("send", anna, me, "before")
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="before").exists())
    assert dc.faults("drop", user=me) == 1
    for number in range(30):
        dc.world("send", anna, me, f"meanwhile {number}")
    with_status(session, SessionStatus.DISCONNECTED)
    eventually(lambda: Message.objects.filter(session_id=session.pk).count() == 31)
    ready(session)
    assert ("status.disconnected", "CONNECTION_LOST") in statuses(session)
    texts = Message.objects.filter(session_id=session.pk).order_by("telegram_id").values_list("text", flat=True)
    assert list(texts) == ["before", *(f"meanwhile {number}" for number in range(30))]


@pytest.fixture
def quick_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the account is still signed in is asked every second and not every minute."""
    monkeypatch.setattr(authorization_check, "QUIET_SECONDS", 1.0)


@pytest.mark.parametrize(
    ("fault", "options", "code", "wanted"),
    [
        ("revoke", {"close": True}, "AUTH_KEY_UNREGISTERED", SessionStatus.NEEDS_SIGN_IN),
        ("revoke", {"close": False}, "AUTH_KEY_UNREGISTERED", SessionStatus.NEEDS_SIGN_IN),
        ("ban", {}, "USER_DEACTIVATED_BAN", SessionStatus.BANNED),
    ],
)
def test_a_fatal_answer_stops_the_session_and_keeps_its_chats(
    quick_check: None,
    fault: str,
    options: dict[str, bool],
    code: str,
    wanted: SessionStatus,
    session: Session,
    dc: SandboxThread,
    user: User,
    person: Callable[..., int],
) -> None:
    anna = person("Anna")
    dc.world("send", anna, session.telegram_user_id, "hello")
    chat = eventually(lambda: Chat.objects.filter(session=session).first())
    dc.faults(fault, session.telegram_user_id, **options)
    with_status(session, wanted)
    session.refresh_from_db()
    assert session.status_code == code
    authorization = Authorization.objects.get(session=session)
    assert (authorization.role, authorization.end_code) == (Authorization.Role.OLD, code)
    assert not AuthorizationSecret.objects.filter(authorization__session=session).exists()
    assert Message.objects.filter(chat=chat).count() == 1
    assert (f"status.{wanted.value}", code) in statuses(session)
    eventually(lambda: not Lease.objects.filter(session=session, owner__isnull=False).exists())


def test_what_waits_to_be_sent_fails_with_the_authorization(
    session: Session, dc: SandboxThread, user: User, person: Callable[..., int]
) -> None:
    dc.world("send", person("Anna"), session.telegram_user_id, "hello")
    chat = eventually(lambda: Chat.objects.filter(session=session).first())
    dc.faults("flood", "messages.sendMessage", 600)
    waiting = messages.send(user, chat, "waits", cid=uuid.uuid4())
    eventually(lambda: Message.objects.filter(pk=waiting.pk, waits_until__isnull=False).exists())
    dc.faults("revoke", session.telegram_user_id, close=True)
    with_status(session, SessionStatus.NEEDS_SIGN_IN)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error_code) == (Message.State.FAILED, "AUTH_KEY_UNREGISTERED")
    assert not Command.objects.filter(session=session, state__in=commands.OPEN).exists()


def test_signing_in_again_brings_the_session_back(
    session: Session, dc: SandboxThread, user: User, person: Callable[..., int]
) -> None:
    anna = person("Anna")
    me = session.telegram_user_id
    dc.world("send", anna, me, "before")
    eventually(lambda: Message.objects.filter(session_id=session.pk).exists())
    dc.faults("revoke", me, close=True)
    with_status(session, SessionStatus.NEEDS_SIGN_IN)
    dc.world("send", anna, me, "meanwhile")
    again = sign_in(user, dc, PHONE)
    assert again.pk == session.pk
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="meanwhile").exists())
    assert Message.objects.filter(session_id=session.pk, text="before").count() == 1


def test_a_second_sign_in_replaces_the_key_and_logs_the_old_one_out(
    session: Session, dc: SandboxThread, user: User
) -> None:
    old = Authorization.objects.get(session=session)
    again = sign_in(user, dc, PHONE)
    assert again.pk == session.pk
    assert Session.objects.count() == 1
    eventually(lambda: not AuthorizationSecret.objects.filter(authorization=old).exists())
    current = Authorization.objects.get(session=session, role=Authorization.Role.CURRENT)
    keys = dc.call(dc.server.keys_of, session.telegram_user_id)
    assert [key.id for key in keys] == [current.key_id]


def test_logging_out_while_something_else_waits_for_the_account(
    session: Session, dc: SandboxThread, user: User
) -> None:
    """What waits in the account's lane needs the connection that the log-out closes: it must not be waited for."""
    eventually(lambda: not Command.objects.filter(session=session, state__in=commands.OPEN).exists())
    dc.faults("flood", "messages.getDialogs", 3600)
    waiting = sessions.resync(user, session)
    eventually(lambda: Command.objects.filter(pk=waiting.pk, not_before__isnull=False).exists())
    sessions.log_out(user, session)
    eventually(lambda: not AuthorizationSecret.objects.exists())
    session.refresh_from_db()
    assert (session.status, session.status_code) == (SessionStatus.NEEDS_SIGN_IN, "LOGGED_OUT_BY_STAFF")
    assert dc.call(dc.server.keys_of, session.telegram_user_id) == []


def test_disabled_deleted_and_enabled_are_noticed(session: Session, dc: SandboxThread, gateway: GatewayThread) -> None:
    def connections() -> int:
        return sum(one["user"] == session.telegram_user_id for one in open_connections(dc))

    assert connections() == 1
    Session.objects.filter(pk=session.pk).update(enabled=False)
    status.changed(session.pk)
    eventually(lambda: connections() == 0)
    eventually(lambda: Lease.objects.get(session=session).owner_id is None)
    Session.objects.filter(pk=session.pk).update(enabled=True)
    status.changed(session.pk)
    eventually(lambda: connections() == 1)
    ready(session)
    session.delete()
    eventually(lambda: connections() == 0)


def open_connections(dc: SandboxThread) -> list[dict[str, object]]:
    """Connections that a signed-in key has now."""
    return dc.call(
        lambda: [
            {"user": connection.key.user_id}
            for connection in dc.server.connections
            if connection.key is not None and connection.key.user_id is not None
        ]
    )


def test_a_clean_stop_gives_everything_back_and_the_next_gateway_takes_it(
    session: Session,
    dc: SandboxThread,
    gateway: GatewayThread,
    start_gateway: Callable[..., GatewayThread],
    person: Callable[..., int],
) -> None:
    fence = Lease.objects.get(session=session).fence
    assert gateway.stop()
    lease = Lease.objects.get(session=session)
    assert (lease.owner_id, lease.fence) == (None, fence)
    assert not Node.objects.exists()
    session.refresh_from_db()
    assert (session.status, session.status_code) == (SessionStatus.DISCONNECTED, "GATEWAY_STOPPED")
    assert open_connections(dc) == []
    anna = person("Anna")
    dc.world("send", anna, session.telegram_user_id, "while nobody was there")
    start_gateway()
    eventually(lambda: Message.objects.filter(session_id=session.pk).count() == 1)
    ready(session)
    assert Lease.objects.get(session=session).fence == fence + 1


def test_a_lost_lease_cuts_the_account_off(session: Session, dc: SandboxThread, gateway: GatewayThread) -> None:
    other = Node.objects.create(id=uuid.uuid4(), name="other", host="elsewhere", pid=1, pid_started=1.0)
    Lease.objects.filter(session=session).update(owner=other, fence=99)
    eventually(lambda: open_connections(dc) == [])
    assert gateway.process.leases.held == {}
