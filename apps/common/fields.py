"""An encrypted model field: django-cryptography's mixin with our keys, bound to its row, and no pickle.

Its own ``_dump`` and ``_load`` pickle the value and sign it with SECRET_KEY whatever the encryption key is, know one
key only, and bind a value to no row; ours write JSON under ``SESSION_ENCRYPTION_KEYS`` (tgadmin.core.encryption). A
value is decrypted when it is asked for, not when its row is read.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models.query_utils import DeferredAttribute
from django_cryptography.fields import EncryptedMixin

from tgadmin.core.encryption import Keyring, Place


@cache
def _keyring(keys: tuple[str, ...]) -> Keyring:
    return Keyring(keys)


def keyring() -> Keyring:
    """The keyring of the settings now in force."""
    return _keyring(tuple(settings.SESSION_ENCRYPTION_KEYS))


def sealed(value: Any, table: str, column: str, row: Any) -> bytes:
    """The column's bytes for a JSON value in the row with this primary key; for rows that raw SQL writes."""
    return keyring().encrypt(json.dumps(value, separators=(",", ":")).encode(), Place(table, column, str(row)))


def opened(token: bytes, table: str, column: str, row: Any) -> Any:
    """The JSON value of the column's bytes, of the row with this primary key. Raises DecryptionError."""
    return json.loads(keyring().decrypt(bytes(token), Place(table, column, str(row))))


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column's bytes, as they are read and written."""

    token: bytes

    def __repr__(self) -> str:
        return "Sealed"


class SealedAttribute(DeferredAttribute):
    """Opens the value when it is first asked for: only then is it known which row it is in."""

    field: EncryptedJSONField

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, Sealed):
            value = self.field.from_json(opened(value.token, *self.field.place(instance)))
            instance.__dict__[self.field.attname] = value
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedJSONField(EncryptedMixin, models.BinaryField):
    """Any JSON value, encrypted at rest for its own row; only ``isnull`` can be asked of it.

    Its row's primary key has to be known before it is saved: give the model a key that is another's (a one-to-one
    field as primary key), or SealedRow as its base. It is written through ``save`` and ``bulk_create``, not through
    ``update``. Asking for the value raises DecryptionError when it was stored under other keys, or for another row.
    """

    descriptor_class = SealedAttribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def place(self, instance: models.Model) -> tuple[str, str, Any]:
        """Table, column and row. Raises TypeError for a row without a primary key."""
        meta = instance._meta
        row = meta.pk.to_python(instance.pk) if meta.pk is not None else None
        if row is None:
            raise TypeError(f"{meta.label}.{self.name}: the row's primary key has to be known")
        return meta.db_table, str(self.column), row

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _, args, kwargs = models.BinaryField.deconstruct(self)
        kwargs.pop("editable", None)
        return name, f"apps.common.fields.{type(self).__name__}", list(args), kwargs

    def clone(self) -> EncryptedJSONField:
        _, _, args, kwargs = self.deconstruct()
        return type(self)(*args, **kwargs)

    def to_json(self, value: Any) -> Any:
        """What is stored of a value."""
        return value

    def from_json(self, stored: Any) -> Any:
        return stored

    def get_internal_type(self) -> str:
        return "BinaryField"

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:
        value = model_instance.__dict__.get(self.attname)
        if value is None or isinstance(value, Sealed):  # as it was read
            return value
        return Sealed(sealed(self.to_json(value), *self.place(model_instance)))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        if not isinstance(value, Sealed):
            raise TypeError(f"{self.name}: an encrypted field is written with its row, through save or bulk_create")
        return connection.Database.Binary(value.token)

    def from_db_value(self, value: Any, *args: Any) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError("an encrypted field is never serialised in plain text")

    def to_python(self, value: Any) -> Any:
        return value


class EncryptedBytesField(EncryptedJSONField):
    """Bytes, encrypted likewise; stored as base64."""

    def to_json(self, value: bytes) -> str:
        return base64.b64encode(value).decode()

    def from_json(self, stored: str) -> bytes:
        return base64.b64decode(stored)


class SealedRow(models.Model):
    """A row with an encrypted field and a number of its own, which is taken before it is saved."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is None:
            self.pk, kwargs["force_insert"] = _next_number(type(self)), True
        super().save(*args, **kwargs)


def _next_number(model: type[models.Model]) -> int:
    meta = model._meta
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, %s))", [meta.db_table, meta.pk.column])
        return int(cursor.fetchone()[0])
