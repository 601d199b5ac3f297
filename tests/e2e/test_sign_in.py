"""The sign-in wizard in Chromium: real web, gateway and data centre processes; every wrong turn on the way in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from apps.commands.models import CommandSecret
from apps.sessions.models import Authorization, Session, SessionEvent, SessionProxy, SessionStatus
from apps.signin.models import SignInAttempt, SignInSecret, SignInStep
from apps.signin.selectors import VIA
from tests.e2e.conftest import ROOT, Pages, WebServer
from tests.e2e.signing_in import (
    BANNED,
    ELSEWHERE,
    HINT,
    PASSWORD,
    PHONE,
    START,
    STARTS_WITHIN,
    UNREGISTERED,
    DataCentre,
    Gateway,
    begin,
    boss,
    connections,
    environment,
    gateway,
    give_code,
    give_password,
    server,
    until,
    web,
    wrong,
)

__all__ = ["boss", "environment", "gateway", "server", "web"]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def dc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataCentre]:
    centre = DataCentre(tmp_path_factory.mktemp("dc"))
    centre.control.call(
        "world.create_account", phone=PHONE, first_name="Marta", last_name="Lind", password=PASSWORD, hint=HINT
    )
    centre.control.call("world.create_account", phone=ELSEWHERE, first_name="Nora", last_name="Berg", home_dc=2)
    for home_dc, phone in BANNED.items():
        user = centre.control.call("world.create_account", phone=phone, first_name="Banned", home_dc=home_dc)
        centre.control.call("faults.ban", user=user)
    yield centre
    centre.stop()


def test_every_wrong_turn_and_in_at_last(open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway) -> None:
    open_page.tolerate("422")
    # A number that Telegram makes wait.
    dc.control.call("faults.flood", method="auth.sendCode", seconds=3)
    page = begin(open_page, boss)
    expect(page.get_by_text("FLOOD_WAIT")).to_be_visible()
    expect(page.get_by_role("timer")).to_contain_text("Next try in")
    send = page.get_by_role("button", name="Send code")
    expect(send).to_be_disabled()
    expect(send).to_be_enabled(timeout=10_000)
    send.click()

    # A wrong code, then one that has expired.
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    expect(page.get_by_label("Code", exact=True)).to_have_attribute("autocomplete", "one-time-code")
    give_code(page, wrong(dc.codes_for(PHONE)[-1]))
    expect(page.get_by_role("alert")).to_contain_text("PHONE_CODE_INVALID")
    dc.control.call("faults.error", method="auth.signIn", code=400, message="PHONE_CODE_EXPIRED")
    give_code(page, dc.codes_for(PHONE)[-1])
    expect(page.get_by_role("alert")).to_contain_text("has expired")
    expect(page.get_by_role("button", name="Check code")).to_be_disabled()
    before = len(dc.codes_for(PHONE))
    page.get_by_role("button", name="Send a new code").click()
    expect(page.get_by_role("button", name="Check code")).to_be_enabled()
    assert len(dc.codes_for(PHONE)) == before + 1

    # A flood wait at the code, which a reload does not shorten.
    dc.control.call("faults.flood", method="auth.signIn", seconds=4)
    give_code(page, dc.codes_for(PHONE)[-1])
    expect(page.get_by_role("timer")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Check code")).to_be_disabled()
    expect(page.get_by_role("button", name="Check code")).to_be_enabled(timeout=10_000)
    give_code(page, dc.codes_for(PHONE)[-1])

    # A wrong password, then the right one.
    expect(page.get_by_text(HINT)).to_be_visible()
    give_password(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("PASSWORD_HASH_INVALID")
    assert "wrong" not in page.content().replace("wrong turn", "")
    give_password(page, PASSWORD)
    expect(page.get_by_text("The account is signed in.")).to_be_visible()
    expect(page.get_by_text("Marta Lind").first).to_be_visible()

    session = Session.objects.get()
    assert session.name == "Support"
    assert SignInAttempt.objects.get().step == SignInStep.DONE
    assert not SignInSecret.objects.exists()
    assert not CommandSecret.objects.exists()
    assert Authorization.objects.get(session=session).secret_row is not None
    until(lambda: Session.objects.get().status == SessionStatus.READY, "the account to be ready")
    expect(page.locator("[data-syncing]")).to_be_hidden()
    page.get_by_role("link", name="Open chats").click()
    page.wait_for_url(re.compile(f"/chats/{session.pk}/"))
    codes = set(SessionEvent.objects.filter(kind="sign_in_failed").values_list("code", flat=True))
    assert codes == {"FLOOD_WAIT", "PHONE_CODE_INVALID", "PHONE_CODE_EXPIRED", "PASSWORD_HASH_INVALID"}


def test_any_step_survives_the_restart_of_any_process(
    open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway, web: WebServer
) -> None:
    open_page.tolerate("ERR_CONNECTION_REFUSED")
    page = begin(open_page, boss)
    expect(page.get_by_label("Code", exact=True)).to_be_visible()
    gateway.kill()
    give_code(page, dc.codes_for(PHONE)[-1])
    expect(page.get_by_text("The gateway is not running.")).to_be_visible(timeout=STARTS_WITHIN * 1000)
    gateway.start()
    expect(page.get_by_label("Cloud password")).to_be_visible(timeout=STARTS_WITHIN * 1000)
    web.restart()
    page.reload()
    gateway.kill()
    gateway.start()
    give_password(page, PASSWORD)
    expect(page.get_by_text("The account is signed in.")).to_be_visible(timeout=STARTS_WITHIN * 1000)
    assert Session.objects.get().telegram_user_id is not None


def test_a_number_without_an_account_is_never_registered(
    open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway
) -> None:
    page = begin(open_page, boss, UNREGISTERED)
    expect(page.get_by_label("Code", exact=True)).to_be_visible()
    give_code(page, dc.codes_for(UNREGISTERED)[-1])
    expect(page.get_by_role("alert")).to_contain_text("No Telegram account exists for this number")
    assert UNREGISTERED not in dc.control.call("world.accounts_by_phone")
    page.get_by_role("button", name="Change number").click()
    expect(page.get_by_label("Phone number")).to_have_value(f"+{UNREGISTERED}")
    page.get_by_label("Phone number").fill(f"+{PHONE}")
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_label("Code", exact=True)).to_be_visible()
    page.get_by_role("button", name="Cancel sign-in").click()
    expect(page.get_by_text("This sign-in was cancelled.")).to_be_visible()
    until(lambda: not SignInSecret.objects.exists(), "the secrets to be erased")


@pytest.mark.parametrize(("home_dc", "phone"), [(1, PHONE), (2, ELSEWHERE)])
def test_banned_restarted_and_resent_at_either_data_centre(
    open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway, home_dc: int, phone: str
) -> None:
    """https://core.telegram.org/api/auth; PHONE_MIGRATE_2 where the number lives at the second data centre."""
    page = begin(open_page, boss, BANNED[home_dc])
    expect(page.get_by_role("alert")).to_contain_text("has banned this phone number")
    page.get_by_label("Phone number").fill(f"+{phone}")
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_label("Code", exact=True)).to_be_visible()

    # Telegram asks to begin again, in the middle: from the number, whose data centre is found once more.
    dc.control.call("faults.error", method="auth.signIn", code=500, message="AUTH_RESTART")
    give_code(page, dc.codes_for(phone)[-1])
    expect(page.get_by_role("alert")).to_contain_text("begin this sign-in again")
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_label("Code", exact=True)).to_be_visible()

    # The code by another way, once Telegram allows it; which way comes next is Telegram's to say.
    expect(page.get_by_role("button", name="Resend")).to_be_disabled()
    attempt = SignInAttempt.objects.get()
    first, following = VIA[attempt.code_via], VIA[attempt.next_via]
    expect(page.get_by_text("Telegram sent a code")).to_contain_text(first)
    SignInAttempt.objects.update(resend_at=timezone.now())
    page.reload()
    sent = len(dc.codes_for(phone))
    page.get_by_role("button", name="Resend").click()
    expect(page.get_by_text("Telegram sent a code").filter(has_text=following)).to_be_visible()
    assert len(dc.codes_for(phone)) == sent + 1
    give_code(page, dc.codes_for(phone)[-1])
    if home_dc == 1:
        give_password(page, PASSWORD)
    expect(page.get_by_text("The account is signed in.")).to_be_visible()

    # Its data centre is remembered: connected again, it goes there at once.
    session = Session.objects.get()
    assert (session.dc_id, Authorization.objects.get(session=session).dc_id) == (home_dc, home_dc)
    until(lambda: Session.objects.get().status == SessionStatus.READY, "the account to be ready")
    dc.control.call("record.clear")
    dc.control.call("faults.drop", user=session.telegram_user_id)
    until(lambda: bool(connections(dc)), "the account to connect again")
    assert {each["dc_id"] for each in connections(dc)} == {home_dc}


def test_a_dead_proxy_is_named_and_another_one_taken(
    open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway
) -> None:
    open_page.tolerate("422")
    dc.control.call("fronts.kill", name="socks5")
    dc.control.call("record.clear")
    before = sum(dc.control.call("fronts.passed").values())
    page = open_page(f"{START}?method=phone", user=boss)
    page.get_by_label("Phone number").fill(f"+{ELSEWHERE}")
    page.get_by_label("Proxy (optional)").fill("what is no proxy")
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_text("This is no proxy")).to_be_visible()
    page.get_by_label("Proxy (optional)").fill(dc.told["proxies"]["socks5"])
    page.get_by_role("button", name="Send code").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The account's proxy does not answer")
    expect(alert).to_contain_text("PROXY_UNREACHABLE")
    assert connections(dc) == [], "nothing goes around it"
    page.get_by_label("Another proxy").fill(dc.told["proxies"]["mtproxy"])
    page.get_by_role("button", name="Send code").click()
    expect(page.get_by_label("Code", exact=True)).to_be_visible()
    give_code(page, dc.codes_for(ELSEWHERE)[-1])
    expect(page.get_by_text("The account is signed in.")).to_be_visible()
    until(lambda: Session.objects.get().status == SessionStatus.READY, "the account to be ready")

    # Its page: what it goes through, how fast; a proxy that does not work changes nothing.
    page.goto(f"/admin/tg_sessions/session/{Session.objects.get().pk}/proxy/")
    page.get_by_role("button", name="Test proxy").click()
    expect(page.get_by_text("Connection OK.")).to_be_visible()
    page.get_by_label("Proxy link").fill(dc.told["proxies"]["socks5"])
    page.get_by_role("button", name="Test and use").click()
    expect(page.get_by_role("alert")).to_contain_text("PROXY_UNREACHABLE")
    expect(page.get_by_text("Nothing was changed")).to_be_visible()
    assert SessionProxy.objects.get().kind == "mtproxy"
    dc.control.call("fronts.revive", name="socks5")
    assert len(connections(dc)) == sum(dc.control.call("fronts.passed").values()) - before


def test_the_wizard_works_without_javascript(
    open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway, web: WebServer
) -> None:
    context = open_page.browser.new_context(base_url=web.url, java_script_enabled=False)
    context.set_default_timeout(STARTS_WITHIN * 1000)
    open_page.contexts.append(context)
    open_page.sign_in(context, boss)
    page = context.new_page()
    page.goto(f"{START}?method=phone")
    page.get_by_label("Phone number").fill(f"+{PHONE}")
    page.get_by_role("button", name="Send code").click()
    page.get_by_label("Code", exact=True).wait_for()
    give_code(page, dc.codes_for(PHONE)[-1])
    give_password(page, PASSWORD)
    page.get_by_text("The account is signed in.").wait_for()


def test_the_same_steps_by_command(boss: User, dc: DataCentre, gateway: Gateway, environment: dict[str, str]) -> None:
    def login(*words: str, stdin: str = "", status: int = 0) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "manage.py", "session", *words, "--json"],
            cwd=ROOT,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        return dict(json.loads(done.stdout))

    first = login("login", "--phone-stdin", "--name", "Support", stdin=f"+{PHONE}\n")
    assert first["step"] == "code"
    go_on = ("login", "--attempt", first["attempt"])
    assert login(*go_on, "--code-stdin", stdin="00000\n", status=1)["error"] == "PHONE_CODE_INVALID"
    second = login(*go_on, "--code-stdin", stdin=f"{dc.codes_for(PHONE)[-1]}\n")
    assert (second["step"], second["hint"]) == ("password", HINT)
    assert login(*go_on, "--password-stdin", stdin="no\n", status=1)["error"] == "PASSWORD_HASH_INVALID"
    done = login(*go_on, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert done["step"] == "done"
    assert login("check", "Support")["ok"]

    # The same account once more: its session stays, the new key takes over, the former one is logged out.
    former = Authorization.objects.get()
    again = ("login", "--attempt", login("login", "--phone-stdin", stdin=f"+{PHONE}\n")["attempt"])
    login(*again, "--code-stdin", stdin=f"{dc.codes_for(PHONE)[-1]}\n")
    assert login(*again, "--password-stdin", stdin=f"{PASSWORD}\n")["session"] == done["session"]
    until(lambda: not Authorization.objects.filter(pk=former.pk, secret_row__isnull=False).exists(), "the log-out")
    until(lambda: Session.objects.get().status == SessionStatus.READY, "the account to be ready again")
    current = Authorization.objects.get(role=Authorization.Role.CURRENT)
    assert current.key_id != former.key_id
    assert login("check", "Support")["ok"]
    assert login("logout", "Support")["logged_out"]
    until(lambda: Session.objects.get().status == SessionStatus.NEEDS_SIGN_IN, "the log-out to show")
    assert not Authorization.objects.filter(secret_row__isnull=False).exists()
