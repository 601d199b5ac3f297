"""The session's row is locked before its keys, by everybody: staff and the gateway act on an account at once, and
neither waits for the other for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.sessions.models import Authorization, AuthorizationSecret, Session, SessionStatus
from apps.sessions.services import authorizations, sessions, status
from tests.kit.accounts import CHECKPOINT, key
from tests.kit.waiting import eventually

Account = Callable[..., Session]
Ending = Callable[[int, int], Any]


def stop(session_id: int, authorization_id: int) -> None:
    status.stop(session_id, authorization_id, "AUTH_KEY_UNREGISTERED")


def moved(session_id: int, authorization_id: int) -> None:
    status.moved(session_id, authorization_id, key(77), CHECKPOINT)


def end(session_id: int, authorization_id: int) -> None:
    with transaction.atomic():
        authorizations.end(authorization_id, "AUTH_KEY_UNREGISTERED")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", [stop, moved, end])
def test_a_key_ends_while_staff_log_the_account_out(
    account: Account, admin: User, monkeypatch: pytest.MonkeyPatch, ending: Ending
) -> None:
    """Staff's transaction is stopped between its two locks until the gateway's waits for one of them. Were the key the
    gateway's first lock, each would wait for the other now, and PostgreSQL would end one of them (deadlock)."""
    session = account()
    authorization = Authorization.objects.get(session=session)
    staff, retire = threading.get_ident(), authorizations.retire

    def between_the_locks(one: Authorization, code: str) -> None:
        if threading.get_ident() == staff and not begun:
            begun.append(pool.submit(in_the_gateway))
            eventually(lambda: backends and _waits(backends[0]))
        retire(one, code)

    def in_the_gateway() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                backends.append(cursor.fetchone()[0])
            ending(session.pk, authorization.pk)
        finally:
            connection.close()

    begun: list[Any] = []
    backends: list[int] = []
    monkeypatch.setattr(authorizations, "retire", between_the_locks)
    with ThreadPoolExecutor(1) as pool:
        assert len(sessions.log_out(admin, session)) == 1
        begun[0].result(20)
    authorization.refresh_from_db()
    assert (authorization.role, authorization.end_code) == (Authorization.Role.OLD, "LOGGED_OUT_BY_STAFF")
    assert not AuthorizationSecret.objects.filter(pk=authorization.pk).exists()
    assert not Authorization.objects.filter(session=session, role=Authorization.Role.CURRENT).exists()
    session.refresh_from_db()
    assert (session.status, session.status_code) == (SessionStatus.NEEDS_SIGN_IN, "LOGGED_OUT_BY_STAFF")


def _waits(pid: int) -> bool:
    """Whether that backend waits for a lock that another one has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
        return bool(cursor.fetchone()[0])
