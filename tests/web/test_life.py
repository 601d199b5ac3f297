"""The server's own life: what becomes of applications whose clients leave, of failures, of SIGTERM."""

from __future__ import annotations

import socket
import subprocess
import sys

from tests.kit.rawsocket import RawSocket
from tests.kit.running import ROOT
from tests.kit.waiting import eventually
from tests.web.conftest import PATIENCE, Serve


def test_an_application_ends_after_its_client(serve: Serve) -> None:
    """It is cancelled after close_seconds, wherever it waits."""
    running = serve(close_seconds=1)
    raw = running.raw().ask("GET", "/hang/")
    running.until(lambda seen: seen.get("hanging") == 1, "it runs")
    raw.close()
    running.until(lambda seen: seen.get("cancelled") == 1 and seen.get("hang ended") == 1, "it was cancelled")


def test_an_answer_that_breaks_off_is_not_taken_for_whole(serve: Serve) -> None:
    """And ends the looking after others as little as their applications."""
    running = serve(close_seconds=1)
    for _ in range(2):
        said = running.raw().ask("GET", "/broken/").rest()
        assert said.endswith(b"12345")
    raw = running.raw().ask("GET", "/hang/")
    running.until(lambda seen: seen.get("hanging") == 1, "another runs")
    raw.close()
    running.until(lambda seen: seen.get("cancelled") == 1, "it is still looked after")
    assert "as asked for" in running.log()


def test_an_unknown_path_is_the_applications_error(serve: Serve) -> None:
    status, body = serve().ask("GET", "/nowhere/")
    assert status == 500
    assert b"KeyError" not in body


def test_sigterm(serve: Serve) -> None:
    """All end: half requests, requests under way, sockets; applications are cancelled first; the exit status is 0."""
    running = serve()
    half = running.raw().say("GET / HTTP/1.1\r\n")
    running.raw().ask("GET", "/hang/")
    running.raw().ask("POST", "/body/", "Content-Length: 10", body=b"x")
    ws = RawSocket(running.port, path="/echo/")
    running.until(lambda seen: seen.get("hanging") == 1, "one is under way")
    assert running.stop() == 0
    assert half.rest() == b""
    assert ws.close_code() in (1001, 1006)
    assert "Traceback" not in running.log()


def test_a_taken_port(serve: Serve) -> None:
    """A sentence, and status 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "tgadmin.web", "-p", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"127.0.0.1:{port}: Address already in use."


def test_ipv6(serve: Serve) -> None:
    """Brackets or none."""
    running = serve()
    assert running.process.poll() is None
    code = (
        "import sys\nfrom tests.web.serve import application\nfrom tgadmin.web.limits import Limits\n"
        "from tgadmin.web.server import Server\n"
        "server = Server(application, Limits(), is_known=lambda scope: False)\n"
        "server.listen('::1', int(sys.argv[1])); server.run()"
    )
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", code, str(port)], cwd=ROOT)
    try:
        eventually(lambda: _answers(port), PATIENCE, "it answers over IPv6")
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("::1", port), timeout=5) as raw:
            raw.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return raw.recv(100).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False
