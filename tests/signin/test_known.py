"""Signing a known account in never gives a right: its managers are told and asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from apps.commands.models import Command
from apps.sessions.models import (
    AccessRequest,
    Authorization,
    AuthorizationSecret,
    Session,
    SessionEvent,
    SessionGrant,
    SessionProxy,
    SessionStatus,
)
from apps.sessions.services import access, rights
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from apps.signin.selectors import explain_step
from apps.staff.models import AuditEntry
from apps.staff.roles import Role
from tests.core.test_session_strings import telethon as telethon_string
from tests.kit.accounts import key, profile
from tests.signin.signing_in import Account, at_code, settle_all, starter
from tgadmin.core.errors import UserError
from tgadmin.core.proxies import Proxy, ProxyKind

__all__ = ["starter"]

LINK = Proxy(ProxyKind.SOCKS5, "127.0.0.1", 1080)


def by_phone(user: User) -> SignInAttempt:
    attempt = at_code(user)
    signin.submit_code(user, attempt, "12345")
    return attempt


def by_qr(user: User) -> SignInAttempt:
    return signin.start_qr(user, "", proxy=LINK)


def by_import(user: User) -> SignInAttempt:
    return signin.start_import(user, "", telethon_string().encode())


def facts(session: Session) -> tuple[Any, ...]:
    """All of an account that a sign-in could change."""
    session.refresh_from_db()
    return (
        session.status, session.phone, session.profile_name, session.enabled,
        list(Authorization.objects.filter(session=session).values_list("pk", "role", "ended_at")),
        [row.secret for row in AuthorizationSecret.objects.filter(authorization__session=session)],
        list(SessionGrant.objects.filter(session=session).values_list("user", "group", "role")),
        SessionProxy.objects.filter(session=session).exists(),
    )  # fmt: skip


@pytest.mark.parametrize("held", [None, Role.VIEWER, Role.OPERATOR, "group's operator"])
@pytest.mark.parametrize("way", [by_phone, by_qr])
def test_whoever_does_not_manage_it_is_not_let_in(
    starter: User, account: Account, way: Callable[[User], SignInAttempt], held: Any
) -> None:
    known = account("Known", telegram_user_id=77)
    if isinstance(held, Role):
        SessionGrant.objects.create(session=known, user=starter, role=held)
    elif held:
        team = Group.objects.create(name="Team")
        starter.groups.add(team)
        SessionGrant.objects.create(session=known, group=team, role=Role.OPERATOR)
    before, role = facts(known), rights.role(starter, known.pk)
    attempt = way(starter)
    place = attempt.session_id
    assert signin.signed_in(attempt.pk, key(9), profile()) == place
    attempt.refresh_from_db()
    assert (attempt.step, attempt.error_code, attempt.session_id) == (SignInStep.FAILED, "ACCOUNT_KNOWN", place)
    assert facts(known) == before
    assert rights.role(starter, known.pk) == role
    made = Authorization.objects.get(session_id=place)
    assert (made.role, made.end_code) == (Authorization.Role.OLD, "ACCOUNT_KNOWN")
    log_out = Command.objects.get(kind="log_out")
    assert (log_out.payload, log_out.origin) == ({"authorization": made.pk}, "system")
    assert not SignInSecret.objects.exists()
    assert not Session.objects.get(pk=place).enabled
    asked = AccessRequest.objects.get()
    assert (asked.session, asked.user, asked.decided_at) == (known, starter, None)
    event = SessionEvent.objects.get(session=known)
    assert (event.kind, event.code, event.user) == ("sign_in_refused", "ACCOUNT_KNOWN", starter)
    entry = AuditEntry.objects.get(action="sign_in.refused")
    assert (entry.session_id, entry.details["acting_as"]) == (known.pk, "starter")
    explained = explain_step(attempt)
    assert explained is not None
    assert "not one of its managers" in explained.message


def test_an_imported_key_of_a_known_account_is_forgotten_and_not_ended(starter: User, account: Account) -> None:
    known = account("Known", telegram_user_id=77)
    before = facts(known)
    attempt = by_import(starter)
    signin.signed_in(attempt.pk, key(9), profile())
    attempt.refresh_from_db()
    assert (attempt.step, attempt.error_code) == (SignInStep.FAILED, "ACCOUNT_KNOWN")
    assert facts(known) == before
    assert not Command.objects.filter(kind="log_out").exists()
    assert AccessRequest.objects.count() == 1


def test_its_manager_signs_it_in_and_no_right_changes(starter: User, account: Account, admin: User) -> None:
    known = account("Known", telegram_user_id=77)
    SessionGrant.objects.create(session=known, user=starter, role=Role.MANAGER)
    grants = facts(known)[6]
    assert signin.signed_in(by_phone(starter).pk, key(9), profile()) == known.pk
    assert facts(known)[6] == grants
    settle_all()
    assert signin.signed_in(by_phone(admin).pk, key(8), profile()) == known.pk
    assert facts(known)[6] == grants
    assert not AccessRequest.objects.exists()


def test_a_right_lost_on_the_way_counts(starter: User, account: Account) -> None:
    known = account("Known", telegram_user_id=77)
    held = SessionGrant.objects.create(session=known, user=starter, role=Role.MANAGER)
    attempt = by_phone(starter)
    held.delete()
    signin.signed_in(attempt.pk, key(9), profile())
    assert rights.role(starter, known.pk) is None
    assert AccessRequest.objects.count() == 1


def test_whose_user_is_gone_asks_for_nothing(starter: User, account: Account) -> None:
    known = account("Known", telegram_user_id=77)
    attempt = by_phone(starter)
    starter.delete()
    signin.signed_in(attempt.pk, key(9), profile())
    assert not AccessRequest.objects.exists()
    assert SessionEvent.objects.filter(session=known, kind="sign_in_refused").count() == 1


def test_twice_asks_once(starter: User, account: Account) -> None:
    account("Known", telegram_user_id=77)
    for number in (8, 9):
        signin.signed_in(by_phone(starter).pk, key(number), profile())
        settle_all()
    assert AccessRequest.objects.count() == 1


# --- the managers' answer -------------------------------------------------------------------------------------------


@pytest.fixture
def asked(starter: User, account: Account) -> AccessRequest:
    return AccessRequest.objects.create(session=account("Known", status=SessionStatus.NEEDS_SIGN_IN), user=starter)


@pytest.fixture
def manager(staff: Callable[..., User], asked: AccessRequest) -> User:
    user = staff("manager")
    SessionGrant.objects.create(session=asked.session, user=user, role=Role.MANAGER)
    return user


def test_a_manager_gives_a_role(asked: AccessRequest, manager: User, starter: User) -> None:
    assert list(access.open_requests(manager)) == [asked]
    access.give(manager, asked, Role.OPERATOR)
    assert rights.role(starter, asked.session_id) == Role.OPERATOR
    assert AuditEntry.objects.get(action="right.granted").details["acting_as"] == "manager"
    asked.refresh_from_db()
    assert (asked.decided_by, asked.role) == (manager, Role.OPERATOR)
    for again in (lambda: access.give(manager, asked, Role.MANAGER), lambda: access.decline(manager, asked)):
        with pytest.raises(UserError):
            again()
    assert rights.role(starter, asked.session_id) == Role.OPERATOR
    assert not access.open_requests(manager).exists()


def test_a_higher_role_is_not_lowered(asked: AccessRequest, manager: User, starter: User) -> None:
    SessionGrant.objects.create(session=asked.session, user=starter, role=Role.OPERATOR)
    access.give(manager, asked, Role.VIEWER)
    assert rights.role(starter, asked.session_id) == Role.OPERATOR


def test_a_manager_declines(asked: AccessRequest, manager: User, starter: User) -> None:
    access.decline(manager, asked)
    assert rights.role(starter, asked.session_id) is None
    assert AuditEntry.objects.filter(action="access.declined", session_id=asked.session_id).count() == 1
    assert SessionEvent.objects.get(kind="access_declined").detail == {"who": "starter"}


def test_nobody_else_answers(asked: AccessRequest, starter: User, staff: Callable[..., User], admin: User) -> None:
    operator = staff("operator")
    SessionGrant.objects.create(session=asked.session, user=operator, role=Role.OPERATOR)
    for user in (starter, operator):
        assert not access.open_requests(user).exists()
        with pytest.raises(rights.Forbidden):
            access.give(user, asked, Role.MANAGER)
        with pytest.raises(rights.Forbidden):
            access.decline(user, asked)
    # With no manager left it is the superusers' affair.
    assert list(access.open_requests(admin)) == [asked]


def test_on_the_pages(
    asked: AccessRequest, manager: User, staff: Callable[..., User], signed_in_as: Callable[[User], Client]
) -> None:
    viewer = staff("viewer")
    SessionGrant.objects.create(session=asked.session, user=viewer, role=Role.VIEWER)
    page = f"/admin/tg_sessions/session/{asked.session_id}/change/"
    answer = f"/admin/tg_sessions/session/{asked.session_id}/access/"
    theirs, hers = signed_in_as(viewer), signed_in_as(manager)
    assert "Asks for a role" not in theirs.get(page).content.decode()
    assert "Asks for a role" not in theirs.get("/admin/").content.decode()
    assert "Asks for a role" in hers.get("/admin/").content.decode()
    shown = hers.get(page).content.decode()
    assert "Asks for a role" in shown
    assert f'action="{answer}"' in shown
    form = {"request": asked.pk, "action": "viewer"}
    assert theirs.post(answer, form).status_code == 403
    assert hers.get(answer).status_code == 405
    assert hers.post(answer, form | {"action": "owner"}).status_code == 400
    assert hers.post(answer, form | {"request": "x"}).status_code == 400
    assert not AccessRequest.objects.exclude(decided_at=None).exists()
    assert hers.post(answer, form).headers["Location"] == page
    assert rights.role(asked.user, asked.session_id) == Role.VIEWER
    assert "Asks for a role" not in hers.get(page).content.decode()
    assert "answered this request already" in hers.post(answer, form, follow=True).content.decode()
