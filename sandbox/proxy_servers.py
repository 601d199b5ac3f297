"""Proxies in front of the data centres, for tests: a SOCKS5 server (RFC 1928, 1929) and an MTProxy.

Both really are what they are called, on loopback addresses, and can be made to fail as proxies do: ``kill`` (nobody
answers at their port), ``cut_off`` (they answer, but get to no data centre), ``revive``.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import struct
from abc import ABC, abstractmethod
from typing import Any, Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

CHUNK = 64 * 1024
_VERSION, _TO_CONNECT, _NAMES_VERSION = 5, 1, 1
_ANONYMOUS, _BY_NAME, _NONE = 0, 2, 255
_GRANTED, _REFUSED, _NO_COMMAND, _NO_ADDRESS = 0, 5, 7, 8
_HEADER = 64
_TAGS = (b"\xef" * 4, b"\xee" * 4, b"\xdd" * 4)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Addressed(Protocol):
    """Where the data centres listen: DC 1 first."""

    host: str

    @property
    def ports(self) -> list[int]: ...


class _GiveUp(Exception):
    """The client is not let through."""


class Front(ABC):
    """The listening socket of one proxy."""

    name = ""

    def __init__(self, server: Addressed) -> None:
        self._server = server
        self.port = 0
        self.passed = 0
        """Connections that were let through to a data centre."""
        self.reaches_telegram = True
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[Any]] = set()

    @property
    @abstractmethod
    def link(self) -> str:
        """As people pass it on."""

    async def listen(self) -> None:
        self._listener = await asyncio.start_server(self._serve, self._server.host, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Nobody answers any more; what was open is cut."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.cut()

    async def stop(self) -> None:
        """Closed, and nothing of it runs any more."""
        self.close()
        while self._serving:  # what was open has been cut: each ends by itself
            await asyncio.wait(self._serving)
            self.cut()  # one that was still dialling

    def cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    @property
    def is_up(self) -> bool:
        return self._listener is not None

    @abstractmethod
    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let one client through. Raises _GiveUp, OSError, IncompleteReadError."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        if (task := asyncio.current_task()) is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        try:
            await self._pass(reader, writer)
        except (_GiveUp, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _dial(self, host: str, port: int) -> Streams:
        """A connection to a data centre. Raises ConnectionRefusedError for whatever is none of ours."""
        if not self.reaches_telegram or port not in self._server.ports or host != self._server.host:
            raise ConnectionRefusedError
        streams = await asyncio.open_connection(host, port)
        self.passed += 1
        return streams

    async def _join(self, client: Streams, centre: Streams, up: Any = bytes, down: Any = bytes) -> None:
        """Carry bytes both ways until either side ends; ``up`` and ``down`` change them on their way."""
        self._open.add(centre[1])
        pumps = [
            asyncio.create_task(_carry(client[0], centre[1], up)),
            asyncio.create_task(_carry(centre[0], client[1], down)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._open.discard(centre[1])
            centre[1].close()
            await asyncio.gather(*pumps, return_exceptions=True)


class Socks5Front(Front):
    """SOCKS5 with a user name and a password; CONNECT to the data centres only."""

    name = "socks5"

    def __init__(self, server: Addressed, username: str = "sandbox", password: str = "socks password") -> None:  # noqa: S107
        super().__init__(server)
        self.username, self.password = username, password

    @property
    def link(self) -> str:
        return f"socks5://{self.username}:{self.password.replace(' ', '%20')}@{self._server.host}:{self.port}"

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._authenticate(reader, writer)
        host, port = await self._wanted(reader, writer)
        try:
            centre = await self._dial(host, port)
        except OSError:
            _reply(writer, _REFUSED)
            raise
        _reply(writer, _GRANTED)
        await self._join((reader, writer), centre)

    async def _authenticate(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        version, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = _BY_NAME if self.username else _ANONYMOUS
        if version != _VERSION or wanted not in methods:
            writer.write(bytes((_VERSION, _NONE)))
            raise _GiveUp
        writer.write(bytes((_VERSION, wanted)))
        if wanted == _ANONYMOUS:
            return
        version, length = await reader.readexactly(2)
        username = await reader.readexactly(length)
        password = await reader.readexactly((await reader.readexactly(1))[0])
        right = (username.decode(), password.decode()) == (self.username, self.password)
        writer.write(bytes((_NAMES_VERSION, 0 if right and version == _NAMES_VERSION else 1)))
        if not right:
            raise _GiveUp

    async def _wanted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
        _, command, _, kind = await reader.readexactly(4)
        if kind == 1:
            host = str(ipaddress.IPv4Address(await reader.readexactly(4)))
        elif kind == 4:
            host = str(ipaddress.IPv6Address(await reader.readexactly(16)))
        elif kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("ascii", "replace")
        else:
            _reply(writer, _NO_ADDRESS)
            raise _GiveUp
        (port,) = struct.unpack(">H", await reader.readexactly(2))
        if command != _TO_CONNECT:
            _reply(writer, _NO_COMMAND)
            raise _GiveUp
        return host, port


class MTProxyFront(Front):
    """An MTProxy with one secret of 16 bytes, which clients may give with ``dd`` in front: then they must pad.

    https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation: the header's 64 bytes hold both keys,
    which are hashed with the secret, and, encrypted, the transport's tag and the number of the data centre. Whoever has
    another secret sends noise: such a connection is kept open without an answer, as real proxies do.
    """

    name = "mtproxy"

    def __init__(self, server: Addressed, secret: bytes = bytes(range(1, 17))) -> None:
        super().__init__(server)
        self.secret = secret

    @property
    def link(self) -> str:
        return f"tg://proxy?server={self._server.host}&port={self.port}&secret=dd{self.secret.hex()}"

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = await reader.readexactly(_HEADER)
        back = header[::-1]
        decrypt = _cipher(header[8:40], self.secret, header[40:56])
        encrypt = _cipher(back[8:40], self.secret, back[40:56])
        said = decrypt.update(header)[56:64]
        tag, (dc_id,) = said[:4], struct.unpack("<h", said[4:6])
        if tag not in _TAGS:
            await reader.read(-1)  # a stranger: read to the end
            raise _GiveUp
        port = self._server.ports[abs(dc_id) - 1] if 1 <= abs(dc_id) <= len(self._server.ports) else 0
        centre = await self._dial(self._server.host, port)
        centre[1].write(tag if tag != _TAGS[0] else tag[:1])
        await self._join((reader, writer), centre, decrypt.update, encrypt.update)


class ProxyServers:
    """The sandbox's proxies, by name; started on demand."""

    def __init__(self, server: Addressed) -> None:
        self._server = server
        self.socks5 = Socks5Front(server)
        self.mtproxy = MTProxyFront(server)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        for front in (self.socks5, self.mtproxy):
            await front.listen()

    async def stop(self) -> None:
        await asyncio.gather(self.socks5.stop(), self.mtproxy.stop())

    def links(self) -> dict[str, str]:
        """How each is reached, secrets included."""
        return {front.name: front.link for front in (self.socks5, self.mtproxy)}

    def passed(self) -> dict[str, int]:
        """How many connections each has let through."""
        return {front.name: front.passed for front in (self.socks5, self.mtproxy)}

    def kill(self, name: str) -> None:
        """The proxy's port answers nobody; its connections are cut."""
        self._front(name).close()

    def cut_off(self, name: str) -> None:
        """The proxy answers, but gets to no data centre; its connections are cut."""
        front = self._front(name)
        front.reaches_telegram = False
        front.cut()

    def revive(self, name: str) -> None:
        """Sound again, at the same port."""
        front = self._front(name)
        front.reaches_telegram = True
        if not front.is_up:
            task = asyncio.get_running_loop().create_task(front.listen())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _front(self, name: str) -> Front:
        fronts: dict[str, Front] = {"socks5": self.socks5, "mtproxy": self.mtproxy}
        if name not in fronts:
            raise ValueError(f"no such proxy: {name}")
        return fronts[name]


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Any) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(change(data))
            await writer.drain()


def _reply(writer: asyncio.StreamWriter, code: int) -> None:
    writer.write(bytes((_VERSION, code, 0, 1)) + bytes(6))


def _cipher(key: bytes, secret: bytes, iv: bytes) -> CipherContext:
    return Cipher(algorithms.AES(hashlib.sha256(key + secret).digest()), modes.CTR(iv)).encryptor()
