"""Confirm that it is you: how it is asked, what becomes of the form, and that the answer cannot be guessed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apps.sessions.models import Session
from apps.staff import confirming
from apps.staff.models import AuditEntry, Authenticator, Failures
from apps.staff.services import second_factor
from tests.kit import world
from tests.staff.conftest import Password, equip, next_code
from tests.staff.test_confirming import ANSWER, CONFIRM

pytestmark = pytest.mark.django_db


# --- how it is asked ------------------------------------------------------------------------------------------------


def fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_a_form_that_was_sent_is_not_lost(root: User, with_password: Password) -> None:
    client = with_password(root)
    typed = {"username": "marta<>", "password1": "their-new-one-1", "password2": "their-new-one-1", "_save": "Save"}
    page = client.post("/admin/auth/user/add/?_popup=1", typed | {"usable_password": "true"}).content.decode()
    kept = fields(page)
    assert (kept["username"], kept["_save"], kept["usable_password"]) == ("marta&lt;&gt;", "Save", "true")
    assert "their-new-one" not in page
    assert 'action="/admin/auth/user/add/?_popup=1"' in page
    assert "What you filled in is kept, except passwords" in page
    sent = {"username": "marta", "_save": "Save", "usable_password": "true"} | ANSWER
    again = client.post("/admin/auth/user/add/", sent).content.decode()
    assert 'value="marta"' in again  # the form, which asks for the password alone
    assert not User.objects.filter(username="marta")
    assert (
        client.post("/admin/auth/user/add/", typed | {"username": "marta", "usable_password": "true"}).status_code
        == 302
    )
    assert User.objects.get(username="marta").check_password("their-new-one-1")


def test_it_leads_back_and_to_no_other_site(root: User, with_password: Password) -> None:
    client = with_password(root)
    page = client.get(f"{CONFIRM}?next=/admin/auth/user/add/").content.decode()
    assert "To add a colleague, confirm that it is you." in page
    assert (
        client.post(CONFIRM, ANSWER | {"next": "/admin/auth/user/add/"}).headers["Location"] == "/admin/auth/user/add/"
    )
    assert client.get("/admin/auth/user/add/").status_code == 200
    for target in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert client.post(CONFIRM, ANSWER | {"next": target}).headers["Location"] == "/admin/"


def test_dialogs_and_scripts_are_told_in_their_own_way(root: User, with_password: Password) -> None:
    client, session = with_password(root), world.make_session("Support")
    where, page = f"/admin/tg_sessions/session/{session.pk}/export/", f"/admin/tg_sessions/session/{session.pk}/change/"
    for method in (client.get, client.post):
        answer = method(where, headers={"hx-request": "true", "hx-current-url": f"http://testserver{page}"})
        assert answer.headers["HX-Redirect"] == f"{CONFIRM}?next={page.replace('/', '%2F')}"
        assert answer.content == b""
        answer = method(where, headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (403, "NOT_CONFIRMED")
    foreign = client.get(where, headers={"hx-request": "true", "hx-current-url": "https://evil.example/x"})
    assert "evil" not in foreign.headers["HX-Redirect"]


def test_whose_second_factor_is_still_to_be_given_is_asked_for_that(root: User, with_password: Password) -> None:
    equip(root)
    client = with_password(root)
    assert client.get(CONFIRM).headers["Location"] == "/admin/security/verify/"
    assert client.post(CONFIRM, ANSWER).headers["Location"] == "/admin/security/verify/"
    assert (
        client.post("/admin/auth/user/add/", {"username": "x"} | ANSWER)
        .headers["Location"]
        .startswith("/admin/security/verify/")
    )


# --- guessing -------------------------------------------------------------------------------------------------------


def test_wrong_answers_are_told_and_lock_the_name_out_there(root: User, with_password: Password) -> None:
    client = with_password(root)
    for number in range(5):
        answer = client.post(CONFIRM, {"confirm-password": f"wrong-{number}"})
    assert answer.status_code == 429
    assert client.post(CONFIRM, ANSWER).status_code == 429
    assert not confirming.is_confirmed(type("R", (), {"session": client.session})())  # type: ignore[arg-type]
    row = Failures.objects.get(action="login.failed")
    assert (row.username, row.step, row.count) == ("root", "confirmation", 5)
    assert client.get("/admin/").status_code == 200  # the login itself goes on


def test_from_many_addresses_no_more_is_guessed(root: User, with_password: Password) -> None:
    """A stolen login, used from everywhere: passwords are limited for the user."""
    stolen = with_password(root)
    looked_at = 0
    for number in range(12):
        answer = stolen.post(CONFIRM, {"confirm-password": "wrong"}, REMOTE_ADDR=f"203.0.113.{number + 1}")
        looked_at += b"That password is not right." in answer.content
    assert looked_at == 5
    answer = stolen.post(CONFIRM, ANSWER, REMOTE_ADDR="203.0.113.99")
    assert b"Too many wrong passwords" in answer.content
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert stolen.post(CONFIRM, ANSWER, REMOTE_ADDR="203.0.113.99").status_code == 302


def test_codes_cannot_be_tried_out(root: User, with_password: Password) -> None:
    """All of a login's ways to try codes, from many addresses, within half an hour: a handful is looked at at all."""
    authenticator, _ = equip(root)
    client = with_password(root)
    assert client.post("/admin/security/verify/", {"token": next_code(authenticator)}).status_code == 302
    half_in, looked_at, start = with_password(root), 0, timezone.now()
    for number in range(60):
        with time_machine.travel(start + timedelta(seconds=30 * number), tick=True):
            for browser, address, field in (
                (client, CONFIRM, "confirm-token"),
                (client, "/admin/auth/user/add/", "confirm-token"),
                (half_in, "/admin/security/verify/", "token"),
            ):
                before = Authenticator.objects.get(user=root).throttling_failure_timestamp
                whence = f"203.0.113.{number + 1}"
                answer = browser.post(address, {field: f"{number:06d}"}, REMOTE_ADDR=whence)
                assert answer.status_code in (422, 429), answer.status_code
                looked_at += Authenticator.objects.get(user=root).throttling_failure_timestamp != before
    assert 5 <= looked_at <= 12  # of 180: one has to wait twice as long after each


def test_strangers_keep_nobody_from_confirming(root: User, with_password: Password) -> None:
    client = with_password(root)
    for number in range(1, 10):
        for _ in range(5):
            Client(REMOTE_ADDR=f"203.0.113.{number}").post("/admin/login/", {"username": "root", "password": "wrong"})
    assert client.post(CONFIRM, ANSWER).status_code == 302


def test_the_shell_is_not_asked(root: User) -> None:
    second_factor.require_of_all(root, True)
    assert AuditEntry.objects.filter(action="settings.changed").exists()
    assert Session.objects.count() == 0
