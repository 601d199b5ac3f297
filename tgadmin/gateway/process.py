"""The gateway process: puts the parts together, runs them in one loop, and takes them down cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import itertools
import os
import random
import signal
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
import structlog
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import IntegrityError

from apps.chats.services.record import Recorded
from apps.sessions.models import TimelineKind
from apps.sessions.services import timeline
from tgadmin import __version__
from tgadmin.core import backoff, reach
from tgadmin.core.clock import Clock, SystemClock
from tgadmin.core.metrics import Metrics, NullRegistry, Registry
from tgadmin.core.reach import Reach
from tgadmin.gateway import database
from tgadmin.gateway.accounts import gaps, unread
from tgadmin.gateway.accounts.connect_limiter import ConnectLimiter
from tgadmin.gateway.accounts.inbox import Writers
from tgadmin.gateway.accounts.registry import Accounts
from tgadmin.gateway.accounts.services import Services
from tgadmin.gateway.accounts.signins import SignIns
from tgadmin.gateway.accounts.storage import Storage
from tgadmin.gateway.accounts.watchdog import Watchdog
from tgadmin.gateway.bell import Bells
from tgadmin.gateway.commands.bus import Bus
from tgadmin.gateway.commands.handlers import HANDLERS
from tgadmin.gateway.commands.job import Tools
from tgadmin.gateway.ownership.guard import Guard
from tgadmin.gateway.ownership.heartbeat import DB_ERRORS
from tgadmin.gateway.ownership.identity import this_process
from tgadmin.gateway.ownership.lease import Leases
from tgadmin.gateway.supervisor import Supervisor
from tgadmin.gateway.threads import Threads
from tgadmin.gateway.timers import Timers
from tgadmin.gateway.wake import Wake
from tgadmin.telegram import Network

log = structlog.get_logger(__name__)

QUIET_SECONDS = 2.0
"""For all connections to close and what had arrived to be stored; what is open then is cut."""
SHUT_DOWN_SECONDS = 3.0
RESIGN_SECONDS = 0.5
START_PAUSE = 0.5
TICK_SECONDS = 1.0
STUCK_STATUS = 70
CONNECTING = 32
GC_THRESHOLDS = (10_000, 20, 20)
"""Objects made and not freed until the youngest are looked through, and how many such rounds until the older are."""


@dataclass(frozen=True, slots=True)
class Config:
    """``capacity`` is how many sessions this node takes at most; ``name`` what people call it ("": the host);
    ``connecting`` how many connect at the same time."""

    network: Network
    network_name: str
    capacity: int = 1000
    name: str = ""
    connecting: int = CONNECTING


def from_settings(capacity: int = 1000, name: str = "", connecting: int = CONNECTING) -> Config:
    """Raises UserError or OSError, whose texts say what is wrong with the configuration."""
    network = Network.parse(
        settings.TELEGRAM_API_ID,
        settings.TELEGRAM_API_HASH,
        settings.TELEGRAM_DC,
        settings.TELEGRAM_DC_PUBLIC_KEY,
        settings.TELEGRAM_LOCAL_ADDRESS,
        Reach(settings.PROXY_PRIVATE_ADDRESSES, reach.services(settings.OWN_SERVICES)),
    )
    return Config(network, settings.TELEGRAM_NETWORK, capacity, name, connecting)


class GatewayProcess:
    """Everything that runs. ``run`` ends when ``stop`` is called, or when a part fails that cannot go on."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        random: Callable[[], float] = random.random,
        metrics: Metrics | None = None,
        stuck: Callable[[], None] = lambda: None,
    ) -> None:
        self._stuck = stuck
        clock, metrics = clock or SystemClock(), metrics or NullRegistry()
        identity = this_process(config.name)
        self._params = database.parameters(identity.id)
        self.leases = Leases(identity, config.capacity, clock, network=config.network_name)
        self.threads = Threads()
        self.writers = Writers(
            self._params,
            on_recorded=self._recorded,
            on_lost=self._lost,
            on_refused=self._refused,
            allowed=self.leases.allowed,
            clock=clock,
            metrics=metrics,
        )
        self.services = Services(
            config.network,
            self.leases,
            self.threads,
            Storage(self.threads),
            Wake(get_channel_layer()),
            clock,
            random,
            metrics,
        )
        self.signins = SignIns(config.network, self.leases, clock, self.threads)
        self.connect_limiter = ConnectLimiter(config.connecting, self.leases.allowed)
        bells = Bells()
        self.accounts = Accounts(bells.supervisor)
        tools = Tools(config.network, self.leases, self.threads, self.accounts, self.signins, bells.bus, clock, metrics)
        self.bus = Bus(tools, bells.bus, HANDLERS, self._params)
        self.supervisor = Supervisor(
            self.services,
            bells,
            self.accounts,
            bus=self.bus,
            writers=self.writers,
            signins=self.signins,
            connect_limiter=self.connect_limiter,
            params=self._params,
        )
        self._stop = asyncio.Event()
        self._background_writes: set[asyncio.Task[Any]] = set()

    def stop(self) -> None:
        """Begin the clean end; ``run`` returns when it is done."""
        self._stop.set()

    async def run(self) -> bool:
        """Until stopped. False: a part failed, and the process should be started again."""
        if not await self._register():
            return True
        log.info("gateway started", node=self.leases.identity.name, capacity=self.leases.capacity)
        parts: list[Coroutine[Any, Any, None]] = [
            self.services.wake.run(),
            self.writers.run(),
            self.bus.run(),
            self.supervisor.run(),
            Watchdog(self.accounts, self.services.clock, self._background_write).run(),
            Timers(self._params).run(),
        ]
        tasks = [asyncio.create_task(part) for part in parts]
        waiting = asyncio.create_task(self._stop.wait())
        jumped = partial(self._jumped, asyncio.get_running_loop())
        guard = Guard(self.leases, self.services.clock, self.supervisor.cut, jumped, self._stuck)
        guard.start()
        tasks.append(asyncio.create_task(_tick(guard)))
        await asyncio.wait((waiting, *tasks), return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in tasks if task.done()]
        for task in failed:
            log.error("a part of the gateway failed", error=type(task.exception()).__name__)
        await self._shut_down()
        for task in (waiting, *tasks, *self._background_writes):
            task.cancel()
        await asyncio.gather(waiting, *tasks, *self._background_writes, return_exceptions=True)
        await asyncio.to_thread(guard.stop)
        await asyncio.to_thread(self.threads.close)
        log.info("gateway stopped", node=self.leases.identity.name)
        return not failed

    async def _register(self) -> bool:
        """Write the node's row, as soon as the database lets us; False: stopped before."""
        while not self._stop.is_set():
            try:
                conn = await database.connect(self._params)
                try:
                    await self.leases.register(conn, __version__)
                    await self.leases.heartbeat(conn)
                    return True
                finally:
                    await conn.close()
            except DB_ERRORS as error:
                log.warning("no database yet", error=type(error).__name__)
                await asyncio.sleep(START_PAUSE)
        return False

    async def _shut_down(self) -> None:
        """Nothing new; hand every session over as soon as it is quiet; give back what is left."""
        self.supervisor.take_no_more()
        self.bus.stop()
        await self._at_database(self.leases.resign, RESIGN_SECONDS)
        await self.supervisor.drain(QUIET_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHUT_DOWN_SECONDS):
                await self.signins.close()
        self.leases.end()
        if cut := self.supervisor.cut():
            log.warning("connections cut", sessions=cut)
        await self._at_database(self.leases.retire, SHUT_DOWN_SECONDS)

    async def _at_database(
        self, service: Callable[[psycopg.AsyncConnection[Any]], Awaitable[None]], seconds: float
    ) -> None:
        """A last word, if the database takes it soon: without it the others find out by the heartbeat."""
        try:
            async with asyncio.timeout(seconds):
                conn = await database.connect(self._params)
                try:
                    await service(conn)
                finally:
                    await conn.close()
        except DB_ERRORS as error:
            log.warning("not said at the end", what=service.__name__, error=type(error).__name__)

    # --- what the writers report -----------------------------------------------------------------------------------

    def _recorded(self, session_id: int, recorded: Recorded) -> None:
        if recorded.changed:
            self.services.wake.changed(session_id)
        for typing, name in recorded.typing:
            self.services.wake.typing(session_id, typing, name)
        for one in recorded.unreadable:
            log.warning("unreadable update", session=session_id, kind=one.kind, reason=one.reason)
        if recorded.gaps:
            self._background_write(gaps.recover, session_id)
        if recorded.has_stale_unread:
            self._background_write(unread.ask, session_id)

    def _refused(self, session_id: int, what: str) -> None:
        self._background_write(timeline.note, session_id, TimelineKind.NOT_STORED, what=what)

    def _lost(self, held: Any) -> None:
        self.supervisor.lost(held)

    def _jumped(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Told by the guard's thread: every client is built again once a heartbeat has succeeded."""

        def note() -> None:
            for session_id in self.accounts.all():
                kind = TimelineKind.CLOCK_JUMPED
                self._background_write(timeline.note, session_id, kind, code="CLOCK_JUMPED", seconds=round(seconds))

        loop.call_soon_threadsafe(note)

    def _background_write(self, service: Callable[..., Any], *args: Any, **named: Any) -> None:
        """Something to write that the stream of updates does not wait for, tried again while the database is away."""

        async def go() -> None:
            for failures in itertools.count(1):
                try:
                    await self.threads.run(service, *args, **named)
                    return
                except IntegrityError:  # the session was deleted meanwhile
                    return
                except DatabaseError as error:
                    log.warning("a background write failed", error=type(error).__name__)
                    await asyncio.sleep(backoff.delay(failures, self.services.random))

        task = asyncio.create_task(go())
        self._background_writes.add(task)
        task.add_done_callback(self._background_writes.discard)


async def _tick(guard: Guard) -> None:
    while True:
        guard.tick()
        await asyncio.sleep(TICK_SECONDS)


def _give_up() -> None:
    """The loop is stuck: say where, and end the process at once; its supervisor starts another, its death is proven."""
    faulthandler.dump_traceback()
    os._exit(STUCK_STATUS)


def main(config: Config) -> bool:
    """Run until SIGTERM or SIGINT; False when the process should be started again."""

    async def run() -> bool:
        process = GatewayProcess(config, metrics=Registry(), stuck=_give_up)
        _settle_memory()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, partial(_signalled, process, number))
        return await process.run()

    return asyncio.run(run())


def _settle_memory() -> None:
    """What is loaded stays: the collector need not look at it again and again, nor come for every hundred updates."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _signalled(process: GatewayProcess, number: signal.Signals) -> None:
    log.info("stopping", signal=number.name)
    process.stop()
