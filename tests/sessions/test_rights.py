"""Rights: who sees and does what, asked in one place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied

from apps.sessions.models import Role, Session, SessionGrant, SignInAttempt
from apps.sessions.services import rights

Staff = Callable[..., User]
Account = Callable[..., Session]
Grant = Callable[[User, Session, Role], SessionGrant]


def test_a_session_is_seen_by_those_with_a_grant_only(staff: Staff, account: Account, grant: Grant) -> None:
    mine, other = account("Mine"), account("Other")
    marta = staff("marta")
    grant(marta, mine, Role.VIEWER)
    assert list(rights.visible_sessions(marta)) == [mine]
    assert rights.role(marta, mine.pk) == Role.VIEWER
    assert rights.role(marta, other.pk) is None


@pytest.mark.parametrize("held", list(Role))
@pytest.mark.parametrize("asked", list(Role))
def test_a_role_includes_those_before_it(staff: Staff, account: Account, grant: Grant, held: Role, asked: Role) -> None:
    session, user = account(), staff("marta")
    grant(user, session, held)
    if held >= asked:
        rights.require(user, session.pk, asked)
    else:
        with pytest.raises(rights.Forbidden):
            rights.require(user, session.pk, asked)


def test_an_unknown_session_answers_as_a_hidden_one(staff: Staff, account: Account, admin: User) -> None:
    hidden, user = account(), staff("marta")
    with pytest.raises(PermissionDenied) as of_hidden:
        rights.require(user, hidden.pk, Role.VIEWER)
    for asker in (user, admin):
        with pytest.raises(PermissionDenied) as of_unknown:
            rights.require(asker, 10**12, Role.VIEWER)
        assert str(of_unknown.value) == str(of_hidden.value)


def test_superusers_manage_every_session(admin: User, account: Account) -> None:
    session = account()
    assert rights.role(admin, session.pk) == Role.MANAGER
    assert list(rights.managed_sessions(admin)) == [session]


@pytest.mark.parametrize(
    "facts", [{"is_staff": False}, {"is_active": False}, {"is_staff": False, "is_superuser": True}]
)
def test_whoever_is_not_active_staff_has_no_right(
    staff: Staff, account: Account, grant: Grant, facts: dict[str, bool]
) -> None:
    session = account()
    user = staff("gone", "add_account", "reveal_phone", **facts)
    grant(user, session, Role.MANAGER)
    attempt = SignInAttempt.objects.create(session=session, phone="49151", started_by=user)
    for somebody in (user, AnonymousUser()):
        assert not rights.visible_sessions(somebody).exists()
        assert rights.role(somebody, session.pk) is None
        assert not rights.may_add_account(somebody)
        assert not rights.may_reveal_phone(somebody, session.pk)
        assert not rights.may_drive(somebody, attempt)
        assert not rights.visible_attempts(somebody).exists()


def test_the_place_of_a_sign_in_that_came_to_nothing_is_not_shown(admin: User, account: Account) -> None:
    account("Place", telegram_user_id=None, enabled=False)
    assert not rights.visible_sessions(admin).exists()


def test_a_sign_in_belongs_to_its_starter_and_to_managers_of_its_account(
    staff: Staff, account: Account, grant: Grant, admin: User
) -> None:
    place = account("New", telegram_user_id=None)
    starter, other, manager = staff("starter", "add_account"), staff("other", "add_account"), staff("manager")
    attempt = SignInAttempt.objects.create(session=place, phone="49151", started_by=starter)
    known = account("Known")
    grant(manager, known, Role.MANAGER)
    again = SignInAttempt.objects.create(session=known, phone="49152", started_by=admin)
    expected = {starter: {attempt}, other: set(), manager: {again}, admin: {attempt, again}}
    for user, visible in expected.items():
        assert set(rights.visible_attempts(user)) == visible
        assert {row for row in (attempt, again) if rights.may_drive(user, row)} == visible


def test_revealing_a_phone_needs_the_permission_and_a_role(staff: Staff, account: Account, grant: Grant) -> None:
    session = account()
    without, outside, both = staff("without"), staff("outside", "reveal_phone"), staff("both", "reveal_phone")
    grant(without, session, Role.MANAGER)
    grant(both, session, Role.VIEWER)
    assert [rights.may_reveal_phone(user, session.pk) for user in (without, outside, both)] == [False, False, True]


def test_a_manager_who_lost_the_account_lost_its_sign_ins_too(staff: Staff, account: Account, grant: Grant) -> None:
    known, former = account("Known"), staff("former", "add_account")
    held = grant(former, known, Role.MANAGER)
    attempt = SignInAttempt.objects.create(session=known, phone=known.phone, started_by=former)
    assert rights.may_drive(former, attempt)
    held.delete()
    assert not rights.may_drive(former, attempt)
    assert not rights.visible_attempts(former).exists()
