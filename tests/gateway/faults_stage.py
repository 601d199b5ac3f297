"""The stage for the table of faults: an account, what strikes it, and what was seen of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.common.explain import Explanation
from apps.sessions.models import Session, SessionEvent, SessionStatus
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.selectors import explain_step
from tests.gateway.test_sending import at_telegram, chat_with, send
from tests.gateway.test_signin import refused
from tests.kit.threads import SandboxThread, at_step, ready, sign_in
from tests.kit.waiting import eventually
from tgadmin.core.errors import TelegramError, disposition
from tgadmin.gateway.commands.handlers.proxy import current_key
from tgadmin.telegram import Network
from tgadmin.telegram._telethon import Pings, Wire
from tgadmin.telegram.client.connection import introduction

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
