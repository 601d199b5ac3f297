"""A data centre, a gateway and a web server of real processes for sign-ins in Chromium, and the wizard's steps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from sandbox.control import ControlClient
from tests.e2e.conftest import ROOT, Pages, WebServer
from tests.kit.database import database_url
from tests.kit.running import unused_port
from tests.kit.waiting import eventually

PHONE, PASSWORD, HINT = "491511000001", "correct horse", "a horse"
ELSEWHERE = "491511000002"
"""An account whose home is the second data centre; the installation begins at the first."""
BANNED = {1: "491511000003", 2: "491511000004"}
"""By the number of their data centre."""
UNREGISTERED = "491511999999"
START = "/admin/tg_sessions/session/sign-in/"
STARTS_WITHIN = 30


class DataCentre:
    """A sandbox process and the client of its control API."""

    def __init__(self, folder: Path) -> None:
        self.codes = folder / "codes.jsonl"
        self.log = folder / "sandbox.log"
        command = [sys.executable, "manage.py", "sandbox", "--json", "--state", str(folder / "world.sqlite")]
        command += ["--dcs", "2", "--proxies"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--codes", str(self.codes)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        told = json.loads(self.process.stdout.readline() or "{}")
        assert told, self.log.read_text()
        self.told: dict[str, Any] = told
        self.control = ControlClient(told["control"], Path(told["control_token"]).read_text())

    @property
    def environment(self) -> dict[str, str]:
        return {
            "TELEGRAM_API_ID": "1",
            "TELEGRAM_API_HASH": "0" * 32,
            "TELEGRAM_DC": f"1@127.0.0.1:{self.told['port']}",
            "TELEGRAM_DC_PUBLIC_KEY": self.told["public_key"],
        }

    def codes_for(self, phone: str) -> list[str]:
        if not self.codes.exists():
            return []
        told = [json.loads(line) for line in self.codes.read_text().splitlines()]
        return [line["code"] for line in told if line["phone"] == phone]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class Gateway:
    """A gateway process that can be killed and started again."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment, self._log = environment, log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "gateway"], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


@pytest.fixture(scope="module")
def environment(dc: DataCentre, django_db_setup: None) -> dict[str, str]:
    return {**os.environ, **dc.environment, "DATABASE_URL": database_url(), "DEBUG": "0"}


@pytest.fixture(scope="module")
def server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    log = tmp_path_factory.mktemp("web") / "web.log"
    web = WebServer(unused_port(), log, {**environment, "TGADMIN_PROCESS": "web"})
    web.start()
    yield web
    web.stop()


@pytest.fixture
def web(server: WebServer, transactional_db: None) -> WebServer:
    """In place of the ordinary one: this server's Telegram is our data centre."""
    if server.process is None:
        server.start()
    return server


@pytest.fixture
def gateway(web: WebServer, environment: dict[str, str], tmp_path: Path) -> Iterator[Gateway]:
    process = Gateway(environment, tmp_path / "gateway.log")
    yield process
    process.stop()


@pytest.fixture
def boss(web: WebServer, dc: DataCentre) -> User:
    dc.control.call("faults.clear")
    return User.objects.create_superuser("boss", password="a long enough password")


def until(true: Callable[[], bool], what: str) -> None:
    """Waits for a condition, at most STARTS_WITHIN seconds."""
    eventually(true, STARTS_WITHIN, what)


def begin(open_page: Pages, boss: User, phone: str = PHONE) -> Page:
    page = open_page(f"{START}?method=phone", user=boss)
    page.get_by_label("Name for your team").fill("Support")
    page.get_by_label("Phone number").fill(f"+{phone}")
    page.get_by_role("button", name="Send code").click()
    page.wait_for_url(re.compile(START + "[0-9a-f-]{36}/"))
    return page


def give_code(page: Page, code: str) -> None:
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Check code").click()


def give_password(page: Page, password: str) -> None:
    page.get_by_label("Cloud password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def wrong(code: str) -> str:
    return "".join(str((int(digit) + 1) % 10) for digit in code)


def connections(dc: DataCentre) -> list[dict[str, Any]]:
    return list(dc.control.call("record.as_json")["connections"])
