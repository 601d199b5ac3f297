"""The admin: what each person sees, that lists cost the same for 5 and 50 rows, that nothing of others leaks."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, Schedule

from apps.chats.models import Chat, Gap, Message, Peer, UnreadableUpdate
from apps.commands.models import Command, FloodWait, Lease, Node
from apps.sessions.models import Session, SessionEvent, SessionGrant, SessionStatus
from apps.signin.models import SignInAttempt
from apps.staff.roles import Role
from tests.kit.admin_lists import ALL, OURS, address, label
from tests.sessions.admin_pages import Account, As, Grant, Staff


def fill(session: Session, user: User, number: int) -> None:
    """One row of everything that hangs on a session."""
    node = Node.objects.create(id=uuid.uuid4(), name=f"gw-{number}", host="h", pid=number, pid_started=1.0)
    Lease.objects.update_or_create(session=session, defaults={"owner": node, "fence": number})
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


@pytest.mark.parametrize("model", ALL, ids=label)
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


@pytest.mark.parametrize("model", OURS, ids=label)
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
    owner = Node.objects.exclude(network="kit").get()
    for model in (Chat, Message, Command, Session):
        for query in (f"session={theirs.pk}", "session=x", "q=Their", f"owner={owner.pk}"):
            response = client.get(f"{address(model, 'changelist')}?{query}")
            assert b"Theirsecret" not in response.content
            assert b"secret text" not in response.content
    assert b"Theirsecret" not in client.get(reverse("admin:index")).content
    assert b"Theirsecret" not in client.get(f"{reverse('admin:search')}?s=their").content


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


def test_who_is_not_staff_gets_the_sign_in_page(staff: Staff, signed_in_as: As, account: Account) -> None:
    outsider = staff("outsider", is_staff=False)
    response = signed_in_as(outsider).get(address(Session, "changelist"))
    assert response.status_code == 302
    assert "login" in response["Location"]
