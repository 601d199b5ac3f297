"""One-time links: once, for a while, the newest alone; the same answer to whoever has none; guesses are limited."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.staff.models import AuditEntry, JoinLink, Login
from apps.staff.services import joining, second_factor
from tests.staff.conftest import PASSWORD, Password, equip
from tgadmin.core.errors import UserError

pytestmark = pytest.mark.django_db

NEW = "another-long-one-2"
CHOSEN = {"password1": NEW, "password2": NEW}


def post(client: Client, token: str, **fields: str) -> tuple[int, str]:
    answer = client.post("/join/", {"link": token, **fields})
    return answer.status_code, answer.content.decode()


def test_a_link_leads_to_a_password_and_in(root: User) -> None:
    user = User.objects.create_user("jo", is_staff=True, first_name="Jo", last_name="Doe")
    token, until = joining.make(root, user)
    assert timedelta(hours=47) < until - timezone.now() <= timedelta(hours=48)
    client = Client()
    assert "With a one-time link" in client.get("/join/").content.decode()
    status, page = post(client, token)
    assert (status, "Jo Doe" in page, "Set password and sign in" in page) == (200, True, True)
    answer = client.post("/join/", {"link": token, **CHOSEN})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.get("/admin/security/").status_code == 200
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert not JoinLink.objects.exists()
    used = AuditEntry.objects.get(action="link.used")
    assert (used.actor, used.details) == ("jo", {"user": "jo"})


def test_the_whole_link_may_be_pasted(root: User, marta: User) -> None:
    token, _ = joining.make(root, marta)
    assert post(Client(), f"https://tg.northwind.example/join/#{token}")[0] == 200


def answers(root: User, marta: User) -> dict[str, str]:
    """A token of each kind that does not work."""
    replaced, _ = joining.make(root, marta)
    used, _ = joining.make(root, marta)
    joining.use(used, PASSWORD)
    gone = User.objects.create_user("gone", is_staff=True)
    of_gone, _ = joining.make(root, gone)
    gone.delete()
    disabled = User.objects.create_user("disabled", is_staff=True)
    of_disabled, _ = joining.make(root, disabled)
    User.objects.filter(pk=disabled.pk).update(is_active=False)
    outside = User.objects.create_user("outside", is_staff=True)
    of_outside, _ = joining.make(root, outside)
    User.objects.filter(pk=outside.pk).update(is_staff=False)
    late = User.objects.create_user("late", is_staff=True)
    lapsed, _ = joining.make(root, late)
    JoinLink.objects.filter(user=late).update(expires_at=timezone.now())
    return {
        "unknown": "x" * 32, "empty": "", "long": "x" * 5000, "replaced": replaced, "used": used, "gone": of_gone,
        "disabled": of_disabled, "outside": of_outside, "lapsed": lapsed, "digest": joining.digest_of("x"),
    }  # fmt: skip


def test_all_that_do_not_work_are_answered_alike(root: User, marta: User) -> None:
    """Whoever tries learns nothing of who exists, or which links there were."""
    import re

    pages: dict[str, tuple[int, str]] = {}
    for number, (kind, token) in enumerate(answers(root, marta).items()):
        for fields in ({}, CHOSEN):
            client = Client(REMOTE_ADDR=f"198.51.{number}.7")
            status, page = post(client, token, **fields)
            page = re.sub(r'csrfmiddlewaretoken" value="\w+"|nonce="[^"]*"', "", page)
            pages[f"{kind} {bool(fields)}"] = status, page
            assert client.get("/admin/security/").status_code == 302
    assert len(set(pages.values())) == 1
    assert next(iter(pages.values()))[0] == 422


def test_another_link_ends_the_one_before_and_the_password_stays_until_it_is_used(
    root: User, marta: User, with_password: Password
) -> None:
    first, _ = joining.make(root, marta)
    second, _ = joining.make(root, marta)
    assert (joining.user_of(first), joining.user_of(second)) == (None, marta)
    client = with_password(marta)
    assert client.get("/admin/security/").status_code == 200
    joining.use(second, NEW)
    assert client.get("/admin/security/").status_code == 302  # their logins end with the forgotten password
    assert not Login.objects.filter(user_id=marta.pk).exists()


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("short", "short", "too short"),
        ("password123", "password123", "too common"),
        (NEW, NEW + "x", "not the same"),
        ("", "", "This field is required"),
    ],
)
def test_a_bad_password_uses_nothing_up(root: User, marta: User, first: str, second: str, said: str) -> None:
    token, _ = joining.make(root, marta)
    status, page = post(Client(), token, password1=first, password2=second)
    assert (status, said in page) == (422, True)
    assert first == "" or f'value="{first}"' not in page
    assert joining.user_of(token) == marta


def test_a_second_factor_is_asked_for_as_ever(root: User, marta: User) -> None:
    equip(marta)
    token, _ = joining.make(root, marta)
    client = Client()
    assert client.post("/join/", {"link": token, **CHOSEN}).status_code == 302
    assert client.get("/admin/").headers["Location"].startswith("/admin/security/verify/")
    assert client.get("/admin/security/second-factor/").headers["Location"].startswith("/admin/security/verify/")


def test_who_needs_a_second_factor_adds_it_next(root: User, marta: User) -> None:
    second_factor.require_of_all(root, True)
    token, _ = joining.make(root, marta)
    client = Client()
    client.post("/join/", {"link": token, **CHOSEN})
    where = client.get("/admin/").headers["Location"]
    assert where.startswith("/admin/security/second-factor/")
    assert "Scan this" in client.get(where).content.decode()  # without being asked for the password again


def test_somebody_elses_login_in_the_same_browser_ends(root: User, marta: User, with_password: Password) -> None:
    token, _ = joining.make(root, marta)
    client = with_password(root)
    client.post("/join/", {"link": token, **CHOSEN})
    assert client.get("/admin/security/").context["user"] == marta


def test_guesses_are_limited(root: User, marta: User) -> None:
    token, _ = joining.make(root, marta)
    client = Client(REMOTE_ADDR="203.0.113.5")
    statuses = [post(client, f"guess-{number}")[0] for number in range(6)]
    assert statuses == [422] * 4 + [429] * 2
    assert post(client, token)[0] == 429
    assert post(Client(REMOTE_ADDR="203.0.113.6"), token)[0] == 200  # others are not kept out
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert post(client, token)[0] == 200
    # and whoever mistyped links can still sign in by password from there
    answer = client.post("/admin/login/", {"username": "marta", "password": PASSWORD})
    assert answer.status_code == 302


def test_a_link_is_for_who_may_sign_in(root: User) -> None:
    user = User.objects.create_user("off", is_staff=True, is_active=False)
    with pytest.raises(UserError, match="disabled"):
        joining.make(root, user)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_gets_in(root: User) -> None:
    user = User.objects.create_user("jo", is_staff=True)
    token, _ = joining.make(root, user)

    def use(password: str) -> bool:
        try:
            return joining.use(token, password) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, [f"{NEW}-{number}" for number in range(4)])) == [False, False, False, True]


def test_the_secret_is_in_no_log_and_no_address(root: User, marta: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token, _ = joining.make(root, marta)
    client = Client()
    answer = client.post("/join/", {"link": token, **CHOSEN})
    assert token not in caplog.text
    assert token not in answer.headers["Location"]
    assert (Path(__file__).parents[2] / "static/staff/join.js").read_text().count("history.replaceState") == 1
