"""Moving every stored secret under the newest key, over kills; and the way on when a key is lost."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Model

from apps.commands.models import Command, CommandSecret
from apps.common.fields import EncryptedBytesField, EncryptedJSONField
from apps.sessions import checks
from apps.sessions.models import Authorization, AuthorizationSecret, Session, SessionStatus
from apps.sessions.services import exports, keys
from apps.signin.models import SignInAttempt, SignInSecret
from tests.kit.accounts import NETWORK, key
from tests.kit.database import database_url
from tgadmin.core.encryption import DecryptionError
from tgadmin.core.errors import UserError
from tgadmin.gateway.accounts.state import load_all

ROOT = Path(__file__).resolve().parent.parent.parent
NEW = "a new key for the secrets at rest 1"
MANY = 1000
PATIENCE = 30.0


def encrypted_fields() -> list[EncryptedJSONField]:
    fields = (field for model in apps.get_models() for field in model._meta.local_fields)
    return [field for field in fields if isinstance(field, EncryptedJSONField)]


def test_every_encrypted_column_is_found() -> None:
    found = {(column.table, column.name) for column in keys.encrypted_columns()}
    binary = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.get_internal_type() == "BinaryField"
    }
    assert found == binary
    assert ("telegram_authorization_secrets", "secret") in found


def test_all_kinds_of_secrets_are_moved_and_nothing_is_done_twice(
    settings: Any, admin: User, account: Callable[..., Session], capsys: pytest.CaptureFixture[str]
) -> None:
    old = settings.SESSION_ENCRYPTION_KEYS[0]
    session = account()
    attempt = SignInAttempt.objects.create(session=session, started_by=admin)
    SignInSecret.objects.create(attempt=attempt, secret={"phone_code_hash": "abc"})
    command = Command.objects.create(session=session, kind="sign_in.code", lane="sign-in:x")
    CommandSecret.objects.create(command=command, secret={"code": "12345"})
    settings.SESSION_ENCRYPTION_KEYS = [NEW, old]
    assert [message.id for message in checks.stored_secrets()] == ["tgadmin.W011"]
    call_command("session", "rekey", "--dry-run", "--json")
    assert json.loads(capsys.readouterr().out) == {"newest": 0, "older": 3, "unreadable": 0}
    call_command("session", "rekey", "--json")
    assert json.loads(capsys.readouterr().out) == {"rekeyed": 3, "already": 0, "unreadable": 0}
    call_command("session", "rekey", "--json")
    assert json.loads(capsys.readouterr().out) == {"rekeyed": 0, "already": 3, "unreadable": 0}
    settings.SESSION_ENCRYPTION_KEYS = [NEW]
    assert checks.stored_secrets() == []
    assert CommandSecret.objects.get().secret == {"code": "12345"}
    assert SignInSecret.objects.get().secret == {"phone_code_hash": "abc"}
    assert AuthorizationSecret.objects.get().secret == key(session.telegram_user_id or 0)


def test_a_lost_key(
    settings: Any, admin: User, account: Callable[..., Session], capsys: pytest.CaptureFixture[str]
) -> None:
    lost, kept = account("Lost"), None
    settings.SESSION_ENCRYPTION_KEYS = [NEW]
    kept = account("Kept")
    with pytest.raises(CommandError, match="1 secrets cannot be read and stay as they are"):
        call_command("session", "rekey", "--json")
    assert json.loads(capsys.readouterr().out) == {"rekeyed": 0, "already": 1, "unreadable": 1}
    assert AuthorizationSecret.objects.defer("secret").count() == 2
    assert "signed in again" in str(checks.stored_secrets()[0].hint)
    call_command("session", "rekey", "--erase-unreadable", "--json")
    assert json.loads(capsys.readouterr().out) == {"erased": 1}
    assert checks.stored_secrets() == []
    lost.refresh_from_db()
    kept.refresh_from_db()
    assert (lost.status, lost.status_code) == (SessionStatus.NEEDS_SIGN_IN, "KEYS_MISSING")
    assert kept.status == SessionStatus.READY


def test_secrets_of_an_earlier_version_are_bound_to_their_rows(
    settings: Any, admin: User, account: Callable[..., Session], capsys: pytest.CaptureFixture[str]
) -> None:
    """It wrote Fernet, bound to no row: not read in that form (it could be anybody's), moved by rekey."""
    session = account()
    attempt = SignInAttempt.objects.create(session=session, started_by=admin)
    SignInSecret.objects.create(attempt=attempt, secret={"phone_code_hash": "abc"})
    old = Fernet(unbound_key(settings.SESSION_ENCRYPTION_KEYS[0]))
    for model, kept in ((AuthorizationSecret, key(session.telegram_user_id or 0)), (SignInSecret, {"dc_id": 2})):
        put(model, model.objects.get().pk, old.encrypt(json.dumps(kept).encode()))
    with pytest.raises(DecryptionError, match="session rekey"):
        _ = AuthorizationSecret.objects.get().secret
    assert [message.id for message in checks.stored_secrets()] == ["tgadmin.E013"]
    call_command("session", "rekey", "--json")
    assert json.loads(capsys.readouterr().out) == {"rekeyed": 2, "already": 0, "unreadable": 0}
    assert checks.stored_secrets() == []
    assert AuthorizationSecret.objects.get().secret == key(session.telegram_user_id or 0)
    assert SignInSecret.objects.get().secret == {"dc_id": 2}


@pytest.mark.parametrize("field", encrypted_fields(), ids=lambda field: field.model._meta.db_table)
def test_a_ciphertext_of_another_row_is_an_error_that_names_the_row(field: EncryptedJSONField) -> None:
    """Every encrypted column there is."""
    model: type[Model] = field.model
    mine: Any = b"mine" if isinstance(field, EncryptedBytesField) else {"mine": 1}
    one, two = model(pk=key_of(model, 1), **{field.name: mine}), model(pk=key_of(model, 2))
    setattr(two, field.name, field.pre_save(one, add=True))
    with pytest.raises(DecryptionError, match=f"{model._meta.db_table}.{field.name} of row {two.pk} cannot be read"):
        getattr(two, field.name)


def test_a_swapped_key_is_not_used_and_told(account: Callable[..., Session], admin: User) -> None:
    one, two = (
        Authorization.objects.get(session=account(name, telegram_user_id=user_id))
        for name, user_id in (("A", 5), ("B", 6))
    )
    put(AuthorizationSecret, two.pk, stored(AuthorizationSecret, one.pk))
    place = f"telegram_authorization_secrets.secret of row {two.pk}"
    with pytest.raises(DecryptionError, match=place):
        _ = AuthorizationSecret.objects.get(pk=two.pk).secret
    with pytest.raises(UserError, match=place):
        exports.export_string(admin, two.session, "a reason of some length")
    (loaded,) = load_all([(two.session_id, two.pk)])
    assert isinstance(loaded, DecryptionError)
    (warning,) = checks.stored_secrets()
    assert (warning.id, place in warning.msg) == ("tgadmin.W014", True)
    assert keys.rekey().unreadable == 1
    assert AuthorizationSecret.objects.get(pk=one.pk).secret == key(one.key_id)


def test_what_was_read_is_written_back_as_it_was(account: Callable[..., Session]) -> None:
    account()
    row = AuthorizationSecret.objects.get()
    before = stored(AuthorizationSecret, row.pk)
    row.save()
    assert stored(AuthorizationSecret, row.pk) == before
    row.secret = dict(row.secret)
    row.save()
    assert stored(AuthorizationSecret, row.pk) != before
    with pytest.raises(TypeError, match="written with its row"):
        AuthorizationSecret.objects.update(secret={"auth_key": ""})


def test_killed_half_way_over_a_thousand_sessions_and_run_again(transactional_db: None, settings: Any) -> None:
    old = settings.SESSION_ENCRYPTION_KEYS[0]
    make_sessions(MANY)
    environment = {**os.environ, "DATABASE_URL": database_url(), "SESSION_ENCRYPTION_KEYS": f"{NEW},{old}"}
    command = [sys.executable, "manage.py", "session", "rekey", "--json"]
    middle = sorted(AuthorizationSecret.objects.values_list("pk", flat=True))[MANY // 2 + keys.BATCH // 2]
    with psycopg.connect(database_url()) as holder:  # the process comes to this row and waits: half of it is done
        holder.execute("SELECT 1 FROM telegram_authorization_secrets WHERE authorization_id = %s FOR UPDATE", [middle])
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            wait_for_a_waiting_query(process)
        finally:
            process.kill()
            process.communicate()
        holder.rollback()
    settings.SESSION_ENCRYPTION_KEYS = [NEW, old]
    half = keys.held()
    assert (half.newest, half.older, half.unreadable) == (MANY // 2, MANY // 2, 0)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"rekeyed": MANY // 2, "already": MANY // 2, "unreadable": 0}
    settings.SESSION_ENCRYPTION_KEYS = [NEW]
    for row in AuthorizationSecret.objects.select_related("authorization"):
        assert row.secret == key(row.authorization.key_id)
    settings.SESSION_ENCRYPTION_KEYS = [old]
    assert keys.held().unreadable == MANY


def key_of(model: type[Model], number: int) -> object:
    assert model._meta.pk is not None
    field = getattr(model._meta.pk, "target_field", model._meta.pk)
    return UUID(int=number) if field.get_internal_type() == "UUIDField" else number


def unbound_key(key: str) -> bytes:
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tgadmin session secrets v1").derive(key.encode())
    return base64.urlsafe_b64encode(raw)


def put(model: type[Model], row: object, token: bytes) -> None:
    assert model._meta.pk is not None
    statement = f"UPDATE {model._meta.db_table} SET secret = %s WHERE {model._meta.pk.column} = %s"
    with connection.cursor() as cursor:
        cursor.execute(statement, [token, row])


def stored(model: type[Model], row: object) -> bytes:
    assert model._meta.pk is not None
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT secret FROM {model._meta.db_table} WHERE {model._meta.pk.column} = %s", [row])
        return bytes(cursor.fetchone()[0])


def make_sessions(count: int) -> None:
    sessions = Session.objects.bulk_create(
        Session(name=f"Account {number}", network=NETWORK, telegram_user_id=number) for number in range(1, count + 1)
    )
    authorizations = Authorization.objects.bulk_create(
        Authorization(session=session, key_id=session.telegram_user_id or 0, dc_id=2) for session in sessions
    )
    AuthorizationSecret.objects.bulk_create(
        AuthorizationSecret(authorization=one, secret=key(one.key_id)) for one in authorizations
    )


def wait_for_a_waiting_query(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
        "AND query LIKE '%telegram_authorization_secrets%FOR UPDATE'"
    )
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            assert process.poll() is None, process.communicate()[1].decode()
            time.sleep(0.02)
    raise AssertionError("the command never came to the row")
