"""The command: ``python -m tgadmin.web -b 127.0.0.1 -p 8000``."""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.error import CannotListenError

from tgadmin.web.limits import KIB, MIB, Limits
from tgadmin.web.server import Server

OTHER_FILES = 256
"""Open files of the process beside its connections: databases, logs, temporary files of bodies."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until it is told to stop; 1 with a sentence on stderr if it cannot."""
    options = _options(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tgadmin.settings")
    from tgadmin.asgi import application, warm

    warm()
    limits, proxies, cookie = configured()
    server = Server(application, _within_files(limits), proxies=proxies, is_known=known_by(cookie), cookie=cookie)
    try:
        server.listen(options.bind.strip("[]"), options.port)
    except CannotListenError as error:
        sys.stderr.write(f"{options.bind}:{options.port}: {error.socketError.strerror}.\n")
        return 1
    server.run()
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tgadmin.web", description="tgadmin's web process")
    parser.add_argument("-b", "--bind", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("-p", "--port", type=int, default=8000)
    return parser.parse_args(arguments)


def configured() -> tuple[Limits, int, str]:
    """From Django's settings: the limits, how many proxies are trusted, the login cookie's name."""
    from django.conf import settings

    limits = Limits(
        body=settings.WEB_BODY_MIB * MIB,
        larger_bodies=settings.WEB_LARGER_BODIES,
        body_seconds=settings.WEB_BODY_SECONDS,
        body_rate=settings.WEB_BODY_RATE,
        header_seconds=settings.WEB_HEADER_SECONDS,
        header_bytes=settings.WEB_HEADER_KIB * KIB,
        headers=settings.WEB_HEADERS,
        idle_seconds=settings.WEB_IDLE_SECONDS,
        read_seconds=settings.WEB_READ_SECONDS,
        connections=settings.WEB_CONNECTIONS,
        connections_per_address=0 if settings.TRUSTED_PROXIES else settings.WEB_CONNECTIONS_PER_ADDRESS,
        stored=settings.WEB_STORED_MIB * MIB,
        queued=settings.WEB_QUEUED_MIB * MIB,
        anonymous=settings.WEB_ANONYMOUS_REQUESTS,
        unknown=settings.WEB_UNKNOWN_REQUESTS,
        wait_seconds=settings.WEB_WAIT_SECONDS,
        close_seconds=settings.WEB_CLOSE_SECONDS,
    )
    return limits, settings.TRUSTED_PROXIES, settings.SESSION_COOKIE_NAME


def _within_files(limits: Limits) -> Limits:
    """As many open files as the connections need, or as many connections as the system lets us have files for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # A connection may have a temporary file for its body.
    wanted = 2 * limits.connections + OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    most = max(1, (soft - OTHER_FILES) // 2)
    if most >= limits.connections:
        return limits
    sys.stderr.write(f"Only {soft} open files are allowed (ulimit -n): {most} connections at once.\n")
    return replace(limits, connections=most)


def known_by(cookie: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a scope's client sent a login cookie that the application has found good lately."""
    from tgadmin.core.visitors import visitors

    def is_known(scope: dict[str, Any]) -> bool:
        for name, value in scope["headers"]:
            if name == b"cookie":
                found = _cookie(value.decode("latin-1"), cookie)
                if found and visitors.knows(found):
                    return True
        return False

    return is_known


def _cookie(header: str, name: str) -> str:
    """The value of this cookie; empty when it is not there."""
    for pair in header.split(";"):
        key, _, value = pair.partition("=")
        if key.strip() == name:
            return value.strip().strip('"')
    return ""
