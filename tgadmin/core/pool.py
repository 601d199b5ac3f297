"""What keeps the database from doing what was asked, as people are told it: in a sentence, with when to try again.

Every connection is taken, a statement took too long, a row is locked, the server is away, its disk is full: that is
nobody's mistake and no error of ours. What is not listed here stays an error.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests


@dataclass(frozen=True, slots=True)
class Trouble:
    """``code`` for scripts, ``title`` and ``message`` for people; ``retry_after`` in seconds."""

    code: str
    title: str
    message: str
    retry_after: int


FULL = Trouble(
    "BUSY",
    "Too much to do just now",
    "The server has more to do than it can just now. Nothing was changed; try again in a moment.",
    2,
)
SIGN_INS = Trouble(
    "BUSY",
    "Too many sign-ins just now",
    "More passwords are being checked than the server can do at once. Nothing was changed; try again in a moment.",
    5,
)
SLOW = Trouble(
    "TOO_SLOW",
    "This takes too long",
    "The database needed too long for this, so it was stopped. Nothing was changed; ask for less, or try again later.",
    10,
)
LOCKED = Trouble(
    "IN_USE",
    "In use just now",
    "Something else is changing what this needs. Nothing was changed here; try again in a moment.",
    5,
)
AWAY = Trouble(
    "DATABASE_AWAY",
    "The database does not answer",
    "The database does not answer just now. What was being done may not be kept: look again in a moment.",
    5,
)
NO_WRITES = Trouble(
    "NO_WRITES",
    "Nothing can be stored just now",
    "The database takes no changes just now: its disk is full, or it may only be read. Nothing was changed; what is "
    "stored can be read. Tell whoever runs this server.",
    30,
)

_BY_STATE = {
    "57014": SLOW,  # query_canceled: statement_timeout
    "55P03": LOCKED,  # lock_not_available: lock_timeout
    "40P01": LOCKED,  # deadlock_detected
    "40001": LOCKED,  # serialization_failure
    "25006": NO_WRITES,  # read_only_sql_transaction
    "53100": NO_WRITES,  # disk_full
    "58030": NO_WRITES,  # io_error
    "53300": FULL,  # too_many_connections
    "25P03": AWAY,  # idle_in_transaction_session_timeout: the connection is gone
    "25P04": SLOW,  # transaction_timeout
}
_AWAY_CLASSES = ("08", "57P")
"""Connection exceptions; operator intervention: shut down, crashed, starting."""


class OverloadedError(Exception):
    """Something of ours has more to do than it can; ``trouble`` says it."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.code)
        self.trouble = trouble


def trouble(error: BaseException | None) -> Trouble | None:
    """What this, or what it came from, is about (Django wraps psycopg's exceptions); None: an error like others."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if (found := _of(error)) is not None:
            return found
        error = error.__cause__ or error.__context__
    return None


def _of(error: BaseException) -> Trouble | None:
    if isinstance(error, OverloadedError):
        return error.trouble
    if isinstance(error, PoolTimeout | TooManyRequests):
        return FULL
    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate
    if state is None:  # psycopg's own: no connection could be made, or it broke
        return AWAY if isinstance(error, psycopg.OperationalError) else None
    return _BY_STATE.get(state) or (AWAY if state.startswith(_AWAY_CLASSES) else None)
