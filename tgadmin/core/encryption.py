"""Encryption of secrets at rest: AES-256-GCM, several keys, every ciphertext bound to the row that it was written for.

A ciphertext is one byte for its form, the key's id, a nonce, and what AES-GCM makes. Each column has a key of its own
(HKDF), and table, column and row are the associated data: moved to another row, or changed, it does not open.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tgadmin.core.errors import UserError

MIN_KEY_LENGTH = 32
FORM = b"\x01"
KEY_ID_BYTES, NONCE_BYTES = 8, 12
_HEADER = len(FORM) + KEY_ID_BYTES + NONCE_BYTES
_PURPOSE = b"tgadmin at rest 1: "
_UNBOUND_INFO = b"tgadmin session secrets v1"


@dataclass(frozen=True, slots=True)
class Place:
    """The one place where a ciphertext belongs. ``row``: the primary key, as text."""

    table: str
    column: str
    row: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of row {self.row}"

    @property
    def purpose(self) -> bytes:
        return _PURPOSE + f"{self.table}.{self.column}".encode()

    @property
    def associated(self) -> bytes:
        return json.dumps([self.table, self.column, self.row]).encode()


class Why(Enum):
    """Why a value cannot be read."""

    NO_KEY = "no configured key decrypts it"
    NOT_THIS_ROW = "it is not what was stored there: it was moved from another row, or changed"
    UNBOUND = "it was stored by an earlier version: run 'manage.py session rekey' once"


class DecryptionError(UserError):
    """A stored secret cannot be read. It names the row, and carries neither the value nor a key."""

    code = "KEYS_MISSING"

    def __init__(self, place: Place, why: Why) -> None:
        super().__init__(self.code, f"{place} cannot be read: {why.value}.")
        self.place = place
        self.why = why


class Keyring:
    """The keys of ``SESSION_ENCRYPTION_KEYS``: the first encrypts, all decrypt.

    Raises ValueError for no key, or one shorter than MIN_KEY_LENGTH characters; its text never holds a key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("no encryption key is configured")
        for position, key in enumerate(keys, 1):
            if len(key) < MIN_KEY_LENGTH:
                raise ValueError(f"encryption key {position} is shorter than {MIN_KEY_LENGTH} characters")
        self._keys = {_key_id(key): key for key in reversed(keys)}
        self._newest = _key_id(keys[0])
        self._ciphers: dict[tuple[bytes, bytes], AESGCM] = {}
        self._unbound = MultiFernet([Fernet(_unbound_key(key)) for key in keys])

    def encrypt(self, plain: bytes, place: Place) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher(self._newest, place.purpose).encrypt(nonce, plain, place.associated)
        return FORM + self._newest + nonce + sealed

    def decrypt(self, token: bytes, place: Place) -> bytes:
        """The plain bytes of what was encrypted for this place. Raises DecryptionError."""
        if is_unbound(token):
            raise DecryptionError(place, Why.UNBOUND)
        key_id, nonce, sealed = token[1 : 1 + KEY_ID_BYTES], token[1 + KEY_ID_BYTES : _HEADER], token[_HEADER:]
        if token[:1] != FORM or key_id not in self._keys:
            raise DecryptionError(place, Why.NO_KEY)
        try:
            return self._cipher(key_id, place.purpose).decrypt(nonce, sealed, place.associated)
        except (InvalidTag, ValueError):
            raise DecryptionError(place, Why.NOT_THIS_ROW) from None

    def rotate(self, token: bytes, place: Place) -> bytes:
        """The same value, encrypted by the newest key for its place; also one of an earlier version, which was bound
        to none. Raises DecryptionError."""
        plain = self._unbound_plain(token, place) if is_unbound(token) else self.decrypt(token, place)
        return self.encrypt(plain, place)

    def is_newest(self, token: bytes) -> bool:
        """Whether the newest key encrypted it: then a rotation has nothing to do."""
        return token.startswith(FORM + self._newest)

    def _unbound_plain(self, token: bytes, place: Place) -> bytes:
        try:
            return self._unbound.decrypt(token)
        except InvalidToken:
            raise DecryptionError(place, Why.NO_KEY) from None

    def _cipher(self, key_id: bytes, purpose: bytes) -> AESGCM:
        found = self._ciphers.get((key_id, purpose))
        if found is None:
            found = self._ciphers[key_id, purpose] = AESGCM(_derived(self._keys[key_id], purpose))
        return found


def is_unbound(token: bytes) -> bool:
    """Whether it was stored by a version that bound ciphertexts to no row (Fernet, in base64)."""
    return token.startswith(b"gAAAA")


def _key_id(key: str) -> bytes:
    return _derived(key, b"tgadmin key id")[:KEY_ID_BYTES]


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key.encode())


def _unbound_key(key: str) -> bytes:
    return base64.urlsafe_b64encode(_derived(key, _UNBOUND_INFO))
