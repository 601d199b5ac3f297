"""Static files over HTTP: which form goes out, parts and conditions, and files that change under a running server."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from tgadmin.statics.serving import StaticFiles

pytestmark = pytest.mark.django_db  # the end of a response closes connections

CONTENT = b"export const numbers = [" + b"1, 2, 3, " * 500 + b"];\n"


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> StaticFiles:
    settings.STATICFILES_DIRS = [tmp_path]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    (tmp_path / "page.js").write_text("one")
    (tmp_path / "long.js").write_bytes(CONTENT)
    (tmp_path / "long.js.br").write_bytes(brotli.compress(CONTENT))
    (tmp_path / "long.js.gz").write_bytes(gzip.compress(CONTENT, mtime=0))
    return StaticFiles(lambda request: HttpResponse(status=404))


def ask(served: StaticFiles, name: str = "long.js", method: str = "GET", **headers: str) -> HttpResponse:
    given = {key.replace("_", "-"): value for key, value in headers.items()}
    response = served(RequestFactory().generic(method, f"/static/{name}", headers=given))
    body = response.getvalue() if response.streaming else response.content
    response.close()
    assert method == "HEAD" or response.get("Content-Length", str(len(body))) == str(len(body))
    response.body = body  # type: ignore[attr-defined]
    return response


def get(served: StaticFiles) -> tuple[int, str, bytes]:
    response = ask(served, "page.js")
    return response.status_code, response.get("Content-Length", ""), response.body  # type: ignore[attr-defined]


# --- which form -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0, gzip;q=0", None),
        ("zstd, brotli, x-gzip", None),
        ("identity", None),
        ("*", None),
        ("", None),
    ],
)
def test_the_smallest_form_that_is_taken_goes_out(served: StaticFiles, asked: str, sent: str | None) -> None:
    response = ask(served, Accept_Encoding=asked)
    assert (response.status_code, response.get("Content-Encoding")) == (200, sent)
    assert response["Vary"] == "Accept-Encoding"
    plain = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[sent]
    assert plain(response.body) == CONTENT  # type: ignore[attr-defined]


def test_head_says_what_get_would_send(served: StaticFiles) -> None:
    head, got = (ask(served, method=method, Accept_Encoding="br") for method in ("HEAD", "GET"))
    assert head.body == b""  # type: ignore[attr-defined]
    assert head.headers == got.headers
    assert ask(served, method="POST").status_code == 405


# --- parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "start", "end"),
    [("0-9", 0, 10), ("0-0", 0, 1), ("5-", 5, None), ("-7", -7, None), ("10-99999", 10, None), ("-99999", 0, None)],
)
def test_a_part_is_one_of_the_plain_form(served: StaticFiles, part: str, start: int, end: int | None) -> None:
    response = ask(served, Range=f"bytes={part}", Accept_Encoding="br, gzip")
    assert response.status_code == 206
    assert "Content-Encoding" not in response
    assert response.body == CONTENT[start:end]  # type: ignore[attr-defined]
    first = len(CONTENT) + start if start < 0 else start
    last = len(CONTENT) if end is None else end
    assert response["Content-Range"] == f"bytes {first}-{last - 1}/{len(CONTENT)}"


@pytest.mark.parametrize("part", ["bytes=99999-", "bytes=-0", "bytes=9-3"])
def test_a_part_that_is_not_there(served: StaticFiles, part: str) -> None:
    response = ask(served, Range=part)
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")


@pytest.mark.parametrize("part", ["bytes=1-2,5-6", "lines=1-2", "bytes=a-b", "bytes", "bytes=--"])
def test_what_names_no_part_brings_the_whole(served: StaticFiles, part: str) -> None:
    response = ask(served, Range=part)
    assert (response.status_code, response.body) == (200, CONTENT)  # type: ignore[attr-defined]


def test_a_part_of_the_same_file_only(served: StaticFiles) -> None:
    """Whoever goes on with a file that has changed gets the new one as a whole."""
    tag = ask(served)["ETag"]
    assert ask(served, Range="bytes=0-9", If_Range=tag).status_code == 206
    assert ask(served, Range="bytes=0-9", If_Range='"another"').status_code == 200
    assert ask(served, method="HEAD", Range="bytes=0-9").status_code == 200


# --- conditions -----------------------------------------------------------------------------------------------------


def test_what_is_known_is_not_sent_again(served: StaticFiles) -> None:
    first = ask(served)
    tag, date = first["ETag"], first["Last-Modified"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = ask(served, If_None_Match=known)
        assert (response.status_code, response.body, response["ETag"]) == (304, b"", tag), known  # type: ignore[attr-defined]
    assert ask(served, If_Modified_Since=date).status_code == 304
    assert ask(served, If_None_Match='"other"').status_code == 200
    assert ask(served, If_None_Match='"other"', If_Modified_Since=date).status_code == 200
    assert ask(served, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status_code == 200
    assert ask(served, If_Modified_Since="nonsense").status_code == 200


# --- changes --------------------------------------------------------------------------------------------------------


def test_a_changed_file_comes_whole(served: StaticFiles, tmp_path: Path) -> None:
    assert get(served) == (200, "3", b"one")
    (tmp_path / "page.js").write_text("and now much longer")
    assert get(served) == (200, "19", b"and now much longer")
    (tmp_path / "page.js").write_text("")
    assert get(served) == (200, "0", b"")


@pytest.mark.parametrize("suffix", [".br", ".gz"])
def test_a_changed_compressed_form_comes_whole(served: StaticFiles, tmp_path: Path, suffix: str) -> None:
    encoding = {".br": "br", ".gz": "gzip"}[suffix]
    assert ask(served, Accept_Encoding=encoding)["Content-Encoding"] == encoding
    longer = (tmp_path / f"long.js{suffix}").read_bytes() + b"more"
    (tmp_path / f"long.js{suffix}").write_bytes(longer)
    assert ask(served, Accept_Encoding=encoding).body == longer  # type: ignore[attr-defined]
    (tmp_path / f"long.js{suffix}").unlink()
    response = ask(served, Accept_Encoding=encoding)
    assert ("Content-Encoding" in response, response.body) == (False, CONTENT)  # type: ignore[attr-defined]


def test_a_file_that_is_gone_is_not_found(served: StaticFiles, tmp_path: Path) -> None:
    (tmp_path / "page.js").unlink()
    assert get(served)[0] == 404
    (tmp_path / "page.js").write_text("back")
    assert get(served)[0] == 404  # a new file needs a new start, as it did before


# --- the product's own ----------------------------------------------------------------------------------------------


def test_hashed_files_are_kept_for_ever_and_plain_ones_for_a_minute(client: Client) -> None:
    hashed = staticfiles_storage.url("common/app.css")
    assert client.get(hashed)["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/common/app.css")["Cache-Control"] == "max-age=60, public"
    assert client.get(hashed.replace("app.", "app.0")).status_code == 404
    assert "Access-Control-Allow-Origin" not in client.get(hashed)


@pytest.mark.parametrize(
    "path",
    [
        "../settings.py", "..%2fsettings.py", "%2e%2e/settings.py", "common/../../manage.py", "/etc/passwd", "common/",
        "", ".collected", ".collecting", "staticfiles.json", "common//app.css", "common\\app.css",
    ],
)  # fmt: skip
def test_nothing_beside_them_is_served(client: Client, path: str) -> None:
    assert client.get(f"/static/{path}").status_code in (400, 404)
