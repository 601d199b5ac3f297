"""An account with many chats, of which Telegram gives three pages and then one every two seconds: it is in at once, its
newest chats are there first, and no page is asked for twice, whoever goes on. The long form has 5,000 chats."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat
from apps.sessions import selectors
from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInStep
from tests.gateway.conftest import PHONE
from tests.gateway.test_kill import same_network, start_process
from tests.kit.threads import GatewayThread, Phone, SandboxThread, at_step, ready
from tests.kit.waiting import eventually
from tgadmin.core.session_strings import ForeignSession, write_string

__all__ = ["same_network", "start_process"]

PAGE = 100
BURST = 3


@dataclass
class Many:
    """So many chats, a page allowance after the first ones, and the ids below which pages were asked for."""

    chats: int
    seconds: float
    asked: list[int] = field(default_factory=list)

    @property
    def pages(self) -> int:
        """The last one finds nothing more."""
        return -(-self.chats // PAGE) + 1

    @property
    def patience(self) -> float:
        return 40 + self.pages * self.seconds * 2


SHORT, LONG = (550, 1.0), (5000, 2.0)
FORMS = [SHORT, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(600)])]


@pytest.fixture(params=FORMS, ids=["short", "5000"])
def many(request: pytest.FixtureRequest, dc: SandboxThread, person: Callable[..., int]) -> Many:
    found = Many(*request.param)
    me = person("Support", PHONE)

    def fill() -> None:
        world = dc.server.world
        for number in range(found.chats):
            other = world.accounts.create(str(491522000000 + number), f"Person {number}", "").user_id
            world.send(other, me, f"hello {number}")
        world.logins.limits.service_messages = False
        meet = dc.server.faults.meet

        def seen(name: str, key: Any, request: Any) -> Any:
            outcome = meet(name, key, request)
            if name == "messages.getDialogs":
                found.asked.append(request.offset_id)
            return outcome

        dc.server.faults.meet = seen  # type: ignore[method-assign]

    dc.call(fill)
    dc.faults("allow", "messages.getDialogs", BURST, found.seconds)
    return found


def by_code(user: User, dc: SandboxThread) -> Session:
    attempt = at_step(signin.start(user, "Support", PHONE), SignInStep.CODE)
    signin.submit_code(user, attempt, dc.code(PHONE))
    return Session.objects.get(pk=at_step(attempt, SignInStep.DONE).session_id)


def by_qr(user: User, dc: SandboxThread) -> Session:
    owner = Phone(dc.network).sign_in(PHONE, lambda: dc.code(PHONE))
    attempt = at_step(signin.start_qr(user, ""), SignInStep.QR)
    shown = signin.shown_code(attempt)
    assert shown is not None
    owner.scan(shown.url)
    at_step(attempt, SignInStep.DONE)
    owner.close()
    return Session.objects.get(pk=attempt.session_id)


def by_import(user: User, dc: SandboxThread) -> Session:
    other = Phone(dc.network).sign_in(PHONE, lambda: dc.code(PHONE))
    key = other.client.key
    other.close()
    text = write_string(ForeignSession(key.dc_id, key.server_address, key.port, key.auth_key)).encode()
    attempt = at_step(signin.start_import(user, "", text), SignInStep.DONE)
    return Session.objects.get(pk=attempt.session_id)


def complete(session: Session) -> bool:
    return selectors.sync_progress(session).is_complete


@pytest.mark.parametrize("sign_in", [by_code, by_qr, by_import])
def test_it_is_in_at_once_and_the_rest_fills_in(
    many: Many, user: User, dc: SandboxThread, gateway: GatewayThread, sign_in: Callable[..., Session]
) -> None:
    session = sign_in(user, dc)
    ready(session)
    newest = f"hello {many.chats - 1}"
    eventually(lambda: Chat.objects.filter(session=session, last_message_text=newest).exists(), 10)
    eventually(lambda: selectors.sync_progress(session).total == many.chats or complete(session), 10)
    assert not complete(session), "the case is void: all of it came at once"
    eventually(lambda: complete(session), many.patience)
    assert Chat.objects.filter(session=session).count() == many.chats
    assert len(many.asked) == len(set(many.asked)) == many.pages, "a page was asked for twice"


def test_another_gateway_goes_on_where_it_stopped(
    many: Many, user: User, dc: SandboxThread, start_gateway: Callable[..., GatewayThread]
) -> None:
    first = start_gateway()
    session = by_code(user, dc)
    eventually(lambda: len(many.asked) >= BURST, 20)
    assert first.stop()
    start_gateway()
    eventually(lambda: complete(session), many.patience)
    assert Chat.objects.filter(session=session).count() == many.chats
    assert many.asked.count(0) == 1, "it began anew"
    assert len(many.asked) <= many.pages + 1, "at most the page that was under way is asked for again"


@pytest.mark.usefixtures("same_network")
def test_a_kill_in_the_middle_loses_no_page(
    many: Many, user: User, dc: SandboxThread, start_process: Callable[[], subprocess.Popen[bytes]]
) -> None:
    first = start_process()
    session = by_code(user, dc)
    eventually(lambda: len(many.asked) > BURST, 20)
    first.kill()
    first.wait()
    start_process()
    eventually(lambda: complete(session), many.patience)
    assert Chat.objects.filter(session=session).count() == many.chats
    assert many.asked.count(0) == 1, "it began anew"
    assert len(many.asked) <= many.pages + 2, "at most the page that was under way is asked for again, and a repeat"
