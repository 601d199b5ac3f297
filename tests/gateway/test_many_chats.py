"""An account with many chats, of which Telegram gives three pages and then one every two seconds: it is in at once, its
newest chats are there first, and no page is asked for twice, whoever goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat
from apps.sessions import selectors
from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInStep
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, SandboxThread, at_step, ready
from tests.kit.waiting import eventually

CHATS = 550
PAGES = 7
"""The last one finds nothing more."""
BURST, SECONDS = 3, 1.0


@pytest.fixture
def asked(dc: SandboxThread, person: Callable[..., int]) -> list[int]:
    """The account with its chats, and a page allowance. Gives the ids below which pages are asked for, as they are."""
    me = person("Support", PHONE)
    offsets: list[int] = []

    def fill() -> None:
        world = dc.server.world
        for number in range(CHATS):
            other = world.accounts.create(str(491522000000 + number), f"Person {number}", "").user_id
            world.send(other, me, f"hello {number}")
        world.logins.limits.service_messages = False
        meet = dc.server.faults.meet

        def seen(name: str, key: Any, request: Any) -> Any:
            outcome = meet(name, key, request)
            if name == "messages.getDialogs":
                offsets.append(request.offset_id)
            return outcome

        dc.server.faults.meet = seen  # type: ignore[method-assign]

    dc.call(fill)
    dc.faults("allow", "messages.getDialogs", BURST, SECONDS)
    return offsets


def sign_in(user: User, dc: SandboxThread) -> Session:
    attempt = at_step(signin.start(user, "Support", PHONE), SignInStep.CODE)
    signin.submit_code(user, attempt, dc.code(PHONE))
    return Session.objects.get(pk=at_step(attempt, SignInStep.DONE).session_id)


def complete(session: Session) -> bool:
    return selectors.sync_progress(session).is_complete


def test_it_is_in_at_once_and_the_rest_fills_in(
    asked: list[int], user: User, dc: SandboxThread, gateway: GatewayThread
) -> None:
    session = sign_in(user, dc)
    ready(session)
    newest = f"hello {CHATS - 1}"
    eventually(lambda: Chat.objects.filter(session=session, last_message_text=newest).exists(), 10)
    eventually(lambda: selectors.sync_progress(session).total == CHATS or complete(session), 10)
    assert not complete(session), "the case is void: all of it came at once"
    eventually(lambda: complete(session), 40)
    assert Chat.objects.filter(session=session).count() == CHATS
    assert len(asked) == len(set(asked)) == PAGES, "a page was asked for twice"


def test_another_gateway_goes_on_where_it_stopped(
    asked: list[int], user: User, dc: SandboxThread, start_gateway: Callable[..., GatewayThread]
) -> None:
    first = start_gateway()
    session = sign_in(user, dc)
    eventually(lambda: len(asked) >= BURST, 20)
    assert first.stop()
    start_gateway()
    eventually(lambda: complete(session), 60)
    assert Chat.objects.filter(session=session).count() == CHATS
    assert asked.count(0) == 1, "it began anew"
    assert len(asked) <= PAGES + 1, "at most the page that was under way is asked for again"
