"""Where a visit to the live pages begins: where the user was last, as far as they may still see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.chats.models import Chat, LivePlace
from apps.chats.selectors import places as begin
from apps.chats.services import places
from apps.sessions.models import Session, SessionGrant, SessionStatus
from apps.staff.roles import Role
from tests.kit import world
from tgadmin.core.official import OFFICIAL

pytestmark = pytest.mark.django_db


def home(user: User) -> str:
    client = Client()
    client.force_login(user)
    response: Any = client.get("/chats/")
    return str(response.headers.get("Location", ""))


def second_account(user: User) -> Session:
    other = world.make_session("Another")
    SessionGrant.objects.create(session=other, user=user, role=Role.OPERATOR)
    return other


def test_at_first_the_only_account_or_all_of_them(operator: User, stranger: User, session: Session) -> None:
    assert home(stranger) == ""
    assert home(operator) == f"/chats/{session.pk}/"
    second_account(operator)
    assert home(operator) == "/chats/all/"


def test_with_very_many_accounts_one_that_works_comes_first(
    operator: User, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(begin, "MANY", 1)
    half = second_account(operator)  # by name the first
    Session.objects.filter(pk=half.pk).update(status=SessionStatus.SIGNING_IN)
    assert home(operator) == f"/chats/{session.pk}/"


def test_where_the_user_was_last(operator: User, chat: Chat) -> None:
    session = chat.session_id
    other = second_account(operator)
    for place, address in (
        ((session, chat.pk), f"/chats/{session}/{chat.pk}/"),
        ((session, None), f"/chats/{session}/"),
        ((None, chat.pk), f"/chats/all/{chat.pk}/"),
        ((None, None), "/chats/all/"),
        ((other.pk, chat.pk), f"/chats/{other.pk}/"),
        ((session, chat.pk + 999), f"/chats/{session}/"),
    ):
        places.remember(operator.pk, *place)
        assert home(operator) == address
    assert LivePlace.objects.count() == 1


def test_what_may_not_be_seen_any_more_is_not_gone_to(operator: User, chat: Chat) -> None:
    other = second_account(operator)
    official = world.make_chat(other, "Telegram", peer_id=min(OFFICIAL))
    places.remember(operator.pk, other.pk, official.pk)
    assert home(operator) == f"/chats/{other.pk}/"
    places.remember(operator.pk, chat.session_id, chat.pk)
    SessionGrant.objects.filter(session=chat.session_id).delete()
    assert home(operator) == f"/chats/{other.pk}/"
    SessionGrant.objects.all().delete()
    assert home(operator) == ""


def test_the_same_place_again_writes_nothing(operator: User) -> None:
    places.remember(operator.pk, None, None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid FROM live_places")
        before = cursor.fetchall()
        with CaptureQueriesContext(connection) as queries:
            places.remember(operator.pk, None, None)
        cursor.execute("SELECT ctid FROM live_places")
        assert (cursor.fetchall(), len(queries)) == (before, 1)


def test_whoever_works_in_chats_alone_lands_there_with_a_short_menu(operator: User, session: Session) -> None:
    client = Client()
    client.post("/admin/login/", {"username": "oda", "password": "a long enough password"})
    assert client.get("/").headers["Location"] == "/admin/"
    assert client.get("/admin/").headers["Location"] == "/chats/"
    page = client.get(f"/chats/{session.pk}/").content.decode()
    rail = page[page.index("<nav class") : page.index("</nav>")]
    assert ("Security" in rail, "Administration" in rail, "Accounts" in rail) == (True, False, False)
    security = client.get("/admin/security/").content.decode()
    assert "Sign-ins" not in security
    assert "Chats" in security
    SessionGrant.objects.update(role=Role.MANAGER)
    assert client.get("/admin/").status_code == 200
    assert "Administration" in client.get(f"/chats/{session.pk}/").content.decode()
