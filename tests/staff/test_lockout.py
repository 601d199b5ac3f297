"""Wrong sign-ins lock a name out, from one address, for a while; many of them the address. What is written of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import Schedule

from apps.staff import lockout, selectors, tasks
from apps.staff.models import AuditEntry, Authenticator, Failures
from apps.staff.services import failures, logins
from tests.staff.conftest import PASSWORD, Password, equip, next_code

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"


def wrong(address: str = "192.0.2.1", name: str = "root", count: int = 5, **headers: str) -> Any:
    client = Client(REMOTE_ADDR=address, headers=headers)
    for _ in range(count):
        answer = client.post(LOGIN, {"username": name, "password": "wrong"})
    return answer


def right(address: str = "192.0.2.1", name: str = "root", **headers: str) -> int:
    client = Client(REMOTE_ADDR=address, headers=headers)
    return int(client.post(LOGIN, {"username": name, "password": PASSWORD}).status_code)


def test_five_wrong_ones_lock_the_name_from_there_only(root: User, marta: User) -> None:
    assert wrong(count=4).status_code == 200
    answer = wrong(count=1)
    assert answer.status_code == 429
    until = selectors.locked_until("root", "192.0.2.1")
    assert until is not None
    assert until.isoformat() in answer.content.decode()
    assert abs(until - timezone.now() - timedelta(minutes=15)) < timedelta(minutes=1)
    assert 800 < int(answer["Retry-After"]) <= 900
    assert right() == 429
    assert right("192.0.2.2") == 302
    assert right(name="marta") == 302


def test_tries_while_it_lasts_do_not_lengthen_it_and_tell_nothing_new(root: User) -> None:
    wrong()
    until = selectors.locked_until("root", "192.0.2.1")
    with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=True):
        assert wrong().status_code == 429
        assert selectors.locked_until("root", "192.0.2.1") == until
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert right() == 302
    entries = AuditEntry.objects.filter(action__startswith="login.").order_by("action")
    assert [(entry.action, entry.details) for entry in entries] == [
        ("login.failed", {"user": "root", "count": 5}),
        ("login.locked_out", {"user": "root", "count": 1, "minutes": 15}),
        ("login.succeeded", {}),
    ]
    assert {entry.address for entry in entries} == {"192.0.2.1"}


def test_a_right_password_forgets_wrong_ones(root: User) -> None:
    wrong(count=4)
    assert right() == 302
    assert wrong(count=4).status_code == 200


def test_browsers_of_one_address_count_together(root: User) -> None:
    for number in range(5):
        answer = wrong(count=1, **{"user-agent": f"Browser {number}"})
    assert answer.status_code == 429
    assert right(**{"user-agent": "another"}) == 429


def test_behind_a_proxy_the_clients_address_counts(root: User, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    assert wrong("10.0.0.1", **{"x-forwarded-for": "6.6.6.6, 198.51.100.7"}).status_code == 429
    assert right("10.0.0.1", **{"x-forwarded-for": "7.7.7.7, 198.51.100.7"}) == 429
    assert right("10.0.0.1", **{"x-forwarded-for": "198.51.100.8"}) == 302


def test_without_one_the_header_helps_nobody(root: User) -> None:
    for number in range(5):
        answer = wrong(count=1, **{"x-forwarded-for": f"198.51.100.{number}"})
    assert answer.status_code == 429


def test_an_ipv6_network_is_one_client(root: User) -> None:
    for number in range(5):
        answer = wrong(f"2001:db8:1:2::{number + 1}", count=1)
    assert answer.status_code == 429
    assert right("2001:db8:1:2:ffff::1") == 429
    assert right("2001:db8:1:3::1") == 302


def test_wrong_second_factors_count_too(root: User, with_password: Password) -> None:
    authenticator, _ = equip(root)
    client = with_password(root)
    for _ in range(5):
        Authenticator.objects.update(throttling_failure_timestamp=None)
        answer = client.post("/admin/security/verify/", {"token": "000000"})
    assert answer.status_code == 429
    Authenticator.objects.update(throttling_failure_timestamp=None)
    assert client.post("/admin/security/verify/", {"token": next_code(authenticator)}).status_code == 429
    assert right() == 429
    logins.unlock(root, "root")
    assert client.post("/admin/security/verify/", {"token": next_code(authenticator)}).status_code == 302
    failures.tell(timezone.now() + timedelta(minutes=1))
    failed = AuditEntry.objects.get(action="login.failed")
    assert failed.details == {"user": "root", "step": "second factor", "count": 5}


@pytest.mark.parametrize("way", ["list", "user", "shell"])
def test_an_administrator_unlocks(root: User, marta: User, with_password: Password, way: str) -> None:
    wrong(name="marta")
    client = with_password(root, "192.0.2.9", confirm=True)
    (row,) = selectors.lock_outs()
    page = client.get("/admin/axes/accessattempt/").content.decode()
    assert "locked until" in page
    assert b"Unlock" in client.get(f"/admin/auth/user/{marta.pk}/change/").content
    if way == "list":
        client.post(f"/admin/axes/accessattempt/{row.pk}/unlock/", {"_form_submitted": "True"})
    elif way == "user":
        client.post(f"/admin/auth/user/{marta.pk}/unlock/", {"_form_submitted": "True"})
    else:
        call_command("staff", "unlock", "marta")
    assert right(name="marta") == 302
    assert AuditEntry.objects.get(action="login.unlocked").details["user"] == "marta"


def test_nobody_else_sees_or_lifts_them(root: User, marta: User, with_password: Password) -> None:
    wrong()
    (row,) = selectors.lock_outs()
    client = with_password(marta, "192.0.2.9", confirm=True)
    assert client.get("/admin/axes/accessattempt/").status_code == 403
    client.post(f"/admin/axes/accessattempt/{row.pk}/unlock/", {"_form_submitted": "True"})
    assert right() == 429


def test_what_is_kept_of_a_wrong_sign_in_holds_no_password(root: User) -> None:
    Client().post(f"{LOGIN}?next=/x", {"username": "root", "password": "canary-password", "token": "canary-token"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM axes_accessattempt t")
        assert "canary" not in cursor.fetchone()[0]


def test_the_list_costs_the_same_for_many(root: User, with_password: Password) -> None:
    client, counts = with_password(root, "192.0.2.9"), []
    client.get("/admin/axes/accessattempt/")
    for start, more in ((10, 3), (100, 20)):
        for number in range(more):
            wrong(f"198.51.100.{start + number}", count=1)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/admin/axes/accessattempt/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- of an address --------------------------------------------------------------------------------------------------


@pytest.fixture
def names(settings: Any) -> int:
    """So many wrong names lock an address out."""
    settings.LOGIN_FAILURES_PER_ADDRESS = 8
    return 8


def spray(count: int, address: str = "192.0.2.1") -> list[int]:
    """One wrong password for each of so many names."""
    return [wrong(address, f"name{number}", 1).status_code for number in range(count)]


def test_many_names_from_one_address_lock_it_out(root: User, marta: User, names: int) -> None:
    assert spray(names + 3) == [*[200] * (names - 1), *[429] * 4]
    assert AccessAttempt.objects.count() == names  # what is refused unlooked at writes nothing
    answer = Client(REMOTE_ADDR="192.0.2.1").post(LOGIN, {"username": "root", "password": PASSWORD})
    assert answer.status_code == 429
    page = answer.content.decode()
    assert "nobody can sign in from it until" in page
    until = selectors.address_locked_until("192.0.2.1")
    assert until is not None
    assert until.isoformat() in page
    assert 800 < int(answer["Retry-After"]) <= 900
    assert right(name="marta") == 429
    assert right("192.0.2.2") == 302  # nobody is locked out from elsewhere
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert right() == 302


def test_who_is_signed_in_is_not_touched(root: User, with_password: Password, names: int) -> None:
    authenticator, _ = equip(root)
    half_in = with_password(root)
    spray(names)
    assert half_in.post("/admin/security/verify/", {"token": "000000"}).status_code == 422
    Authenticator.objects.update(throttling_failure_timestamp=None)
    assert half_in.post("/admin/security/verify/", {"token": next_code(authenticator)}).status_code == 302
    assert half_in.get("/admin/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=True):
        answer = half_in.post("/admin/security/confirm/", {"confirm-token": next_code(authenticator)})
        assert answer.status_code == 302


def test_of_ipv6_a_network_is_one_address_and_a_proxy_none(root: User, names: int, settings: Any) -> None:
    for number in range(names):
        answer = wrong(f"2001:db8:1:2::{number + 1}", f"name{number}", 1)
    assert answer.status_code == 429
    assert right("2001:db8:1:2:ffff::1") == 429
    assert right("2001:db8:1:3::1") == 302
    settings.TRUSTED_PROXIES = 1
    for number in range(names):
        answer = wrong("10.0.0.1", f"name{number}", 1, **{"x-forwarded-for": f"6.6.6.{number}, 198.51.100.7"})
    assert answer.status_code == 429
    assert right("10.0.0.1", **{"x-forwarded-for": "7.7.7.7, 198.51.100.7"}) == 429
    assert right("10.0.0.1", **{"x-forwarded-for": "198.51.100.8"}) == 302


def test_a_right_sign_in_in_between_does_not_begin_again(root: User, names: int) -> None:
    """Whoever has a login of their own gets no more guesses at others' by it."""
    assert spray(names - 1) == [200] * (names - 1)
    assert right() == 302
    assert wrong(name="another", count=1).status_code == 429


@pytest.mark.parametrize("way", ["list", "shell"])
def test_an_administrator_unlocks_an_address(
    root: User, marta: User, with_password: Password, names: int, way: str
) -> None:
    spray(names)
    client = with_password(root, "192.0.2.9", confirm=True)
    assert "whole address locked until" in client.get("/admin/axes/accessattempt/").content.decode()
    if way == "list":
        row = AccessAttempt.objects.order_by("pk")[0]
        client.post(f"/admin/axes/accessattempt/{row.pk}/unlock/", {"_form_submitted": "True"})
    else:
        call_command("staff", "unlock-address", "192.0.2.1")
    assert right(name="marta") == 302
    details = AuditEntry.objects.get(action="login.unlocked").details
    assert (details["user"], details["address"]) == ("(any)", "192.0.2.1")


# --- what is written ------------------------------------------------------------------------------------------------


def test_a_flood_writes_little_and_each_failure_is_counted(root: User, marta: User) -> None:
    """From as many addresses as somebody may have, under changing names, known ones among them."""
    start = timezone.now().replace(second=10)
    with time_machine.travel(start, tick=False):
        for number in range(130):
            name = ("root", "marta", f"name{number}")[number % 3]
            wrong(f"2001:db8:{number:x}::1", name, 1, **{"user-agent": "x" * 500})
    assert not AuditEntry.objects.filter(action="login.failed")
    assert Failures.objects.count() <= failures.MOST + 1
    with time_machine.travel(start + timedelta(minutes=1), tick=False):
        wrong("192.0.2.1", "root", 1)  # whoever comes next tells of the minute before
    told = list(AuditEntry.objects.filter(action="login.failed"))
    assert len(told) <= failures.MOST + 1
    assert sum(entry.details["count"] for entry in told) == 130
    assert {entry.details["user"] for entry in told} == {"root", "marta", "(no such user)", failures.OTHERS}
    assert all(start <= entry.at < start + timedelta(minutes=1) for entry in told)
    assert Failures.objects.count() == 1
    with time_machine.travel(start + timedelta(minutes=3), tick=False):
        assert tasks.tell_failures() == 1  # or the worker, when nobody comes
    assert sum(entry.details["count"] for entry in AuditEntry.objects.filter(action="login.failed")) == 131
    assert Schedule.objects.filter(func="apps.staff.tasks.tell_failures").count() == 1


def test_the_same_failure_is_one_row_whatever_else_is_sent(root: User) -> None:
    for number in range(4):
        client = Client(REMOTE_ADDR="192.0.2.1", headers={"user-agent": f"Browser {number}", "accept": "x" * 900})
        client.post(f"{LOGIN}?{'q' * 900}", {"username": "root", "password": "wrong", "more": "m" * 900})
    (row,) = Failures.objects.all()
    assert (row.username, row.address, row.count, row.agent) == ("root", "192.0.2.1", 4, "Browser 0")
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(length(t::text)) FROM axes_accessattempt t")
        assert cursor.fetchone()[0] < 250


def test_names_that_nobody_has_fill_no_table(root: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockout, "MOST_ROWS", 3)
    for number in range(6):
        wrong(f"203.0.113.{number}", f"name{number}", 1)
    assert AccessAttempt.objects.count() == 3
    assert wrong("203.0.113.99").status_code == 429  # a name that somebody has is locked out all the same
