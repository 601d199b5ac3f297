"""An account's keys: how they come and go, and what becomes of the account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from apps.commands.models import Command
from apps.sessions.models import Authorization, AuthorizationSecret, Session, SessionEvent, SessionStatus
from apps.sessions.services import authorizations, status
from tests.kit.accounts import CHECKPOINT, key

Account = Callable[..., Session]
Role = Authorization.Role


def current(session: Session) -> Authorization:
    return Authorization.objects.get(session=session, role=Role.CURRENT)


def test_a_key_is_kept_with_what_is_needed_to_use_it(account: Account) -> None:
    session = account()
    authorizations.retire(current(session), "REPLACED")
    made = authorizations.store(session.pk, {**key(7), "user_id": 5}, Role.CURRENT)
    assert (made.session, made.dc_id, made.ended_at) == (session, 2, None)
    assert AuthorizationSecret.objects.get(pk=made.pk).secret == key(7)


def test_there_is_one_current_key(account: Account) -> None:
    session = account()
    with pytest.raises(IntegrityError), transaction.atomic():
        authorizations.store(session.pk, key(7), Role.CURRENT)
    authorizations.store(session.pk, key(8), Role.SPARE)
    authorizations.store(session.pk, key(9), Role.OLD)
    authorizations.store(session.pk, key(10), Role.OLD)


@pytest.mark.django_db(transaction=True)
def test_the_first_cause_counts(account: Account) -> None:
    former = current(account())
    with transaction.atomic():
        assert authorizations.end(former.pk, "AUTH_KEY_UNREGISTERED")
    with transaction.atomic():
        assert not authorizations.end(former.pk, "SESSION_REVOKED")
    former.refresh_from_db()
    assert (former.role, former.end_code) == (Role.OLD, "AUTH_KEY_UNREGISTERED")
    assert former.ended_at is not None
    assert not AuthorizationSecret.objects.filter(pk=former.pk).exists()


def test_a_retired_key_keeps_its_secret_until_it_has_ended(account: Account) -> None:
    former = current(account())
    authorizations.retire(former, "REPLACED")
    assert AuthorizationSecret.objects.filter(pk=former.pk).exists()
    assert not authorizations.end(former.pk, "LOGGED_OUT")
    former.refresh_from_db()
    assert former.end_code == "REPLACED"
    assert not AuthorizationSecret.objects.filter(pk=former.pk).exists()


@pytest.mark.parametrize(
    ("code", "expected"),
    [("AUTH_KEY_UNREGISTERED", SessionStatus.NEEDS_SIGN_IN), ("USER_DEACTIVATED_BAN", SessionStatus.BANNED)],
)
def test_without_its_current_key_an_account_needs_a_person(
    account: Account, code: str, expected: SessionStatus
) -> None:
    session = account()
    status.stop(session.pk, current(session).pk, code)
    session.refresh_from_db()
    assert (session.status, session.status_code) == (expected, code)
    assert SessionEvent.objects.get(session=session).kind == f"status.{expected.value}"


def test_a_moved_account_goes_on_with_its_new_key(account: Account) -> None:
    session = account()
    former = current(session)
    status.moved(session.pk, former.pk, key(7), CHECKPOINT)
    former.refresh_from_db()
    assert (former.role, former.end_code) == (Role.OLD, "USER_MIGRATE")
    assert AuthorizationSecret.objects.get(pk=current(session).pk).secret == key(7)
    assert not Command.objects.exists()


def test_a_key_that_was_given_up_while_its_account_moved_has_no_successor(account: Account) -> None:
    session = account()
    former = current(session)
    authorizations.retire(former, "LOGGED_OUT_BY_STAFF")
    status.moved(session.pk, former.pk, key(7), CHECKPOINT)
    unwanted = Authorization.objects.exclude(pk=former.pk).get(session=session)
    assert (unwanted.role, unwanted.end_code) == (Role.OLD, "USER_MIGRATE")
    command = Command.objects.get(session=session)
    assert (command.kind, command.payload, command.origin) == ("log_out", {"authorization": unwanted.pk}, "system")
    assert AuthorizationSecret.objects.get(pk=unwanted.pk).secret == key(7), "the log-out needs it"


@pytest.mark.parametrize("role", [Role.OLD, Role.SPARE])
def test_the_end_of_another_key_leaves_the_account_as_it_is(account: Account, role: Authorization.Role) -> None:
    session = account()
    other = authorizations.store(session.pk, key(7), role)
    status.stop(session.pk, other.pk, "AUTH_KEY_UNREGISTERED")
    session.refresh_from_db()
    assert (session.status, session.status_code) == (SessionStatus.READY, "")
    assert not SessionEvent.objects.filter(session=session).exists()
    assert authorizations.has_other(session.pk, other.pk)
    assert AuthorizationSecret.objects.filter(pk=current(session).pk).exists()
    other.refresh_from_db()
    assert (other.role, other.end_code) == (Role.OLD, "AUTH_KEY_UNREGISTERED")
