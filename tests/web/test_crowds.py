"""Many at once: places for connections, turns for those who are not signed in."""

from __future__ import annotations

import pytest

from tests.kit.waiting import eventually
from tests.web.conftest import PATIENCE, Raw, Running, Serve


def half(running: Running, host: str = "127.0.0.1") -> Raw:
    return running.raw(host).say("GET /hello HTTP/1.1\r\nA: ")


def alive(raws: list[Raw]) -> list[int]:
    return [number for number, raw in enumerate(raws) if not raw.is_closed()]


def test_half_requests_keep_nobody_out(serve: Serve) -> None:
    """Beyond the limit the oldest give way, so that whoever asks is answered."""
    running = serve(connections=20, header_seconds=600)
    raws = [half(running) for _ in range(200)]
    assert running.ask("GET", "/hello") == (200, b"hello")
    eventually(lambda: len(alive(raws)) < 20, PATIENCE, "the older ones are gone")
    assert 199 in alive(raws)


def test_idle_ones_keep_nobody_out(serve: Serve) -> None:
    running = serve(connections=20, idle_seconds=600)
    for _ in range(60):
        assert running.ask("GET", "/hello") == (200, b"hello")


def test_those_we_work_for_stay(serve: Serve) -> None:
    """And who comes then is refused at once."""
    running = serve(connections=5, anonymous=10)
    raws = [running.raw().ask("GET", "/wait/") for _ in range(4)]
    running.until(lambda seen: seen.get("waiting") == 4, "all are worked for")
    running.raw().ask("GET", "/wait/")
    eventually(lambda: running.raw().rest() == b"", PATIENCE, "a sixth is refused")
    raws[0].close()
    eventually(lambda: _goes(running), PATIENCE, "there is a place again")
    for raw in raws[1:]:
        assert raw.answer() == (200, b"waited")


def _goes(running: Running) -> bool:
    try:
        return running.ask("GET", "/go/", "X-Known: 1") == (200, b"")
    except (OSError, AssertionError):
        return False


def test_an_address_fills_only_its_own_share(serve: Serve) -> None:
    running = serve(connections=100, connections_per_address=10, header_seconds=600)
    others = [half(running, "127.0.0.2") for _ in range(5)]
    raws = [half(running) for _ in range(50)]
    eventually(lambda: len(alive(raws)) == 10, PATIENCE, "ten are left")
    assert len(alive(others)) == 5
    assert running.ask("GET", "/hello") == (200, b"hello")


def test_behind_a_proxy_its_connections_are_not_counted(serve: Serve) -> None:
    running = serve(proxies=1, connections_per_address=2, header_seconds=600)
    raws = [half(running) for _ in range(20)]
    assert running.ask("GET", "/hello") == (200, b"hello")
    assert len(alive(raws)) == 20


@pytest.mark.parametrize(("method", "places"), [("GET", 4), ("POST", 2)])
def test_few_strangers_at_once(serve: Serve, method: str, places: int) -> None:
    """Those who are known to be signed in go before all of them."""
    running = serve(anonymous=4)
    raws = [running.raw().ask(method, "/wait/", "Content-Length: 0") for _ in range(10)]
    running.until(lambda seen: seen.get("waiting") == places, "some are worked for")
    assert running.ask(method, "/hello", "X-Known: 1", "Content-Length: 0") == (200, b"hello")
    assert running.settled("waiting") == places
    running.ask("GET", "/go/", "X-Known: 1")
    for raw in raws:
        assert raw.answer() == (200, b"waited")


def test_who_shows_a_login_is_looked_at_first(serve: Serve) -> None:
    """After a restart no login is known yet: strangers do not keep staff waiting. But signing in is a stranger's."""
    running = serve(anonymous=2, unknown=3)
    for _ in range(4):
        running.raw().ask("GET", "/wait/")
    running.until(lambda seen: seen.get("waiting") == 2, "the strangers' places are taken")
    assert running.ask("GET", "/hello", "Cookie: a=b; login=x") == (200, b"hello")
    for _ in range(5):
        running.raw().ask("GET", "/wait/", "Cookie: login=x")
    running.until(lambda seen: seen.get("waiting") == 5, "their places are taken, too")
    for _ in range(3):
        running.raw().ask("POST", "/wait/", "Cookie: login=x", "Content-Length: 0")
    running.until(lambda seen: seen.get("waiting") == 6, "one signs in")
    assert running.settled("waiting") == 6


def test_reading_does_not_wait_for_writing(serve: Serve) -> None:
    """Sign-ins (POST) leave places to pages and to /healthz."""
    running = serve(anonymous=4)
    for _ in range(10):
        running.raw().ask("POST", "/wait/", "Content-Length: 0")
    running.until(lambda seen: seen.get("waiting") == 2, "two are worked for")
    assert running.ask("GET", "/hello") == (200, b"hello")


def test_who_waits_too_long_is_told_so(serve: Serve) -> None:
    running = serve(anonymous=1, wait_seconds=1)
    running.raw().ask("GET", "/wait/")
    running.until(lambda seen: seen.get("waiting") == 1, "the only place is taken")
    raw = running.raw().ask("GET", "/hello", "Connection: close")
    said = raw.rest()
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 2\r\n" in said
    raw = running.raw().ask("GET", "/echo/", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")  # fmt: skip
    assert raw.rest().startswith(b"HTTP/1.1 503 ")


def test_turns_by_address(serve: Serve) -> None:
    """Behind a proxy by what it says: one client's many requests do not delay another's first."""
    running = serve(proxies=1, anonymous=1)
    first = running.raw().ask("GET", "/wait/", "X-Forwarded-For: 192.0.2.1")
    running.until(lambda seen: seen.get("waiting") == 1, "the only place is taken")
    loud = [running.raw().ask("GET", "/wait/", "X-Forwarded-For: 192.0.2.1") for _ in range(5)]
    quiet = running.raw().ask("GET", "/hello", "X-Forwarded-For: 10.0.0.1, 192.0.2.2")
    first.close()  # the application goes on, its place is not free
    running.ask("GET", "/go/", "X-Known: 1")
    assert quiet.answer() == (200, b"hello")
    for raw in loud:
        assert raw.answer() == (200, b"waited")


def test_who_leaves_while_waiting_is_not_worked_for(serve: Serve) -> None:
    running = serve(anonymous=1)
    running.raw().ask("GET", "/wait/")
    running.until(lambda seen: seen.get("waiting") == 1, "the only place is taken")
    for _ in range(20):
        running.raw().ask("GET", "/body/").close()
    running.ask("GET", "/go/", "X-Known: 1")
    assert running.ask("GET", "/hello") == (200, b"hello")
    assert running.settled("body") == 0
