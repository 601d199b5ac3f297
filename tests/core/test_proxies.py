"""Proxies as people write them."""

import base64

import pytest

from tgadmin.core.errors import UserError
from tgadmin.core.proxies import Proxy, ProxyKind

pytestmark = pytest.mark.pure
SECRET = "00112233445566778899aabbccddeeff"
IN_BASE64 = base64.b64encode(bytes.fromhex(SECRET)).decode()
PADDED_FOR_URLS = base64.urlsafe_b64encode(bytes.fromhex("dd" + SECRET)).decode().rstrip("=")


def socks(host: str, username: str = "", password: str = "") -> Proxy:
    return Proxy(ProxyKind.SOCKS5, host, 1080, username, password)


def mtproxy(secret: str) -> Proxy:
    return Proxy(ProxyKind.MTPROXY, "p.example", 443, secret=secret)


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("socks5://127.0.0.1:1080", socks("127.0.0.1")),
        (
            " socks5://anna:p%40ss%20w@proxy.example:1080 ",
            socks("proxy.example", "anna", "p@ss w"),
        ),
        ("socks5://[::1]:1080", socks("::1")),
        (
            "tg://socks?server=10.0.0.1&port=1080&user=a&pass=b%26c",
            socks("10.0.0.1", "a", "b&c"),
        ),
        (
            f"tg://proxy?server=p.example&port=443&secret={SECRET}",
            mtproxy(SECRET),
        ),
        (
            f"https://t.me/proxy?server=p.example&port=443&secret=DD{SECRET}",
            mtproxy("dd" + SECRET),
        ),
        (
            f"https://t.me/proxy?server=p.example&port=443&secret={IN_BASE64}",
            mtproxy(SECRET),
        ),
        (
            f"tg://proxy?server=p.example&port=443&secret={PADDED_FOR_URLS}",
            mtproxy("dd" + SECRET),
        ),
    ],
)
def test_links(text: str, proxy: Proxy) -> None:
    found = Proxy.parse(text)
    assert (found, found.secret, found.password) == (proxy, proxy.secret, proxy.password)
    assert Proxy.parse(found.link()) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no proxy"),
        ("http://proxy.example:80", "no proxy"),
        ("https://evil.example/proxy?server=a&port=1&secret=" + SECRET, "no proxy"),
        ("socks5://proxy.example", "no proxy"),
        ("socks5://proxy.example:99999", "no proxy"),
        ("socks5://anna@proxy.example:1080", "user name and a password"),
        ("tg://proxy?server=&port=443&secret=" + SECRET, "host"),
        ("tg://proxy?server=a b&port=443&secret=" + SECRET, "host"),
        ("tg://proxy?server=a&port=0&secret=" + SECRET, "port"),
        ("tg://proxy?server=a&port=443&secret=abc", "32 hexadecimal"),
        ("tg://proxy?server=a&port=443&secret=ee" + SECRET + b"www.example.org".hex(), "fake TLS"),
    ],
)  # fmt: skip
def test_what_is_no_proxy_is_refused_without_repeating_it(text: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        Proxy.parse(text)
    assert message in refused.value.message
    assert SECRET not in refused.value.message


def test_its_text_shows_no_secret() -> None:
    shown = repr(Proxy(ProxyKind.SOCKS5, "h", 1, "anna", "word")) + repr(
        Proxy(ProxyKind.MTPROXY, "h", 1, secret=SECRET)
    )
    assert not [secret for secret in ("anna", "word", SECRET) if secret in shown]


def test_the_padded_form_has_the_same_key() -> None:
    plain, padded = (mtproxy(secret) for secret in (SECRET, "dd" + SECRET))
    assert plain.secret_bytes == padded.secret_bytes == bytes.fromhex(SECRET)
