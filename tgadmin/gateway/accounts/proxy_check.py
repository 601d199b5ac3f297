"""Tests the connection to Telegram, through a session's proxy or without one."""

from __future__ import annotations

import structlog

from apps.sessions.services import proxies
from apps.sessions.services.proxies import Trial
from tgadmin.core.encryption import DecryptionError
from tgadmin.core.errors import TelegramError
from tgadmin.core.proxies import Proxy
from tgadmin.gateway.threads import Threads
from tgadmin.telegram import Key, Network, measure

log = structlog.get_logger(__name__)


async def proxy_of(threads: Threads, network: Network, session_id: int) -> Proxy | None:
    """The session's proxy; one that has never worked is tried first. Raises TelegramError: what it does not do, or
    KEYS_MISSING when its secrets cannot be read."""
    try:
        found = await threads.run(proxies.load, session_id)
    except DecryptionError as error:
        log.error("a secret cannot be read", session=session_id, secret=error.says)
        raise TelegramError("KEYS_MISSING") from None
    if found is None:
        return None
    if not found.is_tried:
        trial = await attempt(network, None, found.proxy)
        await threads.run(proxies.tried, session_id, trial)
        if trial.code:
            raise TelegramError(trial.code)
    return found.proxy


async def attempt(network: Network, key: Key | None, proxy: Proxy | None) -> Trial:
    """Test the connection to the account's data centre (``key`` None: the network's first)."""
    network.install()
    to = key or network.first_key()
    try:
        timing = await measure(network, (to.dc_id, to.server_address, to.port), proxy)
    except TelegramError as error:
        return Trial(error.code)
    return Trial("", _milliseconds(timing.connected), _milliseconds(timing.answered))


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
