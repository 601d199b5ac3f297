"""The sign-in wizard: resumable at its address, one step at a time, nothing for strangers, no secret shown again."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.commands.models import Command, Node
from apps.commands.services import commands
from apps.sessions.models import Session, SessionGrant
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.views import address
from apps.staff.roles import Role
from tests.kit.accounts import key, profile
from tests.signin.signing_in import PHONE, Sent, starter

__all__ = ["starter"]

START = "/admin/tg_sessions/session/sign-in/"
As = Callable[[User], Client]


@pytest.fixture
def client(starter: User, signed_in_as: As) -> Client:
    return signed_in_as(starter)


@pytest.fixture
def running(db: None) -> Node:
    return Node.objects.create(id=uuid.uuid4(), name="gw", host="h", pid=1, pid_started=1.0)


def settle() -> None:
    for command in Command.objects.filter(state__in=commands.OPEN):
        commands.settle(command, Command.State.DONE)


def begun(client: Client) -> SignInAttempt:
    response = client.post(START, {"name": "Support", "phone": PHONE})
    assert response.status_code == 302
    attempt = SignInAttempt.objects.get()
    assert response["Location"] == address(attempt) == f"{START}{attempt.pk}/"
    return attempt


def at_code(client: Client) -> SignInAttempt:
    attempt = begun(client)
    signin.code_sent(attempt.pk, key(), Sent())
    settle()
    return SignInAttempt.objects.get()


def page(client: Client, attempt: SignInAttempt) -> str:
    response = client.get(address(attempt))
    assert response.status_code == 200
    return response.content.decode()


def version(client: Client, attempt: SignInAttempt) -> str:
    return client.get(f"{address(attempt)}status/").json()["version"]


def test_every_step_is_shown_at_one_address(client: Client, running: Node) -> None:
    assert "one-time-code" not in client.get(START).content.decode()
    attempt = begun(client)
    busy = page(client, attempt)
    assert "data-watch" in busy
    assert '<noscript><meta http-equiv="refresh"' in busy
    assert "+49 151 •••• 6789" in busy
    before = version(client, attempt)
    signin.code_sent(attempt.pk, key(), Sent())
    settle()
    assert version(client, attempt) != before
    shown = page(client, attempt)
    for part in (
        "in the Telegram app",
        'autocomplete="one-time-code"',
        'inputmode="numeric"',
        "by SMS",
        'data-seconds="60"',
    ):
        assert part in shown, part
    assert client.post(address(attempt), {"action": "code", "code": "12345"}).status_code == 302
    assert "checks the code" in page(client, attempt)
    signin.password_needed(attempt.pk, key(), "<b>the usual</b>")
    settle()
    shown = page(client, attempt)
    assert "&lt;b&gt;the usual&lt;/b&gt;" in shown
    assert 'type="password"' in shown
    assert client.post(address(attempt), {"action": "password", "password": "hunter2"}).status_code == 302
    signin.signed_in(attempt.pk, key(), profile(username="marta"))
    shown = page(client, attempt)
    for part in ("Marta Lind", "@marta", "Open chats", "data-watch"):
        assert part in shown, part
    status = client.get(f"{address(attempt)}status/").json()
    assert (status["chats"], status["complete"]) == (0, False)
    settle()
    assert client.get(f"{address(attempt)}status/").json()["complete"] is True


def test_secrets_are_never_shown_again(client: Client) -> None:
    attempt = at_code(client)
    client.post(address(attempt), {"action": "code", "code": "98765"})
    signin.step_failed(attempt.pk, "PHONE_CODE_INVALID")
    settle()
    shown = page(client, attempt)
    assert "98765" not in shown
    assert "hash-1" not in shown
    signin.password_needed(attempt.pk, key(), "")
    client.post(address(attempt), {"action": "password", "password": "hunter2"})
    signin.step_failed(attempt.pk, "PASSWORD_HASH_INVALID")
    settle()
    assert "hunter2" not in page(client, attempt)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("PHONE_CODE_INVALID", "not the one"),
        ("PHONE_CODE_EXPIRED", "has expired"),
        ("PHONE_NUMBER_UNOCCUPIED", "No Telegram account exists"),
        ("CONNECTION_FAILED", "did not answer"),
    ],
)
def test_each_error_is_said_on_its_step(client: Client, code: str, message: str) -> None:
    attempt = at_code(client)
    client.post(address(attempt), {"action": "code", "code": "00000"})
    signin.step_failed(attempt.pk, code)
    settle()
    shown = page(client, attempt)
    assert message in shown
    assert code in shown
    assert "Change number" in shown
    assert ("Send a new code" in shown) == (code == "PHONE_CODE_EXPIRED")


def test_a_flood_wait_counts_down_and_blocks_the_step(client: Client) -> None:
    attempt = at_code(client)
    client.post(address(attempt), {"action": "code", "code": "00000"})
    signin.step_failed(attempt.pk, "FLOOD_WAIT", 42)
    settle()
    shown = page(client, attempt)
    assert 'data-seconds="42"' in shown
    assert re.search(r'value="code"\s+data-step\s+disabled>', shown)
    response = client.post(address(attempt), {"action": "code", "code": "12345"})
    assert response.status_code == 422
    assert "asks to wait" in response.content.decode()
    SignInAttempt.objects.update(flood_until=timezone.now() - timedelta(seconds=1))
    assert client.post(address(attempt), {"action": "code", "code": "12345"}).status_code == 302


def test_a_wrong_number_is_refused_on_the_form(client: Client) -> None:
    response = client.post(START, {"name": "", "phone": "0151 234"})
    assert response.status_code == 422
    assert "country code" in response.content.decode()
    assert 'value="0151 234"' in response.content.decode()
    assert not SignInAttempt.objects.exists()


def test_the_number_can_be_mended_after_telegram_refused_it(client: Client) -> None:
    attempt = begun(client)
    signin.step_failed(attempt.pk, "PHONE_NUMBER_BANNED")
    settle()
    shown = page(client, attempt)
    assert "has banned this phone number" in shown
    assert 'value="+4915123456789"' in shown
    client.post(address(attempt), {"action": "phone", "phone": "+49 151 99999999"})
    attempt.refresh_from_db()
    assert (attempt.phone, attempt.busy) == ("4915199999999", True)


def test_cancel_and_start_again(client: Client) -> None:
    attempt = at_code(client)
    assert client.post(address(attempt), {"action": "cancel"}).status_code == 302
    shown = page(client, attempt)
    assert "was cancelled" in shown
    assert "Start again" in shown
    assert "one-time-code" not in shown


def test_it_is_said_when_no_gateway_runs(client: Client, running: Node) -> None:
    attempt = begun(client)
    assert "gateway is not running" not in page(client, attempt)
    before = version(client, attempt)
    Node.objects.update(beat_at=timezone.now() - timedelta(minutes=1))
    assert "gateway is not running" in page(client, attempt)
    assert version(client, attempt) != before


def test_strangers_get_nothing(client: Client, staff: Callable[..., User], signed_in_as: As) -> None:
    attempt = at_code(client)
    for user in (staff("other", "add_account"), staff("nobody")):
        other = signed_in_as(user)
        for path in (address(attempt), f"{address(attempt)}status/"):
            assert other.get(path).status_code == 404
        for action in ("code", "cancel", "resend", "change", "phone", "password"):
            assert other.post(address(attempt), {"action": action, "code": "1"}).status_code == 404
    assert signed_in_as(User.objects.get(username="nobody")).get(START).status_code == 403
    assert Client().get(address(attempt)).status_code == 302
    attempt.refresh_from_db()
    assert attempt.step == SignInStep.CODE


def test_a_forged_form_is_refused(starter: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(starter)
    assert strict.post(START, {"name": "", "phone": PHONE}).status_code == 403
    assert not SignInAttempt.objects.exists()


def test_an_unknown_action_is_refused(client: Client) -> None:
    attempt = at_code(client)
    assert client.post(address(attempt), {"action": "explode"}).status_code == 400
    assert client.get(f"{START}{uuid.uuid4()}/").status_code == 404


def test_signing_in_again_keeps_the_number_masked(
    starter: User, client: Client, account: Callable[..., Session]
) -> None:
    known = account("Known", phone="4915123454063")
    url = f"{START}?method=phone&session={known.pk}"
    assert client.get(url).status_code == 404
    SessionGrant.objects.create(session=known, user=starter, role=Role.OPERATOR)
    assert client.get(url).status_code == 403
    SessionGrant.objects.update(role=Role.MANAGER)
    shown = client.get(url).content.decode()
    assert "+49 151 •••• 4063" in shown
    assert "4915123454063" not in shown
    assert client.post(url, {"phone": ""}).status_code == 302
    attempt = SignInAttempt.objects.get()
    assert (attempt.session, attempt.phone) == (known, known.phone)
    signin.step_failed(attempt.pk, "PHONE_NUMBER_FLOOD")
    assert "4915123454063" not in page(client, attempt)
    for wrong in ("x", "999999", "1; DROP", "-1"):
        assert client.get(START, {"session": wrong}).status_code == 404


def test_the_pages_use_no_inline_script(client: Client) -> None:
    attempt = at_code(client)
    for shown in (page(client, attempt), client.get(reverse("admin:index")).content.decode()):
        assert not re.search(r"<script(?![^>]*\bsrc=)", shown)
        assert not re.search(r"\son[a-z]+=", re.sub(r"x-on:[^\s=]+=", "", shown))
