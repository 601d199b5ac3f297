"""For browser tests: a real web process on the tests' database, Chromium, pages that fail on any console error.

A test asks for ``web`` (the server; rows are committed and flushed after the test) and ``open_page`` (a page, signed in
as a user or not). Playwright's synchronous API leaves its event loop running between calls: it is therefore started
and stopped with each module, and modules that use it hold no ``async`` tests.
"""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e.looks import shoot, wrong
from tests.kit.confirmed import confirmed
from tests.kit.database import database_url
from tests.kit.running import unused_port

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30
EXPECT_MILLISECONDS = 20_000
"""How long a page may take to show what is expected of it: no test measures time, and machines are loaded at times."""
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class WebServer:
    """One web process. ``restart`` keeps the port; ``log`` is all that it ever wrote."""

    port: int
    log: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tgadmin.web", "-b", "127.0.0.1", "-p", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the web server did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)

    def stop(self, *, kill: bool = False) -> None:
        if self.process is None:
            return
        self.process.kill() if kill else self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def restart(self) -> None:
        self.stop(kill=True)
        self.start()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture(scope="session")
def web_server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """The server, started once for the whole run, on the tests' own database."""
    env = {**os.environ, "DATABASE_URL": database_url(), "TGADMIN_PROCESS": "web", "DEBUG": "0"}
    server = WebServer(unused_port(), tmp_path_factory.mktemp("web") / "web.log", env)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def web(web_server: WebServer, transactional_db: None) -> Iterator[WebServer]:
    """The running server; rows that the test writes are committed, and gone afterwards."""
    if web_server.process is None or web_server.process.poll() is not None:
        web_server.start()
    yield web_server
    if web_server.process is not None:
        wait_until_idle()


def wait_until_idle() -> None:
    """Until the server reads no more: its live pages' LISTEN has ended and nothing runs. The flush that follows takes
    locks on all tables, in an order that a running query may cross."""
    busy = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend' AND (state <> 'idle' OR query LIKE 'LISTEN%%')"
    )
    deadline = time.monotonic() + START_SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(busy)
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise RuntimeError("the web server still works for a page that is closed")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium. Django's guard against its ORM in an event loop is off meanwhile: Playwright's loop serves nobody."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=EXPECT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@dataclass
class Pages:
    """Opens pages and gathers what their consoles complain of (errors, exceptions, violations of the CSP)."""

    web: WebServer
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    tolerated: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    scripted: list[BrowserContext] = field(default_factory=list)
    """Those of our making: axe needs scripts, and a test's own context may have none."""

    def __call__(
        self,
        path: str = "/",
        *,
        user: User | None = None,
        width: int = 1440,
        height: int = 900,
        dark: bool = False,
        context: BrowserContext | None = None,
        zone: str = "Europe/Berlin",
        confirm: bool = True,
    ) -> Page:
        """A page at ``path``; another page of the same browser window with ``context``."""
        if context is None:
            context = self.browser.new_context(
                base_url=self.web.url,
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                timezone_id=zone,
                locale="en-GB",
                reduced_motion="reduce",
            )
            context.set_default_timeout(15_000)
            self.contexts.append(context)
            self.scripted.append(context)
        if user is not None:
            self.sign_in(context, user, confirm=confirm)
        page = context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        page.goto(path)
        return page

    def sign_in(self, context: BrowserContext, user: User, *, confirm: bool = True) -> None:
        """With ``confirm`` the user has shown a moment ago that it is them."""
        client = Client()
        client.force_login(user)
        if confirm:
            confirmed(client)
        cookies: SimpleCookie = client.cookies
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": cookies[name].value, "url": self.web.url, "httpOnly": True}])

    def tolerate(self, part: str) -> None:
        """Complaints that hold ``part`` are expected: the test breaks a connection or provokes a refusal."""
        self.tolerated.append(part)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def looks(self) -> list[str]:
        """What axe finds wrong with the pages as the test leaves them, if they are ours."""
        pages = [page for context in self.scripted for page in context.pages if page.url.startswith(self.web.url)]
        for page in pages:
            shoot(page)
        return [f"{page.url} {line}" for page in pages for line in wrong(page)]

    def close(self) -> list[str]:
        for context in self.contexts:
            context.close()
        return [text for text in self.complaints if not any(part in text for part in self.tolerated)]


@pytest.fixture
def open_page(web: WebServer, browser: Browser) -> Iterator[Pages]:
    """Opens pages; the test fails if any of them wrote an error to its console, a CSP violation for one, or if axe
    finds something wrong with the state that it leaves them in."""
    pages = Pages(web, browser)
    yield pages
    found = pages.looks()
    assert pages.close() == []
    assert found == []


@pytest.fixture
def admin_user(web: WebServer) -> User:
    """A superuser whose rows the web server sees."""
    return User.objects.create_superuser(
        "marta", "", "a long enough password", first_name="Marta", last_name="Lindqvist"
    )


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """What axe finds wrong with a page as it is now. Each page of a test is looked at once more at the test's end."""

    def check(page: Page) -> list[str]:
        shoot(page)
        return wrong(page)

    return check
