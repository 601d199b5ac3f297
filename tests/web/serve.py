"""Our server with an application that does what a test asks for: ``python -m tests.web.serve PORT LIMITS [PROXIES]``.

``LIMITS``: JSON, fields of ``tgadmin.web.limits.Limits``. Those who send ``X-Known`` are known to be signed in.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections import Counter
from typing import Any

from tgadmin.web.limits import Limits
from tgadmin.web.server import Server

seen: Counter[str] = Counter()
PIECE = bytes(1 << 16)


async def application(scope: Any, receive: Any, send: Any) -> None:
    kind, name = scope["type"], scope["path"].split("/")[1]
    try:
        await globals()[f"{kind}_{name}"](scope, receive, send)
    except asyncio.CancelledError:
        seen["cancelled"] += 1
        raise
    finally:
        seen[f"{name} ended"] += 1


async def answer(send: Any, body: bytes, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def http_hello(scope: Any, receive: Any, send: Any) -> None:
    seen["hello"] += 1
    await answer(send, b"hello")


async def http_seen(scope: Any, receive: Any, send: Any) -> None:
    await answer(send, json.dumps(seen).encode())


async def http_body(scope: Any, receive: Any, send: Any) -> None:
    """Its length and hash; ``larger`` is the same under another path."""
    seen["body"] += 1
    size, digest = 0, hashlib.sha256()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            seen["disconnect"] += 1
            return
        size += len(message["body"])
        digest.update(message["body"])
        if not message["more_body"]:
            break
    await answer(send, f"{size} {digest.hexdigest()}".encode())


http_larger = http_body


async def http_big(scope: Any, receive: Any, send: Any) -> None:
    """One body of so many bytes."""
    seen["big begun"] += 1
    await answer(send, b"x" * int(scope["query_string"]))
    seen["big"] += 1


async def http_stream(scope: Any, receive: Any, send: Any) -> None:
    """So many pieces of 64 KiB."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(int(scope["query_string"])):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        seen["pieces"] += 1
    await send({"type": "http.response.body", "body": b""})


async def http_wait(scope: Any, receive: Any, send: Any) -> None:
    """Until the test says ``go``, or the client leaves."""
    await receive()
    seen["waiting"] += 1
    while not seen["go"]:  # noqa: ASYNC110  a counter is what tests see
        await asyncio.sleep(0.01)
    seen["waiting"] -= 1
    await answer(send, b"waited")


async def http_hang(scope: Any, receive: Any, send: Any) -> None:
    """Takes no notice of a client that leaves."""
    seen["hanging"] += 1
    await asyncio.sleep(600)


async def http_go(scope: Any, receive: Any, send: Any) -> None:
    seen["go"] = 1
    await answer(send, b"")


async def http_broken(scope: Any, receive: Any, send: Any) -> None:
    """Fails in the middle of its answer."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
    await send({"type": "http.response.body", "body": b"12345", "more_body": True})
    raise ValueError("as asked for")


async def websocket_echo(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        seen["messages"] += 1
        text = message.get("text")
        await send({"type": "websocket.send", "text": f"{len(message['bytes'])} bytes" if text is None else text})


async def websocket_large(scope: Any, receive: Any, send: Any) -> None:
    """One frame of so many bytes, as asked for in the address."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "\U0001f600" * (int(scope["query_string"]) // 4)})
    await receive()


async def websocket_flood(scope: Any, receive: Any, send: Any) -> None:
    """Frames of 64 KiB without end; ``gone`` when the server says that nobody is there."""
    await receive()
    await send({"type": "websocket.accept"})
    try:
        while True:
            await send({"type": "websocket.send", "bytes": PIECE})
            seen["frames"] += 1
    except OSError:
        seen["gone"] += 1
        raise


async def websocket_busy(scope: Any, receive: Any, send: Any) -> None:
    """Takes nothing before the test says ``go``."""
    await receive()
    await send({"type": "websocket.accept"})
    while not seen["go"]:  # noqa: ASYNC110  a counter is what tests see
        await asyncio.sleep(0.01)
    while (await receive())["type"] == "websocket.receive":
        seen["messages"] += 1


def main() -> None:
    port, limits, proxies = int(sys.argv[1]), Limits(**json.loads(sys.argv[2])), int(sys.argv[3])

    def is_known(scope: Any) -> bool:
        return any(name == b"x-known" for name, _ in scope["headers"])

    server = Server(application, limits, proxies=proxies, is_known=is_known, cookie="login")
    server.listen("127.0.0.1", port)
    server.run()


if __name__ == "__main__":
    main()
