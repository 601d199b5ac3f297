"""Every page, and every module and style that it leads to, names static files by their hashed addresses only, and each
of those comes compressed and to be kept for ever."""

from __future__ import annotations

import gzip
import re
from urllib.parse import urljoin

import brotli
import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.kit import world
from tests.kit.admin_lists import ALL, address
from tests.kit.confirmed import confirmed
from tgadmin.statics.storage import IMPORT

pytestmark = pytest.mark.django_db

IN_PAGES = re.compile(r"""(?:src|href|data-[a-z-]+)="(/static/[^"#]*)""")
IN_STYLES = re.compile(r"""url\(["']?([^"')#]+)""")
HASHED = re.compile(r"/static/[\w/.-]+\.[0-9a-f]{12}\.\w+")
PACKED = (".css", ".js", ".svg")


@pytest.fixture
def visitor(db: None) -> Client:
    client = Client(headers={"Accept-Encoding": "br"})
    client.force_login(User.objects.create_superuser("marta"))
    confirmed(client)
    return client


def pages(client: Client) -> dict[str, str]:
    session = world.make_session()
    chat = world.make_chat(session, "Anna")
    world.make_message(chat, 1, "Hello")
    paths = [address(model) for model in ALL]
    paths += [address(model, "change", row.pk) for model in ALL if (row := model._default_manager.first()) is not None]
    paths += [
        "/admin/", "/admin/password_change/", "/admin/security/", "/admin/auth/user/add/", "/admin/auth/group/add/",
        "/admin/tg_sessions/session/sign-in/", f"/chats/{session.pk}/{chat.pk}/", f"/chats/{session.pk}/", "/nowhere/",
    ]  # fmt: skip
    found = {path: client.get(path) for path in paths} | {"/admin/login/": Client().get("/admin/login/")}
    assert {path: page.status_code for path, page in found.items() if page.status_code not in (200, 404)} == {}
    return {path: page.content.decode() for path, page in found.items()}


def static_file(client: Client, url: str) -> str:
    """Its text; asserts how it comes."""
    response = client.get(url)
    assert response.status_code == 200, url
    assert response["Cache-Control"] == "public, max-age=31536000, immutable", url
    body = response.getvalue()
    response.close()
    if "Content-Encoding" not in response:
        assert not url.endswith(PACKED) or len(body) < 300, url  # so small that compressing does not pay
        return body.decode("latin-1")
    assert response["Content-Encoding"] == "br", url
    packed = Client(headers={"Accept-Encoding": "gzip"}).get(url)
    plain = brotli.decompress(body)
    assert gzip.decompress(packed.getvalue()) == plain, url
    packed.close()
    return plain.decode()


def test_every_address_is_hashed(visitor: Client) -> None:
    waiting: list[str] = []
    for path, page in pages(visitor).items():
        urls = IN_PAGES.findall(page)
        assert len(urls) >= 3, path
        assert [url for url in urls if not HASHED.fullmatch(url)] == [], path
        waiting += urls
    seen: set[str] = set()
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        assert HASHED.fullmatch(url), url
        text = static_file(visitor, url)
        if url.endswith(".js"):
            waiting += [urljoin(url, found["url"]) for found in re.finditer(IMPORT, text)]
        if url.endswith(".css"):
            waiting += [urljoin(url, found) for found in IN_STYLES.findall(text) if not found.startswith("data:")]
    assert {url.rpartition(".")[2] for url in seen} == {"css", "js", "svg", "woff2"}
    assert len(seen) > 70


def test_the_chat_page_names_each_module_before_it_is_asked_for(visitor: Client) -> None:
    """A browser that has to find them one by one waits for as many round trips as imports are deep."""
    session = world.make_session()
    page = visitor.get(f"/chats/{session.pk}/").content.decode()
    named = set(re.findall(r'<link rel="modulepreload" href="([^"]+)"', page))
    first = re.search(r'<script type="module" src="([^"]+)"', page)
    assert first is not None
    waiting, seen = [first[1]], set()
    while waiting:
        url = waiting.pop()
        seen.add(url)
        text = static_file(visitor, url)
        waiting += [at for found in re.finditer(IMPORT, text) if (at := urljoin(url, found["url"])) not in seen]
    assert named == seen - {first[1]}
