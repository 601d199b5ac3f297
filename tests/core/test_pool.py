"""What the database cannot do just now is known by its SQLSTATE, however it is wrapped; what is an error stays one."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from tgadmin.core import pool

pytestmark = pytest.mark.pure

KNOWN = [
    (PoolTimeout(), pool.FULL),
    (TooManyRequests(), pool.FULL),
    (PoolClosed(), pool.AWAY),
    (errors.TooManyConnections(), pool.FULL),
    (errors.QueryCanceled(), pool.SLOW),
    (errors.LockNotAvailable(), pool.LOCKED),
    (errors.DeadlockDetected(), pool.LOCKED),
    (errors.SerializationFailure(), pool.LOCKED),
    (errors.ReadOnlySqlTransaction(), pool.NO_WRITES),
    (errors.DiskFull(), pool.NO_WRITES),
    (errors.IdleInTransactionSessionTimeout(), pool.AWAY),
    (errors.AdminShutdown(), pool.AWAY),
    (errors.CannotConnectNow(), pool.AWAY),
    (errors.ConnectionFailure(), pool.AWAY),
    (psycopg.OperationalError("the connection is lost"), pool.AWAY),
    (pool.OverloadedError(pool.SIGN_INS), pool.SIGN_INS),
]
OTHERS = [
    errors.UniqueViolation(),
    errors.UndefinedTable(),
    errors.SyntaxError(),
    errors.InvalidRegularExpression(),
    errors.NumericValueOutOfRange(),
    errors.OutOfMemory(),
    psycopg.ProgrammingError("no results to fetch"),
    ValueError(),
]


@pytest.mark.parametrize(("error", "trouble"), KNOWN)
def test_trouble_is_known_bare_and_wrapped(error: Exception, trouble: pool.Trouble) -> None:
    assert pool.trouble(error) is trouble
    wrapped = RuntimeError()
    wrapped.__cause__ = error
    outer = RuntimeError()
    outer.__context__ = wrapped
    assert pool.trouble(outer) is trouble


@pytest.mark.parametrize("error", OTHERS)
def test_errors_stay_errors(error: Exception) -> None:
    assert pool.trouble(error) is None


def test_nothing_is_no_trouble() -> None:
    assert pool.trouble(None) is None


def test_a_ring_of_causes_ends() -> None:
    one, other = RuntimeError(), RuntimeError()
    one.__cause__, other.__cause__ = other, one
    assert pool.trouble(one) is None


@pytest.mark.parametrize("trouble", [pool.FULL, pool.SIGN_INS, pool.SLOW, pool.LOCKED, pool.AWAY, pool.NO_WRITES])
def test_each_says_when_to_try_again_and_names_nothing_of_ours(trouble: pool.Trouble) -> None:
    assert 1 <= trouble.retry_after <= 60
    assert trouble.message.endswith(".")
    assert not {"postgres", "sql", "statement_timeout"} & set(trouble.message.lower().split())
