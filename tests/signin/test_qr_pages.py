"""The QR code's page: shown to whoever drives the sign-in, renewed by a POST, its token nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from apps.commands.models import Command
from apps.commands.services import commands
from apps.sessions.models import Session, SessionEvent, SessionGrant
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.services import cleanup
from apps.signin.views import address
from apps.staff.roles import Role
from tests.kit.accounts import key

START = "/admin/tg_sessions/session/sign-in/"
TOKEN = b"0123456789abcdef"
SHOWN = "MDEyMzQ1Njc4OWFiY2RlZg"
As = Callable[[User], Client]


@pytest.fixture
def starter(staff: Callable[..., User]) -> User:
    return staff("starter", "add_account")


@pytest.fixture
def client(starter: User, signed_in_as: As) -> Client:
    return signed_in_as(starter)


@pytest.fixture
def attempt(client: Client) -> SignInAttempt:
    """A sign-in whose code is shown for minutes."""
    assert client.post(START, {"name": "Support"}).status_code == 302
    found = SignInAttempt.objects.get()
    assert (found.step, found.busy, found.session.name) == (SignInStep.QR, True, "Support")
    show(found)
    return found


def show(attempt: SignInAttempt, token: bytes = TOKEN, seconds: float = 300) -> None:
    for command in Command.objects.filter(state__in=commands.OPEN):
        commands.settle(command, Command.State.DONE)
    signin.token_shown(attempt.pk, key(), token, seconds)
    attempt.refresh_from_db()


def status(client: Client, attempt: SignInAttempt, shown: str = "") -> dict[str, object]:
    return dict(client.get(f"{address(attempt)}status/", {"shown": shown}).json())


def test_the_qr_code_is_the_way_that_is_offered_first(client: Client) -> None:
    page = client.get(START).content.decode()
    assert "Show QR code" in page
    assert "Phone number" in page
    assert 'aria-current="page"><span class="material-symbols-outlined" aria-hidden="true">qr_code_2' in page


def test_shown_and_replaced_in_place(client: Client, attempt: SignInAttempt) -> None:
    page = client.get(address(attempt)).content.decode()
    assert "<svg" in page
    assert SHOWN not in page, "the token is in the picture only"
    first = status(client, attempt)
    qr = dict(first["qr"])  # type: ignore[call-overload]
    assert (qr["renew"], 0 < qr["seconds"] <= 300, "<svg" in qr["svg"]) == (False, True, True)
    assert "svg" not in status(client, attempt, qr["id"])["qr"]  # type: ignore[operator]
    show(attempt, b"another token 16")
    second = status(client, attempt, qr["id"])
    assert second["version"] == first["version"], "the page stays"
    assert dict(second["qr"])["id"] != qr["id"]  # type: ignore[call-overload]


def test_looking_asks_for_nothing_and_pressing_asks_once(client: Client, attempt: SignInAttempt) -> None:
    SignInAttempt.objects.update(token_until=timezone.now() + timedelta(seconds=2))
    asked = Command.objects.count()
    for _ in range(3):
        assert dict(status(client, attempt)["qr"])["renew"]  # type: ignore[call-overload]
        client.get(address(attempt))
    assert Command.objects.count() == asked
    for _ in range(3):
        assert client.post(address(attempt), {"action": "qr"}).status_code == 302
    assert Command.objects.count() == asked + 1
    assert not dict(status(client, attempt)["qr"])["renew"]  # type: ignore[call-overload]


def test_a_code_that_is_good_is_not_replaced(client: Client, attempt: SignInAttempt) -> None:
    asked = Command.objects.count()
    assert client.post(address(attempt), {"action": "qr"}).status_code == 302
    assert Command.objects.count() == asked


def test_telegrams_hint_asks_whatever_is_under_way(client: Client, attempt: SignInAttempt) -> None:
    for _ in range(2):
        signin.token_accepted(attempt.pk)
    assert list(Command.objects.filter(state="queued").values_list("kind", flat=True)) == ["sign_in.qr"] * 2
    signin.cancel(attempt.started_by, SignInAttempt.objects.get())  # type: ignore[arg-type]
    queued = Command.objects.filter(state="queued").count()
    signin.token_accepted(attempt.pk)
    assert Command.objects.filter(state="queued").count() == queued


def test_nobody_else_sees_it(
    client: Client,
    attempt: SignInAttempt,
    staff: Callable[..., User],
    signed_in_as: As,
    account: Callable[..., Session],
) -> None:
    other = signed_in_as(staff("other", "add_account"))
    assert other.get(address(attempt)).status_code == 404
    assert other.get(f"{address(attempt)}status/").status_code == 404
    assert other.post(address(attempt), {"action": "qr"}).status_code == 404
    known = account("Known")
    assert client.post(f"{START}?session={known.pk}", {"method": "qr"}).status_code == 404
    SessionGrant.objects.create(session=known, user=attempt.started_by, role=Role.OPERATOR)
    assert client.post(f"{START}?session={known.pk}", {"method": "qr"}).status_code == 403


def test_two_equal_forms_are_one_sign_in(client: Client, attempt: SignInAttempt) -> None:
    answer = client.post(START, {"name": "Support"})
    assert answer["Location"] == address(attempt)
    assert SignInAttempt.objects.count() == 1
    client.post(START, {"name": "Another"})
    assert SignInAttempt.objects.count() == 2


def test_the_moved_token_is_kept_until_it_is_imported(attempt: SignInAttempt) -> None:
    signin.token_moved(attempt.pk, key(2), TOKEN)
    secret: dict[str, object] = dict(attempt.secret_row.secret)
    assert (secret["login_token"], secret["import_token"], secret["auth_key"]) == (None, SHOWN, key(2)["auth_key"])
    attempt.refresh_from_db()
    assert signin.shown_code(attempt) is None
    signin.password_needed(attempt.pk, key(2), "hint")
    attempt.secret_row.refresh_from_db()
    assert dict(attempt.secret_row.secret)["import_token"] is None


def test_an_abandoned_one_is_ended_by_the_clean_up(attempt: SignInAttempt) -> None:
    SignInAttempt.objects.update(updated_at=timezone.now() - timedelta(days=2))
    assert cleanup.run().abandoned == 1
    attempt.refresh_from_db()
    assert attempt.step == SignInStep.FAILED
    signin.cancelled(attempt.pk)
    assert not SignInAttempt.objects.filter(secret_row__isnull=False).exists()
    assert SessionEvent.objects.filter(kind="sign_in_cancelled").exists()
