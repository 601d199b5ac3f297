"""A client without manners: MTProto by hand, so that tests can send what no library would."""

import asyncio
import contextlib
import os
import struct
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from telethon import TelegramClient
from telethon.crypto import AES, AuthKey
from telethon.errors import SecurityError
from telethon.extensions import BinaryReader
from telethon.network.authenticator import do_authentication
from telethon.tl import TLObject, functions, types
from telethon.tl.alltlobjects import LAYER
from telethon.tl.core import GzipPacked

from sandbox.protocol.keys import AuthKey as KnownKey
from sandbox.server import Sandbox

CONTAINER, RPC_RESULT = 0x73F1F8DC, 0xF35C6D01


class TransportError(Exception):
    """The server sent four bytes with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Message:
    """One message from the server. ``obj``: its TL object, of an rpc_result the inner one; ``answers``: its request."""

    msg_id: int
    seqno: int
    body: bytes
    obj: Any
    answers: int | None = None
    in_container: bool = False


class RawClient:
    """Speaks the intermediate transport. Everything that goes out can be set; nothing is acknowledged by itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.key = b""
        self.key_id = b""
        self.salt = 0
        self.session_id = int.from_bytes(os.urandom(8), "little", signed=True)
        self.sequence = 0
        self.last_id = 0
        self.inbox: list[Message] = []

    @classmethod
    async def open(cls, sandbox: Sandbox, *, dc: int = 1, like: "RawClient | None" = None) -> Self:
        """Connect; with a new key, or with the key, session and counters of another client."""
        client = cls(*await asyncio.open_connection(sandbox.host, sandbox.port + dc - 1))
        client.writer.write(b"\xee" * 4)
        if like is None:
            await client.handshake()
        else:
            client.key, client.key_id, client.salt = like.key, like.key_id, like.salt
            client.session_id, client.sequence, client.last_id = like.session_id, like.sequence, like.last_id
        return client

    async def handshake(self) -> None:
        """Telethon's own key exchange, over this connection.

        One key in 256 begins with a zero byte, which Telethon drops; then it finds the hash wrong and tries again.
        """
        while True:
            with contextlib.suppress(SecurityError):
                self.use((await do_authentication(Plain(self)))[0])
                return

    def use(self, key: AuthKey) -> None:
        self.key, self.key_id = key.key, struct.pack("<Q", key.key_id)

    async def initialised(self) -> Self:
        """Ready for API requests: right salt, connection initialised."""
        await self.send(functions.PingRequest(1))
        self.salt = (await self.expect(types.BadServerSalt)).obj.new_server_salt
        query = functions.help.GetNearestDcRequest()
        init = functions.InitConnectionRequest(1, "raw", "1", "1", "en", "", "en", query)
        msg_id = await self.send(functions.InvokeWithLayerRequest(LAYER, init))
        await self.result(msg_id)
        return self

    # Sending

    def new_id(self) -> int:
        now = time.time()
        self.last_id = max(int(now) << 32 | int(now % 1 * 1_000_000_000) << 2, self.last_id + 4)
        return self.last_id

    def new_seqno(self, content: bool) -> int:
        seqno = self.sequence * 2 + content
        self.sequence += content
        return seqno

    async def send(self, body: TLObject | bytes, *, content: bool = True, **fields: int) -> int:
        """Send one message; ``msg_id``, ``seqno``, ``salt``, ``session_id`` override what is right."""
        data = body if isinstance(body, bytes) else bytes(body)
        msg_id = fields.get("msg_id") or self.new_id()
        seqno = fields["seqno"] if "seqno" in fields else self.new_seqno(content)
        self.write(self.encrypt(data, msg_id, seqno, fields.get("salt", self.salt), fields.get("session_id")))
        return msg_id

    def encrypt(self, body: bytes, msg_id: int, seqno: int, salt: int, session_id: int | None = None) -> bytes:
        head = struct.pack(
            "<qqqii", salt, self.session_id if session_id is None else session_id, msg_id, seqno, len(body)
        )
        plain = head + body
        plain += os.urandom(-(len(plain) + 12) % 16 + 12)
        msg_key = sha256(self.key[88:120] + plain).digest()[8:24]
        return self.key_id + msg_key + AES.encrypt_ige(plain, *self._derive(msg_key, 0))

    def write(self, packet: bytes) -> None:
        self.writer.write(struct.pack("<I", len(packet)) + packet)

    async def send_container(self, *parts: tuple[int, int, bytes], **fields: int) -> int:
        return await self.send(container(*parts), content=False, **fields)

    # Receiving

    async def packet(self, timeout: float = 10) -> bytes:
        """The next packet as it is. Raises TransportError, or IncompleteReadError when the server has closed."""
        async with asyncio.timeout(timeout):
            (length,) = struct.unpack("<I", await self.reader.readexactly(4))
            data = await self.reader.readexactly(length)
        if length == 4:
            raise TransportError(-struct.unpack("<i", data)[0])
        return data

    async def receive(self, timeout: float = 10) -> None:
        """Take one packet's messages into the inbox."""
        packet = await self.packet(timeout)
        assert packet[:8] == self.key_id
        plain = AES.decrypt_ige(packet[24:], *self._derive(packet[8:24], 8))
        assert sha256(self.key[96:128] + plain).digest()[8:24] == packet[8:24]
        _, session_id, msg_id, seqno, length = struct.unpack_from("<qqqii", plain)
        assert session_id == self.session_id
        self._take(msg_id, seqno, plain[32 : 32 + length], False)

    def _take(self, msg_id: int, seqno: int, body: bytes, inner: bool) -> None:
        constructor, count = struct.unpack_from("<Ii", body.ljust(8, b"\0"))
        if constructor != CONTAINER:
            self.inbox.append(decode(msg_id, seqno, body, inner))
            return
        at = 8
        for _ in range(count):
            part_id, part_seqno, length = struct.unpack_from("<qii", body, at)
            assert part_id < msg_id
            self._take(part_id, part_seqno, body[at + 16 : at + 16 + length], True)
            at += 16 + length

    async def expect(self, kind: type, **fields: Any) -> Message:
        """The first message of that kind (with those fields), waiting for it; it leaves the inbox."""
        while True:
            for message in self.inbox:
                if isinstance(message.obj, kind) and all(getattr(message.obj, k) == v for k, v in fields.items()):
                    self.inbox.remove(message)
                    return message
            await self.receive()

    async def result(self, msg_id: int) -> Any:
        """The answer to a request."""
        while True:
            for message in self.inbox:
                if message.answers == msg_id:
                    self.inbox.remove(message)
                    return message.obj
            await self.receive()

    async def call(self, request: TLObject | bytes, **fields: int) -> Any:
        return await self.result(await self.send(request, **fields))

    async def settle(self) -> None:
        """Wait until all that was sent is answered; the inbox has the answers.

        Pings are answered when they arrive, requests a turn of the loop later: so the second pong comes after all else.
        """
        for _ in range(2):
            msg_id = await self.send(functions.PingRequest(77))
            await self.expect(types.Pong, msg_id=msg_id)

    async def closed(self) -> bool:
        """Wait until the server closes the connection."""
        async with asyncio.timeout(10):
            while await self.reader.read(65536):
                pass
        return True

    def close(self) -> None:
        self.writer.close()

    def _derive(self, msg_key: bytes, x: int) -> tuple[bytes, bytes]:
        a = sha256(msg_key + self.key[x : x + 36]).digest()
        b = sha256(self.key[x + 40 : x + 76] + msg_key).digest()
        return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]


def key_of(sandbox: Sandbox, client: RawClient | TelegramClient) -> KnownKey:
    """The key that a client uses, as the data centre knows it. There may be another of one whose first exchange of keys
    failed (see ``handshake``)."""
    raw = client.key_id if isinstance(client, RawClient) else struct.pack("<Q", client.session.auth_key.key_id)
    (key_id,) = struct.unpack("<q", raw)
    return sandbox.keys[key_id]


class Plain:
    """What Telethon's key exchange needs of a sender: one unencrypted query, one answer."""

    def __init__(self, client: RawClient) -> None:
        self._client = client

    async def send(self, request: TLObject) -> TLObject:
        return await exchange(self._client, bytes(request))


async def exchange(client: RawClient, body: bytes) -> TLObject:
    """Send an unencrypted query and read its answer."""
    client.write(struct.pack("<qqi", 0, client.new_id(), len(body)) + body)
    packet = await client.packet()
    key_id, msg_id, length = struct.unpack_from("<qqi", packet)
    assert key_id == 0
    assert msg_id % 4 == 1
    return BinaryReader(packet[20 : 20 + length]).tgread_object()


def container(*parts: tuple[int, int, bytes]) -> bytes:
    """A msg_container of (message id, sequence number, body)."""
    packed = b"".join(struct.pack("<qii", msg_id, seqno, len(body)) + body for msg_id, seqno, body in parts)
    return struct.pack("<Ii", CONTAINER, len(parts)) + packed


def decode(msg_id: int, seqno: int, body: bytes, inner: bool = False) -> Message:
    constructor = int.from_bytes(body[:4], "little")
    if constructor != RPC_RESULT:
        return Message(msg_id, seqno, body, BinaryReader(body).tgread_object(), None, inner)
    (answers,) = struct.unpack_from("<q", body, 4)
    obj = BinaryReader(body[12:]).tgread_object()
    if isinstance(obj, GzipPacked):
        obj = BinaryReader(obj.data).tgread_object()
    return Message(msg_id, seqno, body, obj, answers, inner)
