"""What a copy of the database is worth: nothing in it signs anybody in, and sockets know no key either."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from apps.chats.live.hub import hub
from apps.staff.logins import digest_of
from apps.staff.models import Login
from tests.kit.sockets import PATIENCE, Connect, connect
from tests.staff.conftest import PASSWORD, equip, next_code

__all__ = ["connect"]

SIGNED_OUT = 4401


def everything_stored() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, and all that Valkey holds."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            yield from ((table, row[0]) for row in cursor.fetchall())
    with redis.Redis.from_url(settings.REDIS_URL) as cache:
        for key in cache.scan_iter():
            yield "valkey", f"{key!r} {cache.dump(key)!r}"


@pytest.mark.django_db(transaction=True)
def test_no_bearer_secret_lies_in_the_database(root: User) -> None:
    authenticator, codes = equip(root)
    client = Client(REMOTE_ADDR="192.0.2.1")
    client.get("/admin/login/")
    assert client.post("/admin/login/", {"username": "root", "password": PASSWORD}).status_code == 302
    secrets = {"key before the second factor": client.cookies["sessionid"].value}
    token = next_code(authenticator)
    assert client.post("/admin/security/verify/", {"token": token}).status_code == 302
    secrets |= {"key": client.cookies["sessionid"].value, "recovery code": codes[0].replace("-", "")}
    secrets |= {"csrf cookie": client.cookies["csrftoken"].value}
    client.post("/admin/security/confirm/", {"confirm-token": codes[1]})
    assert client.get("/chats/").status_code in (200, 302)
    secrets |= {"used recovery code": codes[1].replace("-", ""), "password": PASSWORD}
    rows = list(everything_stored())
    assert any(table == "staff_logins" for table, _ in rows)
    found = [(name, table) for name, secret in secrets.items() for table, text in rows if secret in text]
    assert not found


@pytest.mark.django_db
def test_what_lies_there_is_no_login(root: User) -> None:
    owner = Client()
    owner.post("/admin/login/", {"username": "root", "password": PASSWORD})
    row = Login.objects.get(user_id=root.pk)
    assert row.session_key == digest_of(owner.cookies["sessionid"].value)
    for stolen in (row.session_key, row.session_key[:32], row.session_data, str(root.pk)):
        thief = Client()
        thief.cookies["sessionid"] = stolen
        answer = thief.get("/admin/")
        assert answer.status_code == 302, stolen
        assert "/admin/login/" in answer["Location"]
    assert owner.get("/admin/").status_code == 200
    # Signing in on a planted key takes none on.
    planted = Client()
    planted.cookies["sessionid"] = "a" * 32
    planted.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert planted.cookies["sessionid"].value != "a" * 32


@pytest.mark.parametrize("way", ["shell", "deactivated", "signed out", "ended"])
@pytest.mark.django_db(transaction=True)
async def test_a_socket_closes_when_its_login_is_good_no_more(connect: Connect, way: str, settings: Any) -> None:
    user = await User.objects.acreate_superuser("root", password=PASSWORD)
    page = await (await connect(user)).hello()
    key = dict(page.communicator.scope["headers"])[b"cookie"].decode().partition("=")[2]
    assert {watcher.login_key for watcher in hub().watchers} == {digest_of(key)}

    def change() -> None:
        if way == "shell":  # as any other way to another password
            user.set_password("another-good-one-2")
            user.save()
        elif way == "deactivated":
            User.objects.update(is_active=False)
        elif way == "signed out":
            client = Client()
            client.cookies["sessionid"] = key
            client.post("/admin/logout/")
        else:
            Login.objects.update(expire_date=user.date_joined)

    await sync_to_async(change)()
    started = time.monotonic()
    closed = await asyncio.wait_for(page.until(lambda frame: False), PATIENCE)
    assert closed["code"] == (4403 if way == "deactivated" else SIGNED_OUT) or closed["code"] == SIGNED_OUT
    assert time.monotonic() - started < PATIENCE
    assert json.dumps(closed)
