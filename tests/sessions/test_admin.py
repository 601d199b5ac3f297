"""The admin: what each person sees, that lists cost the same for 5 and 50 rows, that nothing of others leaks."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib import admin as django_admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, Schedule

from apps.chats.models import Chat, Gap, Message, Peer, UnreadableUpdate
from apps.commands.models import Command, FloodWait, Lease, Node
from apps.sessions.models import Session, SessionEvent, SessionGrant, SessionStatus
from apps.signin.models import SignInAttempt
from apps.staff.roles import Role

Staff = Callable[..., User]
Account = Callable[..., Session]
Grant = Callable[[User, Session, Role], SessionGrant]
As = Callable[[User], Client]

OURS = [model for model in django_admin.site._registry if model._meta.app_label in ("tg_sessions", "chats")]
ALL = list(django_admin.site._registry)
IDS = [model._meta.label_lower for model in ALL]


def address(model: type, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def fill(session: Session, user: User, number: int) -> None:
    """One row of everything that hangs on a session."""
    node = Node.objects.create(id=uuid.uuid4(), name=f"gw-{number}", host="h", pid=number, pid_started=1.0)
    Lease.objects.create(session=session, owner=node, fence=number)
    SessionEvent.objects.create(session=session, kind="status.ready", user=user)
    FloodWait.objects.create(
        session=session, method="messages.sendMessage", until=timezone.now() + timedelta(hours=1), code="FLOOD_WAIT"
    )
    Command.objects.create(session=session, kind="dialogs", lane="account", created_by=user)
    SignInAttempt.objects.create(session=session, phone=session.phone, started_by=user)
    Peer.objects.create(session=session, peer_id=number, kind="user", name=f"Peer {number}", phone="4915112345678")
    chat = Chat.objects.create(session=session, peer_id=number, kind="user", title=f"Chat {number}")
    Message.objects.create(
        chat=chat, session_id=session.pk, telegram_id=number, text=f"secret text {number}", staff=user
    )
    Gap.objects.create(session=session, low_pts=1, high_pts=2, how="difference")
    UnreadableUpdate.objects.create(session=session, kind="UpdateX", reason="unknown type", data=b"\x01")
    colleague = User.objects.create(username=f"colleague-{number}", is_staff=True, last_login=timezone.now())
    SessionGrant.objects.create(session=session, user=colleague, role=Role.VIEWER, granted_by=user)
    Group.objects.create(name=f"group-{number}")
    Schedule.objects.create(name=f"schedule-{number}", func="builtins.print")
    AccessAttempt.objects.create(username=f"name-{number}", ip_address="192.0.2.1", failures_since_start=number)
    now = timezone.now()
    Failure.objects.create(id=f"{number:032}", name=f"task-{number}", func="f", started=now, stopped=now, success=False)


@pytest.mark.parametrize("model", ALL, ids=IDS)
def test_a_list_costs_as_many_queries_for_50_rows_as_for_5(
    model: type, admin: User, account: Account, signed_in_as: As
) -> None:
    client = signed_in_as(admin)
    counts = []
    for rows in (range(1, 6), range(6, 51)):
        for number in rows:
            fill(account(f"Account {number}"), admin, number)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = client.get(address(model, "changelist"))
        assert response.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], [query["sql"][:150] for query in queries.captured_queries]
    assert model.objects.count() >= 50


@pytest.mark.parametrize("model", OURS, ids=[model._meta.label_lower for model in OURS])
def test_nothing_of_other_peoples_accounts_is_shown(
    model: type, admin: User, staff: Staff, account: Account, grant: Grant, signed_in_as: As
) -> None:
    mine, theirs = account("Minefield"), account("Theirsecret", profile_name="Hidden Person", username="hidden")
    fill(mine, admin, 1)
    fill(theirs, admin, 2)
    marta = staff("marta")
    grant(marta, mine, Role.MANAGER)
    client = signed_in_as(marta)
    page = client.get(address(model, "changelist")).content.decode() if model is not Node else ""
    assert "Theirsecret" not in page
    assert "secret text 2" not in page
    assert "gw-2" not in page
    hidden = model.objects.filter(pk=theirs.pk) if model is Session else model.objects.exclude(pk=None)
    for row in hidden:
        if model is Session or (hasattr(row, "session_id") and row.session_id == theirs.pk) or model is Node:
            for view in ("change", "history", "delete"):
                response = client.get(address(model, view, row.pk))
                assert response.status_code in (302, 403, 404), (view, row)
                assert b"Theirsecret" not in response.content


def test_what_the_filters_and_the_search_offer_is_limited_too(
    admin: User, staff: Staff, account: Account, grant: Grant, signed_in_as: As
) -> None:
    mine, theirs = account("Minefield"), account("Theirsecret")
    fill(theirs, admin, 2)
    marta = staff("marta")
    grant(marta, mine, Role.VIEWER)
    client = signed_in_as(marta)
    for model in (Chat, Message, Command, Session):
        for query in (f"session={theirs.pk}", "session=x", "q=Their", f"owner={Node.objects.get().pk}"):
            response = client.get(f"{address(model, 'changelist')}?{query}")
            assert b"Theirsecret" not in response.content
            assert b"secret text" not in response.content
    assert b"Theirsecret" not in client.get(reverse("admin:index")).content
    assert b"Theirsecret" not in client.get(f"{reverse('admin:search')}?s=their&extended=1").content


@pytest.mark.parametrize(
    "lookup", ["phone__startswith=4915", "phone=4915", "session__phone__startswith=4", "access_hash=1"]
)
def test_phones_cannot_be_guessed_by_their_digits(
    staff: Staff, account: Account, grant: Grant, signed_in_as: As, lookup: str
) -> None:
    mine, marta = account("Mine"), staff("marta")
    grant(marta, mine, Role.MANAGER)
    client = signed_in_as(marta)
    for model in (Session, Peer, SignInAttempt):
        assert client.get(f"{address(model, 'changelist')}?{lookup}").status_code in (302, 400)
    assert b"Mine" not in client.get(f"{address(Session, 'changelist')}?q={mine.phone}").content


def test_the_list_shows_what_a_manager_needs(admin: User, account: Account, signed_in_as: As) -> None:
    session = account(
        "Support", phone="4915123454063", status=SessionStatus.NEEDS_SIGN_IN, status_code="SESSION_REVOKED"
    )
    fill(session, admin, 7)
    page = signed_in_as(admin).get(address(Session, "changelist")).content.decode()
    for shown in ("Support", "+49 151 •••• 4063", "Needs sign-in", "key_off", "ended on another", "gw-7", "until"):
        assert shown in page
    assert "4915123454063" not in page


def test_a_sessions_page_holds_everything_but_secrets(admin: User, account: Account, signed_in_as: As) -> None:
    session = account("Support", phone="4915123454063")
    fill(session, admin, 7)
    page = signed_in_as(admin).get(address(Session, "change", session.pk)).content.decode()
    for shown in (
        "Timeline",
        "Ready",
        "Commands waiting",
        "dialogs",
        "Authorizations",
        "Current",
        "Flood waits",
        "colleague-7",
    ):
        assert shown in page
    secret = session.authorizations.get().secret_row.secret["auth_key"]
    assert secret not in page
    assert "4915123454063" not in page


def test_a_sessions_page_costs_the_same_however_much_hangs_on_it(
    admin: User, account: Account, signed_in_as: As
) -> None:
    session, client = account("Support"), signed_in_as(admin)
    counts = []
    for many in (3, 30):
        for number in range(many):
            SessionEvent.objects.create(session=session, kind="status.ready", user=admin)
            Command.objects.create(session=session, kind="dialogs", lane="account", created_by=admin)
            person = User.objects.create(username=f"p-{many}-{number}", is_staff=True)
            SessionGrant.objects.create(session=session, user=person, role=Role.VIEWER, granted_by=admin)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address(Session, "change", session.pk)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], [query["sql"][:150] for query in queries.captured_queries]


def test_the_overview_costs_the_same_for_5_and_50_accounts(admin: User, account: Account, signed_in_as: As) -> None:
    client, counts = signed_in_as(admin), []
    for rows in (range(1, 6), range(6, 51)):
        for number in rows:
            fill(
                account(f"A {number}", status=SessionStatus.NEEDS_SIGN_IN, status_code="SESSION_REVOKED"), admin, number
            )
        with CaptureQueriesContext(connection) as queries:
            page = client.get(reverse("admin:index"))
        assert page.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], [query["sql"][:150] for query in queries.captured_queries]


# --- what managers do -----------------------------------------------------------------------------------------------

ACTIONS = ("enable", "disable", "check_now", "log_out", "reveal_phone", "sign_in_again")


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
    for name in ("disable", "check_now", "log_out", "reveal_phone"):
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


def test_messages_cannot_be_edited(admin: User, account: Account, signed_in_as: As) -> None:
    fill(account(), admin, 1)
    message, client = Message.objects.get(), signed_in_as(admin)
    assert client.post(address(Message, "change", message.pk), {"text": "forged"}).status_code == 403
    assert client.post(address(Message, "delete", message.pk), {"post": "yes"}).status_code == 403
    message.refresh_from_db()
    assert message.text == "secret text 1"


def test_hostile_names_and_texts_stay_text(admin: User, account: Account, signed_in_as: As) -> None:
    nasty = "<script>alert(1)</script>"
    session = account(nasty, profile_name=nasty, username=nasty[:20])
    chat = Chat.objects.create(session=session, peer_id=1, kind="user", title=nasty, last_message_text=nasty)
    Message.objects.create(chat=chat, session_id=session.pk, telegram_id=1, text=nasty)
    Peer.objects.create(session=session, peer_id=1, kind="user", name=nasty)
    SessionEvent.objects.create(session=session, kind="granted", detail={"to": nasty, "role": nasty})
    client = signed_in_as(admin)
    pages = [address(model, "changelist") for model in (Session, Chat, Message, Peer, SessionEvent)]
    pages += [address(Session, "change", session.pk), reverse("admin:index")]
    for page in pages:
        response = client.get(page)
        assert response.status_code == 200
        assert nasty not in response.content.decode()


def test_the_admin_allows_no_inline_script(admin: User, signed_in_as: As) -> None:
    policy = signed_in_as(admin).get(reverse("admin:index"))["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert scripts.split()[1:] == ["'self'", "'unsafe-eval'"]


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


def test_who_is_not_staff_gets_the_sign_in_page(staff: Staff, signed_in_as: As, account: Account) -> None:
    outsider = staff("outsider", is_staff=False)
    response = signed_in_as(outsider).get(address(Session, "changelist"))
    assert response.status_code == 302
    assert "login" in response["Location"]
