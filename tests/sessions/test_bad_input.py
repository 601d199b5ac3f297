"""What nobody types by accident: each gets a clear answer, never a server error."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.sessions.models import Session

HOSTILE = ["%00", "%ED%A0%80", "'%22%3B--", "%3Cscript%3E", "-1", "9" * 40, "٣", "x" * 4000]
PARAMETERS = [
    "q",
    "status__exact",
    "session",
    "owner",
    "o",
    "p",
    "enabled__exact",
    "all",
    "pk",
    "created_by__id__exact",
]


@pytest.fixture
def client(admin: User, signed_in_as: Callable[[User], Client], account: Callable[..., Session]) -> Client:
    account("Support")
    client = signed_in_as(admin)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("model", ["tg_sessions/session", "commands/command", "chats/message", "signin/signinattempt"])
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_addresses_of_lists(client: Client, model: str, parameter: str) -> None:
    for value in HOSTILE:
        response = client.get(f"/admin/{model}/?{parameter}={value}")
        assert response.status_code < 500, (parameter, value)
        assert b"<script>x" not in response.content


@pytest.mark.parametrize("value", [*HOSTILE, "1/2", "..%2F"])
def test_addresses_of_rows(client: Client, value: str) -> None:
    for page in ("change", "history", "disable", "reveal-phone", "log-out", "sign-in-again"):
        response = client.get(f"/admin/tg_sessions/session/{value}/{page}/")
        assert response.status_code < 500, (page, value)


@pytest.mark.parametrize(
    "phone",
    ["1" * 1_000_000, "+49\x00151234567", "\ud800".encode("utf-8", "replace").decode(), "<script>", "+49 151\n\r2345"],
)
def test_phones(client: Client, phone: str) -> None:
    response = client.post("/admin/tg_sessions/session/sign-in/", {"name": "x", "phone": phone})
    assert response.status_code in (302, 422)
    assert b"<script>" not in response.content.replace(b"<script src", b"").replace(b"<script type", b"")


@pytest.mark.parametrize("name", ["\x00", "x" * 1_000_000, "<script>alert(1)</script>"])
def test_names(client: Client, name: str) -> None:
    response = client.post("/admin/tg_sessions/session/sign-in/", {"name": name, "phone": "+49 151 23456789"})
    assert response.status_code in (302, 422)


def test_more_than_a_form_may_hold(client: Client) -> None:
    response = client.post(
        "/admin/tg_sessions/session/sign-in/", {"name": "x" * 3_000_000, "phone": "+49 151 23456789"}
    )
    assert response.status_code == 400


def test_unknown_sign_ins(client: Client) -> None:
    assert client.get(f"/admin/tg_sessions/session/sign-in/{uuid.uuid4()}/").status_code == 404
    assert client.get("/admin/tg_sessions/session/sign-in/1/").status_code < 500
