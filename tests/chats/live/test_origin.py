"""Which pages may open the live socket, as Django has it for forms (Cross Site Request Forgery protection, "How it
works": the Origin header is verified against the current host and CSRF_TRUSTED_ORIGINS)."""

import pytest
from pytest_django import Settings

from apps.chats.live.origin import is_allowed

pytestmark = pytest.mark.pure

OWN = [
    ("http://tg.example", "tg.example"),
    ("http://tg.example:80", "tg.example"),
    ("http://tg.example", "tg.example:80"),
    ("http://tg.example:8000", "tg.example:8000"),
    ("http://TG.example:8000", "tg.example:8000"),
    ("http://127.0.0.1:8000", "127.0.0.1:8000"),
    ("http://[::1]:8000", "[::1]:8000"),
]
FOREIGN = [
    ("http://tg.example:8001", "tg.example:8000"),  # another program's page on the same host
    ("http://tg.example", "tg.example:8000"),
    ("https://tg.example", "tg.example"),
    ("http://evil.example", "tg.example"),
    ("http://evil.example", "evil.example"),  # a host that is not ours: DNS rebinding
    ("http://tg.example.evil.example", "tg.example"),
    ("http://user@tg.example", "tg.example"),
    ("http://tg.example/path", "tg.example"),
    ("http://tg.example:port", "tg.example"),
    ("http://[::1", "[::1"),
    ("file://", "tg.example"),
    ("null", "tg.example"),
    ("", "tg.example"),
    ("http://tg.example", ""),
]


def headers(origin: str, host: str, **more: str) -> dict[bytes, str]:
    given = {b"origin": origin, b"host": host}
    return given | {name.replace("_", "-").encode(): value for name, value in more.items()}


@pytest.fixture(autouse=True)
def hosts(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["tg.example", "127.0.0.1", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = []
    settings.SECURE_PROXY_SSL_HEADER = None


@pytest.mark.parametrize(("origin", "host"), OWN)
def test_a_page_of_this_address(origin: str, host: str) -> None:
    assert is_allowed(headers(origin, host))


@pytest.mark.parametrize(("origin", "host"), FOREIGN)
def test_any_other(origin: str, host: str) -> None:
    assert not is_allowed(headers(origin, host))


def test_behind_tls(settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert is_allowed(headers("https://tg.example", "tg.example", x_forwarded_proto="https"))
    assert not is_allowed(headers("http://tg.example", "tg.example", x_forwarded_proto="https"))
    assert not is_allowed(headers("https://tg.example", "tg.example", x_forwarded_proto="http"))
    assert is_allowed(headers("https://tg.example", "tg.example"), secure=True)


def test_origins_that_are_trusted(settings: Settings) -> None:
    """Where the proxy hides the name, as for forms."""
    settings.CSRF_TRUSTED_ORIGINS = ["https://tg.example.org", "https://*.example.net:8443"]
    assert is_allowed(headers("https://tg.example.org", "127.0.0.1:8000"))
    assert is_allowed(headers("https://a.example.net:8443", "127.0.0.1:8000"))
    for origin in (
        "http://tg.example.org",
        "https://tg.example.org:8443",
        "https://a.example.net",
        "https://example.net",
    ):
        assert not is_allowed(headers(origin, "127.0.0.1:8000")), origin
