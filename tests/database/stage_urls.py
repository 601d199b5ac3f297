"""Views that hold a connection until a test lets them go (an advisory lock), and fail in every way they can."""

from __future__ import annotations

import io
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection, transaction
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path

from apps.staff import hashers

BLOCK = 65536


def query() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def held(request: HttpRequest) -> None:
    """Until the test gives the lock back that the address names."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [request.GET["lock"]])
        cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [request.GET["lock"]])


def plain(request: HttpRequest) -> HttpResponse:
    held(request)
    return HttpResponse("done")


def atomic(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        held(request)
    return HttpResponse("done")


def unfinished(request: HttpRequest) -> HttpResponse:
    transaction.set_autocommit(False)
    held(request)
    return HttpResponse("done")


def raising(request: HttpRequest) -> HttpResponse:
    held(request)
    raise RuntimeError("as asked")


async def asynchronous(request: HttpRequest) -> HttpResponse:
    await sync_to_async(held)(request)
    return HttpResponse("done")


def streaming(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        query()
        yield b"x" * BLOCK
        held(request)
        yield b"x" * BLOCK

    return StreamingHttpResponse(parts())


async def endless(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"x" * BLOCK
        await sync_to_async(held)(request)
        for _ in itertools.count():
            await sync_to_async(query)()
            yield b"x" * BLOCK

    return StreamingHttpResponse(parts())


class NeverClosed(FileResponse):
    """Keeps from its ``close`` what would tell Django that the request is over."""

    def close(self) -> None:
        self.closed = True


def file(request: HttpRequest) -> FileResponse:
    held(request)
    return NeverClosed(io.BytesIO(b"x" * BLOCK * 64))


class Raising:
    """Asks the database, and fails before or after the view as the address wants it."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        wish = request.GET.get("fail", "")
        if wish == "before":
            held(request)
            raise RuntimeError("as asked")
        response = self.get_response(request)
        if wish == "after":
            held(request)
            raise RuntimeError("as asked")
        return response


class Slow(MD5PasswordHasher):
    """Takes as long as the test lets the file stand; each beginning is a line in another file."""

    def encode(self, password: str, salt: str) -> str:
        file = Path(os.environ["STAGE_HASHES"])
        if file.exists():
            with file.with_suffix(".begun").open("a") as begun:
                begun.write("one\n")
        while file.exists():
            time.sleep(0.02)
        return super().encode(password, salt)


class Held(hashers._Hasher, Slow):
    """Bounded as the product's are."""


def busy(request: HttpRequest) -> HttpResponse:
    """Long, in statements each of which ends in time."""
    for _ in range(int(request.GET["times"])):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(1)")
    return HttpResponse("done")


urlpatterns = [
    path("stage/plain", plain),
    path("stage/busy", busy),
    path("stage/atomic", atomic),
    path("stage/unfinished", unfinished),
    path("stage/raising", raising),
    path("stage/asynchronous", asynchronous),
    path("stage/streaming", streaming),
    path("stage/endless", endless),
    path("stage/file", file),
    path("", include("tgadmin.urls")),
]
