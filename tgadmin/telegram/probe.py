"""Tests a connection to Telegram: does the proxy answer, does Telegram answer through it, and how fast."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass

from telethon import functions as F  # noqa: N812
from telethon.network import MTProtoPlainSender

from tgadmin.core.errors import TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.telegram._telethon import QuietLogs, connection_to
from tgadmin.telegram.network import Network

TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Timing:
    """``connected``: seconds until the connection was open (through the proxy); ``answered``: from Telegram's question
    to its answer."""

    connected: float
    answered: float


async def measure(
    network: Network, address: tuple[int, str, int], proxy: Proxy | None, *, timeout: float = TIMEOUT
) -> Timing:
    """Ask the data centre at ``address`` for a nonce, as the first step of every key exchange; no account is touched.

    Raises TelegramError: PROXY_* for the proxy's own failures, CONNECTION_FAILED when the connection is open and
    Telegram does not answer (or, without a proxy, when it does not stand).
    """
    logs = QuietLogs()
    connection = connection_to(address, proxy, allowed=_always, on_bytes=_nothing, local_address=network.local_address)
    began = time.monotonic()
    try:
        await connection.connect(timeout=timeout)
        connected = time.monotonic()
        nonce = secrets.randbits(127)
        async with asyncio.timeout(timeout):
            answer = await MTProtoPlainSender(connection, loggers=logs).send(F.ReqPqMultiRequest(nonce))
        if getattr(answer, "nonce", None) != nonce:
            raise TelegramError("CONNECTION_FAILED")
        return Timing(connected - began, time.monotonic() - connected)
    except TelegramError:
        raise
    except Exception:  # noqa: BLE001 - whatever a stranger answers, it is not Telegram's answer
        silence = "" if connection.heard else connection.silence
        raise TelegramError(connection.failure or silence or "CONNECTION_FAILED") from None
    finally:
        await connection.disconnect()


def _always() -> bool:
    return True


def _nothing() -> None:
    return None
