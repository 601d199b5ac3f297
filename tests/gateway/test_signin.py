"""Sign-ins through the gateway, with every wrong turn on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat
from apps.commands.models import Command, CommandSecret
from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from tests.gateway.conftest import PHONE
from tests.kit.threads import GatewayThread, SandboxThread, at_step, ready
from tests.kit.waiting import eventually

PASSWORD = "correct horse"


@pytest.fixture
def attempt(user: User, gateway: GatewayThread, dc: SandboxThread, person: Callable[..., int]) -> SignInAttempt:
    """A sign-in that waits for its code; the account has a cloud password."""
    person("Support", PHONE, password=PASSWORD, hint="four words")
    return at_step(signin.start(user, "Support", PHONE), SignInStep.CODE)


def refused(attempt: SignInAttempt) -> str:
    """The error of the last step, once it is there."""

    def answered() -> bool:
        attempt.refresh_from_db()
        return not attempt.busy

    eventually(answered)
    return attempt.error_code


def test_code_and_password_with_wrong_ones_first(user: User, dc: SandboxThread, attempt: SignInAttempt) -> None:
    assert attempt.code_length == 5
    right = dc.code(PHONE)
    wrong = "1" + right[1:] if right[0] != "1" else "2" + right[1:]
    signin.submit_code(user, attempt, wrong)
    assert refused(attempt) == "PHONE_CODE_INVALID"
    signin.submit_code(user, attempt, right)
    at_step(attempt, SignInStep.PASSWORD)
    assert attempt.password_hint == "four words"
    signin.submit_password(user, attempt, "wrong horse")
    assert refused(attempt) == "PASSWORD_HASH_INVALID"
    signin.submit_password(user, attempt, PASSWORD)
    at_step(attempt, SignInStep.DONE)
    session = ready(Session.objects.get(pk=attempt.session_id))
    assert session.phone == PHONE
    assert not SignInSecret.objects.exists()
    assert not CommandSecret.objects.exists()
    dialogs = Command.objects.filter(session=session, kind="dialogs")
    eventually(lambda: dialogs.filter(state="done").exists())


def test_a_new_session_brings_its_chats(
    user: User, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int]
) -> None:
    me, anna = person("Support", PHONE), person("Anna")
    group = dc.world("create_group", anna, "Team", [me])
    for number in range(3):
        dc.world("send", anna, me, f"old {number}")
    attempt = at_step(signin.start(user, "Support", PHONE), SignInStep.CODE)
    signin.submit_code(user, attempt, dc.code(PHONE))
    at_step(attempt, SignInStep.DONE)
    chats = Chat.objects.filter(session_id=attempt.session_id)
    eventually(lambda: set(chats.values_list("peer_id", flat=True)) >= {anna, group})
    chat = chats.get(peer_id=anna)
    assert (chat.title, chat.unread_count, chat.last_message_text) == ("Anna", 3, "old 2")


def test_a_flood_wait_is_the_steps_answer(
    user: User, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int]
) -> None:
    person("Support", PHONE)
    dc.faults("flood", "auth.sendCode", 90)
    attempt = signin.start(user, "Support", PHONE)
    assert refused(attempt) == "FLOOD_WAIT"
    assert attempt.flood_until is not None
    assert Command.objects.get(session=attempt.session).state == Command.State.FAILED


def test_an_unknown_number(user: User, dc: SandboxThread, gateway: GatewayThread) -> None:
    attempt = at_step(signin.start(user, "Support", "491519999999"), SignInStep.CODE)
    signin.submit_code(user, attempt, dc.code("491519999999"))
    assert refused(attempt) == "PHONE_NUMBER_UNOCCUPIED"


def test_cancelling_lets_the_code_go_and_erases_everything(
    user: User, dc: SandboxThread, attempt: SignInAttempt
) -> None:
    signin.cancel(user, attempt)
    eventually(lambda: not SignInSecret.objects.exists())
    attempt.refresh_from_db()
    assert (attempt.step, attempt.busy) == (SignInStep.CANCELLED, False)
    eventually(lambda: not Command.objects.filter(state__in=("queued", "claimed")).exists())


def test_an_answer_lost_on_the_way_is_looked_for(user: User, dc: SandboxThread, attempt: SignInAttempt) -> None:
    signin.submit_code(user, attempt, dc.code(PHONE))
    at_step(attempt, SignInStep.PASSWORD)
    dc.faults("drop_reply", "auth.checkPassword")
    signin.submit_password(user, attempt, PASSWORD)
    at_step(attempt, SignInStep.DONE)
    assert len(dc.call(dc.server.keys_of, Session.objects.get(pk=attempt.session_id).telegram_user_id)) == 1
