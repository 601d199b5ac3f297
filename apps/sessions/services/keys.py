"""The keys that encrypt what is stored: what lies under which, and moving all of it under the newest (``rekey``).

Every encrypted column of every app is found by its field's class, so that none can be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from apps.common.fields import EncryptedJSONField
from apps.sessions.models import Authorization, AuthorizationSecret
from apps.sessions.services import status
from tgadmin.core.encryption import DecryptionError, Keyring, Place, Why, is_unbound

BATCH = 100
"""Rows of one transaction: what a kill in the middle undoes at most."""


@dataclass(frozen=True, slots=True)
class Column:
    """An encrypted column and what orders its table."""

    table: str
    key: str
    name: str

    def place(self, row: Any) -> Place:
        return Place(self.table, self.name, str(row))


@dataclass(frozen=True, slots=True)
class Held:
    """How many stored secrets are under the newest key, under an older one, unreadable (under none of the configured
    keys, or not where they belong).

    ``unbound``: of the older ones those that an earlier version stored, which bound them to no row; they are read by
    ``rekey`` only. ``misplaced``: of the unreadable ones those that were moved from another row, or changed.
    """

    newest: int = 0
    older: int = 0
    unreadable: int = 0
    unbound: int = 0
    misplaced: tuple[Place, ...] = ()

    @property
    def total(self) -> int:
        return self.newest + self.older + self.unreadable

    def __add__(self, other: Held) -> Held:
        return Held(
            self.newest + other.newest,
            self.older + other.older,
            self.unreadable + other.unreadable,
            self.unbound + other.unbound,
            self.misplaced + other.misplaced,
        )


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """``rekeyed`` secrets were encrypted again, ``already`` were under the newest key, ``unreadable`` stay as is."""

    rekeyed: int = 0
    already: int = 0
    unreadable: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def encrypted_columns() -> list[Column]:
    """Every encrypted column of the installed apps, by table."""
    found = [
        Column(model._meta.db_table, str(model._meta.pk.column), str(field.column))
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, EncryptedJSONField)
    ]
    return sorted(found, key=lambda column: (column.table, column.name))


def held() -> Held:
    """What lies under which key; reads every secret. Raises ValueError for an unsound key, DatabaseError."""
    keyring = Keyring(settings.SESSION_ENCRYPTION_KEYS)
    present = set(connection.introspection.table_names())
    found = Held()
    for column in encrypted_columns():
        if column.table in present:
            for key, token in _tokens(column):
                found += _inspect(keyring, token, column.place(key))
    return found


def rekey(*, progress: Callable[[int], None] = lambda done: None) -> Rekeyed:
    """Encrypt every stored secret by the newest key. Raises ValueError for an unsound key.

    Each batch is a transaction of its own, and what is under the newest key already is left alone: killed at any
    moment and run again, it goes on where it stopped. What nothing decrypts is counted and stays as it is.
    ``progress`` hears after each batch how many secrets were looked at so far.
    """
    keyring = Keyring(settings.SESSION_ENCRYPTION_KEYS)
    done = Rekeyed()
    for column in encrypted_columns():
        for keys in _batches(column):
            done = _sum(done, _rekey_batch(keyring, column, keys))
            progress(done.rekeyed + done.already + done.unreadable)
    return done


def erase_unreadable() -> Rekeyed:
    """Erase what no configured key decrypts: the way on when a key is lost for good. Raises ValueError, as ``rekey``.

    Accounts whose auth key goes ask for a new sign-in; chats, rights and messages stay.
    """
    keyring = Keyring(settings.SESSION_ENCRYPTION_KEYS)
    erased = 0
    for column in encrypted_columns():
        lost = [key for key, token in _tokens(column) if _inspect(keyring, token, column.place(key)).unreadable]
        for key in lost:
            _erase(column, key)
        erased += len(lost)
    return Rekeyed(unreadable=erased)


@transaction.atomic
def _erase(column: Column, key: Any) -> None:
    if column.table == AuthorizationSecret._meta.db_table:
        authorization = Authorization.objects.get(pk=key)
        if authorization.role == Authorization.Role.CURRENT:
            status.stop(authorization.session_id, authorization.pk, "KEYS_MISSING")
            return
    with connection.cursor() as cursor:
        cursor.execute(_on(sql.SQL("DELETE FROM {table} WHERE {key} = %s"), column), [key])


@transaction.atomic
def _rekey_batch(keyring: Keyring, column: Column, keys: list[Any]) -> Rekeyed:
    """Rows are locked meanwhile: a sign-in's step that writes its secret waits, and is not overwritten."""
    select = sql.SQL("SELECT {key}, {name} FROM {table} WHERE {key} = ANY(%s) AND {name} IS NOT NULL FOR UPDATE")
    update = sql.SQL("UPDATE {table} SET {name} = %s WHERE {key} = %s")
    found, changed = Rekeyed(), []
    with connection.cursor() as cursor:
        cursor.execute(_on(select, column), [keys])
        for key, stored in cursor.fetchall():
            token = bytes(stored)
            held = _inspect(keyring, token, column.place(key))
            found = _sum(found, Rekeyed(held.older, held.newest, held.unreadable))
            if held.older:
                changed.append((keyring.rotate(token, column.place(key)), key))
        if changed:
            cursor.executemany(_on(update, column), changed)
    return found


def _batches(column: Column) -> Iterator[list[Any]]:
    """The table's keys in their order, BATCH at a time; rows that come meanwhile are under the newest key anyway."""
    query = sql.SQL("SELECT {key} FROM {table} WHERE {name} IS NOT NULL ORDER BY {key}")
    with connection.cursor() as cursor:
        cursor.execute(_on(query, column))
        keys = [key for (key,) in cursor.fetchall()]
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _tokens(column: Column) -> Iterator[tuple[Any, bytes]]:
    query = sql.SQL("SELECT {key}, {name} FROM {table} WHERE {name} IS NOT NULL")
    with connection.cursor() as cursor:
        cursor.execute(_on(query, column))
        for key, token in cursor.fetchall():
            yield key, bytes(token)


def _on(query: sql.SQL, column: Column) -> Any:
    names = {"table": column.table, "key": column.key, "name": column.name}
    return query.format(**{name: sql.Identifier(value) for name, value in names.items()})


def _inspect(keyring: Keyring, token: bytes, place: Place) -> Held:
    """What one stored secret is. One of an earlier version is older, whatever key it is under: it has to be moved."""
    try:
        keyring.rotate(token, place)
    except DecryptionError as error:
        return Held(unreadable=1, misplaced=(place,) if error.why is Why.NOT_THIS_ROW else ())
    if keyring.is_newest(token):
        return Held(newest=1)
    return Held(older=1, unbound=int(is_unbound(token)))


def _sum(one: Rekeyed, two: Rekeyed) -> Rekeyed:
    return Rekeyed(one.rekeyed + two.rekeyed, one.already + two.already, one.unreadable + two.unreadable)
