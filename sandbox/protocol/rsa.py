"""The data centre's RSA key: made, kept, printed as PEM, and its raw private operation with Telegram's two paddings.

https://core.telegram.org/mtproto/auth_key#41-rsa-paddata-server-public-key-mentioned-above-is-implemented-as-follows
"""

from __future__ import annotations

import hashlib
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from telethon.crypto import AES
from telethon.extensions import BinaryReader
from telethon.tl import TLObject

_SIZE = 256  # bytes of a 2048-bit number


class RsaKey:
    """A 2048-bit RSA key. ``fingerprint`` is signed, as Telethon reads it from the wire."""

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self._private = private
        numbers = private.private_numbers()
        self._p, self._q = numbers.p, numbers.q
        self._dp, self._dq, self._inverse = numbers.dmp1, numbers.dmq1, numbers.iqmp
        self.n, self.e = numbers.public_numbers.n, numbers.public_numbers.e
        self.fingerprint = fingerprint(self.n, self.e)

    @classmethod
    def generate(cls) -> RsaKey:
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def from_pem(cls, pem: bytes) -> RsaKey:
        """Raises ValueError if it is no 2048-bit RSA private key."""
        private = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(private, rsa.RSAPrivateKey) or private.key_size != 2048:
            raise ValueError("a 2048-bit RSA private key is needed")
        return cls(private)

    @property
    def private_pem(self) -> bytes:
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def public_pem(self) -> str:
        """In PKCS#1 form ("BEGIN RSA PUBLIC KEY"), as Telegram publishes its own and as clients read them."""
        public = self._private.public_key()
        return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode("ascii")

    def decrypt(self, encrypted: bytes) -> TLObject | None:
        """The TL object inside ``encrypted_data`` of req_DH_params, or None if it was not made with this key.

        The current padding is tried first; its SHA256 makes a mistake impossible. Telethon still sends the old one.
        """
        number = int.from_bytes(encrypted, "big")
        if len(encrypted) != _SIZE or number >= self.n:
            return None
        raw = self._power(number).to_bytes(_SIZE, "big")
        found = _unpad(raw)
        return found if found is not None else _unpad_old(raw)

    def _power(self, number: int) -> int:
        # By the Chinese remainder theorem: four times as fast as pow(number, d, n).
        low, high = pow(number, self._dq, self._q), pow(number, self._dp, self._p)
        return low + (self._inverse * (high - low) % self._p) * self._q


def fingerprint(n: int, e: int) -> int:
    """The 64 lower-order bits of SHA1 over the bare ``rsa_public_key n:string e:string``, signed."""
    parts = [TLObject.serialize_bytes(part.to_bytes((part.bit_length() + 7) // 8, "big")) for part in (n, e)]
    return int(struct.unpack("<q", hashlib.sha1(b"".join(parts)).digest()[-8:])[0])  # noqa: S324


def _unpad(raw: bytes) -> TLObject | None:
    """RSA_PAD undone, or None where its hash does not fit."""
    encrypted = raw[32:]
    mask = hashlib.sha256(encrypted).digest()
    temp_key = bytes(a ^ b for a, b in zip(raw[:32], mask, strict=True))
    plain = AES.decrypt_ige(encrypted, temp_key, bytes(32))
    padded = plain[:192][::-1]
    if hashlib.sha256(temp_key + padded).digest() != plain[192:]:
        return None
    return _read(padded)[0]


def _unpad_old(raw: bytes) -> TLObject | None:
    """SHA1(data) + data + padding, in 255 bytes: what clients sent until 2021, and Telethon sends today."""
    if raw[0]:
        return None
    found, size = _read(raw[21:])
    if found is None or hashlib.sha1(raw[21 : 21 + size]).digest() != raw[1:21]:  # noqa: S324
        return None
    return found


def _read(data: bytes) -> tuple[TLObject | None, int]:
    reader = BinaryReader(data)
    try:
        found = reader.tgread_object()
    except Exception:  # noqa: BLE001 (hostile bytes make the parser raise anything)
        return None, 0
    return (found if isinstance(found, TLObject) else None), reader.tell_position()
