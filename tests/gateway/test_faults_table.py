"""Every fault of the sandbox, one after the other on one stage: which state, what staff read, what happens next, when.

docs/faults.md is what was seen: ``bin/test tests/gateway/test_faults_table.py --write-docs`` writes it again, and the
test fails when it differs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.common.explain import Explanation
from apps.sessions.models import Authorization, Session, SessionEvent, SessionStatus
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.selectors import explain_step
from sandbox.control import _ALLOWED
from tests.gateway.test_sending import at_telegram, chat_with, send
from tests.gateway.test_signin import refused
from tests.kit.threads import GatewayThread, SandboxThread, at_step, ready, sign_in
from tests.kit.waiting import eventually
from tgadmin.core.errors import TelegramError, disposition
from tgadmin.gateway.commands.handlers.proxy import current_key
from tgadmin.telegram import Network
from tgadmin.telegram._telethon import Pings, Wire, wire
from tgadmin.telegram.client.connection import introduction

DCS = 2
DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "faults.md"
TOOLS = {"thaw", "struck", "clear", "pending", "links", "passed", "revive"}
"""What undoes or tells: no faults."""
PASSING = ("status.connecting", "status.syncing")
AT_MOST = 45.0
"""Seconds for any of them to be over, on a busy machine."""
PINGS = Pings(every=0.3, disconnect=60, patience=1.5)
"""Dead sockets are to be noticed quickly here; what the product has stands in the page."""


@dataclass(frozen=True)
class Seen:
    """What a fault led to: ``state`` in words, ``code`` its cause ("": staff read nothing), ``told`` what the page says
    where that is not the table's sentence."""

    state: str
    code: str = ""
    told: Explanation | None = None


class Stage:
    """One gateway, one data centre, an account that survives, and others that do not."""

    def __init__(self, user: User, dc: SandboxThread, person: Callable[..., int]) -> None:
        self.user, self.dc, self.person = user, dc, person
        self._phones = count(491511000300)
        self._texts = count(1)
        self.session, self.chat = self.fresh()

    def fresh(self) -> tuple[Session, Chat]:
        """An account of its own, with a chat."""
        phone = str(next(self._phones))
        self.person(f"Account {phone[-2:]}", phone)
        session = sign_in(self.user, self.dc, phone, name=phone[-3:])
        return session, chat_with(session, self.dc, self.person("Anna"))

    def text(self) -> str:
        return f"text {next(self._texts)}"

    # --- what is looked at ---

    def account(self, session: Session, do: Callable[[], object], *, undo: Callable[[], object] = lambda: None) -> Seen:
        """The states that the account goes through: the first after the fault, and the one in which it ends."""
        since = SessionEvent.objects.latest("pk").pk
        do()

        def states() -> list[tuple[str, str]]:
            rows = SessionEvent.objects.filter(session=session, pk__gt=since, kind__startswith="status.")
            return list(rows.exclude(kind__in=PASSING).order_by("pk").values_list("kind", "code"))

        eventually(states, AT_MOST)
        undo()

        def over() -> bool:
            return disposition(states()[-1][1]).is_fatal or states()[-1][0] == "status.ready"

        eventually(over, AT_MOST)
        (first, cause), (last, end) = states()[0], states()[-1]
        if disposition(end).is_fatal and end:  # whether the connection was lost before is chance
            return Seen(_label(last), end)
        return Seen(f"{_label(first)} → {_label(last)}", cause)

    def message(self, do: Callable[[], object], *, chat: Chat | None = None) -> Seen:
        """What becomes of a message: waiting, sent (once), failed."""
        chat = chat or self.chat
        do()
        row = send(self.user, chat, text := self.text())
        states: dict[str, str] = {}

        def over() -> bool:
            row.refresh_from_db()
            if row.waits_until is not None:
                states["Waits"] = row.error_code
            return row.state in (Message.State.SENT, Message.State.FAILED)

        eventually(over, AT_MOST)
        states[row.get_state_display()] = row.error_code
        copies = at_telegram(self.dc, chat.session, chat).count(text)
        assert copies == (row.state == Message.State.SENT), "never twice"
        return Seen("message: " + " → ".join(states), next((code for code in states.values() if code), ""))

    def arrival(self, do: Callable[[], object]) -> Seen:
        """Messages that come meanwhile are here once, in their order; the account's state stays what it is."""
        me, since = self.session.telegram_user_id, SessionEvent.objects.latest("pk").pk
        do()
        texts = [self.text(), self.text()]
        for text in texts:
            self.dc.world("send", self.chat.peer_id, me, text)
        rows = Message.objects.filter(chat=self.chat, text__in=texts).order_by("telegram_id")
        eventually(lambda: list(rows.values_list("text", flat=True)) == texts, AT_MOST)
        assert not SessionEvent.objects.filter(pk__gt=since, kind__startswith="status.").exists()
        return Seen("Ready; what came is here once, in order")

    def sign_in(self, do: Callable[[SignInAttempt | None], object], *, code: str = "") -> Seen:
        """A sign-in's step: that of the number, or, with ``code``, that of the code."""
        phone = str(next(self._phones))
        self.person("Somebody", phone)
        if not code:
            do(None)
        attempt = signin.start(self.user, "Somebody", phone)
        if code:
            at_step(attempt, SignInStep.CODE)
            do(attempt)
            signin.submit_code(self.user, attempt, self.dc.code(phone) if code == "right" else "00000")
        answered = refused(attempt)
        told = explain_step(attempt)
        seen = Seen(f"sign-in stays at: {attempt.get_step_display()}", answered, told)
        signin.cancel(self.user, attempt)
        return seen

    # --- short forms ---

    @property
    def me(self) -> int:
        return int(self.session.telegram_user_id or 0)

    def fault(self, name: str, *args: Any, **options: Any) -> Callable[..., None]:
        return lambda *_: self.dc.faults(name, *args, **options)

    def alone(self, name: str, *args: Any, undo: str = "", **options: Any) -> Seen:
        """A fault of one account, with an account of its own: the first pause before it connects again is a second."""
        session, _ = self.fresh()
        me = {"user": session.telegram_user_id}
        heal = self.fault(undo, **me) if undo else (lambda: None)
        return self.account(session, self.fault(name, *args, **me, **options), undo=heal)

    def doomed_by_error(self) -> Seen:
        session, chat = self.fresh()

        def do() -> None:
            self.dc.faults("error", "messages.sendMessage", 401, "SESSION_REVOKED", user=session.telegram_user_id)
            send(self.user, chat, self.text())

        return self.account(session, do)

    def doomed_by_a_second(self, fault: str, address: str | None) -> Seen:
        """Somebody else uses the account's key at the same time."""
        session, chat = self.fresh()

        def do() -> None:
            self.dc.faults(fault)
            asyncio.run(_use_beside(replace(self.dc.network, local_address=address), session))
            send(self.user, chat, self.text())

        seen = self.account(session, do)
        self.dc.faults(fault, False)
        return seen

    def unanswered(self, **how: str) -> Seen:
        """The answer to a send is lost with its connection."""
        session, chat = self.fresh()
        if how:
            self.dc.faults("set_random_id", how["mode"])
        return self.message(self.fault("drop_reply", "messages.sendMessage", user=session.telegram_user_id), chat=chat)

    def moved(self) -> Seen:
        session, chat = self.fresh()
        self.dc.faults("move", session.telegram_user_id, 2)
        seen = self.message(lambda: None, chat=chat)
        eventually(lambda: Session.objects.get(pk=session.pk).dc_id == 2)
        ready(session)
        assert session.timeline.filter(kind="moved", code="USER_MIGRATE").exists()
        return Seen(f"{seen.state}; Ready", "USER_MIGRATE")

    def proxied(self, kind: str, fault: str) -> Seen:
        """An account behind a proxy: its connection is lost, and the next one says what is wrong with the way."""
        phone = str(next(self._phones))
        self.person("Behind a proxy", phone)
        attempt = at_step(signin.start(self.user, phone, phone, proxy=self.dc.proxies()[kind]), SignInStep.CODE)
        signin.submit_code(self.user, attempt, self.dc.code(phone))
        session = ready(at_step(attempt, SignInStep.DONE).session)
        since = SessionEvent.objects.latest("pk").pk
        self.dc.fronts(fault, kind)

        def code() -> str:
            found = Session.objects.get(pk=session.pk).status_code
            return found if found.startswith("PROXY_") else ""

        told = eventually(code, AT_MOST)
        self.dc.fronts("revive", kind)
        ready(session)
        rows = SessionEvent.objects.filter(session=session, pk__gt=since, kind__startswith="status.")
        labels = [_label(kind) for kind in rows.exclude(kind__in=PASSING).order_by("pk").values_list("kind", flat=True)]
        return Seen(f"{labels[0]} → {labels[-1]}", told)


def _label(kind: str) -> str:
    return SessionStatus(kind.removeprefix("status.")).label


async def _use_beside(network: Network, session: Session) -> None:
    key = await asyncio.to_thread(current_key, session.pk)
    assert key is not None
    other = Wire(
        (key.dc_id, key.server_address, key.port),
        key.auth_key,
        allowed=lambda: True,
        timeout=10,
        local_address=network.local_address,
    )
    with contextlib.suppress(TelegramError):  # which of the two is told first is Telegram's to decide
        await other.open(introduction(network, updates=True))
    await other.close()


@dataclass(frozen=True)
class Row:
    """``fault``: name in the sandbox; ``what`` it does; ``see`` makes it happen; ``after`` says when it is over."""

    fault: str
    what: str
    see: Callable[[Stage], Seen]
    after: str


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
        "unreadable",
        "a container of updates that no layer has",
        lambda s: s.arrival(s.fault("unreadable", s.me)),
        "as it is missed: the difference is fetched",
    ),
    Row("revoke", "the session was ended: 401 AUTH_KEY_UNREGISTERED", lambda s: s.alone("revoke"), NEVER),
    Row(
        "revoke",
        "the session ran out: 401 SESSION_EXPIRED",
        lambda s: s.alone("revoke", error="SESSION_EXPIRED"),
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
