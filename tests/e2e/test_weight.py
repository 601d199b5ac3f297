"""What a first visit brings over the wire, by Chromium's own figures, with an empty cache: budgets, and nothing that
the page cannot use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from apps.chats.models import Chat
from tests.e2e.chat_page import address as chat_address
from tests.e2e.chat_page import anna, connected, session  # noqa: F401 - fixtures
from tests.e2e.conftest import ROOT, Pages
from tests.kit import world
from tests.kit.admin_lists import ALL, address

pytestmark = pytest.mark.browser

KB = 1000
CHATS_KB, ADMIN_KB = 150, 300
HASHED = re.compile(r"/static/[\w/.-]+\.[0-9a-f]{12}\.\w+$")
SYMBOLS = set((ROOT / "static" / "vendor" / "symbols" / "symbols.txt").read_text().split())


@dataclass
class Wire:
    """What came to a page, by address: bytes with their heads, and the heads."""

    page: Page
    urls: dict[str, str] = field(default_factory=dict)
    heads: dict[str, dict[str, str]] = field(default_factory=dict)
    bytes: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        protocol = self.page.context.new_cdp_session(self.page)
        protocol.send("Network.enable")
        protocol.on("Network.requestWillBeSent", self._asked)
        protocol.on("Network.responseReceived", self._answered)
        protocol.on("Network.loadingFinished", self._finished)

    def _asked(self, event: dict[str, Any]) -> None:
        self.urls[event["requestId"]] = event["request"]["url"]

    def _answered(self, event: dict[str, Any]) -> None:
        found = {name.lower(): value for name, value in event["response"]["headers"].items()}
        self.heads[event["requestId"]] = found | {"": str(event["response"]["status"])}

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes[event["requestId"]] = event["encodedDataLength"]

    def visit(self, path: str) -> float:
        """KB that came until nothing more was asked for."""
        for kept in (self.urls, self.heads, self.bytes):
            kept.clear()
        self.page.goto(path, wait_until="networkidle")
        assert all(head[""] == "200" for head in self.heads.values()), path
        return sum(self.bytes.values()) / KB

    def statics(self) -> dict[str, dict[str, str]]:
        return {url: self.heads[key] for key, url in self.urls.items() if "/static/" in url and key in self.heads}

    def weights(self) -> str:
        heaviest = sorted(self.bytes.items(), key=lambda item: -item[1])[:12]
        return "\n".join(f"{int(size):8} {self.urls[key]}" for key, size in heaviest)


def first_visit(open_page: Pages, user: User) -> Wire:
    """A browser that knows nothing yet."""
    page = open_page("about:blank", user=user)
    return Wire(page)


def check_statics(wire: Wire, path: str) -> None:
    found = wire.statics()
    assert len(found) > 5, path
    for url, head in found.items():
        assert HASHED.search(url), url
        assert head["cache-control"] == "public, max-age=31536000, immutable", url
        if not url.endswith(".woff2") and int(head["content-length"]) > 300:
            assert head.get("content-encoding") in ("br", "gzip"), url  # br is offered over HTTPS and to localhost


def test_chats(open_page: Pages, admin_user: User, anna: Chat) -> None:  # noqa: F811
    for number in range(120):
        chat = world.make_chat(anna.session, f"Chat number {number}")
        world.make_message(chat, 1000 + number, f"The last word in chat number {number}")
    for number in range(3, 60):
        world.make_message(anna, number, f"A message of some length, which is number {number} of its chat")
    wire = first_visit(open_page, admin_user)
    kb = wire.visit(chat_address(anna))
    connected(wire.page)
    expect(wire.page.locator("article.m")).to_have_count(50)
    check_statics(wire, "chats")
    assert kb < CHATS_KB, wire.weights()
    again = wire.visit(chat_address(anna))
    assert again < 20, wire.weights()  # the page itself and what it asks for; no file


def test_admin(open_page: Pages, admin_user: User, anna: Chat) -> None:  # noqa: F811
    """Lists, rows and forms: the first page of each kind with an empty cache."""
    for number in range(120):
        world.make_message(anna, 10 + number, f"Message {number}")
    paths = [
        "/admin/", "/admin/security/", "/admin/auth/user/add/", "/admin/chats/message/", "/admin/chats/chat/",
        "/admin/tg_sessions/session/", f"/admin/tg_sessions/session/{anna.session_id}/change/",
        f"/admin/auth/user/{admin_user.pk}/change/", f"/admin/chats/chat/{anna.pk}/change/",
    ]  # fmt: skip
    for path in paths:
        wire = first_visit(open_page, admin_user)
        kb = wire.visit(path)
        check_statics(wire, path)
        assert kb < ADMIN_KB, f"{path}\n{wire.weights()}"
        assert not any(name in url for url in wire.statics() for name in ("chart", "alpine.sort", "xregexp")), path


def test_no_page_needs_what_is_left_out(open_page: Pages, admin_user: User, anna: Chat) -> None:  # noqa: F811
    """No exception for want of a script (``open_page`` sees to that), no sorting by hand, no chart, no word for an
    icon."""
    page = open_page("/admin/", user=admin_user)
    paths = ["/admin/", "/admin/security/", "/admin/tg_sessions/session/sign-in/", "/admin/auth/user/add/"]
    paths += [address(model) for model in ALL]
    paths += [address(model, "change", row.pk) for model in ALL if (row := model._default_manager.first()) is not None]
    for path in paths:
        page.goto(path, wait_until="load")
        assert page.locator("[x-sort], [data-chart], canvas, .prepopulated-field").count() == 0, path
        names = page.locator(".material-symbols-outlined").all_text_contents()
        assert {name.strip() for name in names if name.strip()} - SYMBOLS == set(), path
