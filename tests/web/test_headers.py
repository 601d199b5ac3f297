"""Request lines and headers: how large, how many, how long; requests one after the other on a connection."""

from __future__ import annotations

import pytest

from tests.web.conftest import Running, Serve

START = "GET /hello HTTP/1.1\r\n"


def test_as_large_as_allowed(shared: Running) -> None:
    """8,192 bytes of line and headers, their ends not counted."""
    name = "A: "
    value = "x" * (8192 - len(START) + 2 - len(name))
    assert shared.raw().say(f"{START}{name}{value}\r\n\r\n").answer() == (200, b"hello")
    assert shared.raw().say(f"{START}{name}{value}x\r\n\r\n").rest().startswith(b"HTTP/1.1 431 ")


def test_as_many_as_allowed(shared: Running) -> None:
    lines = [f"A{number}: b\r\n" for number in range(20)]
    assert shared.raw().say(START + "".join(lines) + "\r\n").answer() == (200, b"hello")
    said = shared.raw().say(START + "".join(lines) + "B: c\r\n\r\n").rest()
    assert said.startswith(b"HTTP/1.1 431 ")
    assert said.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("data", ["GET /" + "x" * 20_000, "x" * 20_000, START + "A: " + "x" * 20_000])
def test_a_line_without_end(shared: Running, data: str) -> None:
    assert shared.raw().say(data).rest().startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "data",
    ["GET\r\n\r\n", "\r\n\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n", "a b c d\r\n"],
)
def test_what_is_no_request(shared: Running, data: str) -> None:
    said = shared.raw().say(data.encode("latin-1")).rest()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.endswith(b"This is not a request that can be understood.\n")


def test_several_on_one_connection(shared: Running) -> None:
    raw = shared.raw()
    for _ in range(3):
        assert raw.ask("GET", "/hello").answer() == (200, b"hello")
    assert raw.ask("GET", "/hello", "Connection: close").rest().endswith(b"\r\n\r\nhello")


def test_several_at_once(shared: Running) -> None:
    """Answered one after the other, in their order, all of them."""
    many = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n" * 2000
    raw = shared.raw().say(many).ask("GET", "/hello", "Connection: close")
    assert raw.rest().count(b"HTTP/1.1 200 ") == 2001


def test_answers_that_nobody_reads_are_not_made(serve: Serve) -> None:
    """Requests of which no answer is read stop being taken; when it reads again, all are answered."""
    running = serve()
    request = b"GET /big/?100000 HTTP/1.1\r\nHost: x\r\nX-Known: 1\r\n\r\n"
    raw = running.raw(small=True).say(request * 60)
    assert running.settled("big") < 20
    raw.ask("GET", "/hello", "Connection: close")
    assert raw.rest().count(b"HTTP/1.1 200 ") == 61


def test_requests_without_end_are_not_taken_in(serve: Serve) -> None:
    """While one is worked on, those behind it wait in the client's own memory."""
    running = serve()
    raw = running.raw(small=True).ask("GET", "/wait/", "X-Known: 1")
    running.until(lambda seen: seen.get("waiting") == 1, "the first is worked on")
    before = running.memory
    raw.socket.settimeout(1)
    with pytest.raises(TimeoutError):  # noqa: PT012
        while True:
            raw.say(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
    assert running.memory - before < 4 << 20
