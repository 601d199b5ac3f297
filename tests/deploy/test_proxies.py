"""deploy/nginx.conf and deploy/Caddyfile, with paths and ports put in: they are taken, and the product works behind."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User

from apps.chats.payloads import PROTOCOL
from tests.deploy.conftest import CADDY, HOST, MISSING, PROXIES, Front
from tests.kit.running import ROOT
from tests.kit.waiting import eventually
from tests.kit.web import PATIENCE, Socket, cookie_of
from tgadmin.web.limits import MIB, Limits

SIGN_IN = "/admin/login/"
FORGED = "203.0.113.9"


# --- the files --------------------------------------------------------------------------------------------------------


@pytest.mark.source
@pytest.mark.parametrize("name", sorted(PROXIES))
def test_the_file_is_taken(name: str, tmp_path: Path) -> None:
    if MISSING[name]:
        pytest.skip(f"{name} is missing")
    command = PROXIES[name](tmp_path, 18_443, 8000)
    if name == "nginx":
        command.append("-t")
    else:
        command[1] = "validate"
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


@pytest.mark.source
@pytest.mark.skipif(CADDY is None, reason="caddy is missing")
def test_caddy_takes_its_file_as_it_is(tmp_path: Path) -> None:
    command = [str(CADDY), "validate", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / "Caddyfile")]
    own = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.source
def test_they_have_the_limits_of_the_web_process() -> None:
    limits = Limits()
    nginx, caddy = ((ROOT / "deploy" / name).read_text() for name in ("nginx.conf", "Caddyfile"))
    assert f"client_max_body_size        {limits.body // MIB}m;" in nginx
    assert f"max_size {limits.body // MIB}MiB" in caddy
    assert f"client_header_timeout       {limits.header_seconds:.0f}s;" in nginx
    assert f"read_header {limits.header_seconds:.0f}s" in caddy
    kept = re.search(r"keepalive_timeout (\d+)s", nginx)
    assert kept is not None
    assert int(kept[1]) < limits.idle_seconds
    assert f"limit_conn tgadmin_conn {limits.connections_per_address};" in nginx
    port = json.loads(re.search(r"-p \$\{PORT:-(\d+)\}", (ROOT / "Procfile").read_text())[1])  # type: ignore[index]
    assert f"server 127.0.0.1:{port};" in nginx
    assert f"reverse_proxy 127.0.0.1:{port}" in caddy


# --- the product behind them ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def asked(
    front: Front, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Iterator[http.client.HTTPResponse]:
    raw = socket.create_connection(("127.0.0.1", front.port), PATIENCE)
    connection = http.client.HTTPSConnection(HOST, timeout=PATIENCE)
    connection.sock = front.context.wrap_socket(raw, server_hostname=HOST)
    try:
        connection.request(method, path, body, {"Host": HOST, **(headers or {})})
        yield connection.getresponse()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_page_and_its_static_files(front: Front) -> None:
    with asked(front, "GET", SIGN_IN) as answer:
        assert (answer.status, answer.getheader("Strict-Transport-Security") is not None) == (200, True)
        assert "Secure" in str(answer.getheader("Set-Cookie"))
        text = answer.read().decode()
    found = re.search(r'href="(/static/[^"]+\.css)"', text)
    assert found is not None
    with asked(front, "GET", found[1], {"Accept-Encoding": "br"}) as answer:
        assert (answer.status, answer.getheader("Content-Encoding")) == (200, "br")
        assert "immutable" in str(answer.getheader("Cache-Control"))
        assert answer.read()


@pytest.mark.django_db(transaction=True)
async def test_a_live_page(front: Front) -> None:
    user = await User.objects.acreate(username="anna", is_staff=True, is_active=True, is_superuser=True)
    cookie = await asyncio.to_thread(cookie_of, user)
    page = Socket()
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: page, "127.0.0.1", front.port, ssl=front.context, server_hostname=HOST)
    page.ask(HOST, "/ws/live/", {"Cookie": cookie, "Origin": f"https://{HOST}"})
    await asyncio.wait_for(page.opened, PATIENCE)
    page.say(type="hello", version=PROTOCOL)
    assert await page.outcome() == "welcome"
    page.say(type="ping")
    assert await page.outcome("pong") == "pong"
    page.close()


@pytest.mark.django_db(transaction=True)
def test_a_body_that_is_too_large_is_refused(front: Front) -> None:
    raw = socket.create_connection(("127.0.0.1", front.port), PATIENCE)
    with front.context.wrap_socket(raw, server_hostname=HOST) as tls:
        size = Limits().body + 1
        tls.sendall(f"POST {SIGN_IN} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n".encode())
        with contextlib.suppress(OSError):  # it may be refused at its headers
            tls.sendall(bytes(size))
        assert tls.recv(4096).split(b" ")[1] == b"413"


@pytest.mark.django_db(transaction=True)
def test_the_clients_address_is_the_proxys_word(front: Front) -> None:
    """What a client writes into X-Forwarded-For itself is not believed."""
    with asked(front, "GET", SIGN_IN) as answer:
        cookie = str(answer.getheader("Set-Cookie")).split(";")[0]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())
    assert token is not None
    headers = {
        "Cookie": cookie,
        "Referer": f"https://{HOST}{SIGN_IN}",
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": FORGED,
    }
    form = f"csrfmiddlewaretoken={token[1]}&username=nobody&password=wrong-password"
    with asked(front, "POST", SIGN_IN, headers, form.encode()) as answer:
        assert answer.status == 200
    assert list(AccessAttempt.objects.values_list("ip_address", flat=True)) == ["127.0.0.1"]


@pytest.mark.django_db(transaction=True)
def test_many_sign_ins_from_one_address_wait(front: Front) -> None:
    if front.name != "nginx":
        pytest.skip("Caddy limits no rates without a plugin")

    def is_refused() -> bool:
        with asked(front, "GET", SIGN_IN) as answer:
            return answer.status == 429

    eventually(is_refused, PATIENCE, "the rate is limited")
    with asked(front, "GET", "/healthz") as answer:
        assert answer.status == 200
