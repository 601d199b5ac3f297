"""The connection's own parts: logs without data, the queue's bound, errors of every origin."""

import logging

import pytest
from telethon import functions as F  # noqa: N812
from telethon.errors import FloodWaitError, InvalidBufferError, TypeNotFoundError
from telethon.errors.common import AuthKeyNotFound

from tgadmin.core.errors import TelegramError
from tgadmin.telegram._telethon import CATCH_UP, QuietLogs, UpdatesQueue
from tgadmin.telegram._telethon.wire import error_of

pytestmark = pytest.mark.pure

SECRET = "what somebody wrote"


def test_telethons_logs_lose_their_data(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log = QuietLogs()["telethon.network.mtprotosender"]
    log.warning("Note: %s is not an update, not dispatching it %s", SECRET, {"text": SECRET})
    log.error("Request caused struct.error: %s: %s", ValueError(SECRET), SECRET)
    log.info("Type %08x not found, remaining data %r", 0xAB, SECRET.encode())
    log.debug(SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("Unhandled error while processing msgs")
    assert SECRET not in caplog.text
    assert "Request caused struct.error: ValueError: str" in caplog.text
    assert "Unhandled error while processing msgs (ValueError)" in caplog.text
    assert all(record.levelno <= logging.DEBUG for record in caplog.records)


def test_a_full_queue_becomes_a_sign_to_catch_up() -> None:
    queue = UpdatesQueue(3)
    for item in range(3):
        queue.put_nowait(item)
    queue.put_nowait(3)
    queue.put_nowait(4)
    assert [queue.get_nowait() for _ in range(queue.qsize())] == [CATCH_UP, 4]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionResetError(SECRET), "CONNECTION_LOST"),
        (EOFError(SECRET), "CONNECTION_LOST"),
        (TimeoutError(SECRET), "TIMEOUT"),
        (AuthKeyNotFound(), "AUTH_KEY_NOT_FOUND"),
        (InvalidBufferError((-404).to_bytes(4, "little", signed=True)), "AUTH_KEY_NOT_FOUND"),
        (InvalidBufferError((-429).to_bytes(4, "little", signed=True)), "TRANSPORT_FLOOD"),
        (TypeNotFoundError(0xAB, SECRET.encode()), "UNREADABLE_ANSWER"),
        (ValueError(SECRET), "REQUEST_NOT_SENT"),
        (TelegramError("PEER_FLOOD"), "PEER_FLOOD"),
    ],
)
def test_whatever_fails_becomes_a_code_without_data(error: Exception, code: str) -> None:
    found = error_of(error, "messages.sendMessage")
    assert found.code == code
    assert SECRET not in str(found) + repr(found)


def test_what_telegram_said_wins_over_telethons_name_for_it() -> None:
    error = FloodWaitError(F.help.GetConfigRequest(), 30)
    error.said = ("FLOOD_WAIT_30", 420)
    found = error_of(error, "help.getConfig")
    assert (found.code, found.seconds) == ("FLOOD_WAIT", 30)
