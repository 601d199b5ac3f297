"""An account is deleted while others write for it: the deletion succeeds, and nothing of the account is left."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from apps.chats.models import Chat, Event, Gap, Message, MessageSecret, Peer, UnreadableUpdate
from apps.chats.services import messages
from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command, CommandSecret, FloodWait, Lease, Node
from apps.commands.services import leases
from apps.commands.services.leases import Held, LeaseLost
from apps.common.cascades import is_orphan
from apps.common.user_errors import CONFLICT, UserErrors
from apps.sessions.models import (
    AccessRequest,
    Authorization,
    AuthorizationSecret,
    ChannelState,
    Device,
    FutureAuthToken,
    Session,
    SessionEvent,
    SessionGrant,
    SessionProxy,
    SessionProxySecret,
    UpdateState,
)
from apps.sessions.services import devices, removal, sessions
from apps.signin.models import SignInAttempt, SignInSecret
from apps.staff.roles import Role
from tests.kit.database import database_url
from tests.kit.waiting import eventually
from tgadmin.core import types
from tgadmin.core.errors import UserError

pytestmark = pytest.mark.django_db(transaction=True)
Account = Callable[..., Session]

# Every foreign key that leads to a session, at whatever remove: which table, its column, what the database does.
KEYS = """
WITH RECURSIVE tree AS (
    SELECT c.oid, c.conrelid, c.conkey[1] AS key, c.confdeltype FROM pg_constraint c
    WHERE c.contype = 'f' AND c.confrelid = 'telegram_sessions'::regclass
    UNION
    SELECT c.oid, c.conrelid, c.conkey[1], c.confdeltype FROM pg_constraint c
    JOIN tree t ON c.confrelid = t.conrelid WHERE c.contype = 'f'
)
SELECT conrelid::regclass::text, attname, confdeltype FROM tree
JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = key ORDER BY 1
"""
PARENTS = {
    "chat_events": "telegram_chats",
    "telegram_access_requests": "telegram_sessions",
    "telegram_authorization_secrets": "telegram_authorizations",
    "telegram_authorization_tokens": "telegram_sessions",
    "telegram_authorizations": "telegram_sessions",
    "telegram_channel_states": "telegram_sessions",
    "telegram_chats": "telegram_sessions",
    "telegram_command_secrets": "telegram_commands",
    "telegram_commands": "telegram_sessions",
    "telegram_devices": "telegram_sessions",
    "telegram_flood_waits": "telegram_sessions",
    "telegram_gaps": "telegram_sessions",
    "telegram_leases": "telegram_sessions",
    "telegram_message_secrets": "telegram_messages",
    "telegram_messages": "telegram_chats",
    "telegram_peers": "telegram_sessions",
    "telegram_proxies": "telegram_sessions",
    "telegram_proxy_secrets": "telegram_proxies",
    "telegram_session_events": "telegram_sessions",
    "telegram_session_grants": "telegram_sessions",
    "telegram_sign_in_secrets": "telegram_sign_ins",
    "telegram_sign_ins": "telegram_sessions",
    "telegram_unreadable_updates": "telegram_sessions",
    "telegram_update_states": "telegram_sessions",
}
"""Every table that hangs on an account, and what its rows belong to."""


@pytest.fixture
def full(account: Account, admin: User) -> Session:
    return fill(account(), admin)


def fill(session: Session, admin: User) -> Session:
    """The account, with a row of everything that can hang on one."""
    now = timezone.now()
    node = Node.objects.create(id=uuid4(), name="n", host="h", pid=1, pid_started=1.0)
    Lease.objects.update_or_create(session=session, defaults={"owner": node, "fence": 7})
    authorization, _ = Authorization.objects.get_or_create(session=session, defaults={"key_id": 1, "dc_id": 1})
    AuthorizationSecret.objects.get_or_create(authorization=authorization, defaults={"secret": {"auth_key": "x"}})
    FutureAuthToken(session=session, token="x").save()
    SessionEvent.objects.create(session=session, kind="status.ready")
    SessionGrant.objects.get_or_create(session=session, user=admin, defaults={"role": Role.MANAGER})
    AccessRequest.objects.create(session=session, user=admin)
    Device.objects.create(session=session, hash=1, signed_in_at=now, active_at=now)
    proxy = SessionProxy.objects.create(session=session, kind="socks5", host="192.0.2.7", port=1080)
    SessionProxySecret.objects.create(proxy=proxy, secret={"password": "x"})
    UpdateState.objects.update_or_create(session=session, defaults={"pts": 1, "qts": 0, "date": 0, "seq": 0})
    ChannelState.objects.create(session=session, peer_id=-1_000_000_000_001, pts=1)
    command = Command.objects.create(session=session, kind=CommandKind.DEVICES, lane="account")
    CommandSecret.objects.create(command=command, secret={"code": "x"})
    FloodWait.objects.create(session=session, method="m", until=now, code="FLOOD_WAIT")
    attempt = SignInAttempt.objects.create(session=session, started_by=admin)
    SignInSecret.objects.create(attempt=attempt, secret={"hash": "x"})
    Gap.objects.create(session=session, low_pts=1, high_pts=2, how="kept")
    UnreadableUpdate.objects.create(session=session, data=b"\x00", kind="Update", reason="r")
    Peer.objects.create(session=session, peer_id=5, kind="user", name="Anna")
    chat = Chat.objects.create(session=session, peer_id=5, kind="user", title="Anna", last_event=1)
    Event.objects.create(chat=chat, number=1, kind="message", data={})
    message = Message.objects.create(chat=chat, session_id=session.pk, telegram_id=1, date=now, text="hello")
    MessageSecret.objects.create(message=message, secret={"text": "x"})
    return session


@pytest.fixture
def writer() -> Iterator[psycopg.Connection[Any]]:
    """Somebody else's connection."""
    with psycopg.connect(database_url()) as opened:
        yield opened


@contextlib.contextmanager
def another() -> Iterator[psycopg.Connection[Any]]:
    """Somebody else's connection."""
    with psycopg.connect(database_url()) as opened:
        yield opened


def taken_out(table: str) -> Callable[[psycopg.Connection[Any]], object]:
    """The table's row is deleted; what is returned writes it again, by whatever connection."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
        (row,) = cursor.fetchone()
        cursor.execute(f"DELETE FROM {table}")
    insert = f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, %s)"
    return lambda writer: writer.execute(insert, (row,))


def left() -> list[str]:
    """Tables in which something of an account is left."""
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in PARENTS))
        return [row[0] for row in cursor.fetchall()]


def elsewhere(function: Callable[..., Any], *args: Any) -> Any:
    """In a thread with a database connection of its own, which is closed."""
    try:
        return function(*args)
    finally:
        connection.close()


def test_what_hangs_on_an_account_is_deleted_by_the_database() -> None:
    """A new foreign key belongs here: its migration has ``cascade`` (apps/common/cascades.py)."""
    with connection.cursor() as cursor:
        cursor.execute(KEYS)
        found = cursor.fetchall()
    assert {table for table, _, _ in found} == PARENTS.keys()
    assert [(table, column) for table, column, action in found if action != "c"] == []


def test_every_table_has_a_row_here(full: Session) -> None:
    assert sorted(left()) == sorted(PARENTS)
    full.delete()
    assert left() == []


def test_a_row_that_is_committed_behind_the_deletions_back_goes_too(account: Account, admin: User) -> None:
    """Django has deleted what it found; somebody commits one more; then goes the row that it belongs to."""
    for table, parent in PARENTS.items():
        full = fill(account(), admin)
        again, done = taken_out(table), []

        def interpose(execute: Any, statement: str, *args: Any) -> Any:
            if not done and statement.startswith(f'DELETE FROM "{parent}"'):  # noqa: B023  used in this round only
                with another() as writer:
                    done.append(again(writer))  # noqa: B023
            return execute(statement, *args)

        with connection.execute_wrapper(interpose), transaction.atomic():
            full.delete()
        assert done, table
        assert left() == [], table


def test_a_row_that_comes_to_be_committed_after_the_deletion_is_refused(account: Account, admin: User) -> None:
    for table in PARENTS:
        full = fill(account(), admin)
        again = taken_out(table)
        with another() as writer, ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                removal.delete(full)
                again(writer)
                committing = pool.submit(writer.commit)
                eventually(is_somebody_waiting)
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                committing.result(20)
            writer.rollback()
        assert left() == [], table


def test_devices_that_a_gateway_is_just_storing_are_waited_for(full: Session, admin: User) -> None:
    """Under its lease, as every gateway stores; what it begins to store later is refused."""
    held = Held(full.pk, 7, Lease.objects.get().owner_id)
    AuthorizationSecret.objects.all().delete()
    Command.objects.all().delete()
    found = types.Devices(180, (device(1), device(2)))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            leases.hold(held)
            removing = pool.submit(elsewhere, sessions.remove, admin, full)
            eventually(is_somebody_waiting)
            devices.record(full.pk, found)
        removing.result(20)
    assert left() == []
    with pytest.raises(LeaseLost), transaction.atomic():
        leases.hold(held)
    devices.record(full.pk, found)  # without a lease: nobody is there to record it for
    assert left() == []


def test_a_colleague_who_is_just_sending_can_finish_and_then_it_goes(full: Session, admin: User) -> None:
    AuthorizationSecret.objects.all().delete()
    Command.objects.all().delete()
    chat = Chat.objects.get()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            messages.send(admin, chat, "hello", cid=uuid4())
            removing = pool.submit(elsewhere, sessions.remove, admin, full)
            eventually(is_somebody_waiting)
        removing.result(20)
    assert left() == []


def test_a_colleague_who_comes_too_late_is_answered_that_it_is_gone(full: Session, admin: User) -> None:
    """Their transaction began before the deletion was committed."""
    session_id = full.pk  # Django takes it from what it deletes
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            removal.delete(full)
            asking = pool.submit(elsewhere, sessions.resync, admin, Session(pk=session_id))
            eventually(is_somebody_waiting)
        with pytest.raises(IntegrityError) as refused:
            asking.result(20)
    assert is_orphan(refused.value)
    answer = UserErrors(lambda _: HttpResponse()).process_exception(RequestFactory().get("/"), refused.value)
    assert answer is not None
    assert answer.status_code == CONFLICT


def test_an_account_whose_key_works_or_is_just_being_ended_is_not_removed(full: Session, admin: User) -> None:
    with pytest.raises(UserError, match="still signed in") as refused:
        sessions.remove(admin, full)
    assert refused.value.code == "STILL_SIGNED_IN"
    AuthorizationSecret.objects.all().delete()
    Command.objects.create(session=full, kind=CommandKind.SIGN_IN_CODE, lane="sign-in:1")
    with pytest.raises(UserError) as refused:
        sessions.remove(admin, full)
    assert refused.value.code == "UNDER_WAY"
    assert Lease.objects.get().fence == 7  # nothing was done


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def device(number: int) -> types.Device:
    now = timezone.now()
    names = dict.fromkeys(("device_model", "platform", "system_version", "app_name", "app_version"), "x")
    return types.Device(hash=number, signed_in_at=now, active_at=now, api_id=1, ip="", country="", region="", **names)
