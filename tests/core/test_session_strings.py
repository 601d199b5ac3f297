"""Session strings of other programs: what Telethon, GramJS and Pyrogram write is read, however it was pasted."""

from __future__ import annotations

import base64
import struct
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telethon.crypto import AuthKey
from telethon.sessions import StringSession

from tgadmin.core.data_centres import is_test
from tgadmin.core.errors import UserError
from tgadmin.core.session_strings import MAX_PASTED, ForeignSession, read_string, write_string

pytestmark = pytest.mark.pure

KEY = bytes(range(256))
SESSION = ForeignSession(2, "149.154.167.51", 443, KEY)


def telethon(address: str = "149.154.167.51") -> str:
    session = StringSession()
    session.set_dc(2, address, 443)
    session.auth_key = AuthKey(KEY)
    return str(session.save())


def gramjs(host: str, dc_id: int = 2) -> str:
    name = host.encode()
    return "1" + base64.b64encode(struct.pack(">bh", dc_id, len(name)) + name + struct.pack(">h", 443) + KEY).decode()


def pyrogram(form: str, *parts: object) -> str:
    return base64.urlsafe_b64encode(struct.pack(form, *parts)).rstrip(b"=").decode()


@pytest.mark.parametrize("address", ["149.154.167.51", "2001:67c:4e8:f002::a"])
def test_telethons_both_ways(address: str) -> None:
    read = read_string(telethon(address))
    assert read == ForeignSession(2, address, 443, KEY)
    assert write_string(read) == telethon(address)
    assert base64.b64decode(str(read.to_json()["auth_key"])) == KEY
    assert "\\x" not in repr(read)


PASTED = {
    "without its padding": lambda text: text.rstrip("="),
    "in quotes": lambda text: f'"{text}"',
    "in typographic quotes": lambda text: f"\u201e{text}\u201c",
    "a comma behind": lambda text: f"{text},",
    "a line of an environment file": lambda text: f"SESSION={text}",
    "exported": lambda text: f"export TG_SESSION='{text}'",
    "a line of Python": lambda text: f'client = TelegramClient(StringSession("{text}"), 1, "0123456789abcdef")',
    "YAML": lambda text: f"session: {text}  # support",
    "a byte-order mark": lambda text: "\ufeff" + text,
    "zero-width spaces": lambda text: text[:9] + "\u200b" + text[9:] + "\u200b",
    "lines of 64": lambda text: "\n".join(textwrap.wrap(text, 64)),
    "lines of 76 with a name": lambda text: "session: " + "\r\n".join(textwrap.wrap(text, 76)),
    "a name and lines": lambda text: "my session\n" + " ".join(textwrap.wrap(text, 50)),
    "the other alphabet": lambda text: text.replace("-", "+").replace("_", "/"),
}


@pytest.mark.parametrize("how", PASTED)
@pytest.mark.parametrize(
    "text",
    [
        telethon(),
        telethon("2001:67c:4e8:f002::a"),
        gramjs("venus.web.telegram.org"),
        pyrogram(">BI?256sQ?", 2, 12345, False, KEY, 42, False),
    ],
    ids=["telethon", "telethon, IPv6", "gramjs", "pyrogram"],
)
def test_however_it_is_pasted(text: str, how: str) -> None:
    read = read_string(PASTED[how](text))
    assert (read.dc_id, read.port, read.auth_key) == (2, 443, KEY)


@pytest.mark.parametrize("host", ["149.154.167.51", "venus.web.telegram.org", "149.154.167.5", "zws2.web.telegram.org"])
def test_gramjs(host: str) -> None:
    """It begins with 1 as Telethon's does; the length of its address tells it, also where both have as many bytes."""
    read = read_string(gramjs(host))
    assert (read.dc_id, read.auth_key) == (2, KEY)
    assert read.server_address == (host if host[0].isdigit() else "149.154.167.51")


@pytest.mark.parametrize("test", [False, True])
@pytest.mark.parametrize(
    ("form", "before"),
    [(">BI?256sQ?", (2, 12345)), (">B?256sQ?", (2,)), (">B?256sI?", (2,))],
    ids=["2.0", "64 bit", "1"],
)
def test_pyrograms_of_all_ages(form: str, before: tuple[int, ...], test: bool) -> None:
    read = read_string(pyrogram(form, *before, test, KEY, 42, False))
    assert (read.dc_id, read.port, read.auth_key) == (2, 443, KEY)
    assert is_test(read.server_address) == test


@pytest.mark.parametrize(
    "text",
    ["", "1", "2" + telethon()[1:], telethon()[1:], telethon()[:-4], telethon() * 2, "1" + "é" * 352, "\0",
     f"{telethon()} {telethon()}", "x" * (MAX_PASTED + 1)],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    with pytest.raises(UserError) as refused:
        read_string(text)
    assert refused.value.code == "IMPORT_UNREADABLE"
    assert KEY.hex()[:20] not in str(refused.value)
    assert telethon()[20:40] not in str(refused.value)


@given(st.text(max_size=500))
def test_any_text(text: str) -> None:
    with pytest.raises(UserError):
        read_string(text)
