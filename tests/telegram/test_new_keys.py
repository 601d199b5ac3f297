"""Agreeing on a new key: what Telegram refuses, and what Telethon gets wrong now and then, is tried again."""

from __future__ import annotations

import pytest
from telethon.crypto import Factorization

from sandbox.server import Sandbox
from tgadmin.core.errors import TelegramError
from tgadmin.telegram import Network, SignInClient
from tgadmin.telegram._telethon import wire

PHONE = "491511000001"


class Factors:
    """Telethon's search for two factors, which finds none at first."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0
        self._find = Factorization.factorize

    def __call__(self, number: int) -> tuple[int, int]:
        self.calls += 1
        return (1, number) if self.calls <= self.failures else self._find(number)


@pytest.mark.parametrize("failures", [1, 2, wire.KEY_TRIES])
async def test_a_refused_exchange_is_tried_again(
    network: Network, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    factors = Factors(failures)
    monkeypatch.setattr(Factorization, "factorize", factors)
    client = SignInClient(network, None)
    await client.connect()
    assert factors.calls == failures + 1
    assert (await client.send_code(PHONE)).hash
    await client.disconnect()


async def test_an_exchange_that_is_always_refused_is_no_dead_key(
    network: Network, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Factorization, "factorize", Factors(1000))
    client = SignInClient(network, None)
    with pytest.raises(TelegramError) as caught:
        await client.connect()
    assert (caught.value.code, caught.value.is_fatal) == ("CONNECTION_FAILED", False)
    assert sandbox.keys == {}
