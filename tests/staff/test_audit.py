"""The audit: who did what, to which account, when and from where; written once, kept by the database itself."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.sessions.models import Session, SessionGrant
from apps.sessions.services import sessions
from apps.staff.models import AuditEntry
from apps.staff.roles import Role
from apps.staff.services import failures
from apps.staff.services.audit import audit
from tests.kit import world
from tests.kit.confirmed import confirmed
from tgadmin.core import origin

pytestmark = pytest.mark.django_db
LIST = "/admin/staff/auditentry/"
HERE = f"command line ({getpass.getuser()})"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("root", password="root-password-1")


@pytest.fixture
def browser() -> Callable[[User], Client]:
    def make(user: User) -> Client:
        client = Client(headers={"user-agent": "Firefox\n 128"})
        client.force_login(user)
        return client

    return make


def told(*actions: str) -> list[AuditEntry]:
    return [entry for entry in AuditEntry.objects.order_by("pk") if entry.action in actions]


# --- kept by the database -------------------------------------------------------------------------------------------


@pytest.fixture
def as_in_production() -> Iterator[None]:
    """The one trigger that the tests' own database has off is on."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_stay_all")
        yield
        cursor.execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_stay_all")


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE audit_entries SET actor = 'nobody'",
        "UPDATE audit_entries SET actor = actor WHERE false",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "TRUNCATE audit_entries CASCADE",
        "INSERT INTO audit_entries SELECT * FROM audit_entries ON CONFLICT (id) DO UPDATE SET actor = 'nobody'",
        "MERGE INTO audit_entries a USING audit_entries b ON a.id = b.id WHEN MATCHED THEN DELETE",
    ],
)
def test_entries_cannot_be_changed(as_in_production: None, admin: User, deed: str) -> None:
    before = list(AuditEntry.objects.values())
    assert before
    refused = pytest.raises(IntegrityError, match="never changed or deleted")
    with connection.cursor() as cursor, refused, transaction.atomic():
        cursor.execute(deed)
    assert list(AuditEntry.objects.values()) == before


def test_nor_through_the_models(admin: User) -> None:
    entry = AuditEntry.objects.filter(action="user.added").latest("pk")
    for deed in (entry.delete, entry.save, AuditEntry.objects.all().delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            deed()


def test_the_triggers_are_those_of_production(as_in_production: None) -> None:
    """They fire for everybody, replication and its roles included ("A": always)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'audit_entries'::regclass")
        found = dict(cursor.fetchall())
    assert found == {"audit_entries_stay": "A", "audit_entries_stay_all": "A"}


def test_the_app_cannot_pass_by(admin: User) -> None:
    """What would switch triggers off for a connection is for PostgreSQL's superuser, which the app is not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            pytest.skip("this database was given with a superuser")
    with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")


def test_a_deed_that_is_undone_leaves_no_entry_and_one_without_entry_is_undone(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = world.make_session("Before")
    with transaction.atomic():
        sessions.rename(admin, session, "After")
        transaction.set_rollback(True)
    assert not told("session.renamed")
    monkeypatch.setattr(AuditEntry.objects, "create", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sessions.rename(admin, session, "After")
    assert Session.objects.get().name == "Before"


def test_entries_stay_when_their_user_and_account_go(admin: User) -> None:
    session, other = world.make_session("Support"), User.objects.create_superuser("second")
    audit(other, "session.renamed", session)
    session.delete()
    other.delete()
    entry = told("session.renamed")[0]
    assert (entry.account, entry.details) == ("Support", {"acting_as": "second"})


# --- what is told ---------------------------------------------------------------------------------------------------


def test_a_deed_in_the_browser_names_user_account_address_and_browser(
    admin: User, browser: Callable[[User], Client], settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    session = world.make_session("Support")
    browser(admin).post(
        f"/admin/tg_sessions/session/{session.pk}/disable/",
        {"_form_submitted": "True"},
        headers={"x-forwarded-for": "6.6.6.6, 198.51.100.7"},
    )
    (entry,) = told("session.disabled")
    assert (entry.actor, entry.actor_id) == ("root", admin.pk)
    assert (entry.account, entry.session_id) == ("Support", session.pk)
    assert (entry.address, entry.agent) == ("198.51.100.7", "Firefox 128")
    assert origin.current.get() is None


def test_a_header_that_anybody_can_write_is_not_believed(admin: User) -> None:
    Client().post("/admin/login/", {"username": "root", "password": "x"}, headers={"x-forwarded-for": "6.6.6.6"})
    failures.tell(timezone.now() + timedelta(minutes=1))
    assert told("login.failed")[0].address == "127.0.0.1"


def test_a_command_is_named_itself(admin: User) -> None:
    session = world.make_session("Support")
    sessions.disable(admin, session)
    admin.set_password("another-password-1")
    admin.save()
    (disabled,) = told("session.disabled")
    assert (disabled.actor, disabled.actor_id, disabled.address) == (HERE, None, None)
    assert disabled.details == {"acting_as": "root"}
    (changed,) = told("user.changed")
    assert (changed.actor, changed.details) == (HERE, {"user": "root", "password": "changed"})


@pytest.mark.parametrize(("process", "named"), [("gateway", "gateway"), ("worker", "background task")])
def test_what_the_processes_do_by_themselves(admin: User, settings: Any, process: str, named: str) -> None:
    settings.PROCESS = process
    audit(None, "device.noticed", world.make_session())
    audit(admin, "session.added", world.make_session())
    alone, for_somebody = told("device.noticed", "session.added")
    assert (alone.actor, alone.actor_id, alone.agent) == (named, None, "")
    assert (for_somebody.actor, for_somebody.actor_id, for_somebody.agent) == ("root", admin.pk, named)


def test_logins(admin: User) -> None:
    client = Client()
    address = "/admin/login/"
    client.post(address, {"username": "root", "password": "wrong"})
    client.post(address, {"username": "my-secret-password", "password": "root"})
    assert client.post(address, {"username": "root", "password": "root-password-1"}).status_code == 302
    client.post("/admin/logout/")
    failures.tell(timezone.now() + timedelta(minutes=1))
    found = [
        (entry.action, entry.actor, entry.details) for entry in told("login.failed", "login.succeeded", "login.ended")
    ]
    assert found == [
        ("login.succeeded", "root", {}),
        ("login.ended", "root", {}),
        ("login.failed", "", {"user": "root", "count": 1}),
        ("login.failed", "", {"user": "(no such user)", "count": 1}),
    ]
    assert "my-secret-password" not in str(list(AuditEntry.objects.values()))


def test_users_groups_and_powers(admin: User, browser: Callable[[User], Client]) -> None:
    client = confirmed(browser(admin))
    new = {"username": "marta", "password1": "a-long-one-1", "password2": "a-long-one-1", "usable_password": "true"}
    assert client.post("/admin/auth/user/add/", new).status_code == 302
    marta = User.objects.get(username="marta")
    team = {"name": "Team", "permissions": [Permission.objects.get(codename="add_account").pk]}
    assert client.post("/admin/auth/group/add/", team).status_code == 302
    joined = {
        "username": "marta", "email": "m@example.org", "is_active": "on", "is_staff": "on",
        "groups": [Group.objects.get().pk], "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00",
    }  # fmt: skip
    assert client.post(f"/admin/auth/user/{marta.pk}/change/", joined).status_code == 302
    assert client.post(f"/admin/auth/user/{marta.pk}/delete/", {"post": "yes"}).status_code == 302
    entries = AuditEntry.objects.filter(actor_id=admin.pk).exclude(action__startswith="login").order_by("pk")
    assert [(entry.action, entry.details) for entry in entries] == [
        ("user.added", {"user": "marta", "is_staff": True}),
        ("group.added", {"group": "Team"}),
        ("powers.given", {"holder": "group Team", "powers": ["tg_sessions.add_account"]}),
        ("user.changed", {"user": "marta", "email": "changed"}),
        ("powers.given", {"holder": "marta", "powers": ["group Team"]}),
        ("user.removed", {"user": "marta"}),
    ]


def test_a_password_hashed_better_is_no_change(admin: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    before = admin.password
    assert Client().post("/admin/login/", {"username": "root", "password": "root-password-1"}).status_code == 302
    admin.refresh_from_db()
    assert admin.password != before
    assert not told("user.changed")


def test_no_phone_is_told(admin: User, browser: Callable[[User], Client]) -> None:
    session = world.make_session("Support")
    browser(admin).post(f"/admin/tg_sessions/session/{session.pk}/reveal-phone/", {"_form_submitted": "True"})
    (entry,) = told("session.phone_revealed")
    assert (entry.actor, entry.details) == ("root", {})
    assert session.phone[-4:] not in str(list(AuditEntry.objects.values()))


# --- who reads it ---------------------------------------------------------------------------------------------------


def test_superusers_read_all_managers_what_they_manage_others_nothing(
    admin: User, browser: Callable[[User], Client]
) -> None:
    mine, theirs = world.make_session("Mine"), world.make_session("Theirs")
    entries = {}
    for session in (mine, theirs):
        audit(admin, "session.renamed", session, name=f"Name of {session.name}")
        entries[session] = AuditEntry.objects.order_by("pk").last()
    people = {"manager": Role.MANAGER, "operator": Role.OPERATOR, "nobody": None}
    for name, role in people.items():
        user = User.objects.create_user(name, password="x", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename="view_auditentry"))
        if role is not None:
            SessionGrant.objects.create(session=mine, user=user, role=role)
        client, seen = browser(user), set()
        for query in ("", "?q=renamed", f"?session={theirs.pk}", "?about=session", "?_facets=True", "?at__year=2026"):
            page = client.get(LIST + query)
            assert page.status_code == (200 if role == Role.MANAGER else 403), (name, query)
            assert "Theirs" not in page.content.decode(), (name, query)
            seen.add("Name of Mine" in page.content.decode())
        assert (True in seen) == (role == Role.MANAGER)
        for session, entry in entries.items():
            page = client.get(f"{LIST}{entry.pk}/change/")
            assert (page.status_code == 200) == (role == Role.MANAGER and session == mine)
    page = browser(admin).get(LIST).content.decode()
    assert "Name of Mine" in page
    assert "Name of Theirs" in page


def test_nobody_changes_it_there(admin: User, browser: Callable[[User], Client]) -> None:
    client, entry = browser(admin), AuditEntry.objects.filter(action="user.added").latest("pk")
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.get(f"{LIST}{entry.pk}/delete/").status_code == 403
    assert client.post(f"{LIST}{entry.pk}/change/", {"actor": "other"}).status_code == 403
    client.post(LIST, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert AuditEntry.objects.get(pk=entry.pk).actor == HERE


def test_the_list_costs_the_same_for_many(admin: User, browser: Callable[[User], Client]) -> None:
    client, counts = browser(admin), []
    client.get(LIST)
    for more in (3, 40):
        for number in range(more):
            audit(admin, "session.renamed", world.make_session(f"S{more} {number}"))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], queries.captured_queries
