"""Which pages may open the live socket: those of this very address (scheme, host and port) and those that
CSRF_TRUSTED_ORIGINS names, as Django has it for forms. A browser sends the login cookie to a host whatever the port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

from tgadmin.core import origin

PORTS = {"http": 80, "https": 443}


class OriginChecked:
    """Refuses the handshake (403) of any other page, and of whoever does not say where it comes from."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin1") for name, value in scope["headers"]}
        secure = scope.get("scheme") == "wss"
        chosen = self._inner if is_allowed(headers, secure=secure) else WebsocketDenier()
        await chosen(scope, receive, send)


def socket_origin(scope: Any, user: Any) -> origin.Origin:
    """From where what is done on this socket comes, for the record."""
    headers = {name: value.decode("latin1") for name, value in scope["headers"]}
    remote = (scope.get("client") or ("",))[0]
    address = origin.client_address(remote, headers.get(b"x-forwarded-for", ""), settings.TRUSTED_PROXIES)
    return origin.Origin(address, origin.short_agent(headers.get(b"user-agent", "")), lambda: user)


def is_allowed(headers: Mapping[bytes, str], *, secure: bool = False) -> bool:
    """By the handshake's headers. ``secure``: this server itself speaks TLS."""
    page, host = headers.get(b"origin", ""), headers.get(b"host", "")
    scheme = "https" if secure or _is_behind_tls(headers) else "http"
    return bool(page) and (_is_own(page, host, scheme) or _is_trusted(page))


def _is_behind_tls(headers: Mapping[bytes, str]) -> bool:
    """A proxy says so, where it is trusted to."""
    if not getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        return False
    name, value = settings.SECURE_PROXY_SSL_HEADER
    given = headers.get(name.removeprefix("HTTP_").replace("_", "-").lower().encode(), "")
    return given.partition(",")[0].strip() == value


def _is_own(page: str, host: str, scheme: str) -> bool:
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    own, theirs = _address(f"{scheme}://{host}"), _address(page)
    return own is not None and own == theirs


def _is_trusted(page: str) -> bool:
    theirs = _address(page)
    return theirs is not None and any(_matches(theirs, urlsplit(one)) for one in settings.CSRF_TRUSTED_ORIGINS)


def _matches(theirs: tuple[str, str, int], trusted: SplitResult) -> bool:
    """``https://*.example.com`` trusts every host below that domain."""
    scheme, host, port = theirs
    if scheme != trusted.scheme or port != (trusted.port or PORTS.get(trusted.scheme)):
        return False
    name = trusted.hostname or ""
    return is_same_domain(host, name[1:]) if name.startswith("*.") else host == name


def _address(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None when it is no web page's origin (``null``, a file, an extension)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname or parts.path or parts.username is not None:
        return None
    return parts.scheme, parts.hostname.removesuffix("."), port or PORTS[parts.scheme]
