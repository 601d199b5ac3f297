"""Proxies between us and Telegram: SOCKS5 and MTProxy, as people write them and pass them on."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tgadmin.core import pasted
from tgadmin.core.errors import UserError

MAX_HOST, MAX_NAME = 253, 255
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_LINK_HOSTS = ("t.me", "telegram.me", "telegram.dog")
_PADDED, _FAKE_TLS = 0xDD, 0xEE


class ProxyKind(StrEnum):
    SOCKS5 = "socks5"
    MTPROXY = "mtproxy"


@dataclass(frozen=True)
class Proxy:
    """One proxy. ``username`` and ``password`` are SOCKS5's ("": none), ``secret`` is MTProxy's: 16 bytes as 32 hex
    digits, or the 17 of one that begins with ``dd``. Its text form shows neither."""

    kind: ProxyKind
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if len(self.host) > MAX_HOST or not _HOST.fullmatch(self.host):
            raise UserError("PROXY_INVALID", "The proxy's host is a name or an IP address.")
        if not 1 <= self.port <= 65535:
            raise UserError("PROXY_INVALID", "The proxy's port is a number from 1 to 65535.")
        if self.kind is ProxyKind.SOCKS5:
            self._check_names()
        else:
            object.__setattr__(self, "secret", _secret(self.secret))

    def _check_names(self) -> None:
        """RFC 1929: one byte of length each. A name without a password would be sent by no client."""
        if bool(self.username) != bool(self.password):
            raise UserError("PROXY_INVALID", "A SOCKS5 proxy takes a user name and a password, or neither.")
        if any(len(each.encode()) > MAX_NAME for each in (self.username, self.password)):
            raise UserError(
                "PROXY_INVALID", "The proxy's user name or password is longer than SOCKS5 allows (255 bytes)."
            )

    @property
    def secret_bytes(self) -> bytes:
        """The 16 bytes that go into MTProxy's keys."""
        return bytes.fromhex(self.secret)[-16:]

    @property
    def address(self) -> str:
        """``host:port``, for people."""
        return self.shown(self.host, self.port)

    @staticmethod
    def shown(host: str, port: int) -> str:
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def to_secret(self) -> dict[str, str]:
        """What of it is stored encrypted."""
        return {"username": self.username, "password": self.password, "secret": self.secret}

    def link(self) -> str:
        """As ``parse`` takes it, its secret included."""
        if self.kind is ProxyKind.MTPROXY:
            return f"tg://proxy?server={quote(self.host)}&port={self.port}&secret={self.secret}"
        names = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@" if self.username else ""
        return f"socks5://{names}{self.address}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From a link as it is passed on: ``tg://proxy?…``, ``https://t.me/proxy?…`` and ``…socks?…``
        (https://core.telegram.org/api/links#mtproxy-links), or ``socks5://user:password@host:port``.

        Raises UserError.
        """
        try:
            parts = urlsplit(pasted.link(text))
            port = parts.port
        except ValueError:
            raise UserError("PROXY_INVALID", _NO_LINK) from None
        if parts.scheme in ("socks5", "socks5h"):
            if not parts.hostname or port is None:
                raise UserError("PROXY_INVALID", _NO_LINK)
            return cls(
                ProxyKind.SOCKS5, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or "")
            )
        what = _what(parts.scheme, parts.hostname or "", parts.path)
        return cls._of_query({name: values[0] for name, values in parse_qs(parts.query).items()}, what)

    @classmethod
    def _of_query(cls, given: dict[str, str], what: str) -> Self:
        host, port = given.get("server", "").strip("[]"), _number(given.get("port", ""))
        if what == "proxy":
            # A plus of base64 has become a space on its way through the query.
            return cls(ProxyKind.MTPROXY, host, port, secret=given.get("secret", "").replace(" ", "+"))
        if what == "socks":
            return cls(ProxyKind.SOCKS5, host, port, given.get("user", ""), given.get("pass", ""))
        raise UserError("PROXY_INVALID", _NO_LINK)


_NO_LINK = "This is no proxy: use a link as tg://proxy?… or tg://socks?…, or socks5://user:password@host:port."


def _what(scheme: str, host: str, path: str) -> str:
    if scheme == "tg":
        return host
    if scheme in ("http", "https") and host in _LINK_HOSTS:
        return path.strip("/")
    return ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0


def _secret(text: str) -> str:
    """The secret in hex digits. Raises UserError, for fake TLS with a sentence of its own."""
    raw = _decoded(text.strip())
    if raw[:1] == bytes([_FAKE_TLS]) and len(raw) > 17:
        raise UserError(
            "PROXY_INVALID",
            "This MTProxy secret asks for fake TLS (it begins with ee), which is not supported: "
            "ask for a secret that begins with dd, or a plain one.",
        )
    if len(raw) == 16 or (len(raw) == 17 and raw[0] == _PADDED):
        return raw.hex()
    raise UserError("PROXY_INVALID", "An MTProxy secret has 32 hexadecimal digits, or dd and 32 more.")


def _decoded(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
