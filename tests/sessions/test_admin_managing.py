"""The admin: what managers, operators and superusers do there, and what they cannot."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from apps.commands.models import Command
from apps.sessions.models import Session, SessionEvent, SessionGrant, SessionStatus
from apps.staff.roles import Role
from tests.kit.admin_lists import address
from tests.sessions.admin_pages import Account, As, Grant, Staff

ACTIONS = ("enable", "disable", "log_out", "reveal_phone", "sign_in_again")


def act(client: Client, session: Session, name: str, *, post: bool = True) -> Any:
    url = reverse(f"admin:tg_sessions_session_{name}", args=(session.pk,))
    return client.post(url, {"_form_submitted": "True"}) if post else client.get(url)


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("held", [None, Role.VIEWER, Role.OPERATOR])
def test_actions_are_for_managers(
    name: str, held: Role | None, staff: Staff, account: Account, grant: Grant, signed_in_as: As
) -> None:
    session, marta = account(), staff("marta")
    if held is not None:
        grant(marta, session, held)
    for post in (False, True):
        assert act(signed_in_as(marta), session, name, post=post).status_code in (403, 404)
    session.refresh_from_db()
    assert session.enabled
    assert not Command.objects.exists()


def test_looking_at_a_dialog_changes_nothing(admin: User, account: Account, signed_in_as: As) -> None:
    session = account()
    for name in ("disable", "log_out", "reveal_phone"):
        response = act(signed_in_as(admin), session, name, post=False)
        assert response.status_code == 200
        assert session.phone not in response.content.decode()
    session.refresh_from_db()
    assert session.enabled
    assert not SessionEvent.objects.exists()
    assert not Command.objects.exists()


def test_disable_and_enable(staff: Staff, account: Account, grant: Grant, signed_in_as: As) -> None:
    session, marta = account(), staff("marta")
    grant(marta, session, Role.MANAGER)
    client = signed_in_as(marta)
    assert act(client, session, "disable").status_code == 302
    session.refresh_from_db()
    assert (session.enabled, session.status) == (False, SessionStatus.DISABLED)
    assert act(client, session, "enable").status_code == 302
    session.refresh_from_db()
    assert (session.enabled, session.status) == (True, SessionStatus.CONNECTING)
    assert {"disabled", "enabled"} <= set(SessionEvent.objects.filter(user=marta).values_list("kind", flat=True))


def test_log_out_ends_the_key_and_keeps_the_session(admin: User, account: Account, signed_in_as: As) -> None:
    session = account()
    act(signed_in_as(admin), session, "log_out")
    session.refresh_from_db()
    assert session.status == SessionStatus.NEEDS_SIGN_IN
    authorization = session.authorizations.get()
    assert authorization.role == "old"
    assert Command.objects.get(kind="log_out").payload == {"authorization": authorization.pk}


def test_revealing_a_phone_is_recorded(staff: Staff, account: Account, grant: Grant, signed_in_as: As) -> None:
    session, marta = account(phone="4915123454063"), staff("marta", "reveal_phone")
    grant(marta, session, Role.VIEWER)
    assert "+49 1512 3454063" in act(signed_in_as(marta), session, "reveal_phone").content.decode()
    event = SessionEvent.objects.get(kind="phone_revealed")
    assert event.user == marta
    assert "4063" not in str(event.detail)


def grants_form(session: Session, *rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    form: dict[str, Any] = {
        "name": session.name,
        "grants-TOTAL_FORMS": len(rows),
        "grants-INITIAL_FORMS": initial,
        "grants-MIN_NUM_FORMS": 0,
        "grants-MAX_NUM_FORMS": 1000,
    }
    for place, row in enumerate(rows):
        form |= {f"grants-{place}-{name}": value for name, value in row.items()}
        form[f"grants-{place}-session"] = session.pk
    return form


def test_a_manager_renames_and_gives_and_takes_rights(
    staff: Staff, account: Account, grant: Grant, signed_in_as: As
) -> None:
    session, manager, helper = account("Old"), staff("manager"), staff("helper")
    own = grant(manager, session, Role.MANAGER)
    client, url = signed_in_as(manager), address(Session, "change", session.pk)
    kept = {"id": own.pk, "user": manager.pk, "role": Role.MANAGER.value}
    session.name = "New  name"
    response = client.post(url, grants_form(session, kept, {"id": "", "user": helper.pk, "role": 2}, initial=1))
    assert response.status_code == 302
    given = SessionGrant.objects.get(user=helper)
    assert (given.role, given.granted_by) == (Role.OPERATOR, manager)
    assert Session.objects.get(pk=session.pk).name == "New name"
    changed = {"id": given.pk, "user": helper.pk, "role": 1}
    client.post(url, grants_form(session, kept, changed, initial=2))
    given.refresh_from_db()
    assert given.role == Role.VIEWER
    client.post(url, grants_form(session, kept, changed | {"DELETE": "on"}, initial=2))
    assert not SessionGrant.objects.filter(user=helper).exists()
    assert {"renamed", "granted", "revoked"} <= set(SessionEvent.objects.values_list("kind", flat=True))


def test_a_manager_gives_a_group_a_right_and_moves_it(
    staff: Staff, account: Account, grant: Grant, signed_in_as: As
) -> None:
    session, manager, team = account("Support"), staff("manager"), Group.objects.create(name="Team")
    own = grant(manager, session, Role.MANAGER)
    client, url = signed_in_as(manager), address(Session, "change", session.pk)
    kept = {"id": own.pk, "user": manager.pk, "role": Role.MANAGER.value}
    both = {"id": "", "user": manager.pk, "group": team.pk, "role": 2}
    for wrong in (both, {"id": "", "user": "", "group": "", "role": 2}):
        refused = client.post(url, grants_form(session, kept, wrong, initial=1))
        assert refused.status_code == 200
        assert "A right is for one user or for one group." in refused.content.decode()
    given = {"id": "", "user": "", "group": team.pk, "role": 2}
    assert client.post(url, grants_form(session, kept, given, initial=1)).status_code == 302
    of_team = SessionGrant.objects.get(group=team)
    assert (of_team.role, of_team.granted_by) == (Role.OPERATOR, manager)
    helper = staff("helper")
    moved = {"id": of_team.pk, "user": helper.pk, "group": "", "role": 1}
    rows = grants_form(session, {"id": own.pk, **kept}, moved, initial=2)
    assert client.post(url, rows).status_code == 302
    assert not SessionGrant.objects.filter(group=team).exists()
    assert SessionGrant.objects.get(user=helper).role == Role.VIEWER
    assert "Team" in client.get(url).content.decode()
    assert client.get("/admin/tg_sessions/sessiongrant/?q=helper").status_code == 200


def test_an_operator_can_change_nothing(staff: Staff, account: Account, grant: Grant, signed_in_as: As) -> None:
    session, operator, helper = account("Old"), staff("operator"), staff("helper")
    own = grant(operator, session, Role.OPERATOR)
    client, url = signed_in_as(operator), address(Session, "change", session.pk)
    session.name = "New"
    client.post(
        url,
        grants_form(
            session, {"id": own.pk, "user": operator.pk, "role": 3}, {"id": "", "user": helper.pk, "role": 3}, initial=1
        ),
    )
    assert Session.objects.get(pk=session.pk).name == "Old"
    assert SessionGrant.objects.get().role == Role.OPERATOR


def test_only_superusers_give_powers(staff: Staff, admin: User, signed_in_as: As) -> None:
    helper, editor = staff("helper"), staff("editor", "view_user", "change_user")
    client = signed_in_as(editor)
    assert f"/user/{admin.pk}/" not in client.get(address(User, "changelist")).content.decode()
    client.post(
        address(User, "change", helper.pk),
        {
            "username": "helper",
            "is_active": "on",
            "is_superuser": "on",
            "date_joined_0": "2026-01-01",
            "date_joined_1": "10:00",
        },
    )
    helper.refresh_from_db()
    assert not helper.is_superuser


def test_editors_of_users_cannot_take_powers(staff: Staff, account: Account, grant: Grant, signed_in_as: As) -> None:
    manager, group = staff("manager"), Group.objects.create(name="helpers")
    grant(manager, account("Theirsecret"), Role.MANAGER)
    permissions = [f"{what}_{model}" for what in ("add", "change", "delete", "view") for model in ("user", "group")]
    editor = staff("editor", *permissions)
    editor.groups.add(group)
    client = signed_in_as(editor)
    password = f"/admin/auth/user/{manager.pk}/password/"
    wanted = {"password1": "taken-over-1", "password2": "taken-over-1", "usable_password": "true"}
    before = User.objects.get(pk=manager.pk).password
    for method in (client.get, client.post):
        for page in (
            password,
            address(User, "delete", manager.pk),
            address(Group, "changelist"),
            address(Group, "change", group.pk),
            address(Group, "delete", group.pk),
            address(Group, "add"),
        ):
            response = method(page, wanted | {"post": "yes", "name": "helpers", "permissions": [1]})
            assert response.status_code == 403, page
            assert b"Theirsecret" not in response.content
    client.post(address(User, "changelist"), {"action": "delete_selected", "_selected_action": [manager.pk], "post": 1})
    assert User.objects.get(pk=manager.pk).password == before
    assert not group.permissions.exists()
