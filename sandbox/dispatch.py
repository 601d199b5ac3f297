"""From a request to its handler: the registry of methods, the context of a request, the wrappers around requests.

https://core.telegram.org/api/invoking
"""

from __future__ import annotations

import asyncio
import logging
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLObject, TLRequest, functions, types
from telethon.tl.alltlobjects import LAYER

from sandbox import shapes
from sandbox.errors import RpcError

if TYPE_CHECKING:
    from sandbox.faults import Outcome
    from sandbox.protocol.connection import Connection
    from sandbox.protocol.keys import AuthKey
    from sandbox.protocol.session import Session
    from sandbox.server import Sandbox
    from sandbox.world import World
    from sandbox.world.accounts import Account

log = logging.getLogger(__name__)


@dataclass
class Context:
    """The circumstances of one request."""

    server: Sandbox
    world: World
    key: AuthKey
    session_id: int
    req_msg_id: int
    dc_id: int
    layer: int
    address: str  # the client's IP address
    pushes: list[tuple[int, TLObject]] = field(default_factory=list)
    replied: list[Callable[[], None]] = field(default_factory=list)

    @property
    def account(self) -> Account:
        """The signed-in account; raises 401 if there is none, or none that may act."""
        return self.server.account_of(self.key)

    def push(self, user_id: int, updates: TLObject) -> None:
        """Send ``updates`` to every session of the account's keys once this request's changes are committed.

        The request's own MTProto session is left out: it has the method's result instead.
        """
        self.pushes.append((user_id, updates))

    def after(self, reply: Callable[[], None]) -> None:
        """Run ``reply`` once the request's answer has been handed to the connection."""
        self.replied.append(reply)


Result: TypeAlias = TLObject | bool | int | list[Any]
Handler = Callable[[Context, Any], Awaitable[Result]]


def method_name(request_class: type[TLRequest]) -> str:
    """Telegram's name of a method: ``messages.SendMessageRequest`` -> ``messages.sendMessage``."""
    name = request_class.__name__.removesuffix("Request")
    package = request_class.__module__.rpartition(".functions")[2].lstrip(".")
    name = name[:1].lower() + name[1:]
    return f"{package}.{name}" if package else name


@dataclass(frozen=True)
class Method:
    """A registered method."""

    name: str
    handler: Handler
    anonymous: bool


class Registry:
    """The methods that the data centre knows, by request class."""

    def __init__(self) -> None:
        self.methods: dict[type[TLRequest], Method] = {}

    def method(self, request_class: type[TLRequest], *, anonymous: bool = False) -> Callable[[Handler], Handler]:
        """Register a handler; unless ``anonymous``, a key without a user gets 401 AUTH_KEY_UNREGISTERED instead."""

        def register(handler: Handler) -> Handler:
            if request_class in self.methods:
                raise ValueError(f"{request_class.__name__} has a handler already")
            self.methods[request_class] = Method(method_name(request_class), handler, anonymous)
            return handler

        return register


registry = Registry()


async def execute(connection: Connection, session: Session, msg_id: int, body: bytes) -> None:
    """Run the request in ``body`` and answer it; every failure becomes an rpc_error."""
    server = session.server
    call = _Call(connection, session, msg_id)
    failed = True
    try:
        request = await call.unwrap(_read(body))
        result = await call.run(request)
        answer = _packed(_serialized(type(request), result))
        failed = False
    except RpcError as error:
        answer = bytes(types.RpcError(error.code, error.message))
    except Exception as error:  # noqa: BLE001 (whatever a handler raises, its client gets an answer)
        # The request itself must not be logged: it may hold a code, a phone or a text. Where it happened is enough.
        log.error("%s failed: %s at %s", call.name, type(error).__name__, _place(error))
        answer = bytes(types.RpcError(500, "INTERNAL"))
    received = session.received.get(msg_id)
    if received is not None:
        received.running, received.failed = False, failed
        for waiter in received.waiters:
            if not waiter.done():
                waiter.set_result(None)
        if received.dropped:
            answer = bytes(types.RpcAnswerDroppedRunning())
    try:
        server.settle(connection, session, msg_id, answer, call.context, call.outcome)
    except Exception:
        # What could not be stored must not be answered either.
        log.exception("%s could not be settled", call.name)
        connection.close("internal error")


AT_ANY_DC = frozenset({"auth.exportAuthorization", "auth.logOut", "upload.getFile", "upload.saveFilePart"})
"""What a data centre does for accounts of another one too."""


class _Call:
    """One request on its way through its wrappers to its handler. https://core.telegram.org/api/invoking"""

    def __init__(self, connection: Connection, session: Session, msg_id: int) -> None:
        self.connection = connection
        self.session = session
        self.msg_id = msg_id
        self.name = "?"
        self.outcome: Outcome | None = None
        server, key = session.server, session.key
        self.context = Context(
            server, server.world, key, session.session_id, msg_id, connection.dc_id, key.layer, connection.address
        )

    async def unwrap(self, request: Any) -> TLRequest:
        """Take off all wrappers, doing what they ask for."""
        without_updates = False
        initialised = False
        while True:
            if isinstance(request, functions.InvokeWithLayerRequest):
                if not 0 < request.layer <= LAYER:
                    raise RpcError(400, "CONNECTION_LAYER_INVALID")
                self.context.layer = request.layer
            elif isinstance(request, functions.InitConnectionRequest):
                self._init(request)
                initialised = True
            elif isinstance(request, functions.InvokeWithoutUpdatesRequest):
                without_updates = True
            elif isinstance(request, functions.InvokeAfterMsgRequest):
                await self._wait_for([request.msg_id])
            elif isinstance(request, functions.InvokeAfterMsgsRequest):
                await self._wait_for(request.msg_ids)
            else:
                break
            request = request.query
        if not isinstance(request, TLRequest):
            raise RpcError(400, "INPUT_METHOD_INVALID")
        self._subscribe(without_updates, initialised)
        return request

    async def run(self, request: TLRequest) -> Result:
        """Call the handler, unless a rule or a fault says otherwise."""
        method = registry.methods.get(type(request))
        self.name = method_name(type(request)) if method is None else method.name
        server, key = self.session.server, self.session.key
        server.record.used(self.name, key.unsigned_id, key.user_id, self.session.session_id, self.connection.number)
        server.seen(key, self.connection.address)
        if not key.layer:
            raise RpcError(400, "CONNECTION_NOT_INITED")
        if method is None:
            log.warning("unknown method %s", self.name)
            raise RpcError(400, "INPUT_METHOD_INVALID")
        if not shapes.fits(request):
            raise RpcError(400, "INPUT_CONSTRUCTOR_INVALID")
        server.faults.check_connection(self.connection, self.session)
        self.outcome = server.faults.meet(self.name, key, request)
        if not method.anonymous:
            account = server.account_of(key)
            # An account that was moved: its sessions are told where to, and may carry their authorization over.
            # https://core.telegram.org/api/datacenter#user-migration
            # What was carried over for files stays where it is.
            at_home = account.home_dc in (key.dc_id, server.keys.get(key.extra.get("parent", key.id), key).dc_id)
            if not at_home and self.name not in AT_ANY_DC:
                raise RpcError(303, f"USER_MIGRATE_{account.home_dc}")
        return await method.handler(self.context, request)

    def _init(self, request: functions.InitConnectionRequest) -> None:
        """https://core.telegram.org/method/initConnection"""
        for value, error in (
            (request.api_id > 0, "CONNECTION_API_ID_INVALID"),
            (request.device_model.strip(), "CONNECTION_DEVICE_MODEL_EMPTY"),
            (request.system_version.strip(), "CONNECTION_SYSTEM_EMPTY"),
            (request.app_version.strip(), "CONNECTION_APP_VERSION_EMPTY"),
            (self.context.layer, "CONNECTION_LAYER_INVALID"),
        ):
            if not value:
                raise RpcError(400, error)
        key = self.session.key
        key.layer = self.context.layer
        for fact in (
            "api_id", "device_model", "system_version", "app_version", "system_lang_code", "lang_pack", "lang_code"
        ):  # fmt: skip
            if getattr(key, fact) != getattr(request, fact):
                setattr(key, fact, getattr(request, fact))

    async def _wait_for(self, msg_ids: list[int]) -> None:
        """Wait for other requests of the session; one that failed or never came lets this one fail too.

        https://core.telegram.org/method/invokeAfterMsg
        """
        for msg_id in msg_ids:
            other = self.session.received.get(msg_id)
            if other is None or msg_id >= self.msg_id:
                raise RpcError(400, "MSG_WAIT_FAILED")
            if other.running:
                waiter = asyncio.get_running_loop().create_future()
                other.waiters.append(waiter)
                await waiter
            if other.failed:
                raise RpcError(400, "MSG_WAIT_FAILED")

    def _subscribe(self, without_updates: bool, initialised: bool) -> None:
        """A session whose first request came in invokeWithoutUpdates gets no pushes (media and file sessions)."""
        if without_updates and (initialised or not self.session.asked):
            self.session.updates = False
        elif initialised:
            self.session.updates = True
        self.session.asked = True


def _read(body: bytes) -> Any:
    reader = BinaryReader(body)
    try:
        return reader.tgread_object()
    except TypeNotFoundError as error:
        known = int.from_bytes(body[:4], "little") != error.invalid_constructor_id
        raise RpcError(400, "INPUT_CONSTRUCTOR_INVALID" if known else "INPUT_METHOD_INVALID") from None
    except Exception:  # noqa: BLE001 (hostile bytes make the parser raise anything)
        raise RpcError(400, "INPUT_FETCH_ERROR") from None


_TRUE, _FALSE = bytes.fromhex("b5757299"), bytes.fromhex("379779bc")
_VECTOR = 0x1CB5C415
_GZIP_PACKED = 0x3072CFA1
_GZIP_FROM = 2048  # bytes; smaller results are not worth it


def _serialized(request_class: type[TLRequest], result: Result) -> bytes:
    """The boxed result."""
    if isinstance(result, bool):
        return _TRUE if result else _FALSE
    if isinstance(result, int):
        return struct.pack("<i", result)
    if isinstance(result, list):
        form = _int_form(request_class) if result and isinstance(result[0], int) else ""
        parts = (struct.pack(form, item) if form else bytes(item) for item in result)
        return struct.pack("<Ii", _VECTOR, len(result)) + b"".join(parts)
    return bytes(result)


def _int_form(request_class: type[TLRequest]) -> str:
    """Whether a method answers Vector<int> or Vector<long>: what Telethon's own reader of it takes."""
    reader = BinaryReader(struct.pack("<Iiq", _VECTOR, 1, 0))
    request_class.read_result(reader)
    return "<q" if reader.tell_position() == 16 else "<i"


def _packed(result: bytes) -> bytes:
    """The result, gzipped if that makes it smaller."""
    if len(result) < _GZIP_FROM:
        return result
    zipper = zlib.compressobj(1, wbits=31)
    packed = zipper.compress(result) + zipper.flush()
    if len(packed) >= len(result) - 8:
        return result
    return struct.pack("<I", _GZIP_PACKED) + bytes(TLObject.serialize_bytes(packed))


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
