"""Encryption at rest: the newest key encrypts, all decrypt, each value for its own place; none tells key or value."""

import base64
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from tgadmin.core.encryption import DecryptionError, Keyring, Place, Why, is_unbound

pytestmark = pytest.mark.pure
OLD, NEW = "o" * 40, "n" * 40
HERE = Place("telegram_authorization_secrets", "secret", "7")


def why(ring: Keyring, token: bytes, place: Place = HERE) -> Why:
    with pytest.raises(DecryptionError) as caught:
        ring.decrypt(token, place)
    assert str(place) in caught.value.message
    return caught.value.why


@given(st.binary(max_size=2000))
def test_what_is_encrypted_comes_back(plain: bytes) -> None:
    ring = Keyring([NEW])
    assert ring.decrypt(ring.encrypt(plain, HERE), HERE) == plain


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(HERE, row="8"),
        replace(HERE, column="other"),
        replace(HERE, table="telegram_proxy_secrets"),
        Place("telegram_authorization_secrets.secret", "", "7"),
        Place("telegram_authorization_secrets", "", "secret7"),
        replace(HERE, row="07"),
    ],
)
def test_it_opens_in_its_own_place_only(elsewhere: Place) -> None:
    ring = Keyring([NEW])
    assert why(ring, ring.encrypt(b"auth key", HERE), elsewhere) is Why.NOT_THIS_ROW


@given(st.data())
def test_a_changed_byte_is_noticed(data: st.DataObject) -> None:
    ring = Keyring([NEW, OLD])
    token = bytearray(ring.encrypt(b"auth key", HERE))
    token[data.draw(st.integers(0, len(token) - 1))] ^= data.draw(st.integers(1, 255))
    assert why(ring, bytes(token)) in (Why.NOT_THIS_ROW, Why.NO_KEY)


@given(st.binary(max_size=60))
def test_rubbish_is_an_error_and_no_crash(token: bytes) -> None:
    why(Keyring([NEW]), token)


def test_rotation_moves_a_value_to_the_newest_key() -> None:
    token = Keyring([OLD]).encrypt(b"auth key", HERE)
    both = Keyring([NEW, OLD])
    assert both.decrypt(token, HERE) == b"auth key"
    assert not both.is_newest(token)
    rotated = both.rotate(token, HERE)
    assert both.is_newest(rotated)
    assert Keyring([NEW]).decrypt(rotated, HERE) == b"auth key"


def test_what_an_earlier_version_stored_is_moved_and_not_read() -> None:
    raw = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tgadmin session secrets v1").derive(OLD.encode())
    token = Fernet(base64.urlsafe_b64encode(raw)).encrypt(b"auth key")
    both = Keyring([NEW, OLD])
    assert is_unbound(token)
    assert why(both, token) is Why.UNBOUND
    moved = both.rotate(token, HERE)
    assert both.is_newest(moved)
    assert both.decrypt(moved, HERE) == b"auth key"
    with pytest.raises(DecryptionError):
        Keyring([NEW]).rotate(token, HERE)


def test_no_moving_of_what_is_not_in_its_place() -> None:
    ring = Keyring([NEW])
    with pytest.raises(DecryptionError):
        ring.rotate(ring.encrypt(b"auth key", HERE), replace(HERE, row="8"))


def test_a_wrong_key_is_told_without_the_key_or_the_value() -> None:
    token = Keyring([OLD]).encrypt(b"auth key", HERE)
    assert why(Keyring([NEW]), token) is Why.NO_KEY
    with pytest.raises(DecryptionError) as caught:
        Keyring([NEW]).decrypt(token, HERE)
    assert NEW not in str(caught.value)
    assert "auth key" not in str(caught.value)


@pytest.mark.parametrize("keys", [[], [""], ["short"], [NEW, "short"]])
def test_no_key_or_a_short_one_is_refused_without_being_shown(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="encryption key") as caught:
        Keyring(keys)
    assert "short-" not in str(caught.value)
    assert NEW not in str(caught.value)


def test_the_ciphertext_does_not_repeat_and_does_not_hold_the_text() -> None:
    ring = Keyring([NEW])
    one, two = ring.encrypt(b"phone_code_hash", HERE), ring.encrypt(b"phone_code_hash", HERE)
    assert one != two
    assert b"phone_code_hash" not in one
