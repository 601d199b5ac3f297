"""While a password is hashed, its request holds no database connection: the pool has one, and others use it.

Few are hashed at a time; who waits for long, or finds too many waiting, is told so, and staff's pages come as ever.
"""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, check_password, make_password
from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.staff import hashers
from tests.database.kit import Stage, running
from tests.kit.waiting import eventually
from tests.kit.web import cookie_of

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "t" * 32
OLD, NEW = "an old password 1", "a new password 2"
FLOWS = {
    "sign-in": ("/admin/login/", {"username": "root", "password": OLD, "next": "/admin/"}, False),
    "wrong password": ("/admin/login/", {"username": "root", "password": NEW}, False),
    "unknown name": ("/admin/login/", {"username": "nobody", "password": NEW}, False),
    "own password": (
        "/admin/password_change/", {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}, True,
    ),
    "new colleague": (
        "/admin/auth/user/add/",
        {"username": "new", "password1": NEW, "password2": NEW, "usable_password": "true"},
        True,
    ),
    "colleague's password": (
        "/admin/auth/user/{anna}/password/", {"password1": NEW, "password2": NEW, "usable_password": "true"}, True,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[tuple[Stage, Path]]:
    """A process with a single connection, and the file for whose life hashing takes."""
    folder = tmp_path_factory.mktemp("small")
    with running(Stage, folder, DATABASE_CONNECTIONS="3") as stage:
        yield stage, folder / "hashes"


def post(stage: Stage, path: str, form: dict[str, str], cookie: str) -> tuple[int, dict[str, str]]:
    conn = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=60)
    headers = {"Cookie": f"csrftoken={TOKEN}; {cookie}", "Content-Type": "application/x-www-form-urlencoded"}
    conn.request("POST", path, urllib.parse.urlencode(form | {"csrfmiddlewaretoken": TOKEN}), headers)
    answer = conn.getresponse()
    answer.read()
    conn.close()
    return answer.status, dict(answer.getheaders())


@pytest.mark.parametrize("flow", FLOWS)
def test_no_connection_is_held_meanwhile(small: tuple[Stage, Path], flow: str, transactional_db: None) -> None:
    stage, file = small
    root = User.objects.create_superuser("root")
    anna = User.objects.create_user("anna", is_staff=True)
    User.objects.filter(pk=root.pk).update(password=MD5PasswordHasher().encode(OLD, "a" * 22))
    path, form, signed_in = FLOWS[flow]
    root.refresh_from_db()
    cookie, reader = cookie_of(root) if signed_in else "", cookie_of(anna)
    begun = file.with_suffix(".begun")
    begun.unlink(missing_ok=True)
    stage.ask("forget")
    file.touch()
    try:
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(post, stage, path.format(anna=anna.pk), form, cookie)
            eventually(lambda: begun.exists() or asked.done(), 40, "hashing begins")
            assert not asked.done(), asked.result()
            assert stage.get("/chats/", reader)[0] == 200
            assert stage.is_whole()
            file.unlink()
            assert asked.result()[0] == (200 if flow in ("wrong password", "unknown name") else 302)
    finally:
        file.unlink(missing_ok=True)
    eventually(stage.is_whole, 20, "the pool is whole")


def test_too_many_are_told_so_and_staff_go_on(small: tuple[Stage, Path], transactional_db: None) -> None:
    stage, file = small
    reader = cookie_of(User.objects.create_user("anna", is_staff=True))
    file.touch()
    try:
        with ThreadPoolExecutor(40) as threads:
            form = {"username": "nobody", "password": NEW}
            asked = [threads.submit(post, stage, "/admin/login/", form, "") for _ in range(40)]
            surplus = 40 - hashers.AT_ONCE - hashers.WAITING
            eventually(lambda: sum(one.done() for one in asked) >= surplus, 40, "the surplus is refused at once")
            assert stage.get("/chats/", reader)[0] == 200
            eventually(lambda: sum(one.done() for one in asked) >= 40 - hashers.AT_ONCE, 40, "nobody waits for ever")
            file.unlink()
            answers = [one.result() for one in asked]
    finally:
        file.unlink(missing_ok=True)
    refused = [headers for status, headers in answers if status == 503]
    assert len(refused) == 40 - hashers.AT_ONCE
    assert {headers["Retry-After"] for headers in refused} <= {"5", "2"}
    eventually(stage.is_whole, 20, "the pool is whole")


def test_what_was_prepared_is_taken_once_and_only_for_its_password(transactional_db: None) -> None:
    with hashers.prepared(NEW), transaction.atomic():
        assert connection.in_atomic_block
        other, first, second = make_password(OLD), make_password(NEW), make_password(NEW)
    assert first != second
    assert check_password(NEW, first)
    assert check_password(NEW, second)
    assert check_password(OLD, other)
    assert not check_password(OLD, first)


@pytest.mark.parametrize("hasher", [hashers.PBKDF2, hashers.PBKDF2SHA1, hashers.Scrypt])
def test_passwords_that_django_stored_are_read(hasher: type, transactional_db: None) -> None:
    theirs = next(base for base in hasher.__mro__ if base.__module__ == "django.contrib.auth.hashers")()
    stored = theirs.encode(OLD, "a" * 22)
    with hashers.prepared(OLD):
        assert check_password(OLD, stored)
        assert not check_password(NEW, stored)


def test_every_hasher_is_one_of_ours() -> None:
    """A hasher that is set in their place would hold connections again."""
    from django.utils.module_loading import import_string

    from tgadmin import settings

    assert all(issubclass(import_string(path), hashers._Hasher) for path in settings.PASSWORD_HASHERS)
