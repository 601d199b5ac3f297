"""An encrypted model field: django-cryptography's mixin with our keys and no pickle.

Its own ``_dump`` and ``_load`` pickle the value and sign it with SECRET_KEY whatever the encryption key is, and know
one key only; ours write JSON under ``SESSION_ENCRYPTION_KEYS`` (tgadmin.core.encryption).
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.conf import settings
from django.db import models
from django_cryptography.fields import EncryptedMixin

from tgadmin.core.encryption import Keyring


@cache
def _keyring(keys: tuple[str, ...]) -> Keyring:
    return Keyring(keys)


def keyring() -> Keyring:
    """The keyring of the settings now in force."""
    return _keyring(tuple(settings.SESSION_ENCRYPTION_KEYS))


def decrypted(value: bytes) -> Any:
    """What such a field holds, from its column's bytes. Raises DecryptionError."""
    return json.loads(keyring().decrypt(bytes(value)))


def sealed(value: Any, table: str, column: str, row: int) -> bytes:
    """A JSON value as such a field's column has it, for a row that raw SQL writes."""
    return keyring().encrypt(json.dumps(value, separators=(",", ":")).encode())


def unsealed(token: bytes, table: str, column: str, row: int) -> Any:
    """What was sealed for that row. Raises DecryptionError."""
    return decrypted(token)


class EncryptedJSONField(EncryptedMixin, models.BinaryField):
    """Any JSON value, encrypted at rest; only ``isnull`` can be asked of it. Raises DecryptionError on reading with
    the wrong keys."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def _dump(self, value: Any) -> bytes:
        return keyring().encrypt(json.dumps(value, separators=(",", ":")).encode())

    def _load(self, value: bytes) -> Any:
        return decrypted(value)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, kwargs = models.BinaryField.deconstruct(self)
        kwargs.pop("editable", None)
        return name, "apps.sessions.fields.EncryptedJSONField", list(args), kwargs

    def clone(self) -> EncryptedJSONField:
        _, _, args, kwargs = self.deconstruct()
        return EncryptedJSONField(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        return connection.Database.Binary(self._dump(value))

    def from_db_value(self, value: Any, *args: Any) -> Any:
        return None if value is None else self._load(value)

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError("an encrypted field is never serialised in plain text")

    def to_python(self, value: Any) -> Any:
        return value
