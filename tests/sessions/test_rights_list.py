"""The list of rights is where managers give, change and take them, each through the service that records it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from apps.sessions.models import SessionGrant
from apps.staff.models import AuditEntry
from apps.staff.roles import Role
from tests.sessions.admin_pages import Account, As, Grant, Staff

pytestmark = pytest.mark.django_db

ADD = "/admin/tg_sessions/sessiongrant/add/"


def actions() -> list[tuple[str, str, str]]:
    rows = AuditEntry.objects.filter(action__startswith="right").order_by("pk")
    return [(row.action, row.actor, row.account) for row in rows]


def test_a_manager_gives_changes_and_takes(account: Account, staff: Staff, grant: Grant, signed_in_as: As) -> None:
    sales, manager, colleague = account("Sales"), staff("manager"), staff("colleague")
    grant(manager, sales, Role.MANAGER)
    client = signed_in_as(manager)
    page = client.get("/admin/tg_sessions/sessiongrant/").content.decode()
    assert ADD in page
    typed = {"session": sales.pk, "user": colleague.pk, "group": "", "role": "1"}
    assert client.post(ADD, typed).status_code == 302
    row = SessionGrant.objects.get(user=colleague)
    assert (row.role, row.granted_by) == (Role.VIEWER, manager)
    where = f"/admin/tg_sessions/sessiongrant/{row.pk}/"
    assert client.post(where + "change/", {"role": "2"}).status_code == 302
    row.refresh_from_db()
    assert row.role == Role.OPERATOR
    assert client.post(where + "delete/", {"post": "yes"}).status_code == 302
    assert not SessionGrant.objects.filter(user=colleague).exists()
    assert actions() == [(action, "manager", "Sales") for action in ("right.granted", "right.granted", "right.revoked")]


def test_to_a_group(account: Account, admin: User, signed_in_as: As) -> None:
    team = Group.objects.create(name="Team")
    typed = {"session": account("Sales").pk, "user": "", "group": team.pk, "role": "3"}
    signed_in_as(admin).post(ADD, typed)
    assert SessionGrant.objects.get().to == team


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "is viewer there already"),
        ({"role": "9"}, "Select a valid choice"),
        ({"user": ""}, "A right is for one user or for one group."),
    ],
)
def test_what_is_wrong_is_said(
    account: Account, admin: User, staff: Staff, grant: Grant, signed_in_as: As, fields: dict[str, str], said: str
) -> None:
    sales, colleague = account("Sales"), staff("colleague")
    grant(colleague, sales, Role.VIEWER)
    typed = {"session": sales.pk, "user": colleague.pk, "group": "", "role": "2"} | fields
    answer = signed_in_as(admin).post(ADD, typed)
    assert (answer.status_code, said in answer.content.decode()) == (200, True)
    assert SessionGrant.objects.get().role == Role.VIEWER


def test_nobody_gives_where_they_do_not_manage(account: Account, staff: Staff, grant: Grant, signed_in_as: As) -> None:
    own, others, colleague = account("Own"), account("Others"), staff("colleague")
    manager = staff("manager")
    grant(manager, own, Role.MANAGER)
    grant(manager, others, Role.OPERATOR)
    grant(colleague, others, Role.VIEWER)
    client = signed_in_as(manager)
    assert ">Others<" not in client.get(ADD).content.decode()
    typed = {"session": others.pk, "user": manager.pk, "group": "", "role": "3"}
    assert client.post(ADD, typed).status_code == 200
    row = SessionGrant.objects.get(user=colleague)
    where = f"/admin/tg_sessions/sessiongrant/{row.pk}/"
    assert client.post(where + "change/", {"role": "3"}).status_code == 403
    assert client.post(where + "delete/", {"post": "yes"}).status_code == 403
    operator = signed_in_as(colleague)
    assert operator.get(ADD).status_code == 403
    assert ADD not in operator.get("/admin/tg_sessions/sessiongrant/").content.decode()
    assert actions() == []
    row.refresh_from_db()
    assert row.role == Role.VIEWER
