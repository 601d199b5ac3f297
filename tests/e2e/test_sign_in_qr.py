"""Signing in by QR code in Chromium: the code is read off the page and accepted by the account's own app."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.sessions.models import Session, SessionStatus
from apps.signin.models import SignInAttempt, SignInSecret
from tests.e2e.conftest import ROOT, Pages, WebServer
from tests.e2e.reading import read_modules, read_qr
from tests.e2e.signing_in import (
    PASSWORD,
    START,
    STARTS_WITHIN,
    DataCentre,
    Gateway,
    boss,
    environment,
    gateway,
    give_password,
    server,
    until,
    web,
)
from tests.kit.threads import Phone
from tgadmin.telegram import Network

__all__ = ["boss", "environment", "gateway", "server", "web"]

pytestmark = pytest.mark.browser

HOME = 2
PHONES = {
    (1, ""): "491511000011",
    (1, PASSWORD): "491511000012",
    (2, ""): "491511000013",
    (2, PASSWORD): "491511000014",
}
"""By the account's data centre and cloud password."""


@pytest.fixture(scope="module")
def dc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataCentre]:
    centre = DataCentre(tmp_path_factory.mktemp("dc"))
    centre.control.call("world.login_token_seconds", seconds=120)
    for (home, password), phone in PHONES.items():
        options: dict[str, Any] = {"password": password or None, "hint": "a horse", "home_dc": home}
        centre.control.call("world.create_account", phone=phone, first_name="Marta", last_name="Lind", **options)
    yield centre
    centre.stop()


@pytest.fixture
def phone_of(dc: DataCentre) -> Iterator[Callable[..., Phone]]:
    """The app of an account's owner, signed in."""
    made: list[Phone] = []
    network = Network.parse(1, "0" * 32, dc.environment["TELEGRAM_DC"], dc.told["public_key"])

    def make(home: int = 1, password: str = "") -> Phone:
        number = PHONES[home, password]
        sent = len(dc.codes_for(number))

        def code() -> str:
            until(lambda: len(dc.codes_for(number)) > sent, "a code")
            return dc.codes_for(number)[-1]

        made.append(Phone(network, dc=home).sign_in(number, code, password=password))
        return made[-1]

    yield make
    for one in made:
        one.close()


def begin(open_page: Pages, boss: User, **options: Any) -> Page:
    page = open_page(START, user=boss, **options)
    page.get_by_role("button", name="Show QR code").click()
    page.wait_for_url(re.compile(START + "[0-9a-f-]{36}/"))
    return page


def code_on(page: Page) -> str:
    code = page.get_by_role("img", name="QR code")
    expect(code).to_be_visible(timeout=STARTS_WITHIN * 1000)
    return read_qr(code)


def lapse() -> None:
    SignInAttempt.objects.update(token_until=timezone.now() + timedelta(seconds=3))


@pytest.mark.parametrize(("home", "password"), PHONES)
def test_read_off_the_page_and_accepted(
    open_page: Pages,
    boss: User,
    dc: DataCentre,
    gateway: Gateway,
    phone_of: Callable[..., Phone],
    axe: Callable[[Page], list[str]],
    home: int,
    password: str,
) -> None:
    """https://core.telegram.org/api/qr-login on a first and on a second data centre, without and with a password."""
    phone = phone_of(home, password)
    page = begin(open_page, boss)
    assert code_on(page).startswith("tg://login?token=")
    expect(page.locator("[data-qr-seconds]")).to_have_text(re.compile(r"^\d+ s$"))
    assert axe(page) == []
    phone.scan(code_on(page))
    if password:
        expect(page.get_by_text("protected by a cloud password")).to_be_visible(timeout=STARTS_WITHIN * 1000)
        give_password(page, password)
    expect(page.get_by_text("The account is signed in.")).to_be_visible(timeout=STARTS_WITHIN * 1000)
    session = Session.objects.get()
    assert (session.name, session.dc_id) == ("Marta Lind", home)
    assert not SignInSecret.objects.exists()
    until(lambda: Session.objects.get().status == SessionStatus.READY, "the account to be ready")


def test_a_code_that_lapses_is_replaced_in_place_over_restarts(
    open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway, web: WebServer, phone_of: Callable[..., Phone]
) -> None:
    open_page.tolerate("ERR_CONNECTION_REFUSED")
    phone = phone_of()
    page = begin(open_page, boss)
    first = code_on(page)
    page.evaluate("window.stays = true")
    lapse()
    code = page.locator("[data-qr]")
    shown = code.get_attribute("data-qr") or ""
    expect(code).not_to_have_attribute("data-qr", shown, timeout=STARTS_WITHIN * 1000)
    second = code_on(page)
    assert second != first
    assert page.evaluate("window.stays"), "the page was loaded again"

    gateway.kill()
    phone.scan(second)  # nobody hears of it
    web.restart()
    page.reload()
    gateway.start()
    lapse()
    expect(page.get_by_text("The account is signed in.")).to_be_visible(timeout=STARTS_WITHIN * 1000)


def test_without_javascript(
    open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway, web: WebServer, phone_of: Callable[..., Phone]
) -> None:
    phone = phone_of(1, PASSWORD)
    context = open_page.browser.new_context(base_url=web.url, java_script_enabled=False)
    context.set_default_timeout(STARTS_WITHIN * 1000)
    open_page.contexts.append(context)
    open_page.sign_in(context, boss)
    page = context.new_page()
    page.goto(START)
    page.get_by_role("button", name="Show QR code").click()
    page.locator("[data-qr] svg").wait_for()
    SignInAttempt.objects.update(token_until=timezone.now())
    page.get_by_role("button", name="Show a new code").click()
    page.locator("[data-qr] svg").wait_for()
    until(lambda: SignInAttempt.objects.get().token_until > timezone.now(), "a new code")
    page.reload()
    path = page.locator("[data-qr] path[stroke]").get_attribute("d") or ""
    size = int((page.locator("[data-qr] path[fill]").get_attribute("d") or "").split("h")[1].split("v")[0])
    phone.scan(read_modules(path, size))
    page.get_by_label("Cloud password").wait_for()
    give_password(page, PASSWORD)
    page.get_by_text("The account is signed in.").wait_for()


def test_the_number_instead_and_cancelled(open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway) -> None:
    page = begin(open_page, boss, width=360)
    code_on(page)
    page.get_by_role("button", name="Use the phone number instead").click()
    page.get_by_label("Phone number").fill(f"+{PHONES[1, '']}")
    page.get_by_role("button", name="Use a QR code instead").click()
    code_on(page)
    page.get_by_role("button", name="Cancel sign-in").click()
    expect(page.get_by_text("This sign-in was cancelled.")).to_be_visible()
    until(lambda: not SignInSecret.objects.exists(), "the secrets to be erased")


def test_in_the_terminal(
    boss: User, dc: DataCentre, gateway: Gateway, environment: dict[str, str], phone_of: Callable[..., Phone]
) -> None:
    """Drawn for people and renewed; told to programs as an address."""
    phone = phone_of(HOME)
    command = [sys.executable, "manage.py", "session", "login", "--qr", "--name", "Support"]
    drawn = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    until(lambda: SignInAttempt.objects.filter(token_until__isnull=False).exists(), "a code")
    told = login(environment, "--attempt", str(SignInAttempt.objects.get().pk))
    assert told["step"] == "qr"
    phone.scan(told["url"])
    out, errors = drawn.communicate(timeout=90)
    assert drawn.returncode == 0, errors
    assert "Link desktop device" in out
    assert "█" in out
    assert out.rstrip().splitlines()[-1].startswith("Support is signed in")
    assert "tg://login" not in out, "what only phones should read"
    assert login(environment, "--attempt", told["attempt"])["step"] == "done"


def login(environment: dict[str, str], *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "manage.py", "session", "login", *words, "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
