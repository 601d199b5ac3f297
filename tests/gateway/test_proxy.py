"""Accounts behind proxies: signed in through one, living behind it, waiting for it when it is dead; never around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.chats.models import Chat, Message
from apps.commands.models import Command, CommandSecret
from apps.sessions.models import Session, SessionProxy, SessionStatus
from apps.sessions.services import proxies
from apps.signin import services as signin
from apps.signin.models import SignInStep
from tests.gateway.conftest import PHONE
from tests.gateway.test_signin import refused
from tests.kit.threads import GatewayThread, SandboxThread, at_step, ready
from tests.kit.waiting import eventually
from tgadmin.core.proxies import Proxy

KINDS = ("socks5", "mtproxy")


def beside_the_proxies(dc: SandboxThread) -> int:
    """Connections to the data centre that came through neither proxy."""
    total = len(dc.call(dc.server.record.as_json)["connections"])
    return int(total - sum(dc.fronts("passed").values()))


def settled(command: Command) -> dict[str, Any]:
    def over() -> bool:
        command.refresh_from_db()
        return command.state in (Command.State.DONE, Command.State.FAILED)

    eventually(over)
    assert command.state == Command.State.DONE, command.error_code
    return dict(command.result or {})


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_life_through_a_proxy(
    user: User, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int], kind: str
) -> None:
    person("Support", PHONE)
    anna = person("Anna")
    proxy = dc.proxies()[kind]
    attempt = at_step(signin.start(user, "Support", PHONE, proxy=proxy), SignInStep.CODE)
    signin.submit_code(user, attempt, dc.code(PHONE))
    at_step(attempt, SignInStep.DONE)
    session = ready(Session.objects.get(pk=attempt.session_id))
    stored = SessionProxy.objects.get(session=session)
    assert (stored.kind, stored.host, stored.port, stored.error_code) == (kind, proxy.host, proxy.port, "")
    assert stored.connect_ms is not None
    assert stored.answer_ms is not None

    # The proxy dies: the account waits for it and says why, and nothing goes around it.
    dc.fronts("kill", kind)
    eventually(lambda: Session.objects.get(pk=session.pk).status_code == "PROXY_UNREACHABLE")
    dc.world("send", anna, session.telegram_user_id, "while the proxy was away")
    dc.fronts("revive", kind)
    ready(session)
    eventually(lambda: Message.objects.filter(chat__session=session, text="while the proxy was away").exists())
    assert beside_the_proxies(dc) == 0

    # Telegram dies behind a proxy that answers.
    dc.fronts("cut_off", kind)
    code = {"socks5": "PROXY_NO_WAY", "mtproxy": "PROXY_SILENT"}[kind]
    eventually(lambda: Session.objects.get(pk=session.pk).status_code == code)
    dc.fronts("revive", kind)
    ready(session)
    assert beside_the_proxies(dc) == 0
    assert Chat.objects.filter(session=session, peer_id=anna).exists()


def test_a_sign_in_behind_a_dead_proxy_says_so_and_goes_on_through_another(
    user: User, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int]
) -> None:
    person("Support", PHONE)
    dead = replace(dc.proxies()["socks5"])
    dc.fronts("kill", "socks5")
    attempt = signin.start(user, "Support", PHONE, proxy=dead)
    assert refused(attempt) == "PROXY_UNREACHABLE"
    assert attempt.step == SignInStep.PHONE
    assert SessionProxy.objects.get().checked_at is None
    wrong = replace(dc.proxies()["mtproxy"], secret="dd" + "ab" * 16)
    signin.submit_phone(user, attempt, PHONE, proxy=wrong)
    assert refused(attempt) == "PROXY_SILENT"
    assert beside_the_proxies(dc) == 0
    signin.submit_phone(user, attempt, PHONE, proxy=dc.proxies()["mtproxy"])
    at_step(attempt, SignInStep.CODE)
    assert beside_the_proxies(dc) == 0


def test_a_new_proxy_is_tried_before_it_is_used(user: User, dc: SandboxThread, session: Session) -> None:
    socks, mtproxy = (dc.proxies()[kind] for kind in KINDS)
    dc.fronts("kill", "mtproxy")
    result = settled(proxies.ask_to_set(user, session, mtproxy))
    assert (result["ok"], result["error"]) == (False, "PROXY_UNREACHABLE")
    assert not SessionProxy.objects.exists(), "what does not work is not used"
    assert not CommandSecret.objects.exists()

    result = settled(proxies.ask_to_set(user, session, socks))
    assert result["ok"]
    assert result["connect_ms"] > 0
    assert result["answer_ms"] > 0
    found = proxies.load(session.pk)
    assert found is not None
    assert (found.proxy, found.proxy.password, found.is_tried) == (socks, socks.password, True)
    eventually(lambda: dc.fronts("passed")["socks5"] >= 2)  # the try, then the account
    ready(session)

    # A test of it as it stands; then directly again, because a manager says so.
    assert settled(proxies.ask_to_try(user, session))["ok"]
    dc.fronts("kill", "socks5")
    assert settled(proxies.ask_to_try(user, session))["error"] == "PROXY_UNREACHABLE"
    assert SessionProxy.objects.get().error_code == "PROXY_UNREACHABLE"
    before = beside_the_proxies(dc)
    assert settled(proxies.ask_to_set(user, session, None))["ok"]
    assert not SessionProxy.objects.exists()
    ready(session)
    assert beside_the_proxies(dc) > before
    kinds = set(session.timeline.values_list("kind", flat=True))
    assert {"proxy_set", "proxy_removed"} <= kinds


def test_signed_in_again_through_a_proxy_a_known_account_keeps_it(
    user: User, dc: SandboxThread, session: Session
) -> None:
    proxy = dc.proxies()["socks5"]
    attempt = at_step(signin.start(user, "", PHONE, proxy=proxy), SignInStep.CODE)
    assert attempt.session_id != session.pk
    signin.submit_code(user, attempt, dc.code(PHONE, 2))
    at_step(attempt, SignInStep.DONE)
    assert attempt.session_id == session.pk
    found = proxies.load(session.pk)
    assert found is not None
    assert (found.proxy, found.is_tried) == (proxy, True)
    assert ready(session).status == SessionStatus.READY


def test_secrets_that_no_key_reads_stop_the_account_and_open_no_way_around(
    user: User, dc: SandboxThread, session: Session, settings: Any
) -> None:
    proxies.store(session.pk, Proxy.parse("socks5://a:b@127.0.0.1:9"), user, proxies.Trial())
    from apps.sessions.models import AuthorizationSecret, SessionProxySecret

    row, key = SessionProxySecret.objects.get(), AuthorizationSecret.objects.get().secret
    row.secret = dict(row.secret)  # type: ignore[call-overload]  # to be encrypted again
    own = settings.SESSION_ENCRYPTION_KEYS
    settings.SESSION_ENCRYPTION_KEYS = ["x" * 40]
    row.save()  # under a key that is lost
    settings.SESSION_ENCRYPTION_KEYS = own
    assert key
    before = beside_the_proxies(dc)
    dc.faults("drop", user=session.telegram_user_id)
    eventually(lambda: Session.objects.get(pk=session.pk).status == SessionStatus.NEEDS_SIGN_IN)
    assert Session.objects.get(pk=session.pk).status_code == "KEYS_MISSING"
    assert beside_the_proxies(dc) == before
