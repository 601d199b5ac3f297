"""MTProto 2.0's encryption against Telethon's, and against tampering. https://core.telegram.org/mtproto/description"""

import os
import struct
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.crypto import AuthKey
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import functions, types

from sandbox.protocol import cipher
from sandbox.protocol.cipher import CipherError

pytestmark = pytest.mark.pure

KEY = bytes(range(256))


class Loggers(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        return SimpleNamespace(debug=print, info=print, warning=print)


def client() -> MTProtoState:
    state = MTProtoState(AuthKey(KEY), Loggers())
    state.salt, state.id = 11, 22
    return state


def packet(body: bytes = b"abcd" * 5) -> bytes:
    return client().encrypt_message_data(struct.pack("<qii", 44, 1, len(body)) + body)


@given(words=st.integers(1, 300))
def test_opens_what_telethon_seals(words: int) -> None:
    body = os.urandom(4 * words)
    message = cipher.decrypt(KEY, packet(body))
    assert (message.salt, message.session_id, message.msg_id, message.seqno) == (11, 22, 44, 1)
    assert message.body == body


def test_telethon_opens_what_is_sealed() -> None:
    state = client()
    pong = types.Pong(5, 6)
    msg_id = state._get_new_msg_id() | 1
    key_id = struct.pack("<Q", state.auth_key.key_id)
    opened = state.decrypt_message_data(cipher.encrypt(KEY, key_id, 11, 22, msg_id, 3, bytes(pong)))
    assert (opened.msg_id, opened.seq_no, opened.obj) == (msg_id, 3, pong)


@given(at=st.integers(8, 103), bit=st.integers(0, 7))
def test_any_changed_bit_is_noticed(at: int, bit: int) -> None:
    sealed = bytearray(packet())
    sealed[at % len(sealed) if at < len(sealed) else 8] ^= 1 << bit
    with pytest.raises(CipherError):
        cipher.decrypt(KEY, bytes(sealed))


@given(data=st.binary(max_size=400))
def test_hostile_bytes_raise_nothing_else(data: bytes) -> None:
    with pytest.raises(CipherError):
        cipher.decrypt(KEY, data)


@pytest.mark.parametrize("length", [-4, 0, 3, 6, 24, 4096])
def test_a_length_that_does_not_fit_is_refused(length: int) -> None:
    """Security guidelines, "checking message length": not only the hash counts."""
    sealed = client().encrypt_message_data(struct.pack("<qii", 44, 1, length) + b"abcd" * 5)
    with pytest.raises(CipherError):
        cipher.decrypt(KEY, sealed)


def test_too_much_padding_is_refused() -> None:
    """At most 1024 bytes. https://core.telegram.org/mtproto/description#padding"""
    sealed = client().encrypt_message_data(struct.pack("<qii", 44, 1, 4) + b"abcd" + bytes(2000))
    with pytest.raises(CipherError):
        cipher.decrypt(KEY, sealed)


def test_the_quick_ack_token_has_its_highest_bit_set() -> None:
    assert cipher.decrypt(KEY, packet()).token[3] & 0x80


@given(data=st.binary(max_size=60))
def test_plain_messages(data: bytes) -> None:
    try:
        msg_id, body = cipher.read_plain(data)
    except CipherError:
        return
    assert cipher.write_plain(msg_id, body) == data[: 20 + len(body)]


def test_a_plain_message_of_telethons() -> None:
    body = bytes(functions.ReqPqMultiRequest(7))
    assert cipher.read_plain(struct.pack("<qqi", 0, 44, len(body)) + body) == (44, body)
