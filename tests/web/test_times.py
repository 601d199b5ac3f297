"""Time limits: of headers, of bodies, of connections without a request."""

from __future__ import annotations

import time

from tests.kit.waiting import eventually
from tests.web.conftest import PATIENCE, Serve


def test_half_requests_end(serve: Serve) -> None:
    """However often a further byte comes; silently, as nothing was asked."""
    running = serve(header_seconds=1)
    silent, half = running.raw(), running.raw().say("GET /hello HTTP/1.1\r\nA: ")
    trickling = running.raw().say("GET /hello HTTP/1.1\r\n")
    ends = {}

    def all_closed() -> bool:
        for name, raw in (("silent", silent), ("half", half), ("trickling", trickling)):
            if name not in ends and raw.is_closed():
                ends[name] = time.monotonic()
        if "trickling" not in ends:
            trickling.say("A: b\r\n")
        return len(ends) == 3

    eventually(all_closed, PATIENCE, "all three are closed")


def test_half_requests_say_nothing(serve: Serve) -> None:
    assert serve(header_seconds=1).raw().say("GET /hello HTTP/1.1\r\nA: ").rest() == b""


def test_a_further_request_has_its_own_time(serve: Serve) -> None:
    running = serve(header_seconds=1, idle_seconds=600)
    raw = running.raw().ask("GET", "/hello")
    assert raw.answer() == (200, b"hello")
    assert running.raw().say("GET /").rest() == b""  # longer ago than header_seconds
    assert raw.ask("GET", "/hello").answer() == (200, b"hello")
    assert raw.say("GET /").rest() == b""


def test_an_application_may_take_its_time(serve: Serve) -> None:
    running = serve(header_seconds=1, idle_seconds=1, body_seconds=1)
    raw = running.raw().ask("POST", "/wait/", "Content-Length: 1", body=b"x")
    assert running.raw().rest() == b""
    assert running.raw().ask("GET", "/hello").rest().endswith(b"hello")
    running.ask("GET", "/go/")
    assert raw.answer() == (200, b"waited")


def test_idle_connections_end(serve: Serve) -> None:
    running = serve(idle_seconds=1, header_seconds=600)
    assert running.raw().ask("GET", "/hello").rest().endswith(b"\r\n\r\nhello")


def test_bodies_end(serve: Serve) -> None:
    """One that stands still, and one that trickles: 408 and a sentence."""
    running = serve(body_seconds=1, body_rate=1 << 20, header_seconds=600)
    standing = running.raw().ask("POST", "/body/", "Content-Length: 10", body=b"x")
    waiting = running.raw().ask("POST", "/body/", "Content-Length: 10", "Expect: 100-continue")
    chunks = running.raw().ask("POST", "/body/", "Transfer-Encoding: chunked", body=b"a\r\nx")
    trickling = running.raw().ask("POST", "/body/", "Content-Length: 1000000")

    def is_told() -> bool:
        try:
            trickling.say(b"x" * 100)
        except OSError:
            return True
        trickling.socket.settimeout(0.01)
        try:
            return trickling.socket.recv(1 << 16).startswith(b"HTTP/1.1 408 ")
        except TimeoutError:
            return False

    eventually(is_told, PATIENCE, "the trickling body ends")
    for raw in (standing, chunks):
        assert raw.rest().startswith(b"HTTP/1.1 408 ")
    assert b"\r\n\r\nHTTP/1.1 408 " in waiting.rest()


def test_a_body_that_is_fast_enough_has_more_time(serve: Serve) -> None:
    """At ten times the rate, for three times the seconds."""
    running = serve(body_seconds=1, body_rate=10_000)
    raw = running.raw().ask("POST", "/body/", "Content-Length: 400000")
    began, sent = time.monotonic(), 0
    while sent < 400_000:
        raw.say(bytes(4000))
        sent += 4000
        pause = began + sent / 130_000 - time.monotonic()
        if pause > 0:
            time.sleep(pause)  # a rate is what is tried
    assert time.monotonic() - began > 2.5
    assert raw.answer()[0] == 200
