"""What Telegram says of a sign-in's code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tgadmin.core.bounds import Whole, Words
from tgadmin.core.errors import LONGEST_WAIT


@dataclass(frozen=True)
class CodeSent:
    """A code is on its way. ``hash`` goes with the code (keep it secret); ``via`` is ``app``, ``sms``, ``call`` …;
    ``length`` its digits (0: not said); ``next_via`` the route that a resend would take ("": none); ``resend_after``
    is in seconds."""

    hash: Annotated[str, Words(1024, cut=False)]
    via: Annotated[str, Words(24)]
    length: Annotated[int, Whole(0, 32, clamp=True)]
    next_via: Annotated[str, Words(24)]
    resend_after: Annotated[int, Whole(0, LONGEST_WAIT, clamp=True)] | None

    def __repr__(self) -> str:
        return f"CodeSent(via={self.via!r}, length={self.length}, next_via={self.next_via!r})"
