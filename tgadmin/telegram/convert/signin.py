"""What Telegram answers to the steps of a sign-in."""

from __future__ import annotations

from typing import Any

from telethon import types as T  # noqa: N812

from tgadmin.core.bounds import Unfit, fit
from tgadmin.core.errors import TelegramError
from tgadmin.core.types import CodeRoute, CodeSent, Peer
from tgadmin.telegram.convert.peers import peer_of_user
from tgadmin.telegram.convert.text import snake

_HINTS = ("email_pattern", "prefix", "pattern", "beginning")
"""What the kinds of codes tell of where they went, or how they begin."""


def code_sent(answer: Any) -> CodeSent:
    """auth.sentCode as a core value. Raises TelegramError for an answer that brings no code."""
    if not isinstance(answer, T.auth.SentCode):
        raise TelegramError("SEND_CODE_UNAVAILABLE", method="auth.sendCode")
    next_type = answer.next_type
    sent = CodeSent(
        hash=answer.phone_code_hash,
        via=snake(type(answer.type).__name__.removeprefix("SentCodeType")),
        length=getattr(answer.type, "length", None) or 0,
        next_via="" if next_type is None else snake(type(next_type).__name__.removeprefix("CodeType")),
        resend_after=answer.timeout,
        hint=next((found for name in _HINTS if (found := getattr(answer.type, name, None))), ""),
    )
    try:
        return fit(sent)
    except Unfit:
        raise TelegramError("UNREADABLE_ANSWER", method="auth.sendCode") from None


def email_code_sent(answer: Any, hash: str) -> CodeSent:  # noqa: A002 - Telegram's word
    """account.sentEmailCode: the code that proves a new login email. ``hash``: of the sign-in that it belongs to.
    Raises TelegramError (UNREADABLE_ANSWER)."""
    try:
        return fit(CodeSent(hash, CodeRoute.NEW_EMAIL, answer.length or 0, "", None, answer.email_pattern or ""))
    except (AttributeError, Unfit):
        raise TelegramError("UNREADABLE_ANSWER", method="account.sendVerifyEmailCode") from None


def profile(user: Any) -> Peer:
    """The account that has signed in. Raises TelegramError (UNREADABLE_ANSWER)."""
    found = peer_of_user(user)
    if found is None:
        raise TelegramError("UNREADABLE_ANSWER")
    return found
