"""Pages and JSON are compressed for whoever takes it, unless another site has asked for them."""

from __future__ import annotations

import gzip

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from tests.kit import world
from tests.kit.confirmed import confirmed
from tgadmin.compression import Compression

TEXT = "the same over and over again " * 100


def answer(response: HttpResponseBase, **headers: str) -> HttpResponseBase:
    given = {key.replace("_", "-"): value for key, value in {"Accept_Encoding": "gzip", **headers}.items()}
    passed = Compression(lambda request: response)(RequestFactory().get("/", headers=given))
    assert isinstance(passed, HttpResponseBase)
    return passed


def is_compressed(response: HttpResponseBase) -> bool:
    return response.get("Content-Encoding") == "gzip"


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "text/plain", "image/svg+xml"])
def test_text_is_compressed(kind: str) -> None:
    response = answer(HttpResponse(TEXT, content_type=kind))
    assert isinstance(response, HttpResponse)
    assert gzip.decompress(response.content).decode() == TEXT
    assert response["Content-Length"] == str(len(response.content))
    assert response["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(TEXT, content_type="image/png"),
        HttpResponse(TEXT, content_type="application/octet-stream"),
        HttpResponse("short"),
        HttpResponse(TEXT, headers={"Content-Encoding": "br"}),
        StreamingHttpResponse([TEXT]),
    ],
    ids=["picture", "file", "short", "compressed", "streamed"],
)
def test_all_else_goes_out_as_it_is(response: HttpResponseBase) -> None:
    assert not is_compressed(answer(response))


@pytest.mark.parametrize("taken", ["", "br", "identity", "gzip;q=0", "x-gzip", "gzip;q=nonsense"])
def test_who_does_not_take_it_gets_it_plain(taken: str) -> None:
    response = answer(HttpResponse(TEXT), Accept_Encoding=taken)
    assert not is_compressed(response)
    assert response["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("site", "compressed"), [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)]
)
def test_what_another_site_asks_for_is_not_compressed(site: str, compressed: bool) -> None:
    """Its length would tell whether a guess in the address is like something in the page (BREACH)."""
    assert is_compressed(answer(HttpResponse(TEXT), Sec_Fetch_Site=site)) is compressed


def test_lengths_of_one_page_differ() -> None:
    assert len({len(answer(HttpResponse(TEXT)).content) for _ in range(20)}) > 1  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_the_products_pages_and_json() -> None:
    client = Client(headers={"Accept-Encoding": "gzip"})
    client.force_login(User.objects.create_superuser("marta"))
    confirmed(client)
    chat = world.make_chat(world.make_session(), "Anna")
    world.make_message(chat, 1, "Hello " * 100)
    tokens = set()
    for path in ("/admin/", f"/chats/{chat.session_id}/{chat.pk}/", f"/chats/{chat.session_id}/{chat.pk}/history/"):
        response = client.get(path)
        assert is_compressed(response), path
        assert b"Hello" in gzip.decompress(response.content) or path == "/admin/"
        assert not is_compressed(client.get(path, headers={"Sec-Fetch-Site": "cross-site"})), path
    for _ in range(2):  # what must not be guessed looks different in each answer
        tokens.add(gzip.decompress(client.get("/admin/auth/group/add/").content).split(b"csrfmiddlewaretoken")[1][:90])
    assert len(tokens) == 2
