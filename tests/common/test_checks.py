"""System checks: wrong or missing configuration stops the start and names the variable, never its value."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.checks import run_checks
from django.db import connection

from apps.common import checks
from apps.sessions.models import Session

ROOT = Path(__file__).resolve().parents[2]
SHORT = "0123456789"
LONG = "x" * 48


def messages(tag: str = checks.TAG) -> list[str]:
    return [f"{message.msg}" for message in run_checks(tags=[tag], databases=["default"])]


def test_a_sound_configuration_has_nothing_to_say() -> None:
    assert messages() == []


@pytest.mark.parametrize("key", ["", SHORT])
def test_secret_key(settings: Any, key: str) -> None:
    settings.SECRET_KEY = key
    assert ["SECRET_KEY" in message for message in messages()] == [True]


@pytest.mark.parametrize("keys", [[], [SHORT], [LONG, SHORT]])
def test_encryption_keys(settings: Any, keys: list[str]) -> None:
    settings.SESSION_ENCRYPTION_KEYS = keys
    found = messages()
    assert len(found) == 1
    assert "SESSION_ENCRYPTION_KEYS" in found[0]
    assert SHORT not in found[0]


@pytest.mark.parametrize(
    ("number", "secret", "named"),
    [
        (5, "", "TELEGRAM_API_HASH is not set"),
        (0, "a" * 32, "TELEGRAM_API_ID is not set"),
        (-1, "a" * 32, "TELEGRAM_API_ID is not a number"),
        (5, "not-a-hash", "TELEGRAM_API_HASH is not 32"),
    ],
)
def test_api_id_and_hash_belong_together(settings: Any, number: int, secret: str, named: str) -> None:
    settings.TELEGRAM_API_ID, settings.TELEGRAM_API_HASH = number, secret
    found = messages()
    assert len(found) == 1
    assert named in found[0]


@pytest.mark.parametrize(
    "address", ["127.0.0.1:443", "2@host", "2@:443", "0@host:443", "2@host:99999", "x@host:1", "2@a b:1"]
)
def test_the_data_centres_address(settings: Any, address: str) -> None:
    settings.TELEGRAM_DC = address
    assert ["TELEGRAM_DC is not" in message for message in messages()] == [True]


@pytest.mark.parametrize("address", ["2@149.154.167.40:443", "1@localhost:1", "3@[2001:67c:4e8::]:443"])
def test_good_addresses_of_data_centres(settings: Any, address: str) -> None:
    settings.TELEGRAM_DC = address
    assert messages() == []


def pem(key: Any) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_the_data_centres_public_key(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    settings.TELEGRAM_DC, settings.TELEGRAM_DC_PUBLIC_KEY = "2@localhost:443", str(path)
    assert ["cannot be read" in message for message in messages()] == [True]
    for wrong in (b"", b"hello", pem(ec.generate_private_key(ec.SECP256R1()))):
        path.write_bytes(wrong)
        assert ["no RSA public key" in message for message in messages()] == [True]
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for right in (pem(key), key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)):
        path.write_bytes(right)
        assert messages() == []
    settings.TELEGRAM_DC = ""
    assert ["TELEGRAM_DC is not" in message for message in messages()] == [True]


@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")  # that is what is tried
def test_only_postgresql(settings: Any) -> None:
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}
    assert ["DATABASE_URL" in message for message in messages()] == [True]


def test_an_old_postgresql_is_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert messages("database") == []
    monkeypatch.setitem(connection.__dict__, "pg_version", 140011)
    found = messages("database")
    assert len(found) == 1
    assert "PostgreSQL 14" in found[0]


def test_keys_that_do_not_decrypt_what_is_stored(
    settings: Any, account: Callable[..., Session], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = settings.SESSION_ENCRYPTION_KEYS[0], LONG
    account("One")
    settings.SESSION_ENCRYPTION_KEYS = [new, old]
    account("Two")
    assert messages("database") == ["SESSION_ENCRYPTION_KEYS: 1 of 2 stored secrets are still under an older key."]
    settings.SESSION_ENCRYPTION_KEYS = [new]
    assert messages("database") == ["SESSION_ENCRYPTION_KEYS decrypts 1 of 2 stored secrets."]
    assert messages() == [], "an ordinary command does not read the secrets"
    settings.PROCESS = "gateway"
    assert messages() == ["SESSION_ENCRYPTION_KEYS decrypts 1 of 2 stored secrets."]
    with pytest.raises(SystemExit) as end:
        checks.stop_if_unsound()
    assert end.value.code == 1
    assert "SESSION_ENCRYPTION_KEYS" in capsys.readouterr().err


def test_stop_if_unsound_lets_a_sound_one_pass(db: None, settings: Any) -> None:
    settings.PROCESS = "web"
    checks.stop_if_unsound()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", ""),
        ("SESSION_ENCRYPTION_KEYS", SHORT),
        ("TELEGRAM_API_ID", "abc"),
        ("TELEGRAM_DC", "nonsense"),
        ("DATABASE_URL", "sqlite:///db.sqlite3"),
    ],
)
@pytest.mark.parametrize("command", [["manage.py", "qcluster"], ["-c", "import tgadmin.asgi"]])
def test_processes_do_not_start(variable: str, value: str, command: list[str]) -> None:
    environment = {**os.environ, variable: value}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert variable in done.stderr
    assert not value or value not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("address", "wrong"), [("192.0.2.7", False), ("::1", False), ("eth0", True)])
def test_source_address(settings: Any, address: str, wrong: bool) -> None:
    settings.TELEGRAM_LOCAL_ADDRESS = address
    assert ["TELEGRAM_LOCAL_ADDRESS" in message for message in messages()] == [True] * wrong
