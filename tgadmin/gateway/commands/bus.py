"""The command bus: claims what is due, runs each command's handler, settles it under the lease's fence.

Whatever happens between claim and settle (a kill, a lost answer, a database that is away) leaves the row claimed; the
next claim finds it and says that its outcome is unknown, and the kind's rule decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import structlog
from django.db import Error as DatabaseError
from django.db import transaction

from apps.commands.command_kinds import SPECS, CommandKind, Rule, kind_of, peer_of
from apps.commands.models import Command
from apps.commands.services import commands, floods, leases
from apps.commands.services.leases import LeaseLost
from apps.sessions.models import TimelineKind
from apps.sessions.services import timeline
from tgadmin.core.errors import TelegramError, refusals
from tgadmin.core.metrics import MetricName
from tgadmin.gateway import database
from tgadmin.gateway.bell import Bell
from tgadmin.gateway.commands import denial
from tgadmin.gateway.commands.claim import Claimed, Slots, claim
from tgadmin.gateway.commands.decide import Decision, Drop, Fail, Retry, Succeed, Wait, decide, retry
from tgadmin.gateway.commands.job import Done, Effect, Handler, Job, Tools, TryLater

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""The bus looks this often although nothing woke it."""
QUICK_JOBS, SLOW_JOBS = 8, 2
"""Commands of one session at a time: those that people wait for, and fetches."""
GRACE_SECONDS = 0.7
"""How long running commands may take to end when the gateway stops."""
CLAIM_ERRORS = (psycopg.Error, OSError)


@dataclass(slots=True)
class _Running:
    job: Job
    task: asyncio.Task[None]


class Bus:
    """Runs the commands of every session that this gateway holds. ``bell``: there may be something to claim."""

    def __init__(
        self, tools: Tools, bell: Bell, handlers: Mapping[CommandKind, Handler], params: dict[str, Any]
    ) -> None:
        self._tools = tools
        self._bell = bell
        self._handlers = handlers
        self._params = params
        self._running: dict[int, _Running] = {}
        self._running_gauge = tools.metrics.gauge(MetricName.COMMANDS_RUNNING)
        self._stopped = False

    def forget(self, session_id: int) -> None:
        """The session's lease is gone or its account stops: what runs for it is left to the next claim."""
        for running in [one for one in self._running.values() if one.job.command.session_id == session_id]:
            running.task.cancel()

    def is_busy(self, session_id: int) -> bool:
        """Whether a command of the session runs."""
        return any(one.job.command.session_id == session_id for one in self._running.values())

    def stop(self) -> None:
        """Claim no more commands; what runs goes on."""
        self._stopped = True

    async def finish(self, session_id: int) -> None:
        """What runs for the session may come to its end for a moment; what is late is left to the next holder."""
        tasks = [one.task for one in self._running.values() if one.job.command.session_id == session_id]
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE_SECONDS)

    async def run(self) -> None:
        """Claim and run for ever; what still runs is cancelled with it."""
        conn: psycopg.AsyncConnection[Any] | None = None
        try:
            while True:
                self._bell.hush()
                try:
                    if conn is None or conn.closed:
                        conn = await database.connect(self._params)
                    await self._claim(conn)
                except CLAIM_ERRORS as error:
                    log.warning("nothing claimed", error=type(error).__name__)
                    if conn is not None:
                        await conn.close()
                await self._bell.wait(POLL_SECONDS)
        finally:
            for running in list(self._running.values()):
                running.task.cancel()
            if conn is not None:
                await conn.close()

    async def _claim(self, conn: psycopg.AsyncConnection[Any]) -> None:
        slots = self._slots()
        if self._stopped or not slots or not self._tools.leases.allowed():
            return
        for command in await claim(conn, self._tools.leases.identity.id, slots, list(self._running)):
            self._start(command)

    def _slots(self) -> list[Slots]:
        quick: dict[int, int] = {}
        slow: dict[int, int] = {}
        for running in self._running.values():
            count = slow if running.job.spec.slow else quick
            session_id = running.job.command.session_id
            count[session_id] = count.get(session_id, 0) + 1
        return [
            Slots(
                one,
                self._tools.accounts.connected(one) is not None,
                QUICK_JOBS - quick.get(one, 0),
                SLOW_JOBS - slow.get(one, 0),
            )
            for one in self._tools.leases.held
        ]

    def _start(self, command: Claimed) -> None:
        held = self._tools.leases.held.get(command.session_id)
        kind = kind_of(command.kind)
        if held is None or held.fence != command.fence or kind is None:
            return  # lost between the claim and now, or of another version: the row stays claimed for its next holder
        connected, now = self._tools.accounts.connected(command.session_id), self._tools.clock.monotonic()
        job = Job(command, kind, SPECS[kind], held, self._tools, connected, now)
        handler = self._handlers[kind]
        task = asyncio.create_task(self._work(job, handler), name=f"{command.kind} {command.id}")
        self._running[command.id] = _Running(job, task)
        self._running_gauge.set(len(self._running))
        task.add_done_callback(lambda _: self._ended(command.id))

    def _ended(self, command_id: int) -> None:
        self._running.pop(command_id, None)
        self._running_gauge.set(len(self._running))
        self._bell.ring()

    async def _work(self, job: Job, handler: Handler) -> None:
        try:
            try:
                async with job.until_settled:
                    await self._attempt(job, handler)
            except (LeaseLost, DatabaseError):
                raise
            except Exception as error:  # noqa: BLE001  one command's bug must not take the others along
                log.error("handler failed", command=job.command.id, kind=job.command.kind, error=type(error).__name__)
                await self._fail(job, handler, "INTERNAL_ERROR", None)
        except LeaseLost:
            log.warning("command left to the next holder", command=job.command.id, kind=job.command.kind)
        except Exception as error:  # noqa: BLE001  the database's trouble, or a bug in what settles
            # Not settled: the row stays claimed, and the next claim says that its outcome is unknown.
            log.warning("command not settled", command=job.command.id, error=type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)

    async def _attempt(self, job: Job, handler: Handler) -> None:
        if job.unknown and job.spec.rule is Rule.DROP:
            await self._settle(job, Command.State.CANCELLED, error_code="DROPPED")
            return
        run = handler.run
        if job.command.lack:  # Telegram may have it all the same where somebody began it before
            if not job.unknown or handler.check is None:
                await self._fail(job, handler, refusals.CODE, None)
                return
            run = handler.check
        elif (wait := await self._ledger(job)) is not None:
            await self._postpone(job, handler, *wait, shown=True, unknown=job.unknown)
            return
        try:
            async with asyncio.timeout(job.spec.timeout) as job.limit:
                done = await run(job)
        except TimeoutError:
            await self._stuck(job, handler)
        except TelegramError as error:
            await self._answered(job, handler, error)
        except TryLater as later:
            await self._carry_out(job, handler, retry(job.spec, job.command.attempts, later.code, later.seconds))
        else:
            await self._settle(job, Command.State.DONE, done)

    async def _stuck(self, job: Job, handler: Handler) -> None:
        """Each request has a time limit of its own: this is a handler that came to no end for another reason."""
        facts: dict[str, Any] = {"command": job.command.kind, "seconds": round(job.spec.timeout)}
        await self._tools.threads.run(
            timeline.note, job.held.session_id, TimelineKind.WATCHDOG, code="HANDLER_STUCK", **facts
        )
        await self._answered(job, handler, TelegramError("HANDLER_STUCK"))

    async def _ledger(self, job: Job) -> tuple[datetime, str] | None:
        """A wait that Telegram asked for before, for this method or this chat."""
        methods = job.spec.methods
        if not job.spec.obeys_waits or not methods:
            return None
        peer_id = peer_of(job.kind, job.command.lane)
        return await self._tools.threads.run(floods.waiting, job.held.session_id, methods, peer_id)

    async def _answered(self, job: Job, handler: Handler, error: TelegramError) -> None:
        """Telegram refused, or could not be reached."""
        log.info("telegram refused", command=job.command.id, kind=job.command.kind, code=error.code)
        decision = decide(job.spec, job.command.attempts, error)
        await self._carry_out(job, handler, decision)
        if isinstance(decision, Fail) and decision.ends_account and job.connected is not None:
            job.connected.end(error)

    async def _carry_out(self, job: Job, handler: Handler, decision: Decision) -> None:
        match decision:
            case Succeed():
                await self._settle(job, Command.State.DONE)
            case Drop(code):
                await self._settle(job, Command.State.CANCELLED, error_code=code)
            case Fail(code, seconds):
                await self._fail(job, handler, code, seconds)
            case Wait():
                until = await self._note_wait(job, decision)
                # Telegram did not do it this time; whether it did at an earlier try is as unknown as before.
                await self._postpone(job, handler, until, decision.code, shown=True, unknown=job.unknown)
            case Retry(code, pause, counts):
                until = datetime.now(UTC) + timedelta(seconds=pause)
                await self._postpone(job, handler, until, code, shown=False, unknown=True, counts=counts)

    async def _note_wait(self, job: Job, wait: Wait) -> datetime:
        """Into the ledger, so that nobody else asks before."""
        method = wait.method or next(iter(job.spec.methods), job.kind)
        metrics = self._tools.metrics
        metrics.counter(MetricName.FLOOD_WAITS, method=method).inc()
        metrics.counter(MetricName.FLOOD_SECONDS, method=method).inc(wait.seconds)
        peer_id, now = peer_of(job.kind, job.command.lane), datetime.now(UTC)
        return await self._tools.threads.run(
            floods.note, job.held.session_id, method, peer_id, wait.code, wait.seconds, now
        )

    async def _fail(self, job: Job, handler: Handler, code: str, seconds: int | None) -> None:
        def effect() -> None:
            if code == refusals.CODE:
                denial.tell(job, handler)
            else:
                handler.failed(job.payload, code, seconds)

        await self._settle(job, Command.State.FAILED, Done(effect=effect), error_code=code)

    async def _settle(self, job: Job, state: Command.State, done: Done | None = None, *, error_code: str = "") -> None:
        done = done or Done()

        def ending(command: Command) -> None:
            commands.settle(command, state, result=done.result, error_code=error_code)

        await self._tools.threads.run(_under_lease, job, ending, done.effect)
        metrics, seconds = self._tools.metrics, self._tools.clock.monotonic() - job.started
        metrics.counter(MetricName.COMMANDS, kind=job.kind, state=state.value).inc()
        metrics.histogram(MetricName.COMMAND_MS, kind=job.kind).observe(seconds * 1000)
        log.info("command settled", command=job.command.id, kind=job.command.kind, state=state.value, code=error_code)

    async def _postpone(
        self,
        job: Job,
        handler: Handler,
        until: datetime,
        code: str,
        *,
        shown: bool,
        unknown: bool,
        counts: bool = False,
    ) -> None:
        """``shown``: people are told how long it waits. ``counts``: this was one of its tries."""

        def ending(command: Command) -> None:
            commands.postpone(command, until, code, unknown=unknown, counts=counts)

        def effect() -> None:
            handler.waits(job.payload, until, code)

        await self._tools.threads.run(_under_lease, job, ending, effect if shown else None)
        self._bell.ring_at(until)


def _under_lease(job: Job, ending: Callable[[Command], None], effect: Effect | None) -> None:
    """One transaction: the lease is ours, the command ends, and what follows from it is written. Raises LeaseLost."""
    with transaction.atomic():
        leases.hold(job.held)
        if not job.tools.leases.allowed():
            raise LeaseLost(f"the lease of session {job.held.session_id} has run out")
        command = Command.objects.select_for_update().filter(pk=job.command.id).first()
        if command is None or command.state != Command.State.CLAIMED or command.fence != job.command.fence:
            raise LeaseLost(f"command {job.command.id} is no longer ours")
        ending(command)
        # Last: a finished sign-in may remove the session, its lease and this very row.
        if effect is not None:
            effect()
