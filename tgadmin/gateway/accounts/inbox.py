"""The inbox: one bounded FIFO per account, committed prefix by prefix, each with its last update state.

A few writers share all accounts; one account is written by one writer at a time. A batch that the database refuses for
a passing reason is tried again for as long as the lease holds. An entry that it refuses for good is set aside with a
line in the session's timeline, and never keeps the rest from being stored.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog

from apps.chats.services.record import Recorded, joined, make_ready, record
from apps.commands.services.leases import Held, LeaseLost
from tgadmin.core.bounds import fit
from tgadmin.core.clock import Clock, SystemClock
from tgadmin.core.metrics import MetricName, Metrics, NullRegistry
from tgadmin.core.types import Checkpoint, Incoming, Peer, Unreadable
from tgadmin.gateway import database
from tgadmin.gateway.accounts.fetch_window import FetchWindow
from tgadmin.telegram import SinkFull

log = structlog.get_logger(__name__)
Connection = psycopg.AsyncConnection[Any]

MAX_WAITING = 20_000
"""Changes of one account that wait (an entry without any counts as one); beyond it the client waits and catches up."""
MAX_CHANGES = 1000
"""In one transaction (an entry is never split)."""
BUSY_CHANGES = 50
"""In a batch, from which on the next one may grow for a moment: a transaction costs as much as a hundred messages."""
GATHER_SECONDS = 0.01
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds before a failed batch is tried again."""
LASTING_STATES = ("22", "23", "54")
"""Classes of SQLSTATE that speak of the data: what they refuse, they refuse for ever. The others pass: a server that
restarts, that has become a standby, whose disk is full, whose tables a migration is changing."""
LEASE_PAUSE = 0.1


class SessionInbox:
    """One account's FIFO, under one lease. It outlives the clients that are built one after the other."""

    def __init__(self, held: Held, schedule: Callable[[SessionInbox], None]) -> None:
        self.held = held
        self._schedule = schedule
        self._entries: deque[tuple[Incoming, asyncio.Future[None]]] = deque()
        self._waiting = 0
        self._windows: list[FetchWindow] = []
        self._scheduled = False
        self._gathering: asyncio.TimerHandle | None = None
        self._closed: LeaseLost | None = None
        self._tail: asyncio.Future[None] | None = None

    @property
    def is_closed(self) -> bool:
        return self._closed is not None

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, incoming: Incoming) -> asyncio.Future[None]:
        """Take one entry; the future resolves when it is committed. Raises SinkFull, LeaseLost."""
        if self._closed is not None:
            raise self._closed
        if self._waiting >= MAX_WAITING:
            raise SinkFull
        for window in self._windows:
            window.see(incoming.changes)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_retrieve)
        self._entries.append((incoming, future))
        self._waiting += _size(incoming)
        self._tail = future
        if not self._scheduled:
            self._scheduled = True
            self._schedule(self)
        elif self._gathering is not None and self._waiting >= MAX_CHANGES:
            self._gathered()
        return future

    async def flush(self) -> None:
        """Everything put so far is committed. Raises LeaseLost."""
        if self._closed is not None:
            raise self._closed
        if self._gathering is not None:
            self._gathered()
        if self._tail is not None:
            await asyncio.shield(self._tail)

    async def put_fetched(self, incoming: Incoming) -> None:
        """Put what a command has fetched and wait until it is committed; a full inbox is waited for."""
        while True:
            try:
                future = self.put(incoming)
            except SinkFull:
                await self.flush()
            else:
                await asyncio.shield(future)
                return

    @contextlib.contextmanager
    def window(self) -> Iterator[FetchWindow]:
        """Around a fetch: see fetch_window.py."""
        window = FetchWindow()
        self._windows.append(window)
        try:
            yield window
        finally:
            self._windows.remove(window)

    def close(self, reason: LeaseLost) -> None:
        """The lease is gone: nothing more is taken, and nothing that waits is stored."""
        self._closed = reason
        entries, self._entries, self._waiting = self._entries, deque(), 0
        for _, future in entries:
            if not future.done():
                future.set_exception(reason)

    # --- the writers' side ---------------------------------------------------------------------------------------

    def next_prefix(self) -> list[Incoming]:
        """What is to be committed next: as many whole entries as make up MAX_CHANGES, at least one if any waits."""
        prefix: list[Incoming] = []
        changes = 0
        for incoming, _ in self._entries:
            changes += _size(incoming)
            if prefix and changes > MAX_CHANGES:
                break
            prefix.append(incoming)
        return prefix

    def committed(self, count: int) -> None:
        """The first ``count`` entries are stored."""
        for _ in range(min(count, len(self._entries))):
            incoming, future = self._entries.popleft()
            self._waiting -= _size(incoming)
            if not future.done():
                future.set_result(None)

    def written(self, changes: int) -> None:
        """A writer that has stored so many changes lets go of this inbox."""
        if not self._entries:
            self._scheduled = False
        elif changes >= BUSY_CHANGES and self._waiting < MAX_CHANGES:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._gathered)
        else:
            self._schedule(self)

    def _gathered(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
            self._schedule(self)


def _size(incoming: Incoming) -> int:
    return max(1, len(incoming.changes))


def _retrieve(future: asyncio.Future[None]) -> None:
    """Nobody needs to await an entry: its LeaseLost is no unhandled error then."""
    if not future.cancelled():
        future.exception()


class TransientError(Exception):
    """The database did not take it this time; it is tried again. Its cause is what the database said."""


def _is_transient(error: Exception) -> bool:
    """Whether the same may be stored later: everything but what PostgreSQL, or psycopg, says of the data itself."""
    if not isinstance(error, psycopg.Error):
        return True
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return not error.sqlstate.startswith(LASTING_STATES)


@dataclass(slots=True)
class _Line:
    """One writer's connection, while it has one."""

    conn: Connection | None = None


class Writers:
    """Takes batches from all inboxes and records them. ``on_recorded`` is called after each commit, ``on_lost`` when
    the database says that a lease is gone, ``on_refused`` for an entry that could not be stored."""

    def __init__(
        self,
        params: dict[str, Any],
        *,
        on_recorded: Callable[[int, Recorded], None],
        on_lost: Callable[[Held], None],
        on_refused: Callable[[int, str], None],
        allowed: Callable[[], bool] = lambda: True,
        clock: Clock | None = None,
        metrics: Metrics | None = None,
        writers: int = 3,
    ) -> None:
        self._allowed = allowed
        self._clock, self._metrics = clock or SystemClock(), metrics or NullRegistry()
        self._write_ms = self._metrics.histogram(MetricName.INBOX_WRITE_MS)
        self._batch_changes = self._metrics.histogram(MetricName.INBOX_BATCH_CHANGES)
        self._params = params
        self._count = writers
        self._ready: asyncio.Queue[SessionInbox] = asyncio.Queue()
        self._on_recorded, self._on_lost, self._on_refused = on_recorded, on_lost, on_refused

    def inbox(self, held: Held) -> SessionInbox:
        """A new FIFO for an account that is held now."""
        return SessionInbox(held, self._ready.put_nowait)

    async def run(self) -> None:
        """Write batches until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._count):
                group.create_task(self._write())

    async def _write(self) -> None:
        line = _Line()
        try:
            while True:
                inbox = await self._ready.get()
                inbox.written(await self._guarded(line, inbox))
        finally:
            await _drop(line)

    async def _guarded(self, line: _Line, inbox: SessionInbox) -> int:
        """A supervisor: whatever happens with one account's batch, the others are written."""
        try:
            return await self._write_batch(line, inbox)
        except Exception as error:  # noqa: BLE001  see above; the batch is still there and is tried again
            log.error("a batch met a bug", session=inbox.held.session_id, error=type(error).__name__)
            await _drop(line)
            await asyncio.sleep(LONGEST_PAUSE)
            return 0

    async def _write_batch(self, line: _Line, inbox: SessionInbox) -> int:
        """How many changes were stored; tries until they are, or the lease is lost."""
        pause = FIRST_PAUSE
        while (batch := inbox.next_prefix()) and not inbox.is_closed:
            if not self._allowed():  # nothing is stored until the leases hold again
                await asyncio.sleep(LEASE_PAUSE)
                continue
            try:
                await self._commit(await self._connected(line), inbox, batch)
                return sum(map(_size, batch))
            except TransientError as transient:
                log.warning("batch not stored yet", session=inbox.held.session_id, error=_name(transient.__cause__))
                await _drop(line)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
            except LeaseLost as lost:
                inbox.close(lost)
                self._on_lost(inbox.held)
        return 0

    async def _connected(self, line: _Line) -> Connection:
        if line.conn is not None and not line.conn.closed:
            return line.conn
        try:
            line.conn = await database.connect(self._params)
            await make_ready(line.conn)
            return line.conn
        except (psycopg.Error, OSError) as error:
            raise TransientError from error

    async def _record(self, conn: Connection, held: Held, batch: list[Incoming]) -> Recorded:
        """Raises LeaseLost, TransientError, or what says that this batch can never be stored as it is."""
        try:
            return await record(conn, held.session_id, held.fence, held.node_id, batch)
        except (psycopg.Error, OSError) as error:
            if _is_transient(error):
                raise TransientError from error
            raise

    async def _commit(self, conn: Connection, inbox: SessionInbox, batch: list[Incoming]) -> None:
        """Record the batch; what cannot be stored is found by halving and set aside.

        Raises TransientError, LeaseLost.
        """
        held, started = inbox.held, self._clock.monotonic()
        try:
            recorded = await self._record(conn, held, batch)
        except (TransientError, LeaseLost):
            raise
        except Exception as error:  # noqa: BLE001  an entry that meets a bug must not keep the others out
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._commit(conn, inbox, batch[:middle])
                await self._commit(conn, inbox, batch[middle:])
                return
            recorded = await self._set_aside(conn, held, batch[0], error)
        inbox.committed(len(batch))
        self._on_recorded(held.session_id, recorded)
        self._count_batch(batch, self._clock.monotonic() - started)

    def _count_batch(self, batch: list[Incoming], seconds: float) -> None:
        """Once for each batch, not for each change: a change costs a few microseconds in all."""
        self._write_ms.observe(seconds * 1000)
        kinds = Counter(type(change).__name__ for incoming in batch for change in incoming.changes)
        self._batch_changes.observe(kinds.total())
        for kind, count in kinds.items():
            self._metrics.counter(MetricName.UPDATES_RECEIVED, kind=kind).inc(count)

    async def _set_aside(self, conn: Connection, held: Held, incoming: Incoming, error: Exception) -> Recorded:
        """Store each change that can be stored, and the state after them; the others are kept as what they were."""
        parts: list[Recorded] = []
        kept: list[Unreadable] = []
        peers = await self._sound_peers(conn, held, incoming.peers, kept)
        for change in incoming.changes:
            found = await self._try(conn, held, Incoming((change,), peers), change, kept)
            parts += [] if found is None else [found]
        log.error("entry stored in parts", session=held.session_id, kept_aside=len(kept), error=_name(error))
        for last in (Incoming(tuple(kept)), *_steps(incoming.checkpoint)):
            found = await self._try(conn, held, last, last.checkpoint, [])
            parts += [] if found is None else [found]
        return joined(parts)

    async def _sound_peers(
        self, conn: Connection, held: Held, peers: tuple[Peer, ...], kept: list[Unreadable]
    ) -> tuple[Peer, ...]:
        """Those that can be stored: one that cannot must not cost the messages beside it."""
        try:
            await self._record(conn, held, [Incoming((), peers)])
        except (TransientError, LeaseLost):
            raise
        except Exception:  # noqa: BLE001  which of them is found one by one
            return tuple(
                [peer for peer in peers if await self._try(conn, held, Incoming((), (peer,)), peer, kept) is not None]
            )
        return peers

    async def _try(
        self, conn: Connection, held: Held, incoming: Incoming, what: object, kept: list[Unreadable]
    ) -> Recorded | None:
        """Store it, or note in ``kept`` what it was. Raises TransientError, LeaseLost."""
        try:
            return await self._record(conn, held, [incoming])
        except (TransientError, LeaseLost):
            raise
        except Exception as refused:  # noqa: BLE001  see above
            rendering = repr(what).encode(errors="backslashreplace")
            kept.append(fit(Unreadable(type(what).__name__, _name(refused), rendering)))
            self._refuse(held, what, refused)
            return None

    def _refuse(self, held: Held, what: object, error: Exception) -> None:
        kind = type(what).__name__
        log.error("refused by the database", session=held.session_id, kind=kind, error=_name(error))
        self._on_refused(held.session_id, f"{kind}: {_name(error)}")


def _steps(checkpoint: Checkpoint | None) -> Iterator[Incoming]:
    """The account's own state and each channel's, one by one: one that cannot be stored must not cost the others."""
    if checkpoint is None:
        return
    pts, qts, date, seq = checkpoint.pts, checkpoint.qts, checkpoint.date, checkpoint.seq
    yield Incoming((), (), Checkpoint(pts, qts, date, seq))
    for peer_id, channel_pts in checkpoint.channels.items():
        yield Incoming((), (), Checkpoint(pts, qts, date, seq, {peer_id: channel_pts}))


def _name(error: BaseException | None) -> str:
    """An error's type and SQLSTATE: its text may hold what somebody wrote."""
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} {state}" if state else type(error).__name__


async def _drop(line: _Line) -> None:
    conn, line.conn = line.conn, None
    if conn is not None:
        with contextlib.suppress(psycopg.Error, OSError):
            await conn.close()
