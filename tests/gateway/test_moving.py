"""Data centres: a number, an account, a request that lives at another one is followed, and the place is remembered.

https://core.telegram.org/api/datacenter#user-migration
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.sessions.models import Authorization, AuthorizationSecret, Session, UpdateState
from apps.sessions.services import sessions
from tests.gateway.conftest import PHONE
from tests.gateway.test_proxy import settled
from tests.gateway.test_sending import at_telegram, chat_with, send, sent
from tests.kit.threads import GatewayThread, SandboxThread, ready, sign_in
from tests.kit.waiting import eventually

DCS = 2


def centres(dc: SandboxThread) -> list[int]:
    """Where the open connections lead."""
    return [each.dc_id for each in dc.call(dc.server.record.open_connections)]


def test_a_number_at_the_second_data_centre(
    user: User, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int]
) -> None:
    person("Support", PHONE, home_dc=2)
    session = sign_in(user, dc, PHONE)
    assert (session.dc_id, Authorization.objects.get().dc_id) == (2, 2)
    eventually(lambda: centres(dc) == [2])
    dc.call(dc.server.record.clear)
    dc.faults("drop", user=session.telegram_user_id)
    eventually(lambda: centres(dc) == [2])
    assert {each["dc_id"] for each in dc.call(dc.server.record.as_json)["connections"]} == {2}, "it is remembered"


@pytest.mark.parametrize("busy", [True, False])
def test_an_account_that_telegram_moves(
    user: User, dc: SandboxThread, session: Session, person: Callable[..., int], busy: bool
) -> None:
    anna = chat_with(session, dc, person("Anna"))
    former, pts = Authorization.objects.get(), UpdateState.objects.get(session=session).pts
    dc.faults("move", session.telegram_user_id, 2)
    if busy:  # a request of ours is told first
        row = send(user, anna, "while it moves")
        assert sent(row)
        assert at_telegram(dc, session, anna).count("while it moves") == 1
    else:  # the account hears of it when it connects again
        dc.faults("drop", user=session.telegram_user_id)
        dc.world("send", anna.peer_id, session.telegram_user_id, "while it moves")
    eventually(lambda: Session.objects.get(pk=session.pk).dc_id == 2)
    ready(session)
    eventually(lambda: centres(dc) == [2])
    eventually(lambda: Message.objects.filter(chat=anna, text="while it moves").count() == 1)
    current = Authorization.objects.get(role=Authorization.Role.CURRENT)
    assert (current.dc_id, current.key_id != former.key_id) == (2, True)
    former.refresh_from_db()
    assert (former.role, former.end_code) == (Authorization.Role.OLD, "USER_MIGRATE")
    assert AuthorizationSecret.objects.count() == 1
    assert UpdateState.objects.get(session=session).pts >= pts
    assert ("moved", "USER_MIGRATE") in session.timeline.values_list("kind", "code")
    assert Chat.objects.filter(session=session).count() == 1
    settled(sessions.resync(user, session))


def test_what_lies_elsewhere_is_asked_for_there(user: User, dc: SandboxThread, session: Session) -> None:
    """FILE_MIGRATE_X is about one request: the account stays where it is."""
    dc.faults("error", "messages.getDialogs", 303, "FILE_MIGRATE_2")
    settled(sessions.resync(user, session))
    used = dc.call(dc.server.record.as_json)["connections"]
    assert {each["dc_id"] for each in used} == {1, 2}
    session.refresh_from_db()
    assert session.dc_id == 1
    assert Authorization.objects.get(session=session).dc_id == 1
