"""The overview and the menu: what is there for whom, and in which order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.sessions.models import Session, SessionGrant
from apps.staff.roles import Role
from tests.kit.accounts import account, admin, environment, staff
from tgadmin.unfold import NAVIGATION

__all__ = ["account", "admin", "environment", "staff"]

pytestmark = pytest.mark.django_db


def overview(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.get("/admin/").content.decode()


def test_who_cannot_give_rights_is_not_told_that_they_are_given(
    admin: User, staff: Callable[..., User], account: Callable[..., Session]
) -> None:
    adder, manager = staff("adder", "add_account"), staff("manager")
    assert "Set up" in overview(adder)
    assert "colleague" not in overview(adder).lower().split("set up")[1].split("latest activity")[0]
    SessionGrant.objects.create(session=account(), user=manager, role=Role.MANAGER)
    assert "Add a colleague" not in overview(manager)


def test_who_works_in_chats_alone_has_no_overview(client: Client, staff: Callable[..., User]) -> None:
    client.force_login(staff("nobody"))
    assert client.get("/admin/").headers["Location"] == "/chats/"


def test_an_administrator_alone_is_led_to_the_form(admin: User, account: Callable[..., Session]) -> None:
    account()
    page = overview(admin)
    assert "Add a colleague" in page
    assert 'href="/admin/colleagues/add/"' in page


def test_people_stand_above_raw_data() -> None:
    titles = [item["title"] for part in NAVIGATION for item in part["items"]]
    for people in ("Colleagues", "Users", "Audit"):
        for raw in ("Leases", "Peers", "Gaps"):
            assert titles.index(people) < titles.index(raw)
