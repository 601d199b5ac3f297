"""The pages of importing and exporting: files that never touch the disk, rights, what is shown once and to whom."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession, StringSession

from apps.sessions.models import Session, SessionEvent, SessionGrant
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from apps.staff.models import AuditEntry
from apps.staff.roles import Role
from tgadmin.core import session_files

IMPORT = "/admin/tg_sessions/session/import/"
KEY = bytes(range(256))
As = Callable[[User], Client]


@pytest.fixture
def starter(staff: Callable[..., User]) -> User:
    return staff("starter", "add_account")


@pytest.fixture
def client(starter: User, signed_in_as: As) -> Client:
    return signed_in_as(starter)


@pytest.fixture
def text() -> str:
    session = StringSession()
    session.set_dc(2, "149.154.167.51", 443)
    session.auth_key = AuthKey(KEY)
    return str(session.save())


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    session = SQLiteSession(str(tmp_path / "own"))
    session.set_dc(2, "149.154.167.51", 443)
    session.auth_key = AuthKey(KEY)
    session.save()
    session.close()
    return (tmp_path / "own.session").read_bytes()


def begun(client: Client, **fields: object) -> SignInAttempt:
    response = client.post(IMPORT, {"name": "Support", **fields})
    assert response.status_code == 302, response.content.decode()[-3000:]
    attempt = SignInAttempt.objects.get()
    assert (attempt.step, attempt.busy) == (SignInStep.IMPORT, True)
    secret: dict[str, str] = dict(SignInSecret.objects.get().secret)  # type: ignore[call-overload]
    assert base64.b64decode(secret["auth_key"]) == KEY
    page = client.get(response["Location"]).content.decode()
    assert "Trying the session at Telegram" in page
    assert secret["auth_key"][:30] not in page
    return attempt


def test_a_string(client: Client, text: str) -> None:
    begun(client, text=f"  {text}\n")


def test_a_file(client: Client, file: bytes) -> None:
    begun(client, file=SimpleUploadedFile("../../etc/own.session", file))


def test_a_large_file_is_read_in_memory(client: Client, file: bytes, settings: object, tmp_path: Path) -> None:
    """Django's own handler would write what is above 2.5 MB to a temporary file, its key in clear."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "never")  # type: ignore[attr-defined]
    begun(client, file=SimpleUploadedFile("own.session", file + bytes(4 * 2**20)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "one of the two"),
        ({"text": "1abc"}, "damaged or incomplete"),
        ({"text": "hello"}, "no session string"),
        ({"file": SimpleUploadedFile("a.session", b"SQLite format 3\x00" + bytes(2000))}, "damaged"),
        ({"file": SimpleUploadedFile("a.session", b"")}, "no session string"),
        ({"file": SimpleUploadedFile("a.session", b"\xff" * 3000)}, "neither"),
        ({"text": "1abc", "file": SimpleUploadedFile("a.session", b"x")}, "one of the two"),
    ],
)
def test_what_is_no_session_is_refused_and_not_shown_again(
    client: Client, fields: dict[str, object], message: str
) -> None:
    response = client.post(IMPORT, fields)
    assert response.status_code == 422
    assert message in response.content.decode()
    assert "1abc" not in response.content.decode()
    assert not SignInAttempt.objects.exists()


def test_too_large(client: Client) -> None:
    big = SimpleUploadedFile("a.session", bytes(session_files.MAX_FILE + 1))
    assert client.post(IMPORT, {"file": big}).status_code in (400, 413)


def test_rights_and_the_token(
    staff: Callable[..., User],
    signed_in_as: As,
    client: Client,
    starter: User,
    account: Callable[..., Session],
    text: str,
) -> None:
    assert signed_in_as(staff("nobody")).post(IMPORT, {"text": text}).status_code == 403
    assert Client().post(IMPORT, {"text": text}).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(starter)
    assert strict.post(IMPORT, {"text": text}).status_code == 403
    known = account("Known")
    assert client.get(f"{IMPORT}?session={known.pk}").status_code == 404
    SessionGrant.objects.create(session=known, user=starter, role=Role.OPERATOR)
    assert client.post(f"{IMPORT}?session={known.pk}", {"text": text}).status_code == 403
    assert not SignInAttempt.objects.exists()


def test_a_failure_is_told_and_leaves_nothing(client: Client, text: str) -> None:
    attempt = begun(client, text=text)
    signin.import_failed(attempt.pk, "AUTH_KEY_UNREGISTERED")
    assert not SignInSecret.objects.exists()
    page = client.get(f"/admin/tg_sessions/session/sign-in/{attempt.pk}/").content.decode()
    assert "AUTH_KEY_UNREGISTERED" in page
    assert IMPORT in page


def test_the_export_needs_its_right_a_manager_and_a_reason(
    starter: User, client: Client, account: Callable[..., Session]
) -> None:
    session = account("Support")
    url = reverse("admin:tg_sessions_session_export", args=(session.pk,))
    grant = SessionGrant.objects.create(session=session, user=starter, role=Role.MANAGER)
    given = {"reason": "moves to another house"}

    def post(**fields: str) -> tuple[int, str]:
        answer = client.post(url, {"_form_submitted": "True", **fields}, follow=True)
        return answer.status_code, answer.content.decode()

    assert post(**given)[0] == 403
    starter.user_permissions.add(Permission.objects.get(codename="export_session"))
    SessionGrant.objects.update(role=Role.OPERATOR)
    assert post(**given)[0] == 403
    SessionGrant.objects.update(role=Role.MANAGER)
    assert "1AgAAAA" not in post(reason="no")[1]
    assert not SessionEvent.objects.filter(kind="exported").exists()
    status, body = post(**given)
    assert status == 200
    text = body.split("<code>")[1].split("</code>")[0]
    assert StringSession(text).dc_id == 2
    event = SessionEvent.objects.get(kind="exported")
    assert (event.user, event.detail) == (starter, given)
    entry = AuditEntry.objects.get(action="session.exported")
    assert (entry.details, text in str(entry.__dict__)) == (given, False)
    page = client.get(f"/admin/tg_sessions/session/{session.pk}/change/").content.decode()
    assert text not in page
    assert "moves to another house" in page
    grant.delete()
    assert post(**given)[0] in (403, 404)
