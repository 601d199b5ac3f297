"""From a request to its handler and back to its answer, through the wrappers around requests.

https://core.telegram.org/api/invoking
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLRequest, functions, types
from telethon.tl.alltlobjects import LAYER

from sandbox.dispatch import shapes
from sandbox.dispatch.answers import packed, serialized
from sandbox.dispatch.context import Context, DataCentre
from sandbox.dispatch.registry import Result, method_name, registry
from sandbox.errors import RpcError
from sandbox.faults import Outcome
from sandbox.protocol.connection import Connection
from sandbox.protocol.session import Session

log = logging.getLogger(__name__)


async def execute(server: DataCentre, connection: Connection, session: Session, msg_id: int, body: bytes) -> None:
    """Run the request in ``body`` and answer it; every failure becomes an rpc_error."""
    call = Call(server, connection, session, msg_id)
    failed = True
    try:
        request = await call.unwrap(_read(body))
        result = await call.run(request)
        answer = packed(serialized(type(request), result))
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


class Call:
    """One request on its way through its wrappers to its handler. https://core.telegram.org/api/invoking"""

    def __init__(self, server: DataCentre, connection: Connection, session: Session, msg_id: int) -> None:
        self.connection = connection
        self.session = session
        self.msg_id = msg_id
        self.name = "?"
        self.outcome: Outcome | None = None
        key = session.key
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
        server, key = self.context.server, self.session.key
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


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
