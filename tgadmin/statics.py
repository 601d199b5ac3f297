"""Static files, also when they change under a running server.

WhiteNoise looks at all files once, when the server starts, and promises their length of then: a file that an upgrade
in place made longer came cut off, and scripts with it. And Django reads a whole file into memory before its first byte
goes out, for as long as the reader takes: here a piece is read when the one before has gone.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

Stamp = tuple[int, int]

PIECE = 64 << 10


def stamp(path: str) -> Stamp | None:
    """By what a change is noticed: the time of the last one in ns, the length in bytes; None if there is no file."""
    try:
        return _of(os.stat(path))  # noqa: PTH116 - for each request, and a Path costs more than the stat
    except OSError:
        return None


def _of(found: os.stat_result) -> Stamp:
    return found.st_mtime_ns, found.st_size


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise, which looks at a file again when it is no longer the one that it knows."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._known: dict[str, tuple[str, Stamp | None]] = {}
        super().__init__(*args, **options)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        url = request.path_info
        known = self._known.get(url)
        if known is not None and stamp(known[0]) != known[1]:
            self._reload(url, known[0])
        return super().__call__(request)

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        answer = WhiteNoiseMiddleware.serve(static_file, request)
        if answer.file_to_stream is not None and isinstance(request, ASGIRequest):
            answer.streaming_content = _pieces(answer.file_to_stream)
        return answer

    def add_file_to_dictionary(self, url: str, path: str, stat_cache: Any = None) -> None:
        # What WhiteNoise has seen, or what is there before it looks: a change in between is noticed later.
        self._known[url] = path, _of(stat_cache[path]) if stat_cache else stamp(path)
        super().add_file_to_dictionary(url, path, stat_cache)

    def _reload(self, url: str, path: str) -> None:
        if Path(path).is_file():
            self.add_file_to_dictionary(url, path)
        else:
            self.files.pop(url, None)
            self._known.pop(url, None)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """A file's bytes; it is closed with the answer."""
    while piece := file.read(PIECE):
        yield piece
