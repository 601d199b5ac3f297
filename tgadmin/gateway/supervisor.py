"""Holds the leases, keeps one task per account alive, and cuts everything off when the leases no longer hold."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
import structlog
from django.db import DatabaseError

from apps.commands.services.leases import Held, LeaseLost
from apps.common import notify
from apps.sessions.models import SessionStatus, TimelineKind
from apps.sessions.services import timeline
from tgadmin.core import backoff
from tgadmin.gateway import database
from tgadmin.gateway.accounts import handover
from tgadmin.gateway.accounts.account import Account
from tgadmin.gateway.accounts.batcher import Batcher
from tgadmin.gateway.accounts.connect_limiter import ConnectLimiter
from tgadmin.gateway.accounts.inbox import SessionInbox, Writers
from tgadmin.gateway.accounts.registry import Accounts
from tgadmin.gateway.accounts.services import Services
from tgadmin.gateway.accounts.signins import SignIns
from tgadmin.gateway.accounts.state import NothingToConnect
from tgadmin.gateway.bell import Bells
from tgadmin.gateway.commands.bus import Bus
from tgadmin.gateway.ownership.heartbeat import DB_ERRORS, RECONNECT_SECONDS, Heartbeat
from tgadmin.gateway.ownership.lease import Wanted
from tgadmin.gateway.ownership.local_gateways import LocalGateways
from tgadmin.gateway.ownership.old_nodes import OldNodes

log = structlog.get_logger(__name__)

SCAN_SECONDS = 1.0
FLUSH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Session:
    """A session whose lease this gateway holds."""

    held: Held
    inbox: SessionInbox


class Supervisor:
    """Broad ``except`` has its place here: it records what went wrong and goes on."""

    def __init__(
        self,
        services: Services,
        bells: Bells,
        accounts: Accounts,
        *,
        bus: Bus,
        writers: Writers,
        signins: SignIns,
        connect_limiter: ConnectLimiter,
        params: dict[str, Any],
    ) -> None:
        self._services, self._bells, self._accounts = services, bells, accounts
        self._bus, self._writers, self._signins, self._connect_limiter = bus, writers, signins, connect_limiter
        self._leases = services.leases
        self._params = params
        self._sessions: dict[int, _Session] = {}
        self._stopping = False
        self._old_nodes = OldNodes()
        self._local_gateways = LocalGateways(bells.supervisor.ring)
        self._handing_over = Batcher(self._hand_over_all)

    async def run(self) -> None:
        """Send heartbeats, let in, listen and scan for ever. Raises NodeRemoved when somebody has removed this node."""
        async with asyncio.TaskGroup() as group:
            heartbeat = Heartbeat(self._leases, self._params, partial(self._lost, why="lease lost"))
            group.create_task(heartbeat.run())
            group.create_task(self._connect_limiter.run())
            group.create_task(self._listen())
            group.create_task(self._scan())

    # --- the leases ----------------------------------------------------------------------------------------------

    def cut(self) -> int:
        """Close every connection to Telegram at once, from whatever thread; returns how many sessions had one."""
        cut = self._accounts.cut()
        self._signins.abort()
        return cut

    async def _listen(self) -> None:
        """Notifications make everything quick; without them it is done once a second all the same."""
        while True:
            conn: psycopg.AsyncConnection[Any] | None = None
            try:
                conn = await database.connect(self._params)
                await conn.execute(f"LISTEN {notify.COMMANDS}")
                await conn.execute(f"LISTEN {notify.SESSIONS}")
                self._bells.supervisor.ring()
                async for note in conn.notifies():
                    self._heard(note.channel, note.payload)
            except DB_ERRORS as error:
                log.warning("not listening", error=type(error).__name__)
            finally:
                await _close(conn)
            await asyncio.sleep(RECONNECT_SECONDS)

    def _heard(self, channel: str, payload: str) -> None:
        if channel == notify.SESSIONS or int(payload) not in self._sessions:
            self._bells.supervisor.ring()
        self._bells.bus.ring()

    async def _scan(self) -> None:
        conn: psycopg.AsyncConnection[Any] | None = None
        try:
            while True:
                self._bells.supervisor.hush()
                try:
                    if conn is None or conn.closed:
                        conn = await database.connect(self._params)
                    if self._leases.allowed() and not self._stopping:
                        await self._scan_once(conn)
                    await self._signins.tidy()
                except DB_ERRORS as error:
                    log.warning("no scan", error=type(error).__name__)
                    await _close(conn)
                    conn = None
                await self._bells.supervisor.wait(self._leases.next_scan(SCAN_SECONDS))
        finally:
            self._local_gateways.close()
            await _close(conn)

    async def _scan_once(self, conn: psycopg.AsyncConnection[Any]) -> None:
        """Take what may be taken, connect what should be, let go of what nobody wants any more."""
        leases = self._leases
        found = {one.session_id: one for one in await leases.scan(conn)}
        self._local_gateways.watch(leases.local_pids)
        taken = await leases.take(conn, list(found.values()))
        for held in leases.held.values():
            self._keep(held)
        if taken:
            log.info("leases taken", sessions=len(taken))
            self._bells.bus.ring()
        unwanted = [session_id for session_id in self._sessions if session_id not in found]
        to_move = self._to_move(leases.to_move(len(found)))
        # Those that were given up before, but could not be released, are there still.
        if leaving := {*unwanted, *to_move, *leases.given_up}:
            await self._release(conn, leaving)
        for wanted in found.values():
            await self._reconcile(wanted)
        await self._old_nodes.look(conn, leases.identity.id, self._services.clock.monotonic())

    def _keep(self, held: Held) -> None:
        known = self._sessions.get(held.session_id)
        if known is not None and known.held == held:
            return
        if known is not None:
            self._lost(held.session_id, "lease replaced")
            self._leases.held[held.session_id] = held
        self._accounts.abort(held.session_id)  # one that was begun under another lease stores nothing any more
        self._sessions[held.session_id] = _Session(held, self._writers.inbox(held))

    # --- accounts ------------------------------------------------------------------------------------------------

    async def _reconcile(self, wanted: Wanted) -> None:
        session = self._sessions.get(wanted.session_id)
        if session is None:
            return
        to_connect = None if self._accounts.is_blocked(wanted.session_id) else wanted.authorization_id
        account = self._accounts.get(wanted.session_id)
        if account is not None and account.authorization_id != to_connect:
            await self._accounts.stop(wanted.session_id)
            # Meanwhile the lease may have been lost, or the account blocked: what is to be connected now is asked
            # again.
            self._bells.supervisor.ring()
        elif to_connect is not None and account is None and not self._stopping:
            self._start(session, to_connect)

    def _start(self, session: _Session, authorization_id: int) -> None:
        account = Account(
            self._services, self._bells, self._connect_limiter, session.held, authorization_id, session.inbox
        )
        self._accounts.start(account, self._live(account))

    async def _live(self, account: Account) -> None:
        """The account's task: a crash is recorded and the account begins again."""
        failures = 0
        while True:
            try:
                await account.run()
                return
            except (LeaseLost, NothingToConnect) as reason:
                log.info("account stopped", session=account.session_id, reason=type(reason).__name__)
                return
            except Exception as error:  # noqa: BLE001  a supervisor records and goes on
                failures += 1
                await self._record_crash(account, error)
            await asyncio.sleep(backoff.delay(failures, self._services.random))

    async def _record_crash(self, account: Account, error: Exception) -> None:
        session_id, name = account.session_id, type(error).__name__
        log.error("account crashed", session=session_id, error=name, at=_place(error))
        with contextlib.suppress(DatabaseError, OSError, LeaseLost):
            await self._services.storage.say(account.held, SessionStatus.DISCONNECTED, "INTERNAL_ERROR")
            await self._services.threads.run(timeline.note, session_id, TimelineKind.CRASHED, code=name[:64])

    def _lost(self, session_id: int, why: str) -> None:
        """The lease is somebody else's: cut off at once, store nothing more."""
        session = self._sessions.pop(session_id, None)
        self._leases.held.pop(session_id, None)
        self._accounts.abort(session_id)
        if session is None:
            return
        log.warning(why, session=session_id)
        self._signins.abort_session(session_id)
        session.inbox.close(LeaseLost(why))
        self._bus.forget(session_id)

    def lost(self, held: Held) -> None:
        """The database said so before the heartbeat did."""
        session = self._sessions.get(held.session_id)
        if session is not None and session.held == held:
            self._lost(held.session_id, "lease lost")

    def _to_move(self, count: int) -> list[int]:
        """Sessions for another gateway that has room: those at rest first."""
        if not count:
            return []
        return sorted(self._sessions, key=lambda one: (self._bus.is_busy(one), one))[:count]

    async def _release(self, conn: psycopg.AsyncConnection[Any], sessions: Collection[int]) -> None:
        """Quieten these sessions and give their leases back. Raises psycopg.Error; then the next look tries again."""
        for session_id in sessions:
            self._leases.give_up(session_id)
        await asyncio.gather(*(self._quiet(session_id) for session_id in sessions))
        for session_id in sessions:
            self._sessions.pop(session_id, None)
        await self._leases.release(conn, list(sessions))
        log.info("leases released", sessions=len(sessions))

    async def _quiet(self, session_id: int) -> None:
        """Nothing of the session runs or waits any more; its connections are closed, what had arrived is stored."""
        session = self._sessions.get(session_id)
        if session is None:
            return
        self._bus.forget(session_id)
        await self._accounts.stop(session_id)
        await self._signins.drop_session(session_id)
        with contextlib.suppress(LeaseLost, TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await session.inbox.flush()
        session.inbox.close(LeaseLost("released"))

    # --- the end -------------------------------------------------------------------------------------------------

    def take_no_more(self) -> None:
        """The gateway is about to stop: what is held is carried on, nothing is taken."""
        self._stopping = True

    async def drain(self, seconds: float) -> None:
        """Hand every session over as soon as it is quiet; what is not quiet in time stays."""
        self._stopping = True
        try:
            async with asyncio.timeout(seconds):
                handing = (self._hand_over(session_id) for session_id in list(self._sessions))
                results = await asyncio.gather(*handing, return_exceptions=True)
        except TimeoutError:
            log.warning("not quiet in time", sessions=len(self._sessions))
            return
        if failed := {type(result).__name__ for result in results if isinstance(result, Exception)}:
            log.warning("sessions not handed over", errors=sorted(failed))

    async def _hand_over(self, session_id: int) -> None:
        """Let commands end for a moment, close the connection, store what had arrived, give the lease back."""
        await self._bus.finish(session_id)
        session = self._sessions.get(session_id)
        if session is None:
            return
        connected = self._accounts.get(session_id) is not None
        self._leases.give_up(session_id)
        await self._quiet(session_id)
        if self._sessions.pop(session_id, None) is session:
            await self._handing_over((session_id, connected))

    async def _hand_over_all(self, sessions: Sequence[tuple[int, bool]]) -> Sequence[None]:
        leases = self._leases
        await self._services.threads.run(handover.hand_over, leases.identity.id, dict(sessions))
        leases.released([session_id for session_id, _ in sessions])
        return [None] * len(sessions)


def _place(error: Exception) -> str:
    """Where it happened; never what it was about."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


async def _close(conn: psycopg.AsyncConnection[Any] | None) -> None:
    if conn is not None:
        with contextlib.suppress(*DB_ERRORS):
            await conn.close()
