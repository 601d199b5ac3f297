"""Bodies: exactly the limit passes, one byte more does not; what could be read as two requests is refused."""

from __future__ import annotations

import hashlib

import pytest

from tests.web.conftest import Running, Serve

LIMIT, LARGER = 1 << 20, 1 << 21


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def told(body: bytes) -> bytes:
    return f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()


@pytest.mark.parametrize("size", [0, 1, 16 << 10, (16 << 10) + 1, 64 << 10, 100_000, LIMIT - 1, LIMIT])
def test_what_fits_arrives_whole(shared: Running, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert shared.ask("POST", "/body/", f"Content-Length: {size}", body=body) == (200, told(body))


@pytest.mark.parametrize("pieces", [[1], [LIMIT], [1000, 70_000, 1], [LIMIT - 1, 1]])
def test_chunks_that_fit_arrive_whole(shared: Running, pieces: list[int]) -> None:
    parts = [bytes([number + 65]) * size for number, size in enumerate(pieces)]
    answer = shared.ask("POST", "/body/", "Transfer-Encoding: chunked", body=chunked(*parts))
    assert answer == (200, told(b"".join(parts)))


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/body/", LIMIT + 1, 413),
        ("/body/", 10**15, 413),
        ("/larger/", LIMIT + 1, None),
        ("/larger/", LARGER, None),
        ("/larger/", LARGER + 1, 413),
        ("/%6carger/x?y", LARGER, None),  # as the application sees it
        ("/body/?/larger/", LIMIT + 1, 413),
        ("/larger", LIMIT + 1, 413),
    ],
)
def test_too_large_by_its_header(shared: Running, path: str, size: int, status: int | None) -> None:
    """Refused before any of it has come, and not invited by 100 Continue; else invited."""
    raw = shared.raw().ask("POST", path, f"Content-Length: {size}", "Expect: 100-continue")
    if status is None:
        assert raw.answer() == (100, b"")
        return
    said = raw.rest()
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in head
    assert body == b"This is larger than what is taken here.\n"
    assert b"100 Continue" not in said


@pytest.mark.parametrize("digits", ["9" * 18, "9" * 19, "9" * 4000, "9" * 5000])
def test_lengths_beyond_all_numbers(shared: Running, digits: str) -> None:
    assert shared.raw().ask("POST", "/body/", f"Content-Length: {digits}", "A: b").rest().startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("first", [0, LIMIT - 1, LIMIT])
def test_chunks_too_large(shared: Running, first: int) -> None:
    """Refused as soon as they pass the limit, whether or not they go on."""
    before = shared.seen().get("body", 0)
    raw = shared.raw().ask("POST", "/body/", "Transfer-Encoding: chunked")
    if first:
        raw.say(b"%x\r\n%b\r\n" % (first, bytes(first)))
    raw.say(b"ffffffff\r\n" + bytes(LIMIT - first + 1))
    assert raw.rest().startswith(b"HTTP/1.1 413 ")
    assert shared.seen().get("body", 0) == before


def test_the_rest_of_a_refused_body_is_no_request(shared: Running) -> None:
    """It is read, so that the answer arrives, and thrown away."""
    before = shared.seen().get("hello", 0)
    raw = shared.raw().ask("POST", "/body/", f"Content-Length: {LIMIT + 1}")
    raw.say(b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1000)
    assert raw.rest().count(b"HTTP/1.1 ") == 1
    assert shared.seen().get("hello", 0) == before


def test_an_endless_body_is_cut_off(shared: Running) -> None:
    raw = shared.raw().ask("POST", "/body/", "Content-Length: 300000000")
    with pytest.raises(OSError):  # noqa: PT012
        for _ in range(300):
            raw.say(bytes(1_000_000))


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: 5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5, 5"],
        ["Content-Length: -5"],
        ["Content-Length: +5"],
        ["Content-Length: 0x5"],
        ["Content-Length: 5 5"],
        ["Content-Length:"],
        ["Content-Length: ٥".encode().decode("latin-1")],
        ["Transfer-Encoding: identity", "Content-Length: 5"],
        ["Transfer-Encoding: identity"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding : chunked"],
        [" Transfer-Encoding: chunked"],
        ["A: b", " Transfer-Encoding: chunked"],
        ["Upgrade: websocket", "Connection: Upgrade", "Content-Length: 5"],
        ["Upgrade: websocket", "Connection: Upgrade", "Transfer-Encoding: chunked"],
        ["no colon"],
        ["A: b\x00c"],
    ],
)
def test_what_may_be_read_in_two_ways(shared: Running, headers: list[str]) -> None:
    """400 and closed: nothing behind it is taken for a request."""
    before = shared.seen().get("hello", 0)
    raw = shared.raw().ask("POST", "/body/", *headers, body=b"0\r\n\r\nGET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    said = raw.rest()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.count(b"HTTP/1.1 ") == 1
    assert shared.seen().get("hello", 0) == before


def test_chunks_belong_to_http_1_1(shared: Running) -> None:
    raw = shared.raw().say("POST /body/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
    assert raw.rest().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"-1\r\n", b"0x1\r\nx\r\n", b"1\r\nxy\r\n", b"1" * 2000])
def test_chunks_that_are_none(shared: Running, chunk: bytes) -> None:
    assert shared.raw().ask("POST", "/body/", "Transfer-Encoding: chunked", body=chunk).rest()[:13] == b"HTTP/1.1 400 "


def test_mostly_framing(shared: Running) -> None:
    """A kilobyte of extensions for each byte is no body."""
    piece = b"1;" + b"a" * 1000 + b"\r\nx\r\n"
    said = shared.raw().ask("POST", "/body/", "Transfer-Encoding: chunked", body=piece * 1000).rest()
    assert said.startswith(b"HTTP/1.1 400 ")


def test_small_chunks(shared: Running) -> None:
    body = b"0123456789" * 2000
    pieces = [body[at : at + 8] for at in range(0, len(body), 8)]
    assert shared.ask("POST", "/body/", "Transfer-Encoding: chunked", body=chunked(*pieces)) == (200, told(body))


def test_a_length_that_lies(shared: Running) -> None:
    """More than announced is the next request; here it is none."""
    raw = shared.raw().ask("POST", "/body/", "Content-Length: 3", body=b"abcdef\r\n\r\n")
    assert raw.answer() == (200, told(b"abc"))
    assert raw.rest().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("expect", "status"), [("100-continue", 100), ("100-Continue", 100), ("200-ok", 417), ("100-continue, x", 417)]
)
def test_expectations(shared: Running, expect: str, status: int) -> None:
    raw = shared.raw().ask("POST", "/body/", "Content-Length: 3", f"Expect: {expect}")
    assert raw.answer()[0] == status
    if status == 100:
        assert raw.say(b"abc").answer() == (200, told(b"abc"))


def test_a_client_that_leaves_within_its_body(serve: Serve) -> None:
    running = serve()
    raw = running.raw().ask("POST", "/body/", "Content-Length: 1000", body=b"x")
    raw.close()
    raw = running.raw().ask("GET", "/wait/")
    running.until(lambda seen: seen.get("waiting") == 1, "the application runs")
    raw.close()
    running.ask("GET", "/go/", "X-Known: 1")
    running.until(lambda seen: seen.get("wait ended") == 1, "it has ended")
    assert "body" not in running.seen()


def test_bodies_under_way_are_bounded_together(serve: Serve) -> None:
    """The one that has kept us waiting longest gives way."""
    running = serve(body=1 << 20, stored=3 << 20)
    raws = [running.raw() for _ in range(5)]
    for raw in raws:
        raw.ask("POST", "/body/", f"Content-Length: {1 << 20}", body=bytes((1 << 20) - 1))
    running.until(lambda seen: raws[0].is_closed() and raws[1].is_closed(), "the first two are closed")
    assert raws[4].say(b"x").answer()[0] == 200
