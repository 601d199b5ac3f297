"""Pages in the browser: switching chats, reloading, the admin's pages, and what a first visit brings over the wire.

Chromium, driven by Playwright, against the web process and the gateway as ``up`` runs them; the chats are stored by
the gateway, as they come from the data centre. Every chat is opened for the first time: nothing of it is on the page.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Outcome, Row, median, percentile, rounded, spread
from benchmarks.staff import administrator
from benchmarks.stage import Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

CHATS, MESSAGES = 60, 60
RELOADS, VISITS = 20, 5
STORED_SECONDS = 300.0
SLOW_SECONDS = 8
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip
ADMIN = (
    "/admin/",
    "/admin/tg_sessions/session/",
    "/admin/tg_sessions/session/{session}/change/",
    "/admin/chats/chat/",
    "/admin/chats/message/",
    "/admin/commands/command/",
    "/admin/auth/user/",
    "/admin/auth/user/{user}/change/",
    "/admin/staff/auditentry/",
    "/admin/security/",
)
MOST = {
    "switch_p95_ms": 100,
    "reload_p95_ms": 500,
    "admin_server_p95_ms": 150,
    "chats_first_kb": 150,
    "admin_first_kb": 300,
}

# ``seen(condition)``: when the page was first painted with the condition true, in milliseconds since it was asked for.
# What a frame's own callbacks change is painted with that frame, all else with the next one; a message that is posted
# in a frame arrives after it.
PAINTS = """(() => {
  if (self !== top) return;
  let inFrame = false;
  let waiting = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    inFrame = false;
    const now = performance.now();
    for (const done of waiting.filter(one => one.painted)) done(now);
    waiting = waiting.filter(one => !one.painted);
  };
  const frame = () => {
    inFrame = true;
    for (const one of waiting) one.painted = true;
    port2.postMessage(0);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  window.seen = (condition) => new Promise(done => {
    const watcher = new MutationObserver(() => look());
    const look = () => {
      if (!condition()) return false;
      watcher.disconnect();
      done.painted = inFrame;
      waiting.push(done);
      return true;
    };
    if (!look()) watcher.observe(document, {subtree: true, childList: true, attributes: true});
  });
  window.first = window.seen(() => document.querySelector("article.m"));
})();"""
SWITCH = """async (chat) => {
  const before = document.querySelector("article.m");
  const row = document.querySelector(`.row[data-chat="${chat}"]`);
  const began = performance.now();
  row.click();
  const at = await window.seen(() => {
    const now = document.querySelector("article.m");
    return now && now !== before && document.querySelector(`.row[data-chat="${chat}"][aria-current]`);
  });
  return at - began;
}"""
SERVER = """() => {
  const [entry] = performance.getEntriesByType("navigation");
  return entry.responseStart - entry.requestStart;
}"""


def run(stage: Stage, runs: int, scale: float) -> Outcome:
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs between its calls, and serves nobody
    chats, messages = max(3, int(CHATS * scale)), max(10, int(MESSAGES * scale))
    found: dict[str, list[float]] = {name: [] for name in MOST}
    with stage.gateway(), stage.web() as (_, port), sync_playwright() as playwright:
        rows = _stored(stage, chats, messages)
        browser = playwright.chromium.launch(executable_path=_chromium(), args=ARGUMENTS)
        visitor = _Visitor(browser, f"http://127.0.0.1:{port}", *administrator())
        for number in range(runs):
            took = {
                "switch_p95_ms": visitor.switches(rows),
                "reload_p95_ms": visitor.reloads(rows[number % len(rows)], max(3, int(RELOADS * scale))),
                "admin_server_p95_ms": visitor.admin(rows[0][0], max(2, int(VISITS * scale))),
            }
            for name, values in took.items():
                found[name].append(percentile(values, 0.95))
                stage.say(f"pages: run {number}, {name}: p50 {percentile(values, 0.5):.1f}, p95 {found[name][-1]:.1f}")
        found["chats_first_kb"] = [visitor.weight("/chats/{}/{}/".format(*rows[0]))]
        weights = {path: visitor.weight(path) for path in visitor.paths(rows[0][0])}
        for path, weight in weights.items():
            stage.say(f"pages: {path}: {weight:.1f} KB at first")
        found["admin_first_kb"] = [max(weights.values())]
        slow = [visitor.slow("/chats/{}/{}/".format(*rows[0]), "article.m"), visitor.slow("/admin/", ".tg-overview")]
        browser.close()
    return Outcome({"pages": {name: rounded(median(found[name]), 1) for name in MOST}}, _rows(found, slow))


def _rows(found: dict[str, list[float]], slow: list[float]) -> list[Row]:
    what = {
        "switch_p95_ms": "another chat's stored messages are painted, p95, ms",
        "reload_p95_ms": "a reloaded chat's messages are painted, p95, ms",
        "admin_server_p95_ms": "an admin page's first byte, p95, ms",
        "chats_first_kb": "a first visit to a chat over the wire, KB",
        "admin_first_kb": "a first visit to the admin's heaviest page, KB",
    }
    return [
        Row(text, spread(found[name]), "", f"≤ {MOST[name]}", median(found[name]) <= MOST[name])
        for name, text in what.items()
    ] + [
        Row(
            f"{name} at 50 KB/s and 400 ms, from nothing, s",
            f"{took:.1f}",
            "",
            f"≤ {SLOW_SECONDS}",
            took <= SLOW_SECONDS,
        )
        for name, took in zip(("a chat", "the overview"), slow, strict=True)
    ]


def _chromium() -> str:
    path = os.environ.get("CHROMIUM") or next((at for name in NAMES if (at := shutil.which(name))), None)
    if path is None:
        raise SystemExit("Chromium is missing: install it, or set CHROMIUM to its path.")
    return path


def _stored(stage: Stage, chats: int, messages: int) -> list[tuple[int, int]]:
    """(session, chat) of new chats, each of so many messages, that came in through the gateway."""
    from apps.chats.models import Chat, Message

    account = stage.accounts(1, friends=chats)[0]
    stage.wait_ready([account])
    targets = [[friend, account["user_id"]] for friend in account["friends"]]
    stage.centre("feed", targets=targets, rate=500, count=chats * messages)
    mine = Message.objects.filter(chat__session=account["session"])
    stage.wait(lambda: mine.count() >= chats * messages, STORED_SECONDS, "all messages are stored")
    return [
        (account["session"].pk, pk)
        for pk in Chat.objects.filter(session=account["session"], peer_id__in=account["friends"]).values_list(
            "pk", flat=True
        )
    ]


class _Visitor:
    """An administrator with a browser."""

    def __init__(self, browser: Browser, url: str, user: int, login: tuple[str, str]) -> None:
        self._browser, self._url, self._user, self._login = browser, url, user, login

    def _context(self) -> BrowserContext:
        context = self._browser.new_context(base_url=self._url, viewport={"width": 1440, "height": 900})
        name, value = self._login
        context.add_cookies([{"name": name, "value": value, "url": self._url, "httpOnly": True}])
        context.set_default_timeout(60_000)
        return context

    def switches(self, rows: Sequence[tuple[int, int]]) -> list[float]:
        """Milliseconds from the click on a row to the paint of that chat's messages, each chat once."""
        context = self._context()
        page = context.new_page()
        page.add_init_script(PAINTS)
        page.goto("/chats/{}/{}/".format(*rows[0]))
        page.locator("article.m").first.wait_for()
        page.locator('#chats[data-live="open"]').wait_for()
        took = []
        for _, chat in rows[1:]:
            row = page.locator(f'.row[data-chat="{chat}"]')
            while not row.count():
                page.locator(".row").last.scroll_into_view_if_needed()
            row.scroll_into_view_if_needed()
            took.append(float(page.evaluate(SWITCH, chat)))
        context.close()
        return took

    def reloads(self, row: tuple[int, int], count: int) -> list[float]:
        """Milliseconds from the start of a navigation to the paint of the chat's messages."""
        context = self._context()
        page = context.new_page()
        page.add_init_script(PAINTS)
        page.goto("/chats/{}/{}/".format(*row))
        page.locator("article.m").first.wait_for()
        took = []
        for _ in range(count):
            page.reload()
            page.locator("article.m").first.wait_for()
            took.append(float(page.evaluate("window.first")))
        context.close()
        return took

    def paths(self, session: int) -> list[str]:
        return [path.format(session=session, user=self._user) for path in ADMIN]

    def admin(self, session: int, visits: int) -> list[float]:
        """Milliseconds from the request to the first byte of the answer, of each page in turn."""
        context = self._context()
        page = context.new_page()
        took = []
        for number in range(visits + 1):
            for path in self.paths(session):
                page.goto(path)
                if number:  # the first one compiles the templates
                    took.append(float(page.evaluate(SERVER)))
        context.close()
        return took

    def slow(self, path: str, what: str) -> float:
        """Seconds until this is shown and all has been loaded, over a slow line, with an empty cache."""
        context = self._context()
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        line = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
        wire.send("Network.emulateNetworkConditions", line)
        began = time.monotonic()
        page.goto(path)
        page.locator(what).first.wait_for()
        took = time.monotonic() - began
        context.close()
        return took

    def weight(self, path: str) -> float:
        """KB (of 1,000 bytes) that Chromium took from the wire for a page, heads included, with an empty cache."""
        context = self._context()
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        sizes: list[float] = []

        def took(event: dict[str, Any]) -> None:
            sizes.append(event["encodedDataLength"])

        wire.on("Network.loadingFinished", took)
        answer = page.goto(path, wait_until="networkidle")
        if answer is None or not answer.ok:
            raise RuntimeError(f"{path} answers {answer and answer.status}")
        page.wait_for_timeout(500)
        context.close()
        return sum(sizes) / 1000
