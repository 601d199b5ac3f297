"""Another program's key: tried where this network has its data centre, and shown to no address that it names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tgadmin.core.errors import TelegramError
from tgadmin.telegram import Key, Network
from tgadmin.telegram.client.signin import SignInClient

pytestmark = pytest.mark.pure

KEY = bytes(range(256))
NAMED = {1: "149.154.175.53", 2: "149.154.167.51", 5: "91.108.56.130"}
"""Where help.getConfig says that the data centres are today."""


def option(dc_id: int, address: str) -> Any:
    flags = dict.fromkeys(("cdn", "media_only", "tcpo_only"), False)
    return SimpleNamespace(id=dc_id, ip_address=address, ipv6=":" in address, port=443, **flags)


async def adopted(dc_id: int, address: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    """What is said to it, "" if its key was tried; and the addresses that were connected to."""
    client = SignInClient(Network(1, "0" * 32), None)
    went: list[str] = []

    class Wire:
        async def invoke(self, request: Any) -> Any:
            return SimpleNamespace(dc_options=[option(*each) for each in NAMED.items()])

    async def go_to(wire: Any, key: Key) -> None:
        went.append(key.server_address)

    async def me() -> Any:
        return "somebody"

    monkeypatch.setattr(client, "_wire", Wire())
    monkeypatch.setattr(client, "_go_to", go_to)
    monkeypatch.setattr(client, "me", me)
    try:
        await client.adopt(Key(dc_id, address, 443, KEY))
    except TelegramError as error:
        return error.code, went
    return "", went


@pytest.mark.parametrize(
    ("dc_id", "address"),
    [(5, "91.108.56.165"), (5, "91.108.56.116"), (1, "149.154.175.54"), (1, "149.154.175.59"), (2, "149.154.167.41"),
     (2, "2001:067c:04e8:f002:0:0:0:a"), (2, "1.2.3.4")],
)  # fmt: skip
async def test_an_address_of_another_year_or_region(dc_id: int, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await adopted(dc_id, address, monkeypatch) == ("", [NAMED[dc_id]])


@pytest.mark.parametrize(("dc_id", "address"), [(2, "149.154.167.40"), (2, "127.0.0.1"), (3, "149.154.175.100")])
async def test_another_network(dc_id: int, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test environment's, a server's of one's own, a data centre that this network has not."""
    assert await adopted(dc_id, address, monkeypatch) == ("IMPORT_OTHER_NETWORK", [])
