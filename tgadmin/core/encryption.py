"""Encryption of secrets at rest: several keys, the newest encrypts, all decrypt (HKDF, then Fernet, no pickle)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MIN_KEY_LENGTH = 32
_INFO = b"tgadmin session secrets v1"


class DecryptionError(Exception):
    """No configured key decrypts the value. It carries neither the value nor a key."""


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
        self._fernets = [Fernet(_derive(key)) for key in keys]
        self._all = MultiFernet(self._fernets)
        self.newest_fingerprint = fingerprint(keys[0])

    def encrypt(self, plain: bytes) -> bytes:
        return self._fernets[0].encrypt(plain)

    def decrypt(self, token: bytes) -> bytes:
        """The plain bytes. Raises DecryptionError."""
        try:
            return self._all.decrypt(token)
        except InvalidToken:
            raise DecryptionError("no configured key decrypts this value") from None

    def rotate(self, token: bytes) -> bytes:
        """The same value, encrypted by the newest key. Raises DecryptionError."""
        return self.encrypt(self.decrypt(token))

    def is_newest(self, token: bytes) -> bool:
        """Whether the newest key encrypted it: then a rotation has nothing to do."""
        try:
            self._fernets[0].decrypt(token)
        except InvalidToken:
            return False
        return True


def fingerprint(key: str) -> str:
    """Twelve hex digits that tell keys apart without telling the key."""
    return hashlib.sha256(b"tgadmin fingerprint" + key.encode()).hexdigest()[:12]


def _derive(key: str) -> bytes:
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(key.encode())
    return base64.urlsafe_b64encode(raw)
