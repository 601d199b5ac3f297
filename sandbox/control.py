"""The control API, for tests in other processes: HTTP/1.1 and JSON on a loopback port, with a token.

``POST /call {"name": "faults.flood", "args": {"method": "messages.sendMessage", "seconds": 30}}`` answers
``{"result": …}``, or ``{"error": …}`` with status 400. The header ``Authorization: Bearer …`` is required.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hmac
import json
import logging
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from telethon.tl import TLObject

from sandbox.world import World

log = logging.getLogger(__name__)

_MAX_BODY = 4 * 1024 * 1024
_ALLOWED = {
    "faults": {
        "error", "flood", "allow", "slow_mode", "late", "drop_reply", "transport", "freeze", "thaw", "drop", "delay",
        "revoke", "ban", "move", "set_random_id", "one_connection", "one_owner", "lose", "repeat", "swap", "hold",
        "disorder", "unreadable", "half_open", "struck", "clear", "pending",
    },
    "fronts": {"links", "passed", "kill", "cut_off", "revive"},
    "record": {"as_json", "open_connections", "two_owners", "heard_from", "uses_of", "clear"},
    "world": {
        "publish", "create_account", "delete_account", "accounts_by_phone", "send", "edit", "delete", "read", "typing",
        "create_group", "create_channel", "add_user", "join", "leave", "kick", "restrict", "slow_mode", "rename",
        "migrate", "forget_updates", "snapshot", "login_token_seconds",
    },
}  # fmt: skip


class CallError(Exception):
    """A call that is not allowed, malformed, or failed."""


class Controlled(Protocol):
    """What the API works on: see Sandbox, whose parts it calls by their names."""

    host: str
    state: str | None
    world: World

    def deliver(self) -> None: ...


class Control:
    """The server of the API. ``token`` is also kept beside the state file, in a file that only its owner can read."""

    def __init__(self, sandbox: Controlled, port: int, token_path: str | None = None) -> None:
        self._sandbox = sandbox
        self.port = port
        self.token = secrets.token_urlsafe(24)
        if token_path is None and sandbox.state is not None:
            token_path = f"{sandbox.state}.control-token"
        self.token_path = token_path
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://{self._sandbox.host}:{self.port}"

    async def start(self) -> None:
        self._keep_token()
        self._server = await asyncio.start_server(self._serve, self._sandbox.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.close()
        self._drop_token()

    def call(self, name: str, args: dict[str, Any]) -> Any:
        """Run one allowed call; its result is JSON-able. Raises :class:`CallError`."""
        area, _, method = name.partition(".")
        if method not in _ALLOWED.get(area, ()):
            raise CallError(f"no such call: {name}")
        function: Callable[..., Any] = getattr(self, f"_{method}", None) or getattr(
            getattr(self._sandbox, area), method
        )
        try:
            result = function(**args)
        except Exception as error:
            raise CallError(f"{type(error).__name__}: {error}") from error
        # What was told must outlive a kill, and its pushes leave in order with everything else.
        self._sandbox.deliver()
        return jsonable(result)

    def _create_account(self, phone: str, first_name: str, last_name: str = "", **options: Any) -> int:
        """The user id of a new account; options as ``Accounts.create`` has them."""
        return self._sandbox.world.accounts.create(phone, first_name, last_name, **options).user_id

    def _login_token_seconds(self, seconds: int) -> None:
        """How long login tokens live from now on: Telegram's 30 seconds may pass while a busy machine sleeps."""
        self._sandbox.world.logins.tokens.seconds = seconds

    def _delete_account(self, user_id: int) -> None:
        self._sandbox.world.accounts.delete(user_id)

    def _accounts_by_phone(self) -> dict[str, int]:
        """User ids of all accounts that are not deleted."""
        return {account.phone: account.user_id for account in self._sandbox.world.accounts if not account.deleted}

    def _keep_token(self) -> None:
        self._drop_token()
        if self.token_path is not None:
            descriptor = os.open(self.token_path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(self.token)

    def _drop_token(self) -> None:
        if self.token_path is not None:
            Path(self.token_path).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while await self._answer_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError, UnicodeError):
            pass  # the client is gone, or speaks no HTTP
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        size = int(headers.get("content-length", "0"))
        if not 0 <= size <= _MAX_BODY:
            raise ValueError("size")
        body = await reader.readexactly(size)
        status, answer = self._route(head[0], headers, body)
        data = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        await writer.drain()
        return headers.get("connection", "").lower() != "close"

    def _route(self, request_line: str, headers: dict[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return "401 Unauthorized", {"error": "the token is missing or wrong"}
        if request_line.split(" ")[:2] != ["POST", "/call"]:
            return "404 Not Found", {"error": "only POST /call"}
        try:
            wanted = json.loads(body)
            name, args = wanted["name"], wanted.get("args", {})
            if not isinstance(name, str) or not isinstance(args, dict):
                raise TypeError
        except (ValueError, KeyError, TypeError, AttributeError):
            return "400 Bad Request", {"error": 'a JSON object {"name": …, "args": {…}} is needed'}
        try:
            return "200 OK", {"result": self.call(name, args)}
        except CallError as error:
            return "400 Bad Request", {"error": str(error)}


class ControlClient:
    """A synchronous client of the API, for tests in other processes."""

    def __init__(self, url: str, token: str, *, timeout: float = 30.0) -> None:
        self._url = f"{url}/call"
        self._token = token
        self._timeout = timeout

    def call(self, name: str, /, **args: Any) -> Any:
        """``call("faults.flood", method="messages.sendMessage", seconds=30)``. Raises :class:`CallError`."""
        request = urllib.request.Request(  # noqa: S310 (always http, to a loopback address)
            self._url,
            json.dumps({"name": name, "args": args}).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", "Connection": "close"},
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:  # noqa: S310
                return json.load(response)["result"]
        except urllib.error.HTTPError as error:
            raise CallError(json.load(error)["error"]) from None


def jsonable(value: Any) -> Any:
    """A result as JSON has it: dataclasses and TL objects as objects, bytes as hex, keys as strings."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, TLObject):
        return json.loads(value.to_json())
    raise CallError(f"the result is no JSON: {type(value).__name__}")
