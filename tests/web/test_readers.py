"""Clients that ask and do not read: what waits for them is bounded, and they do not stay."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.kit.rawsocket import CLOSE, RawSocket
from tests.kit.waiting import eventually
from tests.web.conftest import PATIENCE, Raw, Running, Serve

HELD = 1 << 20
"""Bytes that a connection may cost the server. What it asks for is far more."""
WARM_UP, READERS = 3, 8
"""The first few make the process grow once by some megabytes, which it keeps and uses again: not what is looked for."""


def cost(running: Running, begin: Callable[[], object], counted: str) -> float:
    """Bytes that each of several clients costs, when nothing more happens for them."""
    for _ in range(WARM_UP):
        begin()
        running.settled(counted)
    before = running.memory
    for _ in range(READERS):
        begin()
    running.settled(counted)
    return (running.memory - before) / READERS


def test_a_stream_waits_for_its_reader(serve: Serve) -> None:
    """8 MiB are asked for; a handful of pieces is made until somebody reads."""
    running = serve(anonymous=1)
    raws: list[Raw] = []
    held = cost(
        running, lambda: raws.append(running.raw(small=True).ask("GET", "/stream/?128", "Connection: close")), "pieces"
    )
    assert 0 < running.settled("pieces") < 16 * len(raws)  # what the system takes, and 128 KiB of ours
    assert held < HELD
    assert running.ask("GET", "/hello") == (200, b"hello")  # the only anonymous place is free again
    assert len(raws[0].rest()) > 8 << 20


def test_one_large_body_waits_too(serve: Serve) -> None:
    """A body of 8 MiB is the application's own affair; no second copy of it is made."""
    running = serve()
    size = 8 << 20
    raws: list[Raw] = []

    def begin() -> None:
        raws.append(running.raw(small=True).ask("GET", f"/big/?{size}", "Connection: close"))
        running.until(lambda seen: seen.get("big begun", 0) == len(raws), "it is made")

    assert cost(running, begin, "big") < size + HELD
    assert running.settled("big") == 0
    assert raws[0].rest().endswith(b"x" * 1000)
    running.until(lambda seen: seen.get("big") == 1, "it has gone")


def test_whoever_does_not_read_is_dropped(serve: Serve) -> None:
    """And the application's work for them ends."""
    running = serve(read_seconds=1, close_seconds=1)
    raw = running.raw(small=True).ask("GET", "/stream/?1024")
    running.until(lambda seen: seen.get("stream ended") == 1, "it has ended")
    assert not raw.is_alive()


def test_who_reads_slowly_may_stay(serve: Serve) -> None:
    """Faster than ``read_rate``, for several times ``read_seconds``."""
    running = serve(read_seconds=1, read_rate=1000)
    raw = running.raw(small=True).ask("GET", "/stream/?1024")
    until, got = time.monotonic() + 4, 0
    while time.monotonic() < until:
        got += len(raw.socket.recv(100_000))
        time.sleep(0.01)  # a rate is what is tried
    assert got > 50_000
    assert not raw.is_closed()


def test_who_reads_a_byte_now_and_then_is_dropped(serve: Serve) -> None:
    running = serve(read_seconds=1, read_rate=1 << 20)
    raw = running.raw(small=True).ask("GET", "/stream/?1024")

    def dropped() -> bool:
        try:
            raw.socket.recv(1)
        except OSError:
            return True
        return not raw.is_alive()

    eventually(dropped, PATIENCE, "it is dropped")


def test_all_slow_readers_together(serve: Serve) -> None:
    """Those who have not read for longest give way when too much waits for all of them."""
    running = serve(queued=1 << 20)
    raws = [running.raw(small=True).ask("GET", "/stream/?1024") for _ in range(30)]
    eventually(lambda: sum(not raw.is_alive() for raw in raws) > 10, PATIENCE, "many are gone")
    assert running.ask("GET", "/hello") == (200, b"hello")


def opened(running: Running, path: str, small: bool = False, known: bool = False) -> RawSocket:
    return RawSocket(running.port, path=path, small=small, headers=["X-Known: 1"] if known else [])


def test_a_socket_waits_for_its_reader(serve: Serve) -> None:
    running = serve()
    sockets: list[RawSocket] = []
    held = cost(running, lambda: sockets.append(opened(running, "/flood/", small=True)), "frames")
    assert 0 < running.settled("frames") < 16 * len(sockets)
    assert held < HELD


def test_a_socket_that_does_not_read_is_told_why(serve: Serve) -> None:
    """The code stands behind what waits for it; the application hears at once."""
    running = serve(read_seconds=1)
    socket = opened(running, "/flood/", small=True)
    running.until(lambda seen: seen.get("gone") == 1, "the application is told")
    assert socket.close_code() == 4430
    running.until(lambda seen: seen.get("flood ended") == 1, "it has ended")
    assert "Traceback" not in running.log()


def test_a_socket_that_never_reads_is_dropped(serve: Serve) -> None:
    running = serve(read_seconds=1)
    socket = opened(running, "/flood/", small=True)
    eventually(lambda: not socket.is_alive(), 2 * PATIENCE, "the connection is gone")


def test_a_frame_of_any_size_goes_out(serve: Serve) -> None:
    """What comes in is limited to 64 KiB; what goes out is not."""
    running = serve()
    for size in (65_532, 65_536, 65_540, 1 << 20, 8 << 20):
        socket = opened(running, f"/large/?{size}")
        opcode, data = socket.receive()
        assert opcode != CLOSE
        assert data == "\U0001f600".encode() * (size // 4)
        socket.close()
