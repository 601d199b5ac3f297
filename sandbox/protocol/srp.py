"""Telegram's cloud password: the server's side of SRP-2048 (https://core.telegram.org/api/srp).

Numbers travel as 256 big-endian bytes. The server never learns the password: it keeps v = g^x mod p and checks the
client's M1.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

G = 3
# the safe 2048-bit prime that Telegram's servers have always sent; clients know it and skip the primality test
P_BYTES = bytes.fromhex(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db"
    "fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64"
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41"
    "0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf"
    "6f4fadf034b10403119cd8e3b92fcc5b"
)
P = int.from_bytes(P_BYTES, "big")
SIZE = 256
PBKDF2_ROUNDS = 100_000
SALT1_SERVER_BYTES = 8  # the server's part of a new salt1 …
SALT1_CLIENT_BYTES = 32  # … which the client lengthens by so many random bytes of its own
SALT2_BYTES = 16
SESSION_SECONDS = 3600
MAX_SESSIONS_PER_USER = 32


@dataclass
class Password:
    """A cloud password as Telegram keeps it: the verifier g^x mod p (256 bytes), never the password; bytes as hex."""

    salt1: str
    salt2: str
    verifier: str
    hint: str = ""
    email: str = ""


class SrpError(Exception):
    """A check that failed; `name` is Telegram's error name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def padded(number: int) -> bytes:
    return number.to_bytes(SIZE, "big")


_K = int.from_bytes(sha256(P_BYTES, padded(G)), "big")
_H_P_XOR_H_G = bytes(a ^ b for a, b in zip(sha256(P_BYTES), sha256(padded(G)), strict=True))


def password_hash(password: str, salt1: bytes, salt2: bytes) -> int:
    """x = PH2(password, salt1, salt2) of the documentation."""
    ph1 = sha256(salt2, sha256(salt1, password.encode(), salt1), salt2)
    stretched = hashlib.pbkdf2_hmac("sha512", ph1, salt1, PBKDF2_ROUNDS)
    return int.from_bytes(sha256(salt2, stretched, salt2), "big")


def make_password(password: str, *, hint: str = "", email: str = "") -> Password:
    """What a client makes of a new password, for accounts that are born with one."""
    salt1, salt2 = secrets.token_bytes(SALT1_SERVER_BYTES + SALT1_CLIENT_BYTES), secrets.token_bytes(SALT2_BYTES)
    verifier = padded(pow(G, password_hash(password, salt1, salt2), P))
    return Password(salt1.hex(), salt2.hex(), verifier.hex(), hint, email)


def good_verifier(verifier: bytes) -> bool:
    """Whether a client's new_password_hash can be g^x mod p: a full-length number with 1 < v < p - 1."""
    return len(verifier) == SIZE and 1 < int.from_bytes(verifier, "big") < P - 1


@dataclass
class _Session:
    user_id: int
    password: Password
    b: int
    public: bytes  # B
    expires: float


class SrpSessions:
    """The checks under way: one is opened by every account.getPassword and used up by one attempt.

    They live in memory only: after a restart the client gets SRP_ID_INVALID and asks for the password's parameters
    again, as it must when one expires.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: dict[int, _Session] = {}

    def open(self, user_id: int, password: Password) -> tuple[int, bytes]:
        """A new check of this password: (srp_id, srp_B)."""
        self._forget(user_id)
        verifier = int.from_bytes(bytes.fromhex(password.verifier), "big")
        b = int.from_bytes(secrets.token_bytes(SIZE), "big")
        public = padded((_K * verifier + pow(G, b, P)) % P)
        srp_id = secrets.randbits(63)
        self._sessions[srp_id] = _Session(user_id, password, b, public, self._clock() + SESSION_SECONDS)
        return srp_id, public

    def check(self, user_id: int, current: Password, srp_id: int, a_public: bytes, m1: bytes) -> None:
        """Verify an inputCheckPasswordSRP. Raises SrpError with the name that Telegram documents."""
        session = self._sessions.get(srp_id)
        if session is None or session.user_id != user_id or session.expires < self._clock():
            raise SrpError("SRP_ID_INVALID")
        del self._sessions[srp_id]
        if (session.password.verifier, session.password.salt1) != (current.verifier, current.salt1):
            raise SrpError("SRP_PASSWORD_CHANGED")
        a_number = int.from_bytes(a_public, "big")
        if len(a_public) > SIZE or not 0 < a_number < P:
            raise SrpError("SRP_A_INVALID")
        if not hmac.compare_digest(m1, _expected_m1(session, a_number)):
            raise SrpError("PASSWORD_HASH_INVALID")

    def _forget(self, user_id: int) -> None:
        now = self._clock()
        for srp_id in [key for key, session in self._sessions.items() if session.expires < now]:
            del self._sessions[srp_id]
        own = [key for key, session in self._sessions.items() if session.user_id == user_id]
        for srp_id in own[: max(0, len(own) - MAX_SESSIONS_PER_USER + 1)]:
            del self._sessions[srp_id]


def _expected_m1(session: _Session, a_number: int) -> bytes:
    a_public = padded(a_number)
    u = int.from_bytes(sha256(a_public, session.public), "big")
    verifier = int.from_bytes(bytes.fromhex(session.password.verifier), "big")
    shared = pow(a_number * pow(verifier, u, P) % P, session.b, P)
    salt1, salt2 = bytes.fromhex(session.password.salt1), bytes.fromhex(session.password.salt2)
    return sha256(_H_P_XOR_H_G, sha256(salt1), sha256(salt2), a_public, session.public, sha256(padded(shared)))
