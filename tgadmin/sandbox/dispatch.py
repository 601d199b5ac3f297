"""From a request to its handler: the registry of methods, the context of a request, the wrappers around requests.

https://core.telegram.org/api/invoking
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telethon.tl import TLObject, TLRequest

if TYPE_CHECKING:
    from tgadmin.sandbox.keys import AuthKey
    from tgadmin.sandbox.server import Sandbox
    from tgadmin.sandbox.world import World
    from tgadmin.sandbox.world.accounts import Account

log = logging.getLogger(__name__)


class RpcError(Exception):
    """What a method raises: ``RpcError(400, "PEER_ID_INVALID")``. https://core.telegram.org/api/errors"""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


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


Result = TLObject | bool | int | list[Any]
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
        """Register a handler; unless ``anonymous``, a key without a user gets 401 AUTH_KEY_UNREGISTERED before it runs."""

        def register(handler: Handler) -> Handler:
            if request_class in self.methods:
                raise ValueError(f"{request_class.__name__} has a handler already")
            self.methods[request_class] = Method(method_name(request_class), handler, anonymous)
            return handler

        return register


registry = Registry()
