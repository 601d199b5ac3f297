"""Every fault of the sandbox, one after the other on one stage: which state, what staff read, what happens next, when.

docs/faults.md is what was seen: ``bin/test tests/gateway/test_faults_table.py --write-docs`` writes it again, and the
test fails when it differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.sessions.models import Authorization
from sandbox.control import _ALLOWED
from tests.gateway.faults_stage import PINGS, Seen, Stage
from tests.kit.threads import GatewayThread, SandboxThread
from tgadmin.core.errors import disposition
from tgadmin.telegram._telethon import wire
from tgadmin.telegram.client import authorization_check

DCS = 2
DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "faults.md"
TOOLS = {"thaw", "struck", "clear", "pending", "links", "passed", "revive"}
"""What undoes or tells: no faults."""


@dataclass(frozen=True)
class Row:
    """``fault``: name in the sandbox; ``what`` it does; ``see`` makes it happen; ``after`` says when it is over."""

    fault: str
    what: str
    see: Callable[[Stage], Seen]
    after: str


def _used_up(stage: Stage) -> Callable[[], object]:
    """One send in two seconds is allowed, and was made just now."""

    def do() -> None:
        stage.fault("allow", "messages.sendMessage", 1, 2.0)()
        allowances = stage.dc.server.faults._allowances
        stage.dc.call(allowances["messages.sendMessage"].use, stage.session.telegram_user_id)

    return do


FIRST, STEADY = "1 s, then 2, 4, 8, 16 s, then every 60 s, later 300 s", "at once"
NEVER = "when somebody signs the account in again"
ROWS = (
    Row(
        "error",
        "a send gets 400 PEER_ID_INVALID",
        lambda s: s.message(s.fault("error", "messages.sendMessage", 400, "PEER_ID_INVALID")),
        "when somebody presses Retry",
    ),
    Row(
        "error",
        "a send gets 403 CHAT_WRITE_FORBIDDEN",
        lambda s: s.message(s.fault("error", "messages.sendMessage", 403, "CHAT_WRITE_FORBIDDEN")),
        "when somebody presses Retry",
    ),
    Row(
        "error",
        "a send gets 406 USERPIC_PRIVACY_REQUIRED",
        lambda s: s.message(s.fault("error", "messages.sendMessage", 406, "USERPIC_PRIVACY_REQUIRED")),
        "when somebody presses Retry",
    ),
    Row(
        "error",
        "a send gets 500 INTERDC_2_CALL_ERROR",
        lambda s: s.message(s.fault("error", "messages.sendMessage", 500, "INTERDC_2_CALL_ERROR")),
        "0.5 s, then 1, 2, 4 … 60 s",
    ),
    Row("error", "a send gets 401 SESSION_REVOKED", lambda s: s.doomed_by_error(), NEVER),
    Row(
        "error",
        "the number is banned: 400 PHONE_NUMBER_BANNED",
        lambda s: s.sign_in(s.fault("error", "auth.sendCode", 400, "PHONE_NUMBER_BANNED")),
        "when another number is entered",
    ),
    Row(
        "error",
        "a wrong code: 400 PHONE_CODE_INVALID",
        lambda s: s.sign_in(s.fault("error", "auth.signIn", 400, "PHONE_CODE_INVALID"), code="wrong"),
        "when another code is entered",
    ),
    Row(
        "error",
        "an expired code: 400 PHONE_CODE_EXPIRED",
        lambda s: s.sign_in(s.fault("error", "auth.signIn", 400, "PHONE_CODE_EXPIRED"), code="right"),
        "when a new code is asked for",
    ),
    Row(
        "error",
        "a sign-in gets 500 AUTH_RESTART",
        lambda s: s.sign_in(s.fault("error", "auth.signIn", 500, "AUTH_RESTART"), code="right"),
        "when the number is sent again",
    ),
    Row(
        "flood",
        "a send gets 420 FLOOD_WAIT_2",
        lambda s: s.message(s.fault("flood", "messages.sendMessage", 2)),
        "to the second that Telegram named",
    ),
    Row(
        "flood",
        "a number gets 420 FLOOD_WAIT_30",
        lambda s: s.sign_in(s.fault("flood", "auth.sendCode", 30)),
        "to the second that Telegram named, then by the button",
    ),
    Row(
        "allow",
        "a send comes before the next one is allowed: 420 FLOOD_WAIT_2",
        lambda s: s.message(_used_up(s)),
        "to the second that Telegram named",
    ),
    Row(
        "slow_mode",
        "a send gets 420 SLOWMODE_WAIT_2",
        lambda s: s.message(s.fault("slow_mode", s.chat.peer_id, 2)),
        "to the second that Telegram named",
    ),
    Row(
        "late",
        "a send's answer comes a second late",
        lambda s: s.message(s.fault("late", "messages.sendMessage", 1.0)),
        STEADY,
    ),
    Row(
        "drop_reply",
        "a send is done, its answer and the connection are lost",
        lambda s: s.unanswered(),
        "with the next connection, 1 s",
    ),
    Row(
        "set_random_id",
        "the same, and the repeated send gets 500 RANDOM_ID_DUPLICATE",
        lambda s: s.unanswered(mode="duplicate_error"),
        "with the next connection, 1 s",
    ),
    Row("transport", "transport error 429", lambda s: s.alone("transport", 429), FIRST),
    Row("transport", "transport error 404: the key is unknown", lambda s: s.alone("transport", 404), NEVER),
    Row(
        "freeze",
        "connections stand, nothing is read or written",
        lambda s: s.alone("freeze", undo="thaw"),
        "noticed after 10 s without a pong; then 1 s, 2 s …",
    ),
    Row(
        "half_open",
        "the connection stands at our end only",
        lambda s: s.alone("half_open"),
        "noticed after 10 s without a pong; then 1 s",
    ),
    Row("drop", "the connection is closed", lambda s: s.alone("drop"), FIRST),
    Row("delay", "everything arrives half a second late", lambda s: s.arrival(s.fault("delay", s.me, 0.5)), STEADY),
    Row(
        "lose",
        "a container of updates is lost",
        lambda s: s.arrival(s.fault("lose", s.me)),
        "with the next update, or at the next check for missed ones",
    ),
    Row("repeat", "a container of updates comes twice", lambda s: s.arrival(s.fault("repeat", s.me)), STEADY),
    Row(
        "swap", "two containers of updates change places", lambda s: s.arrival(s.fault("swap", s.me)), "within a second"
    ),
    Row(
        "hold",
        "a container of updates comes two seconds late",
        lambda s: s.arrival(s.fault("hold", s.me)),
        "with the next update, or at the next check for missed ones",
    ),
    Row(
        "disorder",
        "containers of updates are lost, repeated, swapped and held up",
        lambda s: s.arrival(s.fault("disorder", s.me)),
        "with the next update, or at the next check for missed ones",
    ),
    Row(
        "unreadable",
        "a container of updates that no layer has",
        lambda s: s.arrival(s.fault("unreadable", s.me)),
        "as it is missed: the difference is fetched",
    ),
    Row(
        "revoke",
        "the session was ended, its connection stays; found out within about a minute",
        lambda s: s.alone("revoke"),
        NEVER,
    ),
    Row(
        "revoke",
        "the session was ended, and its connection: 401 AUTH_KEY_UNREGISTERED",
        lambda s: s.alone("revoke", close=True),
        NEVER,
    ),
    Row(
        "revoke",
        "the session ran out: 401 SESSION_EXPIRED",
        lambda s: s.alone("revoke", error="SESSION_EXPIRED", close=True),
        NEVER,
    ),
    Row(
        "move",
        "Telegram moves the account to its data centre 2: 303 USER_MIGRATE_2",
        lambda s: s.moved(),
        "at once, by itself; its new key there is the current one",
    ),
    Row(
        "ban",
        "the account is banned: 401 USER_DEACTIVATED_BAN",
        lambda s: s.alone("ban"),
        "when Telegram lifts the ban, and somebody signs in",
    ),
    Row(
        "one_connection",
        "a second connection uses the key: 406 AUTH_KEY_DUPLICATED",
        lambda s: s.doomed_by_a_second("one_connection", None),
        NEVER,
    ),
    Row("one_owner", "the same from another address", lambda s: s.doomed_by_a_second("one_owner", "127.0.0.2"), NEVER),
    Row("kill", "the account's SOCKS5 proxy is dead", lambda s: s.proxied("socks5", "kill"), FIRST),
    Row(
        "cut_off", "the SOCKS5 proxy lives, Telegram behind it is dead", lambda s: s.proxied("socks5", "cut_off"), FIRST
    ),
    Row("kill", "the account's MTProxy is dead", lambda s: s.proxied("mtproxy", "kill"), FIRST),
    Row("cut_off", "the MTProxy lives, Telegram behind it is dead", lambda s: s.proxied("mtproxy", "cut_off"), FIRST),
)

HEAD = """# What can go wrong, and what then

Each line was brought about in the sandbox, with a real gateway over real connections, and is what was seen: the state,
what staff read, what they can do, and when it is over.
Nothing of a message or a chat is lost in any of them, and no message is sent twice.
Written by `bin/test tests/gateway/test_faults_table.py --write-docs`; the test fails when it differs.

| fault | what happens | state | code | what staff read | what to do | button | over |
|---|---|---|---|---|---|---|---|
"""


def line(row: Row, seen: Seen) -> str:
    told = disposition(seen.code) if seen.code else None
    if told is None:
        return f"| `{row.fault}` | {row.what} | {seen.state} | – | – | – | – | {row.after} |"
    read = seen.told or told
    return (
        f"| `{row.fault}` | {row.what} | {seen.state} | `{seen.code}` | {read.message} | {read.next_step} "
        f"| {told.suggested_action or '–'} | {row.after} |"
    )


def test_every_fault_is_in_the_table() -> None:
    faults = (set(_ALLOWED["faults"]) | set(_ALLOWED["fronts"])) - TOOLS
    assert {row.fault for row in ROWS} == faults


@pytest.fixture
def stage(
    user: User,
    dc: SandboxThread,
    start_gateway: Callable[..., GatewayThread],
    person: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> Iterator[Stage]:
    settings.SIGN_INS_OPEN = settings.SIGN_INS_PER_DAY = settings.SIGN_INS_PER_DAY_ALL = 1000  # one for many rows
    monkeypatch.setattr(wire, "Pings", lambda: PINGS)
    monkeypatch.setattr(authorization_check, "QUIET_SECONDS", 3.0)
    start_gateway()
    yield Stage(user, dc, person)
    dc.faults("clear")


@pytest.mark.timeout(400)
def test_each_fault_leads_where_the_page_says(stage: Stage, request: pytest.FixtureRequest) -> None:
    lines, wrong = [], []
    for row in ROWS:
        try:
            seen = row.see(stage)
        except AssertionError as error:
            wrong.append(f"{row.what}: {str(error)[:300]}")
            continue
        finally:
            stage.dc.faults("clear")
        lines.append(line(row, seen))
    assert wrong == [], "\n".join(wrong)
    page = HEAD + "\n".join(lines) + "\n"
    if request.config.getoption("--write-docs"):
        DOCS.write_text(page, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == page
    assert Authorization.objects.filter(session=stage.session, role=Authorization.Role.CURRENT).count() == 1
