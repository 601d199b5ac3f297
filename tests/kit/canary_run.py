"""A run of the installation of which everything is kept, its canaries, and a browser without a screen."""

from __future__ import annotations

import html
import re
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin, urlsplit

from tests.kit.running import RunningUp

PHONE, PASSWORD = "9996621002", "north-star-24"
"""The demo's second account, which has a cloud password."""
WRONG_CLOUD, WRONG_STAFF, TEXT = "canary-wrong-cloud-7", "canary-wrong-staff-7", "canary-message-text-7"

PROXY_NAME, PROXY_PASSWORD, MTPROXY_SECRET = "canary-proxy-name-7", "canary-proxy-password-7", "ca" * 16
ALIKE = 2
"""Pages that differ by a number only: so many of each."""


@dataclass
class Run:
    """What was done and what must not be found."""

    up: RunningUp
    codes: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    command_lines: set[str] = field(default_factory=set)
    pages: list[tuple[str, int, str]] = field(default_factory=list)
    """(path, status, body) of everything that was answered."""
    hidden: list[str] = field(default_factory=list)
    """What those were answered, and sent, who are no managers."""
    chats: list[str] = field(default_factory=list)
    """What the commands print of chats."""
    frames: list[str] = field(default_factory=list)
    revealed: list[str] = field(default_factory=list)
    """The answers in which the one manager who asked was shown a code."""
    proxy: str = ""
    auth_keys: dict[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> dict[str, str]:
        environment = self.up.runtime().environment
        named = {name: environment[name] for name in ("SECRET_KEY", "SESSION_ENCRYPTION_KEYS", "TELEGRAM_API_HASH")}
        named |= {"database password": re.split("[:@]", environment["DATABASE_URL"])[2]}
        named |= {"staff password": self.up.password, "cloud password": PASSWORD}
        named |= {"wrong cloud password": WRONG_CLOUD, "wrong staff password": WRONG_STAFF}
        named |= {"proxy name": PROXY_NAME, "proxy password": PROXY_PASSWORD, "proxy secret": MTPROXY_SECRET}
        named |= self.auth_keys
        return named | {f"cookie {place}": value for place, value in enumerate(self.cookies)}


class Browser:
    """HTTP with cookies; forms carry the page's token."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.bodies: list[str] = []
        self._jar = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))

    def open(self, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str, str]:
        """Status, final address, body."""
        if form is not None:
            form = {"csrfmiddlewaretoken": self._jar_value("csrftoken")} | form
        data = None if form is None else urlencode(form).encode()
        request = urllib.request.Request(self._run.up.wait_ready()["address"].rstrip("/") + path, data, headers)
        try:
            with self._opener.open(request, timeout=30) as answer:
                return self._note(path, answer.status, answer.url, answer.read())
        except urllib.error.HTTPError as error:
            return self._note(path, error.code, error.url or "", error.read())
        finally:
            self._run.cookies += [cookie.value for cookie in self._jar if cookie.value and len(cookie.value) > 20]

    def _note(self, path: str, status: int, url: str, body: bytes) -> tuple[int, str, str]:
        text = body.decode(errors="replace")
        self.bodies.append(text)
        self._run.pages.append((path, status, text))
        return status, url, text

    def crawl(self) -> None:
        """Every page that links lead to, from the first on; nothing that would change anything."""
        waiting, seen, alike = ["/admin/", "/chats/"], set(), Counter[str]()
        while waiting:
            path = waiting.pop(0)
            kind = re.sub(r"\d+|[0-9a-f-]{36}", "N", path)
            if path in seen or alike[kind] == ALIKE:
                continue
            seen.add(path)
            alike[kind] += 1
            status, url, body = self.open(path)
            assert status in (200, 403, 404), (path, status)
            here = urlsplit(url)
            for link in re.findall(r'href="([^"#]+)"', body):
                to = urlsplit(urljoin(url, html.unescape(link)))
                if to.netloc == here.netloc and to.path.startswith(("/admin/", "/chats/")) and "logout" not in to.path:
                    waiting.append(to.path)

    def _jar_value(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self._jar if cookie.name == name), "")

    @property
    def cookie(self) -> str:
        return f"sessionid={self._jar_value('sessionid')}"
