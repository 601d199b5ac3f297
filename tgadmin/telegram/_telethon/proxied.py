"""Connections through a proxy, guarded as direct ones are. Never around it: a proxy that fails is the connection's end.

``failure`` of a connection is the code of what its proxy did wrong, "" as long as it did nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy as SocksClient
from telethon.crypto import AESModeCTR

from tgadmin.core.proxies import Proxy, ProxyKind
from tgadmin.core.reach import Reach, is_private
from tgadmin.telegram._telethon.connection import Guarded, GuardedConnection
from tgadmin.telegram._telethon.framing import Framing, Sized

FORBIDDEN = "PROXY_FORBIDDEN"
UNREACHABLE, REFUSED, NO_WAY, SILENT = "PROXY_UNREACHABLE", "PROXY_REFUSED", "PROXY_NO_WAY", "PROXY_SILENT"
_HEADER = 64
_PADDED_TAG = b"\xdd" * 4
_PADDING = 16  # bytes, less than
_FIRST_BYTES_OF_OTHERS = (b"HEAD", b"POST", b"GET ", b"OPTI", b"PVrG", b"\xee" * 4, b"\xdd" * 4, b"\x16\x03\x01\x02")
_MESSAGE_HEAD = 24  # auth_key_id and msg_key
_PLAIN_HEAD = 20  # auth_key_id 0, message id, length


_limits = [Reach()]
"""Where proxies may lie; one for the process, which serves one Telegram."""


def limit_proxies(reach: Reach) -> None:
    """Where this process' proxies may lie, from now on."""
    _limits[0] = reach


def connection_to(
    address: tuple[int, str, int],
    proxy: Proxy | None,
    *,
    allowed: Callable[[], bool],
    on_bytes: Callable[[], None],
    local_address: str | None = None,
) -> Guarded:
    """A connection, not made yet, to ``address`` (data centre id, host, port), through ``proxy`` if there is one."""
    options: dict[str, Any] = {"allowed": allowed, "on_bytes": on_bytes, "local_address": local_address}
    if proxy is None:
        return GuardedConnection(address, **options)
    kind = SocksConnection if proxy.kind is ProxyKind.SOCKS5 else MTProxyConnection
    return kind(address, through=proxy, **options)


class ProxyFailed(ConnectionError):
    """The proxy did not take us through."""


class _ToProxy:
    """The TCP connection to the proxy itself, as python_socks takes one to forward over.

    ``reached`` tells a proxy that does not answer from one that answers and does not help.
    """

    def __init__(self, proxy: Proxy, local: tuple[str, int] | None, reach: Reach) -> None:
        self._proxy, self._local, self._reach = proxy, local, reach
        self.forbidden = False
        self.reached = False

    async def connect(self, dest_host: str = "", dest_port: int = 0, timeout: float | None = None) -> socket.socket:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._proxy.host, self._proxy.port, type=socket.SOCK_STREAM)
        problem: OSError = ConnectionRefusedError("no address")
        allowed = [one for one in found if self._reach.allows(str(one[4][0]), self._proxy.port)]
        self.forbidden = bool(found) and not allowed
        for family, kind, protocol, _, address in allowed:
            raw = socket.socket(family, kind, protocol)
            try:
                raw.setblocking(False)
                if self._local is not None:
                    raw.bind(self._local)
                await loop.sock_connect(raw, address)
            except OSError as error:
                raw.close()
                problem = error
            except BaseException:
                raw.close()
                raise
            else:
                self.reached = True
                return raw
        raise problem


class _Proxied(Guarded):
    """What both kinds share: who opens the connection, and what its failure is called."""

    def __init__(self, *arguments: Any, through: Proxy, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._through = through

    async def _socket(self, timeout: float | None) -> socket.socket:
        self.failure = ""
        # A Telegram in a private network is reached by proxies that lie in private networks.
        reach = replace(_limits[0], private=_limits[0].private or is_private(self._host))
        to_proxy = _ToProxy(self._through, self._local, reach)
        try:
            async with asyncio.timeout(timeout):
                return await self._passage(to_proxy)
        except (OSError, ProxyError, TimeoutError) as error:
            unreached = FORBIDDEN if to_proxy.forbidden else UNREACHABLE
            self.failure = self._failure(error) if to_proxy.reached else unreached
            raise ProxyFailed(self.failure) from None

    async def _passage(self, to_proxy: _ToProxy) -> socket.socket:
        """The socket, once what is written into it comes to Telegram."""
        raise NotImplementedError

    def _failure(self, error: Exception) -> str:
        return NO_WAY


class SocksConnection(_Proxied):
    """Through a SOCKS5 proxy (RFC 1928, 1929)."""

    async def _passage(self, to_proxy: _ToProxy) -> socket.socket:
        client = SocksClient(
            ProxyType.SOCKS5,
            self._through.host,
            self._through.port,
            self._through.username or None,
            self._through.password or None,
            forward=cast(SocksClient, to_proxy),
        )
        return await client.connect(self._host, self._port)

    def _failure(self, error: Exception) -> str:
        """A reply to CONNECT has a code: the proxy let us in, yet does not get to Telegram. Before that it did not."""
        refused = isinstance(error, ProxyError) and error.error_code is None
        return REFUSED if refused else NO_WAY


def without_padding(packet: bytes) -> bytes:
    """A message says how long it is: a plain one in its head, an encrypted one is whole blocks of 16 after 24 bytes."""
    if len(packet) < _PLAIN_HEAD:
        return packet[:4]  # a transport error
    if packet[:8] == bytes(8):
        return packet[: _PLAIN_HEAD + int.from_bytes(packet[16:20], "little")]
    return packet[: len(packet) - (len(packet) - _MESSAGE_HEAD) % 16]


class _Obfuscated:
    """The padded transport under two ciphers, with the header that tells the proxy their keys and the data centre, to
    whoever has the secret.

    https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation
    """

    def __init__(self, secret: bytes, dc_id: int) -> None:
        start = _random_start()
        back = start[::-1]
        self._encrypt = AESModeCTR(hashlib.sha256(start[8:40] + secret).digest(), start[40:56])
        self._decrypt = AESModeCTR(hashlib.sha256(back[8:40] + secret).digest(), back[40:56])
        said = _PADDED_TAG + dc_id.to_bytes(2, "little", signed=True)
        plain = start[:56] + said + start[62:]
        self.header = start[:56] + self._encrypt.encrypt(plain)[56:]
        self._inner = Sized()

    def wrap(self, packet: bytes) -> bytes:
        padding = os.urandom(secrets.randbelow(_PADDING))
        return cast(bytes, self._encrypt.encrypt(self._inner.wrap(packet + padding)))

    def feed(self, data: bytes) -> list[bytes]:
        return [without_padding(packet) for packet in self._inner.feed(self._decrypt.encrypt(data))]


def _random_start() -> bytes:
    """64 random bytes that no other protocol begins with."""
    while True:
        start = os.urandom(_HEADER)
        if start[0] != 0xEF and start[:4] not in _FIRST_BYTES_OF_OTHERS and start[4:8] != bytes(4):
            return start


class MTProxyConnection(_Proxied):
    """Through an MTProxy. The padded transport goes with every secret, plain or ``dd``.

    An MTProxy answers nothing of its own: a wrong secret and a Telegram that it cannot reach look alike, a connection
    that ends, or stands, without a byte.
    """

    silence = SILENT

    def _new_framing(self) -> Framing:
        return _Obfuscated(self._through.secret_bytes, self._dc_id)

    async def _passage(self, to_proxy: _ToProxy) -> socket.socket:
        return await to_proxy.connect()
