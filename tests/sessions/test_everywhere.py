"""A role in all accounts: given in those that are there, and in each new one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.common.users import Forbidden
from apps.sessions.models import RoleEverywhere, Session, SessionGrant
from apps.sessions.services import everywhere, rights
from apps.signin import services as signin
from apps.signin.models import SignInAttempt
from apps.staff.models import AuditEntry
from apps.staff.roles import Role
from tests.kit.accounts import key, profile
from tests.kit.confirmed import confirmed

pytestmark = pytest.mark.django_db

Account = Callable[..., Session]


@pytest.fixture
def browser(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return confirmed(client)


@pytest.fixture
def oda(staff: Callable[..., User]) -> User:
    return staff("oda", first_name="Oda")


def signed_in(by: User, number: int) -> Session:
    """A new account, signed in by somebody."""
    session = Session.objects.create(name="New", network="dc-test")
    attempt = SignInAttempt.objects.create(session=session, started_by=by)
    return Session.objects.get(pk=signin.signed_in(attempt.pk, key(number), profile(number)))


def role_of(user: User, session: Session) -> Role | None:
    return rights.role(user, session.pk)


def test_accounts_of_now_and_of_later(admin: User, oda: User, account: Account) -> None:
    sales, support = account("Sales"), account("Support")
    SessionGrant.objects.create(session=sales, user=oda, role=Role.MANAGER)
    everywhere.set_role(admin, oda, Role.OPERATOR)
    assert (role_of(oda, sales), role_of(oda, support)) == (Role.MANAGER, Role.OPERATOR)
    assert role_of(oda, signed_in(admin, 5_000)) == Role.OPERATOR
    assert role_of(oda, signed_in(oda, 5_001)) == Role.MANAGER, "the user who signs an account in manages it"
    entry = AuditEntry.objects.get(action="right.everywhere")
    assert (entry.details["user"], entry.details["role"]) == ("oda", "Operator")


def test_without_the_rule_what_one_has_stays(admin: User, oda: User, account: Account) -> None:
    support = account("Support")
    everywhere.set_role(admin, oda, Role.VIEWER)
    everywhere.set_role(admin, oda, None)
    assert role_of(oda, support) == Role.VIEWER
    assert role_of(oda, signed_in(admin, 5_002)) is None


def test_an_account_that_is_signed_in_again_gives_nothing_back(admin: User, oda: User) -> None:
    session = signed_in(admin, 5_003)
    everywhere.set_role(admin, oda, Role.VIEWER)
    SessionGrant.objects.filter(session=session, user=oda).delete()  # taken away by a manager
    attempt = SignInAttempt.objects.create(session=session, started_by=admin)
    signin.signed_in(attempt.pk, key(5_103), profile(5_003))
    assert role_of(oda, session) is None


def test_for_administrators_alone(admin: User, oda: User, staff: Callable[..., User]) -> None:
    with pytest.raises(Forbidden):
        everywhere.set_role(staff("marta", "add_account"), oda, Role.VIEWER)
    assert not RoleEverywhere.objects.exists()


def test_the_form(browser: Client, oda: User, account: Account) -> None:
    sales, support = account("Sales"), account("Support")
    page = f"/admin/colleagues/{oda.pk}/"
    typed = {"name": "Oda", "username": "oda", f"role-{sales.pk}": "3", f"role-{support.pk}": "0"}
    assert browser.post(page, {**typed, "everywhere": "2"}).status_code == 302
    assert (role_of(oda, sales), role_of(oda, support), everywhere.of(oda)) == (
        Role.MANAGER,
        Role.OPERATOR,
        Role.OPERATOR,
    )
    shown = browser.get("/admin/colleagues/").content.decode()
    assert "all accounts, later ones too" in shown
    assert 'name="everywhere" value="2" checked' in browser.get(page).content.decode()
    # Without the field the rule stays; with the value 0 it ends.
    assert browser.post(page, typed).status_code == 302
    assert everywhere.of(oda) == Role.OPERATOR
    assert browser.post(page, {**typed, "everywhere": "0"}).status_code == 302
    assert everywhere.of(oda) is None
    for wrong in ("4", "-1", "x", "2 "):
        answer = browser.post(page, {**typed, "everywhere": wrong})
        assert (answer.status_code, "reload the page" in answer.content.decode()) == (422, True), wrong


def test_what_is_not_all_of_them_is_named(browser: Client, admin: User, oda: User, account: Account) -> None:
    sales, support = account("Sales"), account("Support")
    everywhere.set_role(admin, oda, Role.OPERATOR)
    SessionGrant.objects.filter(session=support, user=oda).update(role=Role.VIEWER)
    shown = browser.get("/admin/colleagues/?q=oda").content.decode()
    assert f"{sales.name}, later accounts" in shown
