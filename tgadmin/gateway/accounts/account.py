"""One account's life: connect, catch up, work, be disconnected, and begin again, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import structlog

from apps.commands.services.leases import Held, LeaseLost
from apps.sessions.models import SessionStatus
from apps.sessions.services import devices
from tgadmin.core import backoff
from tgadmin.core.encryption import DecryptionError
from tgadmin.core.errors import Kind, TelegramError
from tgadmin.core.metrics import MetricName
from tgadmin.core.types import PeerKind
from tgadmin.gateway.accounts import gaps, handover, state, unread
from tgadmin.gateway.accounts.connect_limiter import ConnectLimiter, Permit
from tgadmin.gateway.accounts.inbox import SessionInbox
from tgadmin.gateway.accounts.services import Services
from tgadmin.gateway.bell import Bells
from tgadmin.telegram import AccountClient, Connector, move

log = structlog.get_logger(__name__)
CONNECT_SECONDS = 20.0
DISCONNECT_SECONDS = 2.0
SHORT_LIFE_SECONDS = 30.0
"""A connection that ends sooner counts as a failed try: the next one waits longer."""


class Account:
    """One session's connection to Telegram under one lease and one authorization."""

    def __init__(
        self,
        services: Services,
        bells: Bells,
        connect_limiter: ConnectLimiter,
        held: Held,
        authorization_id: int,
        inbox: SessionInbox,
    ) -> None:
        self.held = held
        self.authorization_id = authorization_id
        self.inbox = inbox
        self._services = services
        self._bells = bells
        self._connect_limiter = connect_limiter
        self._client: AccountClient | None = None
        self._ready = False
        self._ended: TelegramError | None = None
        self._restarted: TelegramError | None = None
        self._closing: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None

    @property
    def session_id(self) -> int:
        return self.held.session_id

    @property
    def is_ready(self) -> bool:
        return self._ready and self._client is not None

    @property
    def client(self) -> AccountClient:
        """The connected client. Raises TelegramError (CONNECTION_LOST) when there is none at this moment."""
        if self._client is None:
            raise TelegramError("CONNECTION_LOST")
        return self._client

    async def run(self) -> None:
        """Live until the authorization is of no use any more; cancelled when the account is to stop.

        Raises LeaseLost, NothingToConnect.
        """
        failures = 0
        while True:
            since = self._services.clock.monotonic()
            error = await self._connection(failures)
            error = self._ended or error or self._restarted
            self._restarted = None
            if error is not None and error.is_fatal:
                await self._stop(error.code)
                return
            if error is not None and error.kind is Kind.MIGRATE and error.number is not None:
                error = await self._follow(error.number)
                if error is None:  # under another authorization now: the supervisor begins with that one
                    return
            lived = self._services.clock.monotonic() - since
            failures = failures + 1 if lived < SHORT_LIFE_SECONDS else 1
            await self._wait(failures, error)

    def end(self, error: TelegramError) -> None:
        """A request has met an error that ends the authorization."""
        if error.is_fatal:
            self._ended = error
            self.rebuild()

    def rebuild(self) -> None:
        """Disconnect and begin again, which catches up."""
        self._ready = False
        client = self._client
        if client is not None:
            self._closing = asyncio.create_task(_disconnect(client), name="rebuild")
            self._closing.add_done_callback(_forget)

    def restart(self, error: TelegramError) -> None:
        """The same, for a reason that goes into the timeline."""
        self._restarted = error
        self.rebuild()

    @property
    def failed_answers(self) -> int:
        """See AccountClient; 0 while not connected."""
        return self._client.failed_answers if self._client is not None else 0

    @property
    def at_work(self) -> int | None:
        """See AccountClient; None while not connected."""
        return self._client.at_work if self._client is not None else None

    def abort(self) -> None:
        """Cut the connection at once: the lease does not cover it any more."""
        self._ready = False
        if self._client is not None:
            self._client.abort()

    async def settled(self) -> None:
        """Everything that Telegram had for us at the last connect is state. Raises LeaseLost."""
        await self.client.caught_up()
        await self.inbox.flush()

    async def _connection(self, failures: int) -> TelegramError | None:
        """One connection from beginning to end; returns why it ended."""
        # What an earlier client has put must be committed: the next one begins at the stored state.
        await self.inbox.flush()
        permit = await self._connect_limiter.enter()
        try:
            return await self._with_permit(failures, permit)
        finally:
            permit.leave()

    async def _with_permit(self, failures: int, permit: Permit) -> TelegramError | None:
        facts = await self._facts()
        if isinstance(facts, TelegramError):
            return facts
        if failures < backoff.FIRST_TRIES:  # later tries leave it at "connection failed" until one succeeds
            await self._status(SessionStatus.CONNECTING)
        client = self._client = AccountClient(
            self._services.network,
            facts.key,
            me=facts.me,
            checkpoint=facts.checkpoint,
            channel_hashes=facts.channel_hashes,
            lookup=self._lookup,
            sink=self.inbox,
            allowed=self._services.leases.allowed,
            proxy=facts.proxy,
            on_new_device=self._new_device,
        )
        try:
            return await self._live(client, permit, facts)
        except TelegramError as error:
            return error
        except TimeoutError:
            return TelegramError("CONNECTION_FAILED")
        finally:
            self._ready = False
            self._client = None
            await _disconnect(client)

    async def _live(self, client: AccountClient, permit: Permit, facts: state.Stored) -> TelegramError | None:
        started = self._services.clock.monotonic()
        async with asyncio.timeout(CONNECT_SECONDS):
            await client.connect()
        self._count_connection(facts, self._services.clock.monotonic() - started)
        await self._status(SessionStatus.SYNCING)
        closed = asyncio.ensure_future(client.wait_closed())
        synced = asyncio.ensure_future(self._synced(client))
        try:
            await asyncio.wait((closed, synced), return_when=asyncio.FIRST_COMPLETED)
            if synced.done() and not closed.done():
                synced.result()
                permit.leave()
                self._ready = True
                await self._status(SessionStatus.READY)
                log.info("account ready", session=self.session_id)
                if facts.has_gaps:
                    await self._services.threads.run(gaps.recover, self.session_id)
                if facts.has_stale_unread:
                    await self._services.threads.run(unread.ask, self.session_id)
                self._bells.bus.ring_soon()
            return await closed
        finally:
            for task in (closed, synced):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, TelegramError, LeaseLost):
                    await task

    def _count_connection(self, facts: state.Stored, seconds: float) -> None:
        metrics = self._services.metrics
        labels = {"dc": str(facts.key.dc_id), "proxied": "no" if facts.proxy is None else "yes"}
        metrics.counter(MetricName.TELEGRAM_CONNECTIONS, **labels).inc()
        metrics.histogram(MetricName.TELEGRAM_CONNECT_MS, **labels).observe(seconds * 1000)

    async def _synced(self, client: AccountClient) -> None:
        await client.caught_up()
        await self.inbox.flush()

    def _new_device(self) -> None:
        """Telegram says that a device signed in to the account, or was confirmed."""
        task = self._refreshing = asyncio.create_task(self._refresh_devices(), name="devices")
        task.add_done_callback(_forget)

    async def _refresh_devices(self) -> None:
        await self._services.threads.run(devices.refresh_soon, self.session_id)
        self._bells.bus.ring()

    async def _facts(self) -> state.Stored | TelegramError:
        try:
            return await self._services.storage.load(self.session_id, self.authorization_id)
        except DecryptionError as error:
            log.error("a secret cannot be read", session=self.session_id, secret=error.message)
            return TelegramError("KEYS_MISSING")

    async def _lookup(self, peer_id: int) -> tuple[PeerKind, int | None] | None:
        return await self._services.threads.run(state.peer, self.session_id, peer_id)

    async def _status(self, to: SessionStatus, code: str = "", retry_at: datetime | None = None) -> None:
        """Raises LeaseLost: a gateway that was frozen must not write over what its successor says."""
        await self._services.storage.say(self.held, to, code, retry_at)

    async def _wait(self, failures: int, error: TelegramError | None) -> None:
        """Say why the connection ended, and wait before the next."""
        code = error.code if error is not None else "CONNECTION_LOST"
        seconds = backoff.delay(failures, self._services.random)
        if error is not None and error.seconds is not None:
            seconds = max(seconds, float(error.seconds))
        failed = failures >= backoff.FIRST_TRIES
        to = SessionStatus.CONNECTION_FAILED if failed else SessionStatus.DISCONNECTED
        log.warning("disconnected", session=self.session_id, code=code, failures=failures, retry_in=round(seconds, 1))
        await self._status(to, code, datetime.now(UTC) + timedelta(seconds=seconds))
        await asyncio.sleep(seconds)

    async def _follow(self, dc_id: int) -> TelegramError | None:
        """Telegram has moved the account to another data centre; None: its new key there is the current one."""
        facts = await self._facts()
        if isinstance(facts, TelegramError):
            return facts
        connector = Connector(self._services.network, facts.proxy, self._services.leases.allowed, CONNECT_SECONDS)
        try:
            async with asyncio.timeout(CONNECT_SECONDS * 2):
                key, checkpoint = await move(connector, facts.key, dc_id)
        except TelegramError as error:
            return error
        except TimeoutError:
            return TelegramError("CONNECTION_FAILED")
        log.warning("moved to another data centre", session=self.session_id, dc=dc_id)
        await self._services.threads.run(handover.moved, self.held, self.authorization_id, key.to_json(), checkpoint)
        self._services.wake.changed(self.session_id)
        self._bells.supervisor.ring()
        return None

    async def _stop(self, code: str) -> None:
        log.warning("authorization ended", session=self.session_id, code=code)
        await self._services.threads.run(handover.stop, self.held, self.authorization_id, code)
        self._services.wake.changed(self.session_id)


async def _disconnect(client: AccountClient) -> None:
    """Close the connection properly, or cut it when that takes long."""
    try:
        async with asyncio.timeout(DISCONNECT_SECONDS):
            await client.disconnect()
    except (TelegramError, OSError, TimeoutError):
        client.abort()


def _forget(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()
