"""A sandbox and a gateway in threads of this process, for synchronous tests of everything between them.

The tests need ``transactional_db``: the gateway has database connections of its own.
Fixtures: tests/gateway/conftest.py.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.test import override_settings
from telethon.tl import functions

from apps.sessions.models import Session, SessionStatus
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from sandbox.server import Sandbox
from tests.kit.waiting import eventually
from tgadmin.core.clock import Clock
from tgadmin.core.errors import TelegramError
from tgadmin.core.metrics import Metrics
from tgadmin.core.proxies import Proxy
from tgadmin.gateway.process import Config, GatewayProcess
from tgadmin.telegram import Key, Network, SignInClient

T = TypeVar("T")
API_ID, API_HASH = 1, "0" * 32
NETWORK_NAME = "dc-test"


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, awaitable: Any, timeout: float = 30) -> Any:
        """The result of a coroutine that runs there."""
        return asyncio.run_coroutine_threadsafe(awaitable, self.loop).result(timeout)

    def call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """The result of a plain function that runs there, between two steps of the loop."""

        async def go() -> T:
            return function(*args, **kwargs)

        return self.run(go())

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class SandboxThread:
    """A data centre; ``world(name, …)`` and ``faults(name, …)`` call its methods as the control API does, delivered."""

    def __init__(self, rsa_key_path: str, folder: Path, **options: Any) -> None:
        self._thread = LoopThread()
        self.codes_path = folder / "codes.jsonl"
        self.public_key_path = folder / "public.pem"
        self.server = self._thread.call(
            Sandbox, rsa_key_path=rsa_key_path, codes_path=str(self.codes_path), seed=1, **options
        )
        self._thread.run(self.server.start())
        self.public_key_path.write_text(self.server.public_key_pem)
        self.network = Network.parse(
            API_ID, API_HASH, f"1@{self.server.host}:{self.server.port}", str(self.public_key_path)
        )

    def world(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._call(getattr(self.server.world, name), args, kwargs)

    def person(self, name: str, phone: str, **options: Any) -> int:
        """A new account; its user id."""
        account = self._call(self.server.world.accounts.create, (phone, name, ""), options)
        return int(account.user_id)

    def faults(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self._call(getattr(self.server.faults, name), args, kwargs)

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """Anything else, on the sandbox's loop."""
        return self._call(function, args, {})

    def _call(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        def go() -> Any:
            result = function(*args, **kwargs)
            self.server.deliver()
            return result

        return self._thread.call(go)

    def proxies(self) -> dict[str, Proxy]:
        """Its SOCKS5 proxy and its MTProxy, running."""
        if not self.server.fronts.socks5.port:
            self._thread.run(self.server.fronts.start())
        return {name: Proxy.parse(link) for name, link in self.server.fronts.links().items()}

    def fronts(self, name: str, *args: Any) -> Any:
        return self._call(getattr(self.server.fronts, name), args, {})

    def code(self, phone: str, count: int = 1) -> str:
        """The ``count``-th sign-in code sent to that phone, once it is there."""

        def sent() -> list[str]:
            lines = self.codes_path.read_text().splitlines() if self.codes_path.exists() else []
            return [str(one["code"]) for one in map(json.loads, lines) if one["phone"] == phone]

        eventually(lambda: len(sent()) >= count)
        return sent()[count - 1]

    def stop(self) -> None:
        self._thread.run(self.server.stop())
        self._thread.close()


class GatewayThread:
    """A gateway; ``stop`` is the clean end and says whether no part had failed."""

    def __init__(
        self,
        network: Network,
        *,
        capacity: int = 100,
        name: str = "test",
        clock: Clock | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._thread = LoopThread()
        config = Config(network, NETWORK_NAME, capacity, name)
        self.process: GatewayProcess = self._thread.call(GatewayProcess, config, clock=clock, metrics=metrics)
        self._done = asyncio.run_coroutine_threadsafe(self.process.run(), self._thread.loop)

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """On the gateway's loop."""
        return self._thread.call(function, *args)

    def block(self, free: threading.Event) -> None:
        """The loop does nothing until ``free`` is set."""
        self._thread.loop.call_soon_threadsafe(free.wait, 60)

    @property
    def is_running(self) -> bool:
        return not self._done.done()

    def stop(self) -> bool:
        self._thread.loop.call_soon_threadsafe(self.process.stop)
        clean = self._done.result(15)
        self._thread.close()
        return clean


class Phone:
    """Somebody's Telegram app (not ours: its API id says so), which accepts what it reads from a QR code."""

    def __init__(self, network: Network, *, dc: int = 1) -> None:
        self._thread = LoopThread()
        _, host, port = network.dc or (1, "127.0.0.1", 0)
        self.client = self._thread.call(SignInClient, replace(network, api_id=2040), Key(dc, host, port + dc - 1))
        self._thread.run(self.client.connect())

    def sign_in(self, phone: str, code: Callable[[], str], *, password: str = "") -> Phone:
        """In to the account; ``code`` gives the code once it was sent."""
        sent = self._thread.run(self.client.send_code(phone))
        try:
            self._thread.run(self.client.sign_in(phone, sent.hash, code()))
        except TelegramError:
            self._thread.run(self.client.check_password(password))
        return self

    def scan(self, url: str) -> None:
        """Accept a ``tg://login?token=…``."""
        token = url.removeprefix("tg://login?token=")
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        self(functions.auth.AcceptLoginTokenRequest(raw))

    def __call__(self, request: Any) -> Any:
        """The answer to any request."""
        return self._thread.run(self.client._call(request))

    def close(self) -> None:
        self._thread.run(self.client.disconnect())
        self._thread.close()


def sign_in(user: User, sandbox: SandboxThread, phone: str, *, name: str = "Support", password: str = "") -> Session:
    """Sign an account in the real way, with the gateway that runs; returns its session once it is ready."""
    codes = len(_codes(sandbox, phone))
    with override_settings(TELEGRAM_NETWORK=NETWORK_NAME):
        attempt = signin.start(user, name, phone)
        at_step(attempt, SignInStep.CODE)
        signin.submit_code(user, attempt, sandbox.code(phone, codes + 1))
        if password:
            at_step(attempt, SignInStep.PASSWORD)
            signin.submit_password(user, attempt, password)
        at_step(attempt, SignInStep.DONE)
    attempt.refresh_from_db()
    return ready(attempt.session)


def at_step(attempt: SignInAttempt, step: SignInStep) -> SignInAttempt:
    """The attempt once it waits for that step of a person (or is over with it)."""

    def there() -> bool:
        attempt.refresh_from_db()
        assert not (attempt.error_code and not attempt.busy), f"sign-in answered {attempt.error_code}"
        return attempt.step == step and not attempt.busy

    eventually(there)
    return attempt


def ready(session: Session) -> Session:
    """The session once it is ready."""

    def there() -> bool:
        session.refresh_from_db()
        return session.status == SessionStatus.READY

    eventually(there)
    return session


def _codes(sandbox: SandboxThread, phone: str) -> list[str]:
    if not sandbox.codes_path.exists():
        return []
    return [line for line in sandbox.codes_path.read_text().splitlines() if json.loads(line)["phone"] == phone]
