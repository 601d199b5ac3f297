"""The accounts that are being connected here, each with its task, and those that must not be just now."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

from tgadmin.gateway.accounts.account import Account
from tgadmin.gateway.bell import Bell


@dataclass(frozen=True, slots=True)
class _Entry:
    account: Account
    task: asyncio.Task[None]


class Accounts:
    """By session. An account whose life has ended stays until it is stopped: nothing else is to be connected then.
    ``supervisor`` is rung when an account may be connected again."""

    def __init__(self, supervisor: Bell) -> None:
        self._supervisor = supervisor
        self._entries: dict[int, _Entry] = {}
        self._blocked: dict[int, int] = {}  # how many say so

    def get(self, session_id: int) -> Account | None:
        """The session's account, connected or on its way."""
        entry = self._entries.get(session_id)
        return None if entry is None else entry.account

    def connected(self, session_id: int) -> Account | None:
        """The session's account if it is connected and has caught up."""
        account = self.get(session_id)
        return account if account is not None and account.is_ready else None

    def all(self) -> dict[int, Account]:
        """By session id. From any thread."""
        return {session_id: entry.account for session_id, entry in list(self._entries.items())}

    def start(self, account: Account, life: Coroutine[Any, Any, None]) -> None:
        """``life`` is run as the account's task."""
        task = asyncio.create_task(life, name=f"account {account.session_id}")
        self._entries[account.session_id] = _Entry(account, task)

    async def stop(self, session_id: int) -> None:
        """Disconnect the session's account, and wait until it is."""
        entry = self._entries.pop(session_id, None)
        if entry is not None:
            entry.task.cancel()
            await asyncio.wait((entry.task,))

    def abort(self, session_id: int) -> None:
        """Cut the session's account off at once."""
        entry = self._entries.pop(session_id, None)
        if entry is not None:
            entry.account.abort()
            entry.task.cancel()

    def cut(self) -> int:
        """Close every connection to Telegram at once, from whatever thread; their tasks go on. Returns how many."""
        accounts = self.all()
        for account in accounts.values():
            account.abort()
        return len(accounts)

    # --- keys that somebody else uses ---------------------------------------------------------------------------------

    def is_blocked(self, session_id: int) -> bool:
        return session_id in self._blocked

    @contextlib.asynccontextmanager
    async def without(self, session_id: int) -> AsyncIterator[None]:
        """The session's account is disconnected while this lasts: its key is used by somebody else."""
        self._blocked[session_id] = self._blocked.get(session_id, 0) + 1
        try:
            await self.stop(session_id)
            yield
        finally:
            self._blocked[session_id] -= 1
            if not self._blocked[session_id]:
                del self._blocked[session_id]
            self._supervisor.ring()
