"""What anybody may send to an address: bytes that no database holds, numbers without end, foreign forms and hosts.

Each is answered clearly, under the content security policy, and never by a server error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from apps.chats.models import Chat
from apps.sessions.models import Session
from apps.staff.logins import digest_of
from apps.staff.models import Login
from tests.kit import world
from tests.kit.confirmed import confirmed

pytestmark = pytest.mark.django_db

NUMBER = "9" * 5000
"""More digits than Python turns into a number."""
HOSTILE = ("%00", "a%00b", NUMBER, "-1", "99999999999999999999", "%ED%A0%80", "%D9%A3", "'%22%3B--", "%3Cscript%3E")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("canary-in-an-exception")


urlpatterns = [path("broken/", broken), path("", include("tgadmin.urls"))]


@pytest.fixture
def session() -> Session:
    return world.make_session()


@pytest.fixture
def chat(session: Session) -> Chat:
    chat = world.make_chat(session, "Anna Kowalska")
    world.make_message(chat, 1, "hello")
    return chat


@pytest.fixture
def client(session: Session) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("root", password="root-password-1"))
    return confirmed(client)


QUERIES = (
    "/admin/chats/chat/?session={}",
    "/admin/chats/message/?q={}",
    "/admin/chats/chat/?p={}&o={}&all={}",
    "/admin/tg_sessions/session/?owner={}",
    "/admin/tg_sessions/session/sign-in/?session={}",
    "/admin/signin/signinattempt/?step__exact={}&session={}",
    "/admin/autocomplete/?app_label=chats&model_name=chat&field_name=session&term={}",
    "/admin/autocomplete/?app_label={}&model_name={}&field_name={}",
    "/admin/search/?s={}",
    "/admin/auth/user/?q={}&is_staff__exact={}",
    "/admin/login/?next={}",
    "/chats/{session}/list/?q={}",
    "/chats/{session}/list/?tab={}",
    "/chats/{session}/list/?after={}",
    "/chats/{session}/list/?after=2026-01-01T00:00:00%2B00:00,{}",
    "/chats/{session}/{chat}/history/?before={}",
    "/chats/{session}/{chat}/history/?around={}",
)
PATHS = (
    "/{}",
    "/chats/{}/",
    "/chats/{}/list/",
    "/chats/{session}/{}/",
    "/chats/{session}/{}/history/",
    "/static/{}",
    "/admin/{}/",
    "/admin/r/{}/{}/",
    "/admin/chats/chat/{}/change/",
    "/admin/chats/chat/{}/history/",
    "/admin/tg_sessions/session/{}/change/",
    "/admin/tg_sessions/session/{}/log-out/",
    "/admin/tg_sessions/session/{}/reveal-phone/",
    "/admin/commands/node/{}/change/",
    "/admin/tg_sessions/session/sign-in/{}/",
    "/admin/auth/user/{}/password/",
    "/admin/django_q/failure/{}/change/",
)


@pytest.mark.parametrize("address", [*QUERIES, *PATHS])
def test_hostile_addresses_are_refused_and_break_nothing(client: Client, chat: Chat, address: str) -> None:
    where = address.replace("{session}", str(chat.session_id)).replace("{chat}", str(chat.pk))
    for value in HOSTILE:
        response = client.get(where.replace("{}", value))
        assert response.status_code < 500, value[:30]
        assert "Content-Security-Policy" in response
        assert b"<script>" not in response.content or response["Content-Type"] == "application/json"
        if "%00" in value:
            assert response.status_code == 400


@pytest.mark.parametrize(
    "cookie", ['"\\000aaaaaaaaaa"', '"\\377\\376aaaaaaaa"', "a" * 5000, '"; DROP TABLE"', "é" * 10]
)
def test_a_login_cookie_that_none_of_ours_can_be_is_no_login(client: Client, chat: Chat, cookie: str) -> None:
    stranger = Client(raise_request_exception=False)
    for page in ("/admin/", "/chats/", "/admin/login/"):
        response = stranger.get(page, headers={"cookie": f"sessionid={cookie}; csrftoken={cookie}"})
        assert response.status_code in (200, 302), page
    assert client.get("/chats/", follow=True).status_code == 200


ADDRESSES_OF_FORMS = (
    "/admin/login/",
    "/admin/logout/",
    "/admin/password_change/",
    "/admin/auth/user/add/",
    "/admin/tg_sessions/session/sign-in/",
    "/admin/tg_sessions/session/demo/start/",
    "/admin/tg_sessions/session/demo/remove/",
    "/admin/tg_sessions/session/{session}/change/",
    "/admin/tg_sessions/session/{session}/log-out/",
    "/admin/tg_sessions/session/{session}/disable/",
    "/admin/tg_sessions/session/{session}/reveal-phone/",
)


@pytest.mark.parametrize("address", ADDRESSES_OF_FORMS)
def test_forged_forms_are_refused(client: Client, session: Session, address: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    strict.get("/admin/login/?again")
    where = address.replace("{session}", str(session.pk))
    token = strict.get("/admin/password_change/").cookies["csrftoken"].value
    for form, origin in (
        ({}, None),
        ({"csrfmiddlewaretoken": "x" * 64}, None),
        ({"csrfmiddlewaretoken": token}, "https://evil.example"),
        ({"csrfmiddlewaretoken": token}, "null"),
    ):
        response = strict.post(
            where, form | {"_form_submitted": "True"}, headers={"origin": origin} if origin else None
        )
        assert response.status_code == 403, (form, origin)
        assert b"Nothing was changed" in response.content
    session.refresh_from_db()
    assert session.enabled


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:80@evil.example", ""])
def test_foreign_hosts_are_refused(client: Client, host: str) -> None:
    for page in ("/", "/admin/", "/admin/login/", "/healthz"):
        assert client.get(page, headers={"host": host}).status_code == 400
        response = client.get(page, headers={"x-forwarded-host": "evil.example"})
        assert "evil.example" not in response.content.decode() + response.get("Location", "")


@pytest.mark.parametrize(
    "target",
    ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil.example"],
)
def test_nobody_is_sent_elsewhere(client: Client, target: str) -> None:
    stranger = Client()
    form = {"username": "root", "password": "root-password-1", "next": target}
    response = stranger.post("/admin/login/", form)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/admin/login/", {"next": target})["Location"] == "/admin/"
    for page in (f"/{target}", f"//evil.example/{target}", "//evil.example/admin"):
        assert not client.get(page).get("Location", "/").startswith(("//", "http", "/\\", "java"))


def _pages(chat: Chat) -> list[str]:
    return [
        "/admin/login/",
        "/admin/",
        "/admin/nowhere/",
        "/admin/tg_sessions/session/",
        "/admin/tg_sessions/session/add/",
        f"/admin/tg_sessions/session/{chat.session_id}/change/",
        "/admin/tg_sessions/session/sign-in/",
        f"/chats/{chat.session_id}/{chat.pk}/",
        f"/chats/{chat.session_id}/{chat.pk}/history/",
        "/chats/9/9/",
        "/nowhere",
        "/%00",
        "/healthz",
        "/readyz",
        "/broken/",
        "/static/common/app.css",
    ]


@override_settings(ROOT_URLCONF="tests.test_security_http")
def test_every_page_has_its_headers_and_no_inline_code(client: Client, chat: Chat) -> None:
    for page in _pages(chat):
        response = client.get(page)
        policy = response["Content-Security-Policy"]
        for part in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert part in policy, page
        assert "'unsafe-inline'" not in re.search(r"script-src[^;]*", policy)[0]  # type: ignore[index]
        assert ("unsafe" in policy) == (page.startswith("/admin/") and response.status_code != 400), page
        assert response.streaming or response["X-Frame-Options"] == "DENY"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Referrer-Policy"] == "same-origin"
        if not response.streaming and "html" in response["Content-Type"]:
            shown = response.content.decode()
            assert not re.search(r"<script(?![^>]*\b(src=|application/json))", shown), page
            assert not re.search(r"\son[a-z]+=", re.sub(r"(x-on|@|:on)[^\s=]+=", "", shown)), page
            if "unsafe" not in policy:
                assert not re.search(r"<style|\sstyle=", shown), page


@override_settings(ROOT_URLCONF="tests.test_security_http")
@pytest.mark.parametrize(
    ("where", "status", "message"),
    [
        ("/nowhere", 404, "There is nothing here"),
        ("/%00", 400, "That cannot be asked"),
        ("/admin/tg_sessions/session/add/", 403, "That is not for you"),
        ("/broken/", 500, "Something failed here"),
    ],
)
def test_error_pages_say_what_to_do_and_nothing_else(client: Client, where: str, status: int, message: str) -> None:
    response = client.get(where)
    shown = response.content.decode()
    assert response.status_code == status
    assert message in shown
    for leak in ("Traceback", "canary", "RuntimeError", "Exception", "settings", "/site-packages/", "NUL in"):
        assert leak not in shown


def test_static_files_are_those_of_the_project_only(client: Client) -> None:
    assert client.get("/static/common/app.css").status_code == 200
    for tail in ("../tgadmin/settings.py", "%2e%2e/manage.py", "..%2f..%2fetc/passwd", "/etc/passwd", "common/", "."):
        assert client.get(f"/static/{tail}").status_code in (400, 404), tail


def test_cookies_are_kept_from_scripts_and_other_sites(client: Client) -> None:
    stranger = Client()
    response = stranger.post("/admin/login/", {"username": "root", "password": "root-password-1"})
    cookie = response.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["domain"]) == (True, "Lax", "")
    before = digest_of(cookie.value)
    assert Login.objects.filter(pk=before).exists()
    stranger.post("/admin/logout/")
    assert not Login.objects.filter(pk=before).exists()


@pytest.mark.parametrize(
    "text", ["\x00", "a\x00b", "x" * 1_000_000, "<script>alert(1)</script>", "\u202e\u2028", "\x1b[31m"]
)
def test_hostile_text_in_forms(client: Client, session: Session, text: str) -> None:
    forms: dict[str, dict[str, Any]] = {
        "/admin/login/": {"username": text, "password": text, "next": text},
        "/admin/auth/user/add/": {"username": text, "password1": text, "password2": text, "usable_password": "true"},
        "/admin/password_change/": {"old_password": text, "new_password1": text, "new_password2": text},
        "/admin/tg_sessions/session/sign-in/": {"name": text, "phone": text},
        f"/admin/tg_sessions/session/{session.pk}/change/": {
            "name": text,
            "grants-TOTAL_FORMS": text[:100],
            "grants-INITIAL_FORMS": text[:100],
        },
        f"/admin/tg_sessions/session/{session.pk}/disable/": {"_form_submitted": text, "x": text},
        "/admin/chats/chat/": {"action": text, "_selected_action": text},
    }
    for where, form in forms.items():
        response = client.post(where, form)
        assert response.status_code < 500, where
        assert b"<script>alert" not in response.content


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> Callable[..., None] | None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return None
