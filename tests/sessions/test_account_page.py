"""An account's page and its row in the list: worst first, what each may do with it, what came of a check, Ctrl K."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.chats.models import Chat
from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command, FloodWait, Lease, Node
from apps.sessions import selectors
from apps.sessions.models import Session, SessionStatus
from apps.sessions.services import sessions as services
from apps.staff.roles import Role
from tests.kit.admin_lists import address
from tests.sessions.admin_pages import Account, As, Grant, Staff


def attend(*sessions: Session, silent: timedelta = timedelta(0)) -> None:
    node = Node.objects.create(
        id=uuid.uuid4(), name="g", host="h", pid=1, pid_started=1.0, beat_at=timezone.now() - silent,
        network=settings.TELEGRAM_NETWORK,
    )  # fmt: skip
    for session in sessions:
        Lease.objects.update_or_create(session=session, defaults={"owner": node, "fence": 1})


def rows(client: Client) -> list[str]:
    page = client.get(address(Session)).content.decode()
    return re.findall(r'class="tg-stack"><b dir="auto">([^<]+)', page)


def row_of(client: Client, session: Session) -> str:
    page = client.get(address(Session)).content.decode()
    return next(row for row in page.split("<tr")[1:] if f"/session/{session.pk}/change/" in row)


def test_the_worst_account_is_first(admin: User, account: Account, signed_in_as: As) -> None:
    made = {
        "f sign in": account("f sign in", status=SessionStatus.NEEDS_SIGN_IN),
        "e banned": account("e banned", status=SessionStatus.BANNED),
        "d failed": account("d failed", status=SessionStatus.CONNECTION_FAILED),
        "c away": account("c away"),
        "b waits": account("b waits"),
        "a good": account("a good"),
        "A disabled": account("A disabled", status=SessionStatus.DISABLED, enabled=False),
    }
    attend(made["d failed"], made["b waits"], made["a good"])
    attend(made["c away"], silent=timedelta(minutes=3))
    until = timezone.now() + timedelta(hours=1)
    for name in ("b waits", "A disabled"):
        FloodWait.objects.create(session=made[name], method="messages.sendMessage", until=until, code="FLOOD_WAIT")
    expected = ["f sign in", "e banned", "d failed", "c away", "b waits"]
    shown = rows(signed_in_as(admin))
    assert shown[:5] == expected
    assert sorted(shown[5:]) == ["A disabled", "a good"]
    assert [one.name for one in selectors.needing_attention(Session.objects.all())] == expected


@pytest.mark.parametrize(
    ("status", "manager", "other"),
    [
        (SessionStatus.NEEDS_SIGN_IN, "Sign in again", "Open chats"),
        (SessionStatus.CONNECTION_FAILED, "Proxy", "Open chats"),
        (SessionStatus.DISABLED, "Enable", "Open chats"),
        (SessionStatus.BANNED, "Open chats", "Open chats"),
        (SessionStatus.READY, "Open chats", "Open chats"),
    ],
)
def test_a_row_offers_what_helps_by_rights(
    staff: Staff, account: Account, grant: Grant, signed_in_as: As, status: SessionStatus, manager: str, other: str
) -> None:
    session = account("Support", status=status, enabled=status != SessionStatus.DISABLED)
    attend(session)
    for name, role, expected in (("m", Role.MANAGER, manager), ("o", Role.OPERATOR, other), ("v", Role.VIEWER, other)):
        person = staff(name)
        grant(person, session, role)
        row = row_of(signed_in_as(person), session)
        offered = [words for words in ("Sign in again", "Proxy", "Enable", "Open chats") if words in row]
        assert offered == [expected], role


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.MANAGER])
def test_the_head_offers_what_the_right_allows(
    staff: Staff, account: Account, grant: Grant, signed_in_as: As, role: Role
) -> None:
    session, person = account("Support"), staff("person")
    grant(person, session, role)
    page = signed_in_as(person).get(address(Session, "change", session.pk)).content.decode()
    head = page[page.index('<div class="tg-head"') : page.index("</details>")]
    assert head.index("Support") < head.index("Open chats")
    assert reverse("chats:session", args=(session.pk,)) in head
    for words in ("Sign in again", "Check", "Disable", "Devices", "Log out"):
        assert (words in head) == (role is Role.MANAGER), words
    assert "Enable" not in head
    assert ("data-check=" in page) == (role is Role.MANAGER)


def test_history_is_the_timeline(admin: User, account: Account, signed_in_as: As) -> None:
    session, client = account("Support"), signed_in_as(admin)
    page = client.get(address(Session, "change", session.pk)).content.decode()
    assert "/history/" not in page
    timeline = f"{reverse('admin:tg_sessions_sessionevent_changelist')}?session={session.pk}"
    assert timeline in page
    answer = client.get(address(Session, "history", session.pk))
    assert (answer.status_code, answer["Location"]) == (302, timeline)


# --- a check ---


def checked(client: Client, session: Session) -> dict[str, Any]:
    return dict(client.get(reverse("accounts:check_status", args=(session.pk,))).json())


def test_a_check_is_followed_to_its_end(admin: User, account: Account, signed_in_as: As) -> None:
    session, client = account("Support"), signed_in_as(admin)
    attend(session)
    assert checked(client, session) == {"html": checked(client, session)["html"], "waits": False}
    ask = reverse("accounts:check", args=(session.pk,))
    first = client.post(ask, headers={"Accept": "application/json"}).json()
    assert (first["waits"], "Asking Telegram" in first["html"]) == (True, True)
    client.post(ask, headers={"Accept": "application/json"})
    command = Command.objects.get(kind=CommandKind.DIALOGS)
    Command.objects.filter(pk=command.pk).update(progress={"chats": 40, "total": 212})
    assert "40 of 212" in checked(client, session)["html"]
    now = timezone.now()
    Command.objects.filter(pk=command.pk).update(
        state=Command.State.DONE, result={"chats": 212}, claimed_at=now - timedelta(seconds=3), settled_at=now
    )
    last = checked(client, session)
    assert not last["waits"]
    assert "212 chats read" in last["html"]
    assert "in 3 s" in last["html"]
    assert "212 chats read" in client.get(address(Session, "change", session.pk)).content.decode()


def test_a_check_that_telegram_refuses_says_what_to_do(admin: User, account: Account, signed_in_as: As) -> None:
    session = account("Support")
    command = services.resync(admin, session)
    Command.objects.filter(pk=command.pk).update(
        state=Command.State.FAILED, error_code="SESSION_REVOKED", settled_at=timezone.now()
    )
    last = checked(signed_in_as(admin), session)
    assert not last["waits"]
    assert "SESSION_REVOKED" in last["html"]
    assert "Not answered" in last["html"]


def test_a_check_without_a_connection_says_what_it_waits_for(admin: User, account: Account, signed_in_as: As) -> None:
    session = account("Support")
    attend(session, silent=timedelta(minutes=3))
    services.resync(admin, session)
    assert "not connected (No gateway)" in checked(signed_in_as(admin), session)["html"]


def test_without_a_script_a_check_leads_back(admin: User, account: Account, signed_in_as: As) -> None:
    session = account("Support")
    answer = signed_in_as(admin).post(reverse("accounts:check", args=(session.pk,)), headers={"Accept": "text/html"})
    assert (answer.status_code, answer["Location"]) == (302, address(Session, "change", session.pk))
    assert Command.objects.filter(kind=CommandKind.DIALOGS, created_by=admin).count() == 1


@pytest.mark.parametrize("held", [None, Role.VIEWER, Role.OPERATOR])
def test_a_check_is_for_managers(
    staff: Staff, account: Account, grant: Grant, signed_in_as: As, held: Role | None
) -> None:
    session, marta = account(), staff("marta")
    if held is not None:
        grant(marta, session, held)
    client = signed_in_as(marta)
    expected = 404 if held is None else 403
    assert client.post(reverse("accounts:check", args=(session.pk,))).status_code == expected
    assert client.get(reverse("accounts:check_status", args=(session.pk,))).status_code == expected
    assert not Command.objects.exists()


# --- dialogs ---


@pytest.mark.parametrize("name", ["disable", "log_out", "reveal_phone"])
def test_a_dialog_names_the_account_and_is_a_page_at_its_address(
    admin: User, account: Account, signed_in_as: As, name: str
) -> None:
    session, client = account("Sales <EU>"), signed_in_as(admin)
    ask = reverse(f"admin:tg_sessions_session_{name}", args=(session.pk,))
    page = client.get(ask).content.decode()
    assert "<bdi>Sales &lt;EU&gt;</bdi>?" in page
    assert page.count("<html") == 1
    assert 'id="nav-sidebar' in page
    fragment = client.get(ask, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "<bdi>Sales &lt;EU&gt;</bdi>?" in fragment
    assert ("tg-button danger" in fragment) == (name == "log_out")


def test_a_revealed_phone_is_a_page_too_and_is_not_kept(admin: User, account: Account, signed_in_as: As) -> None:
    session, client = account("Support", phone="4915123454063"), signed_in_as(admin)
    ask = reverse("admin:tg_sessions_session_reveal_phone", args=(session.pk,))
    answer = client.post(ask, {"_form_submitted": "True"})
    assert "no-store" in answer["Cache-Control"]
    assert "<html" in answer.content.decode()
    assert "+49 1512 3454063" in answer.content.decode()


# --- Ctrl K ---


def found(client: Client, text: str) -> str:
    return client.get(reverse("admin:search"), {"s": text}).content.decode()


def test_accounts_and_chats_are_found_by_rights(
    admin: User, staff: Staff, account: Account, grant: Grant, signed_in_as: As
) -> None:
    own, others = account("Sales EU", username="northwind"), account("Sales US")
    anna = Chat.objects.create(session=own, peer_id=5, kind="user", title="Anna Sales")
    Chat.objects.create(session=others, peer_id=5, kind="user", title="Ben Sales")
    telegram = Chat.objects.create(session=own, peer_id=777000, kind="user", title="Telegram Sales")
    marta = staff("marta")
    given = grant(marta, own, Role.OPERATOR)
    client = signed_in_as(marta)
    page = found(client, "sales")
    assert address(Session, "change", own.pk) in page
    assert reverse("chats:chat", args=(own.pk, anna.pk)) in page
    assert "Chat of Sales EU" in page
    for hidden in ("Sales US", "Ben Sales", "Telegram Sales"):
        assert hidden not in page
    assert "Sales EU" in found(client, "@northw")
    assert "Sales EU" in found(client, "eu SAL")
    assert "is called" in found(client, own.phone)
    given.delete()  # at once: nothing found is kept
    assert "Sales EU" not in found(client, "sales")
    everything = found(signed_in_as(admin), "sales")
    assert reverse("chats:chat", args=(own.pk, telegram.pk)) in everything
    assert "Ben Sales" in everything
    assert "Sales EU" in found(signed_in_as(admin), own.phone)


def test_what_begins_so_comes_first_and_no_more_than_fit(admin: User, account: Account, signed_in_as: As) -> None:
    session = account("Zeta")
    for number in range(30):
        Chat.objects.create(session=session, peer_id=number + 1, kind="user", title=f"The plan {number}")
    first = Chat.objects.create(
        session=session, peer_id=99, kind="user", title="Plan B", last_message_at=timezone.now() - timedelta(days=9)
    )
    page = found(signed_in_as(admin), "plan")
    assert page.count("<li") == 12
    assert page.index(f"/{first.pk}/") < page.index("The plan")


def test_pages_of_ones_menu_are_found(
    admin: User, staff: Staff, account: Account, grant: Grant, signed_in_as: As
) -> None:
    assert address(User) in found(signed_in_as(admin), "users")
    marta = staff("marta")
    grant(marta, account("Mine"), Role.MANAGER)
    assert address(User) not in found(signed_in_as(marta), "users")
    assert address(Session) in found(signed_in_as(marta), "accounts")


@pytest.mark.parametrize("text", ["", "   "])
def test_without_words_it_says_what_can_be_found(admin: User, signed_in_as: As, text: str) -> None:
    assert "Find an account by its name" in found(signed_in_as(admin), text)


@pytest.mark.parametrize("text", ["%", "_", "\\", "<script>alert(1)</script>", "'", "@"])
def test_hostile_words_are_words(admin: User, account: Account, signed_in_as: As, text: str) -> None:
    account("Support")
    page = found(signed_in_as(admin), text)
    assert "Support" not in page
    assert "<script" not in page


def test_too_many_words_are_refused(admin: User, signed_in_as: As) -> None:
    assert signed_in_as(admin).get(reverse("admin:search"), {"s": "a " * 20}).status_code == 400


def test_finding_costs_the_same_for_many(admin: User, account: Account, signed_in_as: As) -> None:
    client, counts = signed_in_as(admin), []
    for many in (range(2), range(2, 9)):
        for number in many:
            session = account(f"Plan {number}")
            Chat.objects.create(session=session, peer_id=1, kind="user", title="Plan")
        with CaptureQueriesContext(connection) as queries:
            found(client, "plan")
        counts.append(len(queries))
    assert counts[0] == counts[1]
