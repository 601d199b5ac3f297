"""Encryption at rest: the newest key encrypts, all decrypt, and nothing tells a key or a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgadmin.core.encryption import DecryptionError, Keyring, fingerprint

pytestmark = pytest.mark.pure
OLD, NEW = "o" * 40, "n" * 40


@given(st.binary(max_size=2000))
def test_what_is_encrypted_comes_back(plain: bytes) -> None:
    ring = Keyring([NEW])
    assert ring.decrypt(ring.encrypt(plain)) == plain


def test_rotation_moves_a_value_to_the_newest_key() -> None:
    token = Keyring([OLD]).encrypt(b"auth key")
    both = Keyring([NEW, OLD])
    assert both.decrypt(token) == b"auth key"
    assert not both.is_newest(token)
    rotated = both.rotate(token)
    assert both.is_newest(rotated)
    assert Keyring([NEW]).decrypt(rotated) == b"auth key"


def test_a_wrong_key_is_told_without_the_key_or_the_value() -> None:
    token = Keyring([OLD]).encrypt(b"auth key")
    with pytest.raises(DecryptionError) as caught:
        Keyring([NEW]).decrypt(token)
    assert NEW not in str(caught.value)
    assert token.decode() not in str(caught.value)


@pytest.mark.parametrize("keys", [[], [""], ["short"], [NEW, "short"]])
def test_no_key_or_a_short_one_is_refused_without_being_shown(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="encryption key") as caught:
        Keyring(keys)
    assert "short-" not in str(caught.value)
    assert NEW not in str(caught.value)


def test_the_ciphertext_does_not_repeat_and_does_not_hold_the_text() -> None:
    ring = Keyring([NEW])
    one, two = ring.encrypt(b"phone_code_hash"), ring.encrypt(b"phone_code_hash")
    assert one != two
    assert b"phone_code_hash" not in one


def test_fingerprints_tell_keys_apart() -> None:
    assert fingerprint(OLD) != fingerprint(NEW)
    assert OLD not in fingerprint(OLD)
