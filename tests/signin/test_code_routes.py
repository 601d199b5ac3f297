"""Whatever way Telegram sends a code, the wizard has words for it."""

from __future__ import annotations

import inspect

import pytest
from telethon import types as T  # noqa: N812

from apps.signin.models import SignInAttempt
from apps.signin.selectors import VIA, how_it_came
from tgadmin.core.types import CodeRoute
from tgadmin.telegram.convert import code_sent

pytestmark = pytest.mark.pure

VALUES = {
    "length": 5, "pattern": "4915*", "prefix": "+4915", "email_pattern": "a***@example.org",
    "url": "https://fragment.com/x", "beginning": "the",
}  # fmt: skip
TYPES = [value for name, value in vars(T.auth).items() if name.startswith("SentCodeType") and inspect.isclass(value)]
NEXT = [value for name, value in vars(T.auth).items() if name.startswith("CodeType") and inspect.isclass(value)]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_every_type_is_a_route_with_words(kind: type) -> None:
    names = [name for name in inspect.signature(kind).parameters if name in VALUES]
    made = kind(**{name: VALUES[name] for name in names})
    sent = code_sent(T.auth.SentCode(type=made, phone_code_hash="h"))
    assert sent.via in set(CodeRoute)
    hints = [VALUES[name] for name in names if name not in ("length", "url")]
    assert sent.hint == (hints[0] if hints else "")
    attempt = SignInAttempt(code_via=sent.via, code_hint=sent.hint)
    assert VIA[sent.via] in how_it_came(attempt)
    assert sent.hint in how_it_came(attempt)


@pytest.mark.parametrize("kind", NEXT, ids=lambda kind: kind.__name__)
def test_every_next_type_has_words(kind: type) -> None:
    answer = T.auth.SentCode(type=T.auth.SentCodeTypeApp(5), phone_code_hash="h", next_type=kind())
    assert VIA[code_sent(answer).next_via]


def test_email_says_so() -> None:
    assert all("email" in VIA[route] for route in (CodeRoute.EMAIL, CodeRoute.SET_UP_EMAIL, CodeRoute.NEW_EMAIL))
