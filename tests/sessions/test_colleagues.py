"""A colleague in one form: made with all that they need, changed at once, by administrators alone, and each in the
audit."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.common.users import Forbidden
from apps.sessions.models import Session, SessionGrant
from apps.sessions.services import colleagues, rights
from apps.sessions.services.colleagues import Wanted
from apps.staff.models import AuditEntry, JoinLink
from apps.staff.roles import Role
from apps.staff.services import joining
from tests.kit.confirmed import confirmed
from tgadmin.core.errors import UserError

pytestmark = pytest.mark.django_db

Account = Callable[..., Session]
ADD = "/admin/colleagues/add/"


@pytest.fixture
def browser(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return confirmed(client)


def link_of(answer: Any) -> str:
    found = re.search(r'value="http://testserver/join/#([\w-]+)"', answer.content.decode())
    assert found is not None
    return found[1]


# --- adding ---------------------------------------------------------------------------------------------------------


def test_one_form_makes_a_colleague_who_can_work(browser: Client, admin: User, account: Account) -> None:
    sales, support, other = account("Sales"), account("Support"), account("Other")
    typed = {
        "name": " İpek  Yıldırım-Karaosmanoğlu ",
        "email": "ipek@northwind.example",
        f"role-{sales.pk}": "2",
        f"role-{support.pk}": "1",
        f"role-{other.pk}": "0",
        "adds_accounts": "on",
    }
    began = timezone.now()
    answer = browser.post(ADD, typed)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    user = User.objects.get(email="ipek@northwind.example")
    assert user.get_full_name() == "İpek Yıldırım-Karaosmanoğlu"
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (True, False, False)
    assert rights.roles([user]) == {user.pk: {sales.pk: Role.OPERATOR, support.pk: Role.VIEWER}}
    assert rights.may_add_account(user)
    assert joining.user_of(link_of(answer)) == user
    kept = AuditEntry.objects.filter(actor="root", at__gte=began).order_by("pk")
    assert list(kept.values_list("action", flat=True)) == [
        "user.added", "right.granted", "right.granted", "powers.given", "link.made",
    ]  # fmt: skip


def test_the_link_is_shown_once_and_kept_nowhere(browser: Client, account: Account) -> None:
    token = link_of(browser.post(ADD, {"name": "Jo"}))
    user = User.objects.get(username="jo")
    row = JoinLink.objects.get(user=user)
    assert token not in str(vars(row))
    for page in ("/admin/colleagues/", f"/admin/colleagues/{user.pk}/", "/admin/staff/auditentry/"):
        assert token not in browser.get(page).content.decode()
    assert not AuditEntry.objects.filter(details__icontains=token).exists()


@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("Marta Lindqvist", "marta.lindqvist"),
        ("İpek Yıldırım", "ipek.yıldırım"),
        ("ليلى الحداد", "ليلى.الحداد"),
        ("O'Brien, Zoë", "o.brien.zoë"),
        ("…", "colleague"),
        ("root", "root2"),
        ("ROOT", "root2"),
        ("x" * 150, "x" * 144),
    ],
)
def test_a_user_name_is_made_from_the_name(browser: Client, admin: User, name: str, username: str) -> None:
    assert browser.post(ADD, {"name": name}).status_code == 200
    assert User.objects.exclude(pk=admin.pk).get().username == username


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": " "}, "Give a name."),
        ({"name": "Jo", "username": "Root"}, "Already used by"),
        ({"name": "Jo", "email": "ROOT@x.example"}, "Already used by"),
        ({"name": "Jo", "email": "nonsense"}, "Enter a valid email address."),
        ({"name": "Jo", "username": "with space"}, "Enter a valid username."),
        ({"name": "Jo", "role-99999": "1"}, "One of the accounts is no longer there"),
        ({"name": "Jo", "role-x": "1"}, "One of the accounts is no longer there"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    browser: Client, admin: User, account: Account, typed: dict[str, str], said: str
) -> None:
    User.objects.filter(pk=admin.pk).update(email="root@x.example")
    sales = account("Sales")
    answer = browser.post(ADD, typed | {f"role-{sales.pk}": "3"})
    page = answer.content.decode()
    assert (answer.status_code, User.objects.count()) == (422, 1)
    assert said in page
    chosen = re.search(rf'name="role-{sales.pk}" value="3"( checked)?', page)
    assert chosen is not None
    assert chosen[1] or "role-9" in str(typed) or "role-x" in str(typed)


@pytest.mark.parametrize("value", ["4", "-1", "", "1.0", "manager"])
def test_a_role_that_does_not_exist_is_refused(browser: Client, account: Account, value: str) -> None:
    sales = account("Sales")
    assert browser.post(ADD, {"name": "Jo", f"role-{sales.pk}": value}).status_code == 422
    assert User.objects.count() == 1


def test_all_or_nothing(admin: User, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    sales = account("Sales")

    def fail(*args: object) -> None:
        raise UserError("GONE", "It is gone.")

    monkeypatch.setattr(colleagues.sessions, "grant", fail)
    with pytest.raises(UserError):
        colleagues.add(admin, Wanted("Jo", "jo", roles={sales.pk: Role.VIEWER}))
    assert User.objects.count() == 1


# --- who may --------------------------------------------------------------------------------------------------------

PAGES = ("", "add/", "{pk}/", "{pk}/link/", "{pk}/enable/", "{pk}/disable/")


@pytest.mark.parametrize("page", PAGES)
def test_for_administrators_alone(staff: Callable[..., User], account: Account, page: str) -> None:
    """A manager with every permission is none: whoever makes links opens their owners' accounts."""
    sales = account("Sales")
    manager = staff("manager", "add_account", "add_user", "change_user", "view_user")
    SessionGrant.objects.create(session=sales, user=manager, role=Role.MANAGER)
    colleague = staff("colleague")
    client = Client()
    client.force_login(manager)
    where = "/admin/colleagues/" + page.format(pk=colleague.pk)
    for answer in (confirmed(client).get(where), client.post(where, {"name": "Jo", f"role-{sales.pk}": "3"})):
        assert answer.status_code in (403, 405)
    assert User.objects.count() == 2
    assert not JoinLink.objects.exists()


def test_the_services_ask_too(staff: Callable[..., User]) -> None:
    manager, colleague = staff("manager"), staff("colleague")
    wanted = Wanted("Jo", "jo")
    for call in (
        lambda: colleagues.add(manager, wanted),
        lambda: colleagues.change(manager, colleague, wanted),
        lambda: colleagues.enable(manager, colleague),
        lambda: colleagues.disable(manager, colleague),
        lambda: joining.make(manager, colleague),
    ):
        with pytest.raises(Forbidden):
            call()
    assert not AuditEntry.objects.filter(actor="manager").exists()


def test_a_login_that_has_not_confirmed_gives_nothing(
    admin: User, account: Account, staff: Callable[..., User]
) -> None:
    sales, colleague = account("Sales"), staff("colleague")
    client = Client()
    client.force_login(admin)
    pages = (ADD, *(f"/admin/colleagues/{colleague.pk}/{page}" for page in ("", "link/", "disable/")))
    for page in pages:
        answer = client.post(page, {"name": "Jo", "username": "colleague", f"role-{sales.pk}": "3"})
        assert (answer.status_code, b"Confirm that it is you" in answer.content) == (403, True), page
    colleague.refresh_from_db()
    assert (colleague.is_active, User.objects.count()) == (True, 2)
    assert not SessionGrant.objects.exists()
    assert not JoinLink.objects.exists()


# --- changing -------------------------------------------------------------------------------------------------------


def test_what_was_changed_is_changed_and_nothing_else(
    browser: Client, account: Account, staff: Callable[..., User]
) -> None:
    sales, support, other = account("Sales"), account("Support"), account("Other")
    colleague = staff("jo", "add_account")
    for session, role in ((sales, Role.VIEWER), (support, Role.OPERATOR), (other, Role.MANAGER)):
        SessionGrant.objects.create(session=session, user=colleague, role=role)
    typed = {"name": "Jo Doe", "username": "jo", f"role-{sales.pk}": "3", f"role-{support.pk}": "2"}
    answer = browser.post(f"/admin/colleagues/{colleague.pk}/", typed | {f"role-{other.pk}": "0"})
    assert answer.headers["Location"] == "/admin/colleagues/"
    colleague = User.objects.get(pk=colleague.pk)
    assert rights.roles([colleague])[colleague.pk] == {sales.pk: Role.MANAGER, support.pk: Role.OPERATOR}
    assert not rights.may_add_account(colleague)
    actions = AuditEntry.objects.filter(actor="root").exclude(action__startswith="login")
    assert sorted(actions.values_list("action", "account")) == [
        ("powers.taken", ""),
        ("right.granted", "Sales"),
        ("right.revoked", "Other"),
        ("user.changed", ""),
    ]


def test_what_a_group_gives_is_said_and_stays(browser: Client, account: Account, staff: Callable[..., User]) -> None:
    sales, colleague = account("Sales"), staff("jo")
    team = Group.objects.create(name="Team")
    colleague.groups.add(team)
    SessionGrant.objects.create(session=sales, group=team, role=Role.OPERATOR)
    assert "Operator by group Team" in browser.get(f"/admin/colleagues/{colleague.pk}/").content.decode()
    browser.post(f"/admin/colleagues/{colleague.pk}/", {"name": "Jo", "username": "jo", f"role-{sales.pk}": "0"})
    assert rights.role(colleague, sales.pk) == Role.OPERATOR


def test_disabled_and_enabled_again(browser: Client, admin: User, account: Account, staff: Callable[..., User]) -> None:
    sales, colleague = account("Sales"), staff("jo")
    SessionGrant.objects.create(session=sales, user=colleague, role=Role.OPERATOR)
    theirs = Client()
    theirs.force_login(colleague)
    assert theirs.get("/admin/security/").status_code == 200
    browser.post(f"/admin/colleagues/{colleague.pk}/disable/")
    assert theirs.get("/admin/security/").status_code == 302
    assert "No rights while disabled" in browser.get("/admin/colleagues/").content.decode()
    refused = browser.post(f"/admin/colleagues/{colleague.pk}/link/", follow=True).content.decode()
    assert "enable them before you make a link" in refused
    assert not JoinLink.objects.exists()
    browser.post(f"/admin/colleagues/{colleague.pk}/enable/")
    assert rights.role(User.objects.get(pk=colleague.pk), sales.pk) == Role.OPERATOR


def test_a_user_who_was_never_let_in_is_enabled(browser: Client, staff: Callable[..., User]) -> None:
    outsider = staff("outsider", is_staff=False)
    browser.post(f"/admin/colleagues/{outsider.pk}/enable/")
    outsider.refresh_from_db()
    assert outsider.is_staff


def test_nobody_shuts_all_administrators_out(browser: Client, admin: User) -> None:
    assert (
        "cannot disable yourself"
        in browser.post(f"/admin/colleagues/{admin.pk}/disable/", follow=True).content.decode()
    )
    other = User.objects.create_superuser("other")
    User.objects.filter(pk=admin.pk).update(is_staff=False)
    with pytest.raises(UserError, match="last administrator"):
        colleagues.disable(User(pk=0, is_staff=True, is_active=True, is_superuser=True), other)


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_list_says_who_does_what(browser: Client, account: Account, staff: Callable[..., User]) -> None:
    people = [staff(f"person{number}", first_name=f"Person{number}", last_name="<b>") for number in range(4)]
    sessions = [account(f"Account {number}") for number in range(6)]
    for session in sessions:
        SessionGrant.objects.create(session=session, user=people[0], role=Role.OPERATOR)
    page = browser.get("/admin/colleagues/").content.decode()
    assert "Account 0, Account 1, Account 2" in page
    assert "+3" in page
    assert "every account" in page  # the administrator
    assert "<b></bdi>" not in page
    found = browser.get("/admin/colleagues/", {"q": "account 4"}).content.decode()
    assert ("Person0" in found, "Person1" in found) == (True, False)
    assert "Nobody matches" in browser.get("/admin/colleagues/", {"q": "zzz"}).content.decode()
    assert browser.get("/admin/colleagues/", {"q": "x\x00"}).status_code == 400


@pytest.mark.parametrize(
    ("show", "there"),
    [
        ("", {"root", "new", "off", "manager"}),
        ("managers", {"root", "manager"}),
        ("new", {"new", "manager", "root"}),
        ("disabled", {"off"}),
        ("unknown", {"root", "new", "off", "manager"}),
    ],
)
def test_the_filters(admin: User, account: Account, staff: Callable[..., User], show: str, there: set[str]) -> None:
    staff("new")
    staff("off", is_active=False, last_login=timezone.now())
    SessionGrant.objects.create(session=account(), user=staff("manager"), role=Role.MANAGER)
    from apps.sessions import colleagues as reads

    assert {row.user.username for row in reads.found(show=show)} == there


def test_queries_do_not_grow_with_the_people(browser: Client, account: Account, staff: Callable[..., User]) -> None:
    from django.db import connection

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            browser.get("/admin/colleagues/add/")
        return len(asked)

    staff("first")
    before = count()
    for number in range(5):
        SessionGrant.objects.create(session=account(), user=staff(f"person{number}"), role=Role.VIEWER)
    assert count() == before


def test_an_expired_link_offers_a_new_one(browser: Client, admin: User, staff: Callable[..., User]) -> None:
    colleague = staff("jo")
    joining.make(admin, colleague)
    assert "Link open until" in browser.get("/admin/colleagues/").content.decode()
    JoinLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = browser.get("/admin/colleagues/").content.decode()
    assert "Link expired" in page
    assert f'action="/admin/colleagues/{colleague.pk}/link/"' in page
