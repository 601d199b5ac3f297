"""Creating an authorization key, done rightly and wrongly. https://core.telegram.org/mtproto/auth_key"""

import hashlib
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telethon.crypto import AES, Factorization
from telethon.crypto import rsa as client_rsa
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import TLObject, functions, types

from sandbox.protocol import keyexchange
from sandbox.protocol.keyexchange import DH_PRIME, HandshakeError, KeyExchange
from sandbox.protocol.keys import AuthKey, KeyRing, key_id_of
from sandbox.protocol.rsa import RsaKey
from sandbox.server import Sandbox
from sandbox.store import Store
from tests.sandbox.raw import RawClient, TransportError, exchange

NOW = 1_700_000_000
MARGIN = 2 ** (2048 - 64)


@pytest.fixture(scope="module")
def rsa() -> RsaKey:
    return RsaKey.generate()


def big(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def random_int(bits: int) -> int:
    return int.from_bytes(os.urandom(bits // 8), "little", signed=True)


def rsa_pad(data: bytes, key: RsaKey) -> bytes:
    """RSA_PAD as item 4.1 has it."""
    padded = data + os.urandom(192 - len(data))
    while True:
        temp_key = os.urandom(32)
        with_hash = padded[::-1] + hashlib.sha256(temp_key + padded).digest()
        sealed = AES.encrypt_ige(with_hash, temp_key, bytes(32))
        masked = bytes(a ^ b for a, b in zip(temp_key, hashlib.sha256(sealed).digest(), strict=True))
        number = int.from_bytes(masked + sealed, "big")
        if number < key.n:
            return pow(number, key.e, key.n).to_bytes(256, "big")


def rsa_old(data: bytes, key: RsaKey) -> bytes:
    """What Telethon does."""
    plain = hashlib.sha1(data).digest() + data + os.urandom(235 - len(data))
    return pow(int.from_bytes(plain, "big"), key.e, key.n).to_bytes(256, "big")


@dataclass
class Client:
    """A client that walks through the exchange; each step takes what it should do wrongly."""

    rsa: RsaKey
    dc: int = 1
    now: float = NOW
    ring: KeyRing = field(default_factory=lambda: KeyRing(Store(None)))
    nonce: int = field(default_factory=lambda: random_int(128))
    new_nonce: int = field(default_factory=lambda: random_int(256))
    key: bytes = b""
    created: AuthKey | None = None

    def __post_init__(self) -> None:
        self.server = KeyExchange(self.rsa, self.ring, self.dc, lambda: self.now)

    def ask(self, query: TLObject) -> Any:
        answer, self.created = self.server.answer(bytes(query))
        return BinaryReader(bytes(answer)).tgread_object()

    def begin(self) -> "Client":
        self.res_pq = self.ask(functions.ReqPqMultiRequest(self.nonce))
        self.pq = int.from_bytes(self.res_pq.pq, "big")
        self.p, self.q = Factorization.factorize(self.pq)
        return self

    def inner(self, kind: type = types.PQInnerDataDc, **wrong: Any) -> bytes:
        right = {
            "pq": big(self.pq), "p": big(self.p), "q": big(self.q), "nonce": self.nonce,
            "server_nonce": self.res_pq.server_nonce, "new_nonce": self.new_nonce, "dc": self.dc, "expires_in": 3600,
        }  # fmt: skip
        fields = kind.__init__.__code__.co_varnames[1 : kind.__init__.__code__.co_argcount]
        return bytes(kind(**{name: value for name, value in {**right, **wrong}.items() if name in fields}))

    def parameters_query(
        self, data: bytes | None = None, pad: Callable[[bytes, RsaKey], bytes] = rsa_pad, **wrong: Any
    ) -> functions.ReqDHParamsRequest:
        right = {
            "nonce": self.nonce, "server_nonce": self.res_pq.server_nonce, "p": big(self.p), "q": big(self.q),
            "public_key_fingerprint": self.res_pq.server_public_key_fingerprints[0],
            "encrypted_data": pad(self.inner() if data is None else data, self.rsa),
        }  # fmt: skip
        return functions.ReqDHParamsRequest(**{**right, **wrong})

    def take_parameters(self, answer: types.ServerDHParamsOk) -> types.ServerDHInnerData:
        self.aes = generate_key_data_from_nonce(self.res_pq.server_nonce, self.new_nonce)
        plain = AES.decrypt_ige(answer.encrypted_answer, *self.aes)
        reader = BinaryReader(plain[20:])
        self.dh = reader.tgread_object()
        end = 20 + reader.tell_position()
        assert hashlib.sha1(plain[20:end]).digest() == plain[:20]
        assert len(plain) - end < 16
        return self.dh

    def to_parameters(self) -> "Client":
        self.begin()
        self.take_parameters(self.ask(self.parameters_query()))
        return self

    def completion(
        self, b: int | None = None, g_b: int | None = None, **wrong: Any
    ) -> functions.SetClientDHParamsRequest:
        b = int.from_bytes(os.urandom(256), "big") if b is None else b
        self.key = pow(int.from_bytes(self.dh.g_a, "big"), b, DH_PRIME).to_bytes(256, "big")
        inner = types.ClientDHInnerData(
            **{
                "nonce": self.nonce, "server_nonce": self.res_pq.server_nonce, "retry_id": 0,
                "g_b": big(pow(self.dh.g, b, DH_PRIME) if g_b is None else g_b), **wrong,
            }
        )  # fmt: skip
        data = hashlib.sha1(bytes(inner)).digest() + bytes(inner)
        return self.seal(data)

    def seal(self, data: bytes) -> functions.SetClientDHParamsRequest:
        sealed = AES.encrypt_ige(data + os.urandom(-len(data) % 16), *self.aes)
        return functions.SetClientDHParamsRequest(self.nonce, self.res_pq.server_nonce, sealed)

    def nonce_hash(self, number: int) -> int:
        aux = hashlib.sha1(self.key).digest()[:8]
        data = self.new_nonce.to_bytes(32, "little", signed=True) + bytes([number]) + aux
        return int.from_bytes(hashlib.sha1(data).digest()[4:], "little", signed=True)

    def refused(self, query: TLObject) -> int:
        with pytest.raises(HandshakeError) as caught:
            self.ask(query)
        return caught.value.code


@pytest.fixture
def client(rsa: RsaKey) -> Client:
    return Client(rsa)


class TestTheRightWay:
    @pytest.mark.parametrize("pad", [rsa_pad, rsa_old])
    def test_agrees_on_a_key(self, client: Client, pad: Callable[[bytes, RsaKey], bytes]) -> None:
        client.begin()
        dh = client.take_parameters(client.ask(client.parameters_query(pad=pad)))
        answer = client.ask(client.completion())
        assert answer == types.DhGenOk(client.nonce, client.res_pq.server_nonce, client.nonce_hash(1))
        assert client.created is client.ring.by_id[key_id_of(client.key)]
        assert client.created.key == client.key
        assert (client.created.created, client.created.dc_id, client.created.user_id) == (NOW, 1, None)
        assert dh.server_time == NOW

    def test_the_first_salt_is_the_nonces_xored(self, client: Client) -> None:
        """Item 9."""
        client.to_parameters().ask(client.completion())
        ours = client.new_nonce.to_bytes(32, "little", signed=True)[:8]
        theirs = client.res_pq.server_nonce.to_bytes(16, "little", signed=True)[:8]
        assert client.created is not None
        assert client.created.first_salt == int.from_bytes(
            bytes(a ^ b for a, b in zip(ours, theirs, strict=True)), "little", signed=True
        )

    def test_numbers_are_as_the_document_says(self, client: Client) -> None:
        client.to_parameters()
        assert client.p < client.q
        assert client.p * client.q == client.pq <= 2**63 - 1
        assert int.from_bytes(client.dh.dh_prime, "big").bit_length() == 2048
        assert DH_PRIME % 3 == 2  # so that g = 3 generates the subgroup of prime order (item 6)
        assert client.dh.g == 3
        assert all(pow(base, n - 1, n) == 1 for n in (DH_PRIME, (DH_PRIME - 1) // 2) for base in (2, 3, 5))
        assert MARGIN <= int.from_bytes(client.dh.g_a, "big") <= DH_PRIME - MARGIN

    def test_the_old_first_query_works_too(self, client: Client) -> None:
        assert client.ask(functions.ReqPqRequest(client.nonce)).nonce == client.nonce

    def test_the_fingerprint_is_the_one_that_telethon_computes(self, rsa: RsaKey) -> None:
        client_rsa.add_key(rsa.public_pem, old=False)
        assert client_rsa.encrypt(rsa.fingerprint, b"x") is not None

    @pytest.mark.parametrize("kind", [types.PQInnerData, types.PQInnerDataTemp])
    def test_inner_data_without_a_dc(self, client: Client, kind: type) -> None:
        client.begin()
        assert isinstance(client.ask(client.parameters_query(client.inner(kind))), types.ServerDHParamsOk)

    def test_a_temporary_key_expires(self, client: Client) -> None:
        client.begin()
        data = client.inner(types.PQInnerDataTempDc, expires_in=100)
        client.take_parameters(client.ask(client.parameters_query(data)))
        client.ask(client.completion())
        assert client.created is not None
        assert client.created.expires_at == NOW + 100

    def test_repeated_queries_get_the_same_answers(self, client: Client) -> None:
        """ "the server will simply re-send the same response" (Error Handling)"""
        client.begin()
        query = client.parameters_query()
        first = client.ask(query)
        assert client.ask(query) == first
        client.take_parameters(first)
        last = client.completion()
        answer = client.ask(last)
        assert client.ask(last) == answer
        assert len(client.ring.by_id) == 1


class TestTheWrongWay:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"nonce": 1}, {"server_nonce": 1}, {"p": b"\x03"}, {"q": b"\x05"}, {"public_key_fingerprint": 1},
            {"encrypted_data": b""}, {"encrypted_data": b"\xff" * 256}, {"encrypted_data": b"\x01" * 256},
        ],
    )  # fmt: skip
    def test_parameters_query(self, client: Client, wrong: dict[str, Any]) -> None:
        client.begin()
        assert client.refused(client.parameters_query(**wrong)) == 404

    @pytest.mark.parametrize(
        "wrong", [{"nonce": 1}, {"server_nonce": 1}, {"pq": b"\x0f"}, {"p": b"\x03"}, {"q": b"\x05"}]
    )
    def test_inner_data(self, client: Client, wrong: dict[str, Any]) -> None:
        client.begin()
        assert client.refused(client.parameters_query(client.inner(**wrong))) == 404

    def test_swapped_factors(self, client: Client) -> None:
        """Item 3: p < q."""
        client.begin()
        client.p, client.q = client.q, client.p
        assert client.refused(client.parameters_query()) == 404

    @pytest.mark.parametrize(("dc", "code"), [(2, 444), (10_002, 444), (0, 444)])
    def test_another_dc(self, client: Client, dc: int, code: int) -> None:
        client.begin()
        assert client.refused(client.parameters_query(client.inner(dc=dc))) == code

    @pytest.mark.parametrize("dc", [1, -1, 10_001, -10_001])
    def test_test_and_media_centres_are_the_same(self, client: Client, dc: int) -> None:
        client.begin()
        assert isinstance(client.ask(client.parameters_query(client.inner(dc=dc))), types.ServerDHParamsOk)

    def test_a_damaged_hash(self, client: Client, rsa: RsaKey) -> None:
        client.begin()
        for pad in (rsa_pad, rsa_old):
            data = bytearray(pad(client.inner(), rsa))
            number = int.from_bytes(data, "big") ^ 1
            assert client.refused(client.parameters_query(encrypted_data=number.to_bytes(256, "big"))) == 404
            client.begin()

    def test_after_an_error_the_right_query_is_refused_too(self, client: Client) -> None:
        """ "any subsequent request also returns -404, even if it is correct" (item 6)"""
        client.begin()
        assert client.refused(client.parameters_query(p=b"\x03")) == 404
        assert client.refused(client.parameters_query()) == 404

    def test_a_second_different_parameters_query(self, client: Client) -> None:
        client.to_parameters()
        assert client.refused(client.parameters_query()) == 404

    def test_completion_before_the_parameters(self, client: Client) -> None:
        client.begin()
        client.aes = (bytes(32), bytes(32))
        assert client.refused(client.seal(bytes(64))) == 404

    @pytest.mark.parametrize("wrong", [{"nonce": 1}, {"server_nonce": 1}, {"retry_id": 5}])
    def test_completion(self, client: Client, wrong: dict[str, Any]) -> None:
        client.to_parameters()
        assert client.refused(client.completion(**wrong)) == 404
        assert not client.ring.by_id

    def test_completion_with_a_wrong_hash(self, client: Client) -> None:
        client.to_parameters()
        inner = bytes(types.ClientDHInnerData(client.nonce, client.res_pq.server_nonce, 0, b"\x05" * 256))
        assert client.refused(client.seal(bytes(20) + inner)) == 404

    @pytest.mark.parametrize("data", [b"", b"abc", bytes(16), bytes(15)])
    def test_completion_of_a_wrong_length(self, client: Client, data: bytes) -> None:
        client.to_parameters()
        query = functions.SetClientDHParamsRequest(client.nonce, client.res_pq.server_nonce, data)
        assert client.refused(query) == 404

    @pytest.mark.parametrize("g_b", [0, 1, 2, MARGIN - 1, DH_PRIME - MARGIN + 1, DH_PRIME - 1, DH_PRIME, 2**2048 - 1])
    def test_g_b_out_of_range(self, client: Client, g_b: int) -> None:
        """Item 9, IMPORTANT: both sides check the range."""
        client.to_parameters()
        answer = client.ask(client.completion(g_b=g_b))
        assert isinstance(answer, types.DhGenFail)
        assert not client.ring.by_id

    def test_the_server_forgets_after_ten_minutes(self, client: Client) -> None:
        client.begin()
        client.now += 601
        assert client.refused(client.parameters_query()) == 404

    def test_queries_that_belong_elsewhere(self, client: Client) -> None:
        assert client.refused(functions.help.GetConfigRequest()) == 404
        assert client.refused(types.Pong(1, 2)) == 404


class TestRetry:
    def test_an_id_that_is_taken(self, client: Client) -> None:
        """Items 8 and 9: dh_gen_retry, then a new b with the auth_key_aux_hash as retry_id."""
        client.to_parameters()
        query = client.completion(b=12345678901234567890**50)
        client.ring.by_id[key_id_of(client.key)] = client.ring.create(os.urandom(256))
        answer = client.ask(query)
        assert answer == types.DhGenRetry(client.nonce, client.res_pq.server_nonce, client.nonce_hash(2))
        retry_id = int.from_bytes(hashlib.sha1(client.key).digest()[:8], "little", signed=True)
        assert isinstance(client.ask(client.completion(retry_id=retry_id)), types.DhGenOk)

    def test_a_retry_must_name_the_failed_attempt(self, client: Client) -> None:
        client.to_parameters()
        query = client.completion(b=12345678901234567890**50)
        client.ring.by_id[key_id_of(client.key)] = client.ring.create(os.urandom(256))
        client.ask(query)
        assert client.refused(client.completion(retry_id=0)) == 404


@given(body=st.binary(max_size=300))
@settings(max_examples=200)
def test_hostile_queries_raise_nothing_else(rsa: RsaKey, body: bytes) -> None:
    exchange_ = KeyExchange(rsa, KeyRing(Store(None)), 1, lambda: NOW)
    for head in (b"", bytes(functions.ReqDHParamsRequest(1, 2, b"", b"", 3, b""))[:4]):
        with pytest.raises(HandshakeError):
            exchange_.answer(head + body)


@given(number=st.integers(3, 10**6).map(lambda n: n * 2 + 1))
def test_primes(number: int) -> None:
    small = all(number % d for d in range(3, int(number**0.5) + 1, 2))
    assert keyexchange._is_prime(number) is (small and number > 13)


async def test_over_the_wire_an_error_closes_the_connection(sandbox: Sandbox) -> None:
    client = await RawClient.open(sandbox)
    with pytest.raises(TransportError) as caught:
        await exchange(client, bytes(functions.SetClientDHParamsRequest(1, 2, b"")))
    assert caught.value.code == 404
    assert await client.closed()


async def test_an_encrypted_packet_with_an_unknown_key(sandbox: Sandbox) -> None:
    """https://core.telegram.org/mtproto/mtproto-transports#transport-errors"""
    client = await RawClient.open(sandbox)
    client.key_id = struct.pack("<q", 12345)
    with pytest.raises(TransportError) as caught:
        await client.call(functions.PingRequest(1))
    assert caught.value.code == 404
    assert await client.closed()
