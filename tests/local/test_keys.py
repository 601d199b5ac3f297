"""Keys made once: never a new one where an old one is needed."""

import stat

import pytest

from tgadmin.local import keys
from tgadmin.local.errors import LocalError
from tgadmin.local.paths import DataDir


def test_made_once_and_kept(data: DataDir) -> None:
    said: list[str] = []
    first = keys.keys(data, {}, said.append)
    assert len(said) == 1
    assert str(data.keys) in said[0]
    assert "signed in again" in said[0]
    assert set(first) == {"SECRET_KEY", "SESSION_ENCRYPTION_KEYS"}
    assert all(len(value) >= 50 for value in first.values())
    assert first["SECRET_KEY"] != first["SESSION_ENCRYPTION_KEYS"]
    assert stat.S_IMODE(data.keys.stat().st_mode) == 0o600
    assert keys.keys(data, {}, said.append) == first
    assert len(said) == 1, "said at the first start only"


def test_the_environment_comes_first_and_is_not_kept(data: DataDir) -> None:
    given = {"SECRET_KEY": "given-secret", "SESSION_ENCRYPTION_KEYS": "given-keys"}
    assert keys.keys(data, given) == given
    assert not data.keys.exists()


def test_no_new_encryption_key_beside_an_old_database(data: DataDir) -> None:
    data.postgres.write_text("{}")
    with pytest.raises(LocalError, match=r"SESSION_ENCRYPTION_KEYS is neither set nor kept in .*restore that file"):
        keys.keys(data, {})
    assert not data.keys.exists()
    assert keys.keys(data, {"SESSION_ENCRYPTION_KEYS": "as it was"})["SESSION_ENCRYPTION_KEYS"] == "as it was"


def test_an_external_database_wants_its_keys_from_outside(data: DataDir) -> None:
    with pytest.raises(
        LocalError, match="DATABASE_URL is set, so SECRET_KEY and SESSION_ENCRYPTION_KEYS must be set too"
    ):
        keys.keys(data, {"DATABASE_URL": "postgres://x"})
    with pytest.raises(LocalError, match="so SESSION_ENCRYPTION_KEYS must be set too"):
        keys.keys(data, {"DATABASE_URL": "postgres://x", "SECRET_KEY": "s"})
    assert not data.keys.exists()


def test_the_first_administrators_password(data: DataDir) -> None:
    made = keys.first_administrator(data, {})
    assert made["DJANGO_SUPERUSER_USERNAME"] == "admin"
    assert keys.initial_password(data) == made["DJANGO_SUPERUSER_PASSWORD"]
    assert stat.S_IMODE(data.initial_password.stat().st_mode) == 0o600
    assert keys.first_administrator(data, {}) == made


def test_a_given_password_is_not_kept(data: DataDir) -> None:
    given = {"DJANGO_SUPERUSER_USERNAME": "marta", "DJANGO_SUPERUSER_PASSWORD": "given"}
    assert keys.first_administrator(data, given) == {**given, "DJANGO_SUPERUSER_EMAIL": ""}
    assert not data.initial_password.exists()
