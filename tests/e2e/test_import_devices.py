"""Importing a session, its devices and its export, in Chromium and by command, against a real data centre."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from telethon.crypto import AuthKey
from telethon.sessions import SQLiteSession, StringSession

from apps.sessions.models import Device, Session, SessionStatus
from apps.signin.models import SignInSecret
from apps.staff.models import AuditEntry
from tests.e2e.conftest import ROOT, Pages, WebServer
from tests.e2e.signing_in import STARTS_WITHIN, DataCentre, Gateway, boss, environment, gateway, server, until, web
from tests.kit.threads import Phone
from tgadmin.telegram import Network

__all__ = ["boss", "environment", "gateway", "server", "web"]

pytestmark = pytest.mark.browser

IMPORT = "/admin/tg_sessions/session/import/"
PHONES = {1: "491511000021", 2: "491511000022"}


@pytest.fixture(scope="module")
def dc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataCentre]:
    centre = DataCentre(tmp_path_factory.mktemp("dc"))
    for home, phone in PHONES.items():
        centre.control.call("world.create_account", phone=phone, first_name="Marta", last_name="Lind", home_dc=home)
    yield centre
    centre.stop()


@pytest.fixture
def other_program(dc: DataCentre) -> Iterator[Callable[..., Phone]]:
    """Another program's client, signed in to the account."""
    made: list[Phone] = []
    network = Network.parse(1, "0" * 32, dc.environment["TELEGRAM_DC"], dc.told["public_key"])

    def make(home: int = 1) -> Phone:
        number = PHONES[home]
        sent = len(dc.codes_for(number))

        def code() -> str:
            until(lambda: len(dc.codes_for(number)) > sent, "a code")
            return dc.codes_for(number)[-1]

        made.append(Phone(network, dc=home).sign_in(number, code))
        return made[-1]

    yield make
    for one in made:
        one.close()


def string_of(phone: Phone) -> str:
    """The program's StringSession, once it is stopped."""
    key = phone.client.key
    session = StringSession()
    session.set_dc(key.dc_id, key.server_address, key.port)
    session.auth_key = AuthKey(key.auth_key)
    return str(session.save())


def file_of(phone: Phone, folder: Path) -> Path:
    key = phone.client.key
    session = SQLiteSession(str(folder / "own"))
    session.set_dc(key.dc_id, key.server_address, key.port)
    session.auth_key = AuthKey(key.auth_key)
    session.save()
    session.close()
    return folder / "own.session"


def test_a_file_its_devices_and_its_export(
    open_page: Pages,
    boss: User,
    dc: DataCentre,
    gateway: Gateway,
    other_program: Callable[..., Phone],
    tmp_path: Path,
    axe: Callable[[Page], list[str]],
) -> None:
    open_page.tolerate("422")
    program = other_program()
    page = open_page(IMPORT, user=boss)
    assert axe(page) == []
    page.get_by_label("Session string").fill("1" + "A" * 200)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("damaged or incomplete")
    assert "AAAA" not in page.content()
    page.get_by_label(".session file").set_input_files(file_of(program, tmp_path))
    given = string_of(program)
    program.client.abort()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("The account is signed in.")).to_be_visible(timeout=2 * STARTS_WITHIN * 1000)
    session = Session.objects.get()
    assert (session.name, session.dc_id) == ("Marta Lind", 1)
    assert not SignInSecret.objects.exists()
    until(lambda: Session.objects.get().status == SessionStatus.READY, "the account to be ready")

    # Again: it is here already.
    page.goto(IMPORT)
    page.get_by_label("Session string").fill(given)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("KEY_IN_USE")

    # Somebody else signs in: it is on the account's page at once, and on that of its devices.
    other_program()
    until(lambda: Device.objects.filter(noticed_at__isnull=False).exists(), "the device to be noticed")
    page.goto(f"/admin/tg_sessions/session/{session.pk}/change/")
    expect(page.get_by_text("signed in to this account; it was not added here")).to_be_visible()
    page.get_by_role("link", name="View its devices").click()
    expect(page.get_by_text("This installation")).to_be_visible()
    expect(page.get_by_text("only 24 hours after its own sign-in")).to_be_visible()
    expect(page.get_by_role("button", name="End all others")).to_be_disabled()
    assert axe(page) == []
    page.get_by_role("button", name="Mark as known").click()
    expect(page.get_by_text("Marked as known by boss")).to_be_visible()
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("button", name="Refresh")).to_be_enabled(timeout=STARTS_WITHIN * 1000)

    # Out again, with a reason; shown once.
    page.goto(f"/admin/tg_sessions/session/{session.pk}/change/")
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Export session").click()
    page.get_by_label("Reason").fill("moves to another house")
    page.get_by_role("button", name="Export").click()
    shown = page.locator(".tg-exported code")
    expect(shown).to_be_visible()
    assert shown.text_content() == given
    page.reload()
    assert given not in page.content()
    assert AuditEntry.objects.get(action="session.exported").details == {"reason": "moves to another house"}


def test_without_javascript_and_at_the_second_data_centre(
    open_page: Pages, boss: User, dc: DataCentre, gateway: Gateway, web: WebServer, other_program: Callable[..., Phone]
) -> None:
    program = other_program(2)
    context = open_page.browser.new_context(base_url=web.url, java_script_enabled=False)
    context.set_default_timeout(STARTS_WITHIN * 1000)
    open_page.contexts.append(context)
    open_page.sign_in(context, boss)
    page = context.new_page()
    page.goto(IMPORT)
    page.get_by_label("Session string").fill(string_of(program))
    program.client.abort()
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("The account is signed in.").wait_for(timeout=2 * STARTS_WITHIN * 1000)
    assert Session.objects.get().dc_id == 2
    page.goto(f"/admin/tg_sessions/session/{Session.objects.get().pk}/devices/")
    page.get_by_role("button", name="Refresh").click()
    page.get_by_text("This installation").wait_for()


def test_by_command(
    boss: User,
    dc: DataCentre,
    gateway: Gateway,
    environment: dict[str, str],
    other_program: Callable[..., Phone],
    tmp_path: Path,
) -> None:
    def run(*words: str, stdin: str = "", status: int = 0) -> tuple[dict[str, Any], str]:
        done = subprocess.run(
            [sys.executable, "manage.py", "session", *words, "--json"],
            cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        assert done.returncode == status, (done.stdout, done.stderr)
        return (dict(json.loads(done.stdout)) if done.stdout else {}), done.stderr

    program = other_program()
    given = string_of(program)
    program.client.abort()
    assert run("import", "--session-stdin", stdin="1abc", status=1)[0]["error"] == "IMPORT_UNREADABLE"
    done, _ = run("import", "--session-stdin", "--name", "Support", stdin=given)
    assert (done["step"], done["name"]) == ("done", "Support")
    refused, errors = run("import", "--session-stdin", stdin=given, status=1)
    assert refused["error"] == "KEY_IN_USE"
    assert given[:40] not in errors
    until(lambda: Session.objects.get().status == SessionStatus.READY, "the account to be ready")

    other_program()
    until(lambda: Device.objects.filter(noticed_at__isnull=False).exists(), "the device to be noticed")
    listed, _ = run("devices", "Support")
    assert [(each["current"], each["unknown"]) for each in listed["devices"][:2]] == [(True, False), (False, True)]
    assert not any(each["unknown"] for each in listed["devices"][2:]), "what was there before us is no stranger"
    assert listed["ttl_days"] == 183
    number = str(listed["devices"][1]["device"])
    _, errors = run("devices", "Support", "--end", number, status=1)
    assert re.search(r"24 hours.* From \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC on\.", errors)
    known, _ = run("devices", "Support", "--known", number)
    assert not known["devices"][1]["unknown"]
    run("devices", "Support", "--ttl", "0", status=1)
    run("devices", "Support", "--end", "x", status=2)

    run("export", "Support", "--reason", "no", status=1)
    target = tmp_path / "out.session"
    told, _ = run("export", "Support", "--reason", "moves to another house", "--output", str(target))
    assert told["file"] == str(target)
    assert target.read_text().strip() == given
    assert target.stat().st_mode & 0o077 == 0
    run("export", "Support", "--reason", "moves to another house", "--output", str(target), status=1)
    out, _ = run("export", "Support", "--reason", "once more, to the screen")
    assert out["string_session"] == given
    assert AuditEntry.objects.filter(action="session.exported").count() == 2
