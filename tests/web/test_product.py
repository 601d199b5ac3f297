"""The web process itself, as the Procfile starts it: the limits are on, and the settings reach them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from tests.kit.rawsocket import RawSocket
from tests.kit.waiting import eventually
from tests.kit.web import Web, cookie_of, webs
from tests.web.conftest import PATIENCE, Raw
from tgadmin.web.main import configured, known_by

pytestmark = pytest.mark.django_db(transaction=True)

LARGEST_FILE = "/static/unfold/css/styles.css"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Web]:
    with webs(tmp_path_factory.mktemp("web"), WEB_READ_SECONDS="3", WEB_HEADER_SECONDS="2") as (one,):
        yield one


@pytest.mark.parametrize("path", ["/", "/admin/login/", "/healthz", "/static/base.css", "/nowhere/"])
def test_bodies_are_refused_everywhere(web: Web, path: str) -> None:
    answer = Raw(web.port).ask("POST", path, f"Content-Length: {(8 << 20) + 1}").rest()
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_form_of_the_largest_size_is_djangos_affair(web: Web) -> None:
    """It passes the server; Django, without a token, refuses it in its own way."""
    body = b"a=" + bytes((8 << 20) - 2)
    form = "Content-Type: application/x-www-form-urlencoded"
    assert Raw(web.port).ask("POST", "/admin/login/", form, f"Content-Length: {len(body)}", body=body).answer()[0] in (
        400,
        403,
    )


def test_half_requests_end(web: Web) -> None:
    assert Raw(web.port).say("GET /admin/login/ HTTP/1.1\r\nHost: x\r\nX-a: ").rest() == b""


def test_static_files_wait_for_their_readers(web: Web) -> None:
    """Fifty clients ask for 20 copies each of a file of 330 KB, and read nothing: it would be 330 MB."""
    assert web.get(LARGEST_FILE)[0] == 200
    process = psutil.Process(web.pid)
    before = process.memory_info().rss
    request = f"GET {LARGEST_FILE} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    raws = [Raw(web.port, small=True).say(request * 20) for _ in range(50)]
    most = 0

    def are_dropped() -> bool:
        nonlocal most
        most = max(most, process.memory_info().rss)
        return not any(raw.is_alive() for raw in raws)

    eventually(are_dropped, 3 * PATIENCE, "all are dropped")
    assert most - before < 40 << 20
    assert web.get("/healthz")[0] == 200


def test_a_whole_static_file(web: Web) -> None:
    """However it is read."""
    status, _, body = web.get(LARGEST_FILE)
    answer = Raw(web.port, small=True).ask("GET", LARGEST_FILE).answer()
    assert (status, body.encode()) == answer
    assert len(body) > 300_000


def test_a_stranger_at_the_live_socket(web: Web) -> None:
    """Told so, and gone."""
    origin = f"http://127.0.0.1:{web.port}"
    assert RawSocket(web.port, origin=origin).close_code() == 4401
    assert RawSocket(web.port, origin=origin, cookie="sessionid=" + "a" * 32).close_code() == 4401
    assert RawSocket(web.port, origin="http://elsewhere.example").status == 403


def test_who_is_signed_in_is_known(client: object, django_user_model: type[User]) -> None:
    """The application notes the cookie, the server finds it again; a made-up one, or none, is not known."""
    from django.test import Client

    user = User.objects.create_superuser("boss")
    cookie = cookie_of(user)
    browser = Client(headers={"Cookie": cookie})
    is_known = known_by("sessionid")

    def scope(*cookies: str) -> dict[str, object]:
        return {"headers": [(b"cookie", value.encode("latin-1")) for value in cookies]}

    name, _, value = cookie.partition("=")
    browser.cookies[name] = value
    assert not is_known(scope(cookie))
    assert browser.get("/admin/").status_code == 200
    assert is_known(scope(cookie))
    assert is_known(scope(f"a=b; {cookie}; c=d"))
    assert not is_known(scope("a=b"))
    assert not is_known(scope())
    assert not is_known(scope("sessionid=" + "a" * 32, "x" * 9000))
    assert Client().get("/admin/login/").status_code == 200


def test_settings_reach_the_server() -> None:
    limits, proxies, cookie = configured()
    assert (limits.body, limits.connections, limits.connections_per_address) == (8 << 20, 2000, 200)
    assert (proxies, cookie) == (0, "sessionid")
    with override_settings(TRUSTED_PROXIES=1, WEB_LARGER_BODIES={"/uploads/": 9 << 20}):
        limits, proxies, _ = configured()
    assert (limits.connections_per_address, proxies, limits.body_of("/uploads/1")) == (0, 1, 9 << 20)


def test_the_log_is_quiet(tmp_path: Path, transactional_db: None) -> None:
    """No line for what anybody may send."""
    with webs(tmp_path) as (one,):
        Raw(one.port).ask("POST", "/admin/login/", "Content-Length: 90000000").rest()
        Raw(one.port).say("nonsense\r\n\r\n").rest()
        Raw(one.port).ask("GET", "/healthz", "Connection: close").rest()
    assert (tmp_path / "web-0.log").read_text() == ""
