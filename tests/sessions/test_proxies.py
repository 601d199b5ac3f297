"""Proxies on pages and at the command line: who may, what is said, what is never shown."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from apps.commands.models import Command, CommandSecret
from apps.sessions.models import Session, SessionProxy, SessionProxySecret
from apps.sessions.services import proxies, rights
from apps.staff.roles import Role
from tgadmin.core.proxies import Proxy

SECRET, PASSWORD = "00112233445566778899aabbccddeeff", "a proxy password"
SOCKS = Proxy.parse("socks5://anna:a%20proxy%20password@127.0.0.1:1080")
MTPROXY = Proxy.parse(f"tg://proxy?server=p.example&port=443&secret={SECRET}")


def address(session: Session) -> str:
    return f"/admin/tg_sessions/session/{session.pk}/proxy/"


@pytest.fixture
def proxied(account: Callable[..., Session], admin: User) -> Session:
    session = account()
    proxies.store(session.pk, SOCKS, admin, proxies.Trial("", 12, 34))
    return session


def test_only_managers_see_and_change_it(
    proxied: Session, staff: Callable[..., User], grant: Any, signed_in_as: Callable[[User], Client]
) -> None:
    for name, role, status in (("no", None, 404), ("o", Role.OPERATOR, 403), ("m", Role.MANAGER, 200)):
        user = staff(name)
        if role is not None:
            grant(user, proxied, role)
        client = signed_in_as(user)
        assert client.get(address(proxied)).status_code == status
        assert client.get(f"{address(proxied)}status/").status_code == status
        assert client.post(address(proxied), {"action": "try"}).status_code == (302 if status == 200 else status)
        if role != Role.MANAGER:
            for act in (lambda u: proxies.ask_to_set(u, proxied, None), lambda u: proxies.ask_to_try(u, proxied)):
                with pytest.raises(rights.Forbidden):
                    act(user)
    assert Command.objects.count() == 1


def test_its_page_shows_what_it_is_and_none_of_its_secrets(
    proxied: Session, admin: User, signed_in_as: Callable[[User], Client]
) -> None:
    text = signed_in_as(admin).get(address(proxied)).content.decode()
    assert "127.0.0.1:1080" in text
    assert "anna" not in text
    assert PASSWORD not in text
    detail = signed_in_as(admin).get(f"/admin/tg_sessions/session/{proxied.pk}/change/").content.decode()
    assert "12 ms" in detail
    assert PASSWORD not in detail


def test_a_link_or_its_parts(
    account: Callable[..., Session], admin: User, signed_in_as: Callable[[User], Client]
) -> None:
    session, client = account(), signed_in_as(admin)
    assert client.post(address(session), {"action": "set", "link": MTPROXY.link()}).status_code == 302
    parts = {"kind": "socks5", "host": "127.0.0.1", "port": "1080", "username": "anna", "password": PASSWORD}
    assert client.post(address(session), {"action": "set", **parts}).status_code == 302
    asked = [
        proxies.of_command(command.payload, CommandSecret.objects.get(command=command).secret)  # type: ignore[arg-type]
        for command in Command.objects.filter(kind="proxy.set").order_by("pk")
    ]
    assert asked == [MTPROXY, SOCKS]
    assert asked[1] is not None
    assert asked[1].password == PASSWORD
    assert not SessionProxy.objects.exists(), "not before the gateway has tried it"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"link": f"tg://proxy?server=p.example&port=443&secret=ee{SECRET}6578"}, "fake TLS"),
        ({"link": "https://evil.example/"}, "This is no proxy"),
        ({"kind": "mtproxy", "host": "p.example", "port": "443", "secret": "abc"}, "32 hexadecimal digits"),
        ({"kind": "socks5", "host": "p.example", "port": "99999"}, "65535"),
        ({"kind": "socks5", "host": "", "port": "1080"}, "host is a name"),
        ({"kind": "socks5", "host": "h", "port": "1", "username": "anna"}, "a user name and a password"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_and_not_repeated(
    account: Callable[..., Session],
    admin: User,
    signed_in_as: Callable[[User], Client],
    given: dict[str, str],
    message: str,
) -> None:
    session = account()
    answer = signed_in_as(admin).post(address(session), {"action": "set", **given})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert message in text
    assert SECRET not in text
    assert not Command.objects.exists()


def test_the_wizard_takes_a_proxy_for_a_new_account(admin: User, signed_in_as: Callable[[User], Client]) -> None:
    client = signed_in_as(admin)
    start = "/admin/tg_sessions/session/sign-in/"
    form = {"name": "Support", "phone": "+4915123456789"}
    wrong = client.post(start, {**form, "proxy": "nonsense"})
    assert wrong.status_code == 422
    assert not Session.objects.exists()
    assert client.post(start, {**form, "proxy": SOCKS.link()}).status_code == 302
    found = proxies.load(Session.objects.get().pk)
    assert found is not None
    assert (found.proxy, found.proxy.password, found.is_tried) == (SOCKS, PASSWORD, False)


def test_by_command(
    proxied: Session, admin: User, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("session", "proxy", str(proxied.pk), "--json")
    shown = json.loads(capsys.readouterr().out)
    assert (shown["proxy"]["host"], shown["proxy"]["port"]) == ("127.0.0.1", 1080)
    assert PASSWORD not in json.dumps(shown)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"tg://proxy?server=p.example&port=443&secret=ee{SECRET}6578\n"))
    with pytest.raises(CommandError, match="fake TLS") as refused:
        call_command("session", "proxy", str(proxied.pk), "--set-stdin")
    assert refused.value.returncode == 2
    assert SECRET not in str(refused.value)


def test_removed_with_its_account(proxied: Session) -> None:
    proxied.delete()
    assert not SessionProxySecret.objects.exists()
