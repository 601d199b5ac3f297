"""What is done about a refused command, as a table: by the error, the kind's declarations and its tries."""

from __future__ import annotations

from typing import Any

import pytest

from apps.commands.command_kinds import CHAT_LANE, CommandSpec, Need, Rule
from tgadmin.core.errors import PROXY_CODES, TelegramError
from tgadmin.gateway.commands.decide import (
    LONGEST_PAUSE,
    NOT_ITS_FAULT,
    Decision,
    Drop,
    Fail,
    Retry,
    Succeed,
    Wait,
    decide,
    pause,
    retry,
)

pytestmark = pytest.mark.pure


def kind(rule: Rule = Rule.REPEAT, **declared: Any) -> CommandSpec:
    return CommandSpec(Need(None), CHAT_LANE, rule, **{"tries": 3, **declared})


def middle() -> float:
    return 0.5


REPEAT, CHECK, DROPPED = kind(), kind(Rule.CHECK), kind(Rule.DROP)
ASKED_BY_A_PERSON = kind(patient=False)
WITHOUT_ACCOUNT = kind(needs_account=False)
TAKES_WAITS_AS_ANSWER = kind(obeys_waits=False)

TABLE: list[tuple[CommandSpec, int, TelegramError, Decision]] = [
    # Telegram says no, for good.
    (REPEAT, 1, TelegramError("CHAT_WRITE_FORBIDDEN"), Fail("CHAT_WRITE_FORBIDDEN")),
    (DROPPED, 1, TelegramError("CHAT_WRITE_FORBIDDEN"), Fail("CHAT_WRITE_FORBIDDEN")),
    (REPEAT, 1, TelegramError("PHONE_CODE_INVALID", seconds=7), Fail("PHONE_CODE_INVALID", 7)),
    # It is so already.
    (REPEAT, 1, TelegramError("MESSAGE_NOT_MODIFIED"), Succeed()),
    (DROPPED, 9, TelegramError("MESSAGE_NOT_MODIFIED"), Succeed()),
    # Telegram names a time.
    (REPEAT, 1, TelegramError("FLOOD_WAIT", seconds=30, method="m.x"), Wait("FLOOD_WAIT", 30, "m.x")),
    (REPEAT, 99, TelegramError("SLOWMODE_WAIT", seconds=5), Wait("SLOWMODE_WAIT", 5, "")),
    (DROPPED, 1, TelegramError("FLOOD_WAIT", seconds=30), Wait("FLOOD_WAIT", 30, "")),
    (TAKES_WAITS_AS_ANSWER, 1, TelegramError("FLOOD_WAIT", seconds=30), Fail("FLOOD_WAIT", 30)),
    # The authorization is of no use any more.
    (REPEAT, 1, TelegramError("AUTH_KEY_UNREGISTERED"), Fail("AUTH_KEY_UNREGISTERED", ends_account=True)),
    (WITHOUT_ACCOUNT, 1, TelegramError("AUTH_KEY_UNREGISTERED"), Fail("AUTH_KEY_UNREGISTERED")),
    # A 500 that is the person's to repeat.
    (REPEAT, 1, TelegramError("AUTH_RESTART"), Fail("AUTH_RESTART")),
    # Telegram's own trouble: tried again until the tries are used up.
    (REPEAT, 1, TelegramError("RPC_CALL_FAIL"), Retry("RPC_CALL_FAIL", 0.5, counts=True)),
    (CHECK, 2, TelegramError("RPC_CALL_FAIL"), Retry("RPC_CALL_FAIL", 1.0, counts=True)),
    (REPEAT, 3, TelegramError("RPC_CALL_FAIL"), Fail("RPC_CALL_FAIL")),
    (DROPPED, 1, TelegramError("RPC_CALL_FAIL"), Drop("RPC_CALL_FAIL")),
    # The connection: no try of the command's.
    (REPEAT, 1, TelegramError("CONNECTION_LOST"), Retry("CONNECTION_LOST", 0.5, counts=False)),
    (REPEAT, 9, TelegramError("CONNECTION_LOST"), Retry("CONNECTION_LOST", 60.0, counts=False)),
    (WITHOUT_ACCOUNT, 1, TelegramError("CONNECTION_LOST"), Retry("CONNECTION_LOST", 0.5, counts=True)),
    (ASKED_BY_A_PERSON, 1, TelegramError("CONNECTION_LOST"), Retry("CONNECTION_LOST", 0.5, counts=False)),
    (ASKED_BY_A_PERSON, 3, TelegramError("CONNECTION_LOST"), Fail("CONNECTION_LOST")),
    (DROPPED, 1, TelegramError("CONNECTION_LOST"), Drop("CONNECTION_LOST")),
]


@pytest.mark.parametrize(
    ("spec", "attempts", "error", "decision"), TABLE, ids=[f"{n}-{row[2].code}" for n, row in enumerate(TABLE)]
)
def test_decide(spec: CommandSpec, attempts: int, error: TelegramError, decision: Decision) -> None:
    assert decide(spec, attempts, error, chance=middle) == decision


@pytest.mark.parametrize("code", sorted(PROXY_CODES))
def test_a_proxy_that_a_person_has_just_chosen_is_theirs_to_try_again(code: str) -> None:
    assert retry(ASKED_BY_A_PERSON, 1, code, 2.0) == Fail(code)
    assert retry(REPEAT, 1, code, 2.0) == Retry(code, 2.0, counts=False)


@pytest.mark.parametrize("code", sorted(NOT_ITS_FAULT))
@pytest.mark.parametrize("attempts", [1, 3, 1000])
def test_a_broken_connection_is_waited_for_without_end(code: str, attempts: int) -> None:
    assert retry(REPEAT, attempts, code, 1.0) == Retry(code, 1.0, counts=False)


def test_pauses_grow_to_a_minute() -> None:
    assert [pause(attempts, middle) for attempts in (0, 1, 2, 3, 4, 7)] == [0.5, 0.5, 1.0, 2.0, 4.0, 32.0]
    assert pause(8, middle) == pause(10**9, middle) == LONGEST_PAUSE
    assert (pause(1, lambda: 0.0), pause(1, lambda: 1.0)) == pytest.approx((0.4, 0.6))
