"""One vocabulary: each list of the admin is called alike in the menu, in its title and on its rows' pages, and says in
a sentence of its own when it has no rows."""

from __future__ import annotations

import re
from html import unescape

import pytest
from axes.models import AccessAttempt
from django.contrib import admin as site
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils.text import capfirst
from django_q.models import Failure, Schedule

from apps.sessions.models import Session
from apps.staff.services.audit import audit
from tests.kit.admin_lists import ALL, address, label
from tests.sessions.admin_pages import Account, As, Staff
from tgadmin.unfold import NAVIGATION

pytestmark = pytest.mark.django_db

THEIRS = re.compile(
    r"session grant|session event|sign in attempt|access attempt|\bnodes?\b|Select .{1,40} to |yielded|Create a new"
    r"|\bAxes\b|Authentication and Authori[sz]ation|Django Q",
    re.IGNORECASE,
)
"""Words of the code's and of the packages'."""
MENU = {str(item["link"]): item["title"] for part in NAVIGATION for item in part["items"]}


@pytest.mark.parametrize("model", ALL, ids=label)
def test_a_list_is_called_as_in_the_menu(model: type[Model], admin: User, signed_in_as: As) -> None:
    where = address(model)
    name = capfirst(str(model._meta.verbose_name_plural))
    if where in MENU:
        assert name == MENU[where]
    page = signed_in_as(admin).get(where).content.decode()
    assert re.search(rf"<title>\s*{name} \|", page), name
    assert THEIRS.findall(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)) == []


@pytest.mark.parametrize("model", ALL, ids=label)
def test_an_empty_list_says_what_will_be_in_it(model: type[Model], admin: User, signed_in_as: As) -> None:
    said = site.site._registry[model].empty
    assert re.fullmatch(r"[A-Z].*\.", said), f"{label(model)}: a sentence"
    client = signed_in_as(admin)
    if model not in (User, Schedule):
        model._default_manager.all().delete() if model._meta.db_table != "audit_entries" else None
    page = client.get(address(model)).content.decode()
    if site.site._registry[model].get_queryset(_request(admin)).count() == 0:
        assert said in unescape(page)
    assert "yielded" not in page


def _request(user: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_all_sentences_differ() -> None:
    said = [site.site._registry[model].empty for model in ALL]
    assert len(set(said)) == len(said)


def test_a_search_that_finds_nothing_says_so_and_offers_a_way_back(
    admin: User, account: Account, signed_in_as: As
) -> None:
    account()
    page = signed_in_as(admin).get(address(Session), {"q": "zzz"}).content.decode()
    assert "Nothing matches." in page
    assert "Clear search and filters" in page


@pytest.mark.parametrize("model", [AccessAttempt, Failure, Schedule, Group], ids=label)
def test_packages_models_have_our_words_and_no_migration(model: type[Model]) -> None:
    from django.db.migrations.state import ModelState

    options = ModelState.from_model(model).options
    assert options.get("verbose_name") != model._meta.verbose_name or model is Group


def test_whom_an_administrator_adds_in_users_may_sign_in(admin: User, staff: Staff, signed_in_as: As) -> None:
    typed = {
        "username": "new",
        "usable_password": "true",
        "password1": "their-own-one-1",
        "password2": "their-own-one-1",
    }
    signed_in_as(admin).post("/admin/auth/user/add/", typed)
    assert User.objects.get(username="new").is_staff
    other = signed_in_as(staff("helper", "add_user", "change_user", "view_user"))
    answer = other.post("/admin/auth/user/add/", typed | {"username": "newer"}, follow=True)
    assert not User.objects.get(username="newer").is_staff
    assert "newer may not sign in yet: an administrator must let them." in answer.content.decode()
    page = signed_in_as(admin).get(f"/admin/auth/user/{admin.pk}/change/").content.decode()
    assert "Off: this user cannot sign in to tgadmin." in page
    assert "Staff status" not in page


def test_the_audit_says_account_and_keeps_its_codes(admin: User, account: Account, signed_in_as: As) -> None:
    audit(admin, "session.renamed", account("Sales"))
    page = signed_in_as(admin).get("/admin/staff/auditentry/").content.decode()
    assert "<b>Account renamed</b>" in page
    assert "session.renamed" in page
