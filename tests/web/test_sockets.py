"""WebSockets: what may come in, how much of it, how fast."""

from __future__ import annotations

import contextlib

import pytest

from tests.kit.rawsocket import BINARY, CONTINUED, PING, PONG, TEXT, RawSocket
from tests.web.conftest import Running, Serve


def opened(running: Running, path: str = "/echo/") -> RawSocket:
    return RawSocket(running.port, path=path)


@pytest.mark.parametrize("size", [1, 125, 126, 65_535, 65_536])
def test_frames_that_fit(shared: Running, size: int) -> None:
    socket = opened(shared)
    socket.send(b"x" * size)
    assert socket.receive() == (TEXT, b"x" * size)
    socket.send(b"x" * size, BINARY)
    assert socket.receive() == (TEXT, f"{size} bytes".encode())


def test_fragments_that_fit(shared: Running) -> None:
    socket = opened(shared)
    for at in range(64):
        socket.send(b"x" * 1024, TEXT if at == 0 else CONTINUED, last=at == 63)
    assert socket.receive() == (TEXT, b"x" * 65_536)


def test_a_frame_too_large(shared: Running) -> None:
    socket = opened(shared)
    with contextlib.suppress(OSError):
        socket.send(b"x" * 65_537)
    assert socket.close_code() == 1006


def test_fragments_too_large(shared: Running) -> None:
    socket = opened(shared)
    with contextlib.suppress(OSError):
        for at in range(65):
            socket.send(b"x" * 1024, TEXT if at == 0 else CONTINUED, last=False)
    assert socket.close_code() == 1006


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG])
def test_too_many_frames(serve: Serve, opcode: int) -> None:
    """200 at once are taken, endless ones are not; the page is told that it was too much."""
    running = serve()
    socket = opened(running)
    for _ in range(200):
        socket.send(b"", opcode)
    assert not socket.is_closed()
    with contextlib.suppress(OSError):
        for _ in range(5000):
            socket.send(b"", opcode)
    assert socket.close_code() == 4429


def test_fragments_without_end(serve: Serve) -> None:
    running = serve()
    socket = opened(running)
    socket.send(b"x", TEXT, last=False)
    with contextlib.suppress(OSError):
        for _ in range(5000):
            socket.send(b"", CONTINUED, last=False)
    assert socket.close_code() == 4429


def test_what_the_application_does_not_take_is_not_read(serve: Serve) -> None:
    """It stays in the client's own memory; nothing of it is lost."""
    running = serve(frame_burst=100_000)
    socket = opened(running, "/busy/")
    before = running.memory
    sent = socket.send_until_full(b"x" * 60_000)
    assert running.memory - before < 2 << 20
    running.ask("GET", "/go/")
    running.until(lambda seen: seen.get("messages") == sent, "all have arrived")


def test_small_frames_are_not_read_either(serve: Serve) -> None:
    running = serve(frame_burst=100_000)
    socket = opened(running, "/busy/")
    for _ in range(3000):
        socket.send(b"x")
    running.ask("GET", "/go/")
    running.until(lambda seen: seen.get("messages") == 3000, "all have arrived, those that came together too")


def test_nothing_is_compressed(shared: Running) -> None:
    """A small frame could become a large one, past all limits."""
    socket = RawSocket(shared.port, path="/echo/", headers=["Sec-WebSocket-Extensions: permessage-deflate"])
    assert socket.status == 101
    assert "sec-websocket-extensions" not in socket.head.lower()
    socket.send(b"x", TEXT, compressed=True)
    assert socket.close_code() == 1006


def test_an_application_that_is_left_hears_of_it(serve: Serve) -> None:
    running = serve()
    socket = opened(running)
    socket.send(b"hello")
    assert socket.receive() == (TEXT, b"hello")
    socket.close()
    running.until(lambda seen: seen.get("echo ended") == 1 and not seen.get("cancelled"), "it ended by itself")
