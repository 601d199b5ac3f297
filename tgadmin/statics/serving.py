"""Static files over HTTP, also when they change under a running server.

WhiteNoise looks at all files once, when the server starts, and promises their length of then: a file that an upgrade
in place made longer came cut off, and scripts with it. And Django reads a whole file into memory before its first byte
goes out, for as long as the reader takes: here a piece is read when the one before has gone.

What WhiteNoise makes of a request's headers is simple; ``Form`` reads them as RFC 9110 says: an encoding that is
refused (``br;q=0``) is not sent, a part of a file is one of its plain form, and of the same file as before.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from csp.constants import NONE, SELF
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import Response, SlicedFile, StaticFile

from tgadmin.statics.collecting import MANIFEST, collect
from tgadmin.statics.encodings import accepted

Stamp = tuple[int, int]

PIECE = 64 << 10
YEAR = 31_536_000
POLICY = {
    "default-src": [SELF],
    "script-src": [SELF],
    "object-src": [NONE],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}
"""Of a file that somebody opens by itself. As strict as the pages', and shorter: it comes with each of fifty files."""
ENCODINGS = {"br": ".br", "gzip": ".gz"}


def stamps(path: str) -> tuple[Stamp | None, ...]:
    """By what a change is noticed, of a file and its compressed forms: the time of the last one in ns, the length in
    bytes; None where there is none."""
    return tuple(_stamp(path + suffix) for suffix in ("", *ENCODINGS.values()))


def _stamp(path: str) -> Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - for each request, and a Path costs more than the stat
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


class Form(StaticFile):
    """A file in the form that a request asks for."""

    def get_response(self, method: str, request_headers: Mapping[str, Any]) -> Response:
        asked = dict(request_headers)
        wanted = accepted(asked.get("HTTP_ACCEPT_ENCODING", ""))
        asked["HTTP_ACCEPT_ENCODING"] = ", ".join(name for name in ENCODINGS if name in wanted)
        if "HTTP_IF_NONE_MATCH" in asked:
            tags = {tag.removeprefix("W/") for tag in parse_etags(asked["HTTP_IF_NONE_MATCH"])}
            asked["HTTP_IF_NONE_MATCH"] = self.etag if tags & {self.etag, "*"} else ""
        if "HTTP_RANGE" in asked:
            asked["HTTP_ACCEPT_ENCODING"] = ""
            if method != "GET" or asked.get("HTTP_IF_RANGE", self.etag) != self.etag:
                del asked["HTTP_RANGE"]
        return super().get_response(method, asked)

    def get_range_response(self, range_header: str, base_headers: Any, file_handle: IO[bytes]) -> Response:
        """WhiteNoise's, but one byte is a part too."""
        size = int(dict(base_headers)["Content-Length"])
        start, end = self.get_byte_range(range_header, size)
        if start > end or range_header.rstrip().endswith("=-0"):
            return self.get_range_not_satisfiable_response(file_handle, size)
        headers = [item for item in base_headers if item[0] != "Content-Length"]
        headers += [("Content-Range", f"bytes {start}-{end}/{size}"), ("Content-Length", str(end - start + 1))]
        return Response(HTTPStatus.PARTIAL_CONTENT, headers, SlicedFile(file_handle, start, end))


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise, which looks at a file again when it is no longer the one that it knows."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._known: dict[str, tuple[str, tuple[Stamp | None, ...]]] = {}
        super().__init__(*args, **options)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        url = request.path_info
        known = self._known.get(url)
        if known is not None and stamps(known[0]) != known[1]:
            self._reload(url, known[0])
        if settings.DEBUG and not url.startswith(self.static_prefix):
            self._look_for_changes()
        return super().__call__(request)

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        answer = WhiteNoiseMiddleware.serve(static_file, request)
        answer._csp_config = POLICY  # noqa: SLF001 - how CSPMiddleware is told
        if answer.file_to_stream is not None and isinstance(request, ASGIRequest):
            answer.streaming_content = _pieces(answer.file_to_stream)
        return answer

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> Form:
        made = super().get_static_file(path, url, stat_cache)
        found = [item for item in made.alternatives[-1][2] if item[0] not in ("Content-Length", "Content-Encoding")]
        return Form(path, found, {name: path + suffix for name, suffix in ENCODINGS.items()}, stat_cache)

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        if Path(path).name.startswith(".") or path == str(Path(self.static_root) / MANIFEST):
            return  # what collecting notes down for itself
        self._known[url] = path, stamps(path)  # before WhiteNoise looks: a change in between is noticed later
        super().add_file_to_dictionary(url, path, stat_cache)

    def add_cache_headers(self, headers: Any, path: str, url: str) -> None:
        super().add_cache_headers(headers, path, url)
        if "immutable" in (headers["Cache-Control"] or ""):
            headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"

    def _reload(self, url: str, path: str) -> None:
        if Path(path).is_file():
            self.add_file_to_dictionary(url, path)
        else:
            self.files.pop(url, None)
            self._known.pop(url, None)

    def _look_for_changes(self) -> None:
        """For whoever works on the files: the next page has what they have just saved."""
        if collect():
            self.add_files(self.static_root, prefix=self.static_prefix)
            self.add_files_from_finders()


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """A file's bytes; it is closed with the answer."""
    while piece := file.read(PIECE):
        yield piece
