"""Logins: when they end, and who ends them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.common import retention
from apps.signin import services as signin
from apps.staff import logins, selectors
from apps.staff.middleware import POLLS
from apps.staff.models import Login
from tests.kit.running import ROOT
from tests.staff.conftest import PASSWORD, Password, equip, next_code

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_is_signed_in(db: None) -> None:
    """Whatever another test of this process has left."""
    Login.objects.all().delete()


def after(**time: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(**time), tick=True)


def digest_of(client: Client) -> str:
    return logins.digest_of(client.cookies["sessionid"].value)


def is_in(client: Client) -> bool:
    return client.get("/admin/security/").status_code == 200


def test_a_login_ends_without_use(root: User, with_password: Password) -> None:
    client = with_password(root)
    with after(hours=11):
        assert is_in(client)
    with after(hours=22):
        assert is_in(client)  # it was used in between
    with after(hours=35):
        assert not is_in(client)


def test_and_in_any_case_after_a_week(root: User, with_password: Password) -> None:
    client = with_password(root)
    assert 6.9 * 86400 < client.cookies["sessionid"]["max-age"] <= 7 * 86400
    for hours in range(10, 168, 10):
        with after(hours=hours):
            assert is_in(client), hours
    with after(hours=168, minutes=1):
        assert not is_in(client)


def test_the_password_given_again_begins_again(root: User, with_password: Password) -> None:
    client = with_password(root)
    with after(hours=10):
        assert client.post("/admin/login/", {"username": "root", "password": PASSWORD}).status_code == 302
        assert Login.objects.get(user_id=root.pk).began_at > timezone.now() - timedelta(minutes=1)


def test_use_is_written_down_once_a_minute_at_most(root: User, with_password: Password) -> None:
    client = with_password(root)
    is_in(client)
    with CaptureQueriesContext(connection) as queries:
        is_in(client)
    assert not any(query["sql"].startswith("UPDATE") for query in queries)
    with after(seconds=90), CaptureQueriesContext(connection) as queries:
        is_in(client)
    assert sum(query["sql"].startswith('UPDATE "staff_logins"') for query in queries) == 1


def test_a_page_that_polls_is_no_use(root: User, with_password: Password) -> None:
    client = with_password(root)
    before = Login.objects.get().expire_date
    with after(hours=1):
        client.get("/admin/tg_sessions/session/demo/status/")
        assert Login.objects.get().expire_date == before


def test_every_address_that_pages_poll_is_known_as_such() -> None:
    """A page that polls says where in data-status or data-check: each such address is among POLLS."""
    pages = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    names = set(re.findall(r"""data-(?:status|check)="{% url '([^']+)'""", pages))
    assert len(names) >= 4
    assert names == POLLS


@pytest.mark.parametrize("by_itself", [True, False])
def test_what_a_page_asks_for_by_itself_is_no_use(root: User, with_password: Password, by_itself: bool) -> None:
    """A QR code that is renewed, a page that loads itself again: whoever left it is signed out in time."""
    client = with_password(root)
    attempt = signin.start_qr(root, "Left alone")
    page = f"/admin/tg_sessions/session/sign-in/{attempt.pk}/"
    before = Login.objects.get().expire_date
    said = {"X-Unattended": "1"} if by_itself else {}
    with after(hours=1):
        assert client.post(page, {"action": "qr"}, headers=said).status_code == 302
        assert client.get(f"{page}?again" if by_itself else page).status_code == 200
    assert (Login.objects.get().expire_date == before) == by_itself


def test_a_used_socket_keeps_its_login(root: User, with_password: Password) -> None:
    digest = digest_of(with_password(root))
    with after(hours=11):
        logins.use_digest(digest)
    with after(hours=20):
        assert selectors.good_logins([digest]) == {digest}
    with after(hours=24):
        logins.use_digest(digest)
        assert selectors.good_logins([digest]) == set()


def test_what_a_login_knows(root: User) -> None:
    client = Client(REMOTE_ADDR="192.0.2.1", headers={"user-agent": "Firefox 128"})
    client.post("/admin/login/", {"username": "root", "password": PASSWORD})
    row = Login.objects.get(user_id=root.pk)
    assert (row.address, row.agent, row.verified) == ("192.0.2.1", "Firefox 128", False)
    page = client.get("/admin/security/").content.decode()
    assert "Firefox 128" in page
    assert "192.0.2.1" in page


def test_the_others_are_ended(root: User, marta: User, with_password: Password) -> None:
    here, there, hers = with_password(root), with_password(root), with_password(marta)
    assert here.post("/admin/security/logins/end-others/").status_code == 302
    assert [is_in(client) for client in (here, there, hers)] == [True, False, True]


def test_a_superuser_signs_a_colleague_out_everywhere(root: User, marta: User, with_password: Password) -> None:
    admin, hers = with_password(root), with_password(marta)
    assert hers.post(f"/admin/auth/user/{root.pk}/end-logins/", {"_form_submitted": "True"}).status_code in (302, 403)
    assert is_in(admin)
    admin.post(f"/admin/auth/user/{marta.pk}/end-logins/", {"_form_submitted": "True"})
    assert not is_in(hers)


def test_good_logins_ask_for_the_second_factor(root: User, with_password: Password, settings: Any) -> None:
    client = with_password(root)
    key = digest_of(client)
    with CaptureQueriesContext(connection) as queries:
        assert selectors.good_logins([key, "unknown"]) == {key}
    assert len(queries) == 1
    settings.SECOND_FACTOR_REQUIRED = True
    assert selectors.good_logins([key]) == set()
    settings.SECOND_FACTOR_REQUIRED = False
    authenticator, _ = equip(root)
    client = with_password(root)
    key = digest_of(client)
    assert selectors.good_logins([key]) == set()
    client.post("/admin/security/verify/", {"token": next_code(authenticator)})
    key = digest_of(client)
    assert selectors.good_logins([key]) == {key}


def test_ended_ones_are_forgotten(root: User, with_password: Password) -> None:
    with_password(root)
    with after(hours=13):
        with_password(root)
        assert retention.prune(tables=("staff_logins",)) == {"staff_logins": 1}


@pytest.mark.parametrize("password", ["short-1", "12345678901", "password123", "root@example.org"])
def test_weak_passwords_are_refused(root: User, with_password: Password, password: str) -> None:
    User.objects.update(email="root@example.org")
    form = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    assert with_password(root, confirm=True).post("/admin/password_change/", form).status_code == 200
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


def test_a_changed_password_ends_the_other_logins(root: User, with_password: Password) -> None:
    here, there = with_password(root, confirm=True), with_password(root)
    new = "another-good-one-2"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/admin/password_change/", form).status_code == 302
    assert [is_in(here), is_in(there)] == [True, False]
