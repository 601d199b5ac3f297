"""The methods that the data centre knows: services register theirs here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from telethon.tl import TLObject, TLRequest

from sandbox.dispatch.context import Context

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
