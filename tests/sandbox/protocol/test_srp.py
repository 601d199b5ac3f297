"""The server's side of SRP-2048 against Telethon's client side. https://core.telegram.org/api/srp"""

import hashlib

import pytest
from telethon import password as client_side
from telethon.tl import types

from sandbox.protocol import srp
from tests.kit.clocks import Clock

USER, PASSWORD = 5_000_000_001, "correct horse — battery ☃ staple"


@pytest.fixture(scope="module")
def stored() -> srp.Password:
    return srp.make_password(PASSWORD, hint="a hint")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> srp.SrpSessions:
    return srp.SrpSessions(clock)


def algorithm(stored: srp.Password) -> types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow:
    return types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
        bytes.fromhex(stored.salt1), bytes.fromhex(stored.salt2), srp.G, srp.P_BYTES
    )


def asked(sessions: srp.SrpSessions, stored: srp.Password) -> types.account.Password:
    """What account.getPassword would answer."""
    srp_id, public = sessions.open(USER, stored)
    empty = types.SecurePasswordKdfAlgoUnknown()
    return types.account.Password(
        algorithm(stored), empty, b"", has_password=True, current_algo=algorithm(stored), srp_B=public, srp_id=srp_id
    )


def refused(sessions: srp.SrpSessions, stored: srp.Password, *, srp_id: int, a: bytes, m1: bytes) -> str:
    with pytest.raises(srp.SrpError) as caught:
        sessions.check(USER, stored, srp_id, a, m1)
    return caught.value.name


def test_the_prime_is_the_one_that_clients_know_as_safe() -> None:
    client_side.check_prime_and_good(srp.P_BYTES, srp.G)
    assert srp.P.bit_length() == 2048


def test_verifier_is_what_the_client_computes(stored: srp.Password) -> None:
    assert bytes.fromhex(stored.verifier) == client_side.compute_digest(algorithm(stored), PASSWORD)
    assert srp.good_verifier(bytes.fromhex(stored.verifier))


def test_telethons_client_side_succeeds(sessions: srp.SrpSessions, stored: srp.Password) -> None:
    check = client_side.compute_check(asked(sessions, stored), PASSWORD)
    sessions.check(USER, stored, check.srp_id, check.A, check.M1)


def test_wrong_password_is_refused(sessions: srp.SrpSessions, stored: srp.Password) -> None:
    check = client_side.compute_check(asked(sessions, stored), PASSWORD + "!")
    assert refused(sessions, stored, srp_id=check.srp_id, a=check.A, m1=check.M1) == "PASSWORD_HASH_INVALID"


def test_a_check_is_good_for_one_attempt(sessions: srp.SrpSessions, stored: srp.Password) -> None:
    check = client_side.compute_check(asked(sessions, stored), PASSWORD)
    sessions.check(USER, stored, check.srp_id, check.A, check.M1)
    assert refused(sessions, stored, srp_id=check.srp_id, a=check.A, m1=check.M1) == "SRP_ID_INVALID"


def test_unknown_foreign_and_old_checks_are_refused(
    sessions: srp.SrpSessions, stored: srp.Password, clock: Clock
) -> None:
    check = client_side.compute_check(asked(sessions, stored), PASSWORD)
    assert refused(sessions, stored, srp_id=check.srp_id + 1, a=check.A, m1=check.M1) == "SRP_ID_INVALID"
    with pytest.raises(srp.SrpError, match="SRP_ID_INVALID"):
        sessions.check(USER + 1, stored, check.srp_id, check.A, check.M1)
    clock.now += srp.SESSION_SECONDS + 1
    assert refused(sessions, stored, srp_id=check.srp_id, a=check.A, m1=check.M1) == "SRP_ID_INVALID"


def test_a_password_that_changed_meanwhile_is_named(sessions: srp.SrpSessions, stored: srp.Password) -> None:
    check = client_side.compute_check(asked(sessions, stored), PASSWORD)
    newer = srp.make_password(PASSWORD)
    assert refused(sessions, newer, srp_id=check.srp_id, a=check.A, m1=check.M1) == "SRP_PASSWORD_CHANGED"


@pytest.mark.parametrize(
    "a",
    [b"", bytes(256), srp.P_BYTES, (2 * srp.P).to_bytes(257, "big"), b"\xff" * 256],
    ids=["empty", "0", "p", "2p", "big"],
)
def test_a_multiple_of_p_opens_nothing(sessions: srp.SrpSessions, stored: srp.Password, a: bytes) -> None:
    """With A = 0 mod p the shared secret is 0, whatever the password: a client could prove what it does not know."""
    srp_id, public = sessions.open(USER, stored)
    secret = hashlib.sha256(bytes(256)).digest()
    salts = (hashlib.sha256(bytes.fromhex(salt)).digest() for salt in (stored.salt1, stored.salt2))
    hashes = hashlib.sha256(srp.P_BYTES).digest(), hashlib.sha256(srp.padded(srp.G)).digest()
    mixed = bytes(x ^ y for x, y in zip(*hashes, strict=True))
    m1 = hashlib.sha256(mixed + b"".join(salts) + a + public + secret).digest()
    assert refused(sessions, stored, srp_id=srp_id, a=a, m1=m1) == "SRP_A_INVALID"


def test_verifiers_that_cannot_be_are_refused() -> None:
    for bad in (
        b"",
        bytes(256),
        (1).to_bytes(256, "big"),
        srp.P_BYTES,
        (srp.P - 1).to_bytes(256, "big"),
        b"\x01" * 255,
    ):
        assert not srp.good_verifier(bad)


def test_open_checks_of_one_account_are_bounded(sessions: srp.SrpSessions, stored: srp.Password) -> None:
    first = asked(sessions, stored)
    for _ in range(srp.MAX_SESSIONS_PER_USER):
        asked(sessions, stored)
    assert refused(sessions, stored, srp_id=first.srp_id, a=b"\x02", m1=b"") == "SRP_ID_INVALID"
