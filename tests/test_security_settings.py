"""What the configuration makes of a production installation, and the names that its owner looks for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ, Schedule

from apps.chats.models import Chat
from apps.sessions.models import Session, SessionEvent
from tests.kit import world
from tests.kit.confirmed import confirmed
from tests.kit.running import ROOT, bare_environment

PRODUCTION = {
    "SECRET_KEY": "k" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz",
    "SESSION_ENCRYPTION_KEYS": "e" * 40,
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "ALLOWED_HOSTS": "tg.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://tg.example.org",
    "TELEGRAM_API_ID": "1",
    "TELEGRAM_API_HASH": "0" * 32,
    "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
}
LOOK = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
page = Client().get("/admin/login/", headers={"host": "tg.example.org", "x-forwarded-proto": "https"})
print(json.dumps({
    "debug": settings.DEBUG,
    "cookies": [settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY],
    "sent": bool(page.cookies["csrftoken"]["secure"]),
    "foreign": Client().get("/admin/login/", headers={"host": "localhost"}).status_code,
    "keys": settings.SESSION_ENCRYPTION_KEYS == ["e" * 40],
}))
"""


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
        env=bare_environment(DJANGO_SETTINGS_MODULE="tgadmin.settings", **environment),
    )  # fmt: skip


def test_behind_tls_cookies_are_secure_and_other_hosts_refused() -> None:
    done = python("-c", LOOK, **PRODUCTION)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts == {"debug": False, "cookies": [True, True, True], "sent": True, "foreign": 400, "keys": True}


def test_the_deployment_check_finds_nothing() -> None:
    done = python("manage.py", "check", "--deploy", "--fail-level", "DEBUG", **PRODUCTION)
    assert done.returncode == 0, done.stderr
    # Silenced is the preload list of browsers: for the domain's owner to decide (docs/configuration.md).
    assert done.stdout.strip() == "System check identified no issues (1 silenced).", done.stderr


HTTPS_LOOK = """
import json, django
django.setup()
from django.test import Client
plain = Client().get("/admin/login/", headers={"host": "tg.example.org"})
alive = Client().get("/healthz", headers={"host": "tg.example.org"})
page = Client().get("/admin/login/", headers={"host": "tg.example.org", "x-forwarded-proto": "https"})
print(json.dumps([plain.status_code, plain.get("Location"), alive.status_code, page["Strict-Transport-Security"]]))
"""


def test_behind_tls_browsers_are_told_to_come_by_https_only() -> None:
    done = python("-c", HTTPS_LOOK, **PRODUCTION)
    assert done.returncode == 0, done.stderr
    expected = [301, "https://tg.example.org/admin/login/", 200, f"max-age={30 * 86400}; includeSubDomains"]
    assert json.loads(done.stdout) == expected
    done = python("-c", HTTPS_LOOK, **PRODUCTION, HSTS_DAYS="365", HSTS_SUBDOMAINS="0", REDIRECT_TO_HTTPS="0")
    assert json.loads(done.stdout) == [200, None, 200, f"max-age={365 * 86400}"]


@pytest.mark.django_db
def test_the_owner_finds_his_names() -> None:
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        assert {"telegram_sessions", "telegram_chats"} <= tables
        cursor.execute(
            "SELECT data_type, column_default, is_nullable FROM information_schema.columns"
            " WHERE table_name = 'telegram_chats' AND column_name = 'last_message_at'"
        )
        kind, default, nullable = cursor.fetchone()
        assert (kind, nullable) == ("timestamp with time zone", "NO")
        assert default in ("now()", "statement_timestamp()", "CURRENT_TIMESTAMP")
        indexes = connection.introspection.get_constraints(cursor, "telegram_chats").values()
    assert any(one["index"] and one["columns"] == ["last_message_at"] for one in indexes)
    session = world.make_session()
    chat = Chat.objects.create(session=session, peer_id=5, kind="user")
    assert abs(Chat.objects.get(pk=chat.pk).last_message_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("root", password="root-password-1")


@pytest.mark.django_db
def test_what_is_kept_about_deeds_names_no_phone_and_no_secret(admin: User, settings: Any) -> None:
    """The admin's log, the timeline, the tasks' arguments: after all that a manager does on an account's page."""
    settings.TELEGRAM_NETWORK = "dc-test"
    session = world.make_session("Support")
    client = Client()
    client.force_login(admin)
    confirmed(client)
    address = f"/admin/tg_sessions/session/{session.pk}"
    helper = User.objects.create_user("helper", password="x", is_staff=True)
    form = {
        "name": "Renamed", "grants-TOTAL_FORMS": 1, "grants-INITIAL_FORMS": 0,
        "grants-0-user": helper.pk, "grants-0-role": 2, "grants-0-session": session.pk, "grants-0-id": "",
    }  # fmt: skip
    assert client.post(f"{address}/change/", form).status_code == 302
    for deed in ("reveal-phone", "disable", "enable", "check", "log-out"):
        assert client.post(f"{address}/{deed}/", {"_form_submitted": "True"}).status_code in (200, 302), deed
    sign_in = client.post(f"/admin/tg_sessions/session/sign-in/?session={session.pk}", {"phone": ""})
    assert sign_in.status_code == 302
    kept = [f"{row.object_repr} {row.change_message}" for row in LogEntry.objects.all()]
    kept += [f"{row.kind} {row.code} {row.detail}" for row in SessionEvent.objects.all()]
    kept += [str(row.task) for row in OrmQ.objects.all()]
    kept += [f"{row.func} {row.args} {row.kwargs}" for row in Schedule.objects.all()]
    assert len(kept) > 8
    assert session.phone
    for line in kept:
        assert session.phone[-4:] not in line, line
    assert Session.objects.get().phone == session.phone


@pytest.mark.parametrize("where", ["/chats/{session}/", "/chats/{session}/{chat}/", "/admin/", "/admin/chats/chat/"])
@pytest.mark.django_db
def test_no_page_costs_more_for_more_accounts(admin: User, where: str) -> None:
    client = Client()
    client.force_login(admin)
    chat = world.make_chat(world.make_session("First"), "Anna")
    address, counts = where.format(session=chat.session_id, chat=chat.pk), []
    client.get(address)
    for more in (3, 30):
        for number in range(more):
            world.make_chat(world.make_session(f"Account {more} {number}"), "Anna", unread_count=1)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], [query["sql"][:120] for query in queries.captured_queries]
