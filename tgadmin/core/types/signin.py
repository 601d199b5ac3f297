"""What Telegram says of a sign-in's code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from tgadmin.core.bounds import Whole, Words
from tgadmin.core.errors import LONGEST_WAIT


class CodeRoute(StrEnum):
    """How a code comes: the names of Telegram's auth.SentCodeType and auth.CodeType, and one of ours."""

    APP = "app"
    SMS = "sms"
    CALL = "call"
    FLASH_CALL = "flash_call"
    MISSED_CALL = "missed_call"
    EMAIL = "email_code"
    SET_UP_EMAIL = "set_up_email_required"
    """No code yet: the account must have a login email first."""
    NEW_EMAIL = "new_email"
    """Ours: the code that proves the login email which is being set up."""
    FRAGMENT = "fragment_sms"
    FIREBASE = "firebase_sms"
    SMS_WORD = "sms_word"
    SMS_PHRASE = "sms_phrase"


@dataclass(frozen=True)
class CodeSent:
    """A code is on its way. ``hash`` goes with the code (keep it secret); ``via`` is one of CodeRoute; ``length`` its
    digits (0: not said); ``hint`` what Telegram says of it: where it went, or how it begins ("": nothing); ``next_via``
    the route that a resend would take ("": none); ``resend_after`` is in seconds."""

    hash: Annotated[str, Words(1024, cut=False)]
    via: Annotated[str, Words(24)]
    length: Annotated[int, Whole(0, 32, clamp=True)]
    next_via: Annotated[str, Words(24)]
    resend_after: Annotated[int, Whole(0, LONGEST_WAIT, clamp=True)] | None
    hint: Annotated[str, Words(64)] = ""

    def __repr__(self) -> str:
        return f"CodeSent(via={self.via!r}, length={self.length}, next_via={self.next_via!r})"
