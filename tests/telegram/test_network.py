"""Keys and networks: what is stored, what is shown, what is refused."""

import json
from pathlib import Path

import pytest
from telethon.crypto import AuthKey

from tgadmin.core.errors import UserError
from tgadmin.telegram import Key, Network

pytestmark = pytest.mark.pure

BYTES = bytes(range(256))


def test_a_key_comes_back_from_json() -> None:
    key = Key(2, "127.0.0.1", 8443, BYTES)
    assert Key.from_json(json.loads(json.dumps(key.to_json()))) == key


def test_a_keys_id_is_telegrams() -> None:
    """https://core.telegram.org/mtproto/description#key-identifier-auth-key-id"""
    key = Key(2, "127.0.0.1", 8443, BYTES)
    assert key.key_id % 2**64 == AuthKey(BYTES).key_id
    assert Key(2, "127.0.0.1", 8443).key_id == 0


def test_neither_key_nor_hash_is_shown() -> None:
    key, network = Key(2, "127.0.0.1", 8443, b"s" * 256), Network(1, "the-hash", None, "PEM")
    assert "sss" not in repr(key) + str(key)
    assert "the-hash" not in repr(network)


@pytest.mark.parametrize("auth_key", ["", "!!!", "QUJD"])
def test_a_broken_key_is_refused_without_being_shown(auth_key: str) -> None:
    data = {"dc_id": 1, "server_address": "127.0.0.1", "port": 1, "auth_key": auth_key}
    if auth_key == "":
        assert Key.from_json(data).auth_key == b""
        return
    with pytest.raises(ValueError) as caught:
        Key.from_json(data)
    assert auth_key not in str(caught.value)


def test_a_network_is_read_from_the_environments_values(tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_text("-----BEGIN RSA PUBLIC KEY-----\n")
    network = Network.parse("12", "hash", "3@127.0.0.1:8443", str(pem))
    assert (network.api_id, network.dc) == (12, (3, "127.0.0.1", 8443))
    assert network.first_key() == Key(3, "127.0.0.1", 8443)
    assert Network.parse(12, "hash").first_key().dc_id == 2
    assert Network.parse(12, "hash", "2@[::1]:443").dc == (2, "::1", 443)


@pytest.mark.parametrize(
    ("api_id", "api_hash", "dc"),
    [("x", "h", ""), ("0", "h", ""), ("1", "", ""), ("1", "h", "127.0.0.1:1"), ("1", "h", "2@host"),
     ("1", "h", "2@host:70000"), ("1", "h", "0@host:1")],
)  # fmt: skip
def test_wrong_values_are_refused(api_id: str, api_hash: str, dc: str) -> None:
    with pytest.raises(UserError):
        Network.parse(api_id, api_hash, dc)


def test_a_file_that_is_no_public_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN PUBLIC KEY-----\n")
    with pytest.raises(UserError, match="BEGIN RSA PUBLIC KEY"):
        Network.parse(1, "h", "", str(tmp_path / "key.pem"))


def test_connections_may_come_from_an_address_of_ones_choice() -> None:
    assert Network.parse(1, "h").local_address is None
    assert Network.parse(1, "h", local_address="127.0.0.9").local_address == "127.0.0.9"
    with pytest.raises(UserError, match="source address"):
        Network.parse(1, "h", local_address="eth0")


@pytest.mark.parametrize(
    ("address", "is_ipv6"), [("149.154.167.51", False), ("2001:67c:4e8:f002::a", True), ("telegram.example", False)]
)
def test_a_key_knows_how_its_data_centre_is_reached(address: str, is_ipv6: bool) -> None:
    assert Key(2, address, 443).is_ipv6 is is_ipv6
