"""Sessions of other programs as a line of text: Telethon's StringSession, GramJS's, Pyrogram's.

Nothing but the key and its data centre is taken out; errors never hold what was given. The formats:
telethon/sessions/string.py; gramjs/sessions/StringSession.ts; pyrogram/storage/storage.py (three of them, by age).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import struct
from dataclasses import dataclass, field
from typing import Any

from tgadmin.core import data_centres, pasted
from tgadmin.core.errors import UserError

KEY_BYTES = 256
MAX_PASTED = 16 * 1024
"""Characters: the longest of the formats has some 400; the rest is what was pasted along."""
_RUN = re.compile(r"[A-Za-z0-9_\-+/]{340,1024}(?![A-Za-z0-9_\-+/])")
_PIECE = 20
"""Characters of a line of a session that was broken into lines; the last one may be shorter."""
_PYROGRAM = (">BIB256sQB", ">BB256sQB", ">BB256sIB")
_GRAMJS_BESIDE = 1 + 2 + 2 + KEY_BYTES
"""Bytes of a GramJS string beside its address: data centre, length of the address, port, key."""


@dataclass(frozen=True, slots=True)
class ForeignSession:
    """An auth key as another program has kept it; the address is what that program connected to, or one of the data
    centre's where it kept none."""

    dc_id: int
    server_address: str
    port: int
    auth_key: bytes = field(repr=False)

    def to_json(self) -> dict[str, object]:
        """For encrypted storage, as a key is kept: {"dc_id", "server_address", "port", "auth_key" (base64)}."""
        key = base64.b64encode(self.auth_key).decode("ascii")
        return {"dc_id": self.dc_id, "server_address": self.server_address, "port": self.port, "auth_key": key}


def read_string(text: str) -> ForeignSession:
    """The session in a pasted text: with quotes, a variable's name, line breaks or invisible characters around or in
    it, with or without the ``=`` at its end. Raises UserError."""
    line = _line(text)
    if line.startswith("1"):
        raw = _decoded(line[1:])
        if raw is not None and (found := _gramjs(raw) or _telethon(raw)):
            return found
    raw = _decoded(line)
    if raw is not None and (found := _pyrogram(raw)):
        return found
    if line.startswith("1"):
        raise UserError("IMPORT_UNREADABLE", "This session string is damaged or incomplete.")
    raise UserError("IMPORT_UNREADABLE", "This is no session string of Telethon, Pyrogram or GramJS.")


def write_string(session: ForeignSession) -> str:
    """Telethon's StringSession. Raises ValueError for an address that is no IP address."""
    address = ipaddress.ip_address(session.server_address).packed
    raw = struct.pack(_form(len(address)), session.dc_id, address, session.port, session.auth_key)
    return "1" + base64.urlsafe_b64encode(raw).decode("ascii")


def _line(text: str) -> str:
    """The run of characters that can be a session: as it stands, or put together from lines that were broken."""
    if len(text) > MAX_PASTED:
        raise UserError("IMPORT_UNREADABLE", "This is too long for a session string.")
    text = pasted.plain(text)
    runs = _RUN.findall(text) or _RUN.findall(_joined(text))
    if len(runs) > 1:
        raise UserError("IMPORT_UNREADABLE", "This is more than one session string: give one of them.")
    return str(runs[0]) if runs else "".join(text.split())


def _joined(text: str) -> str:
    """Without the spaces of broken lines; words before the first long piece are what it was called."""
    pieces = text.split()
    first = next((at for at, piece in enumerate(pieces) if len(piece) >= _PIECE), 0)
    return "".join(pieces[first:])


def _decoded(line: str) -> bytes | None:
    """Base64 of either alphabet, its padding present or lost."""
    line = line.rstrip("=").translate({ord("+"): "-", ord("/"): "_"})
    try:
        return base64.b64decode(line + "=" * (-len(line) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _form(address_bytes: int) -> str:
    return f">B{address_bytes}sH{KEY_BYTES}s"


def _telethon(raw: bytes) -> ForeignSession | None:
    for address_bytes in (4, 16):
        if len(raw) == struct.calcsize(_form(address_bytes)):
            dc_id, address, port, key = struct.unpack(_form(address_bytes), raw)
            return checked(dc_id, str(ipaddress.ip_address(address)), port, key)
    return None


def _gramjs(raw: bytes) -> ForeignSession | None:
    """Told from Telethon's by the length of its address, which it names."""
    length = len(raw) - _GRAMJS_BESIDE
    if not 0 < length < 256 or int.from_bytes(raw[1:3]) != length:
        return None
    dc_id, address, port, key = struct.unpack(f">Bxx{length}sH{KEY_BYTES}s", raw)
    named = address.decode("ascii", "replace")
    try:
        ipaddress.ip_address(named)
    except ValueError:
        named = address_of(dc_id)  # a name, such as venus.web.telegram.org
    return checked(dc_id, named, port, key)


def _pyrogram(raw: bytes) -> ForeignSession | None:
    """It keeps no address, but whether its data centre is one of the test environment's."""
    for form in _PYROGRAM:
        if len(raw) == struct.calcsize(form):
            dc_id, *_, test, key, _, bot = struct.unpack(form, raw)
            if test < 2 and bot < 2 and dc_id in data_centres.PRODUCTION:
                return checked(dc_id, address_of(dc_id, test=bool(test)), 443, key)
    return None


def address_of(dc_id: Any, *, test: bool = False) -> str:
    """One of the data centre's addresses, "" for one that there is not."""
    return (data_centres.TEST if test else data_centres.PRODUCTION).get(dc_id, "") if type(dc_id) is int else ""


def checked(dc_id: Any, server_address: Any, port: Any, key: Any) -> ForeignSession:
    """The parts, whose types a file may have chosen. Raises UserError."""
    if not isinstance(key, bytes) or len(key) != KEY_BYTES or not any(key):
        raise UserError("IMPORT_UNREADABLE", "The session holds no key: its program has not signed in.")
    sound = type(dc_id) is int and 1 <= dc_id <= 0x7FFF and type(port) is int and 1 <= port <= 65535
    try:
        address = str(ipaddress.ip_address(server_address)) if isinstance(server_address, str) else ""
    except ValueError:
        address = ""
    if not sound or not address:
        raise UserError("IMPORT_UNREADABLE", "The session names no data centre that could be one of Telegram's.")
    return ForeignSession(dc_id, address, port, key)
