"""What the wizard, the admin and the commands read of sign-ins."""

from __future__ import annotations

from datetime import datetime
from math import ceil

from django.db.models import QuerySet
from django.utils import timezone

from apps.common.explain import Explanation
from apps.signin.models import SignInAttempt, SignInMethod, SignInStep
from apps.signin.services.common import NEW_CODE_NEEDED
from tgadmin.core.errors import PROXY_CODES, Kind, disposition
from tgadmin.core.types import CodeRoute

VIA: dict[str, str] = {
    CodeRoute.APP: "in the Telegram app on the account's other devices",
    CodeRoute.SMS: "by SMS",
    CodeRoute.CALL: "by a phone call that speaks the code",
    CodeRoute.FLASH_CALL: "by a call that is not to be answered: the code is in the calling number",
    CodeRoute.MISSED_CALL: "by a missed call: the code is the last digits of the calling number",
    CodeRoute.EMAIL: "to the account's login email",
    CodeRoute.SET_UP_EMAIL: "to a login email, once the account has one",
    CodeRoute.NEW_EMAIL: "to the new login email",
    CodeRoute.FRAGMENT: "on fragment.com, where the owner of the number can read it",
    CodeRoute.FIREBASE: "by SMS",
    CodeRoute.SMS_WORD: "by SMS: the code is a word",
    CodeRoute.SMS_PHRASE: "by SMS: the code is a phrase",
}
"""How a code comes, in words that follow "Telegram sent a code"; one for each route."""
_HINTS: dict[str, str] = {
    CodeRoute.EMAIL: "{}",
    CodeRoute.NEW_EMAIL: "{}",
    CodeRoute.MISSED_CALL: "the number begins with {}",
    CodeRoute.FLASH_CALL: "the number is like {}",
    CodeRoute.SMS_WORD: "it begins with “{}”",
    CodeRoute.SMS_PHRASE: "it begins with “{}”",
}

_SIGN_IN_MESSAGES = {
    Kind.WAIT: (
        "Telegram asks to wait before the next try; this sign-in is kept.",
        "Try again when the time is over.",
    ),
    Kind.NETWORK: (
        "Telegram did not answer; this sign-in is kept.",
        "Try the step again. If it lasts, check this server's network.",
    ),
    Kind.RETRY: (
        "Telegram has an internal problem just now; this sign-in is kept.",
        "Try the step again in a minute.",
    ),
}


def how_it_came(attempt: SignInAttempt) -> str:
    """``by SMS``, ``to the account's login email (a•••@example.org)``: how the code came that is asked for."""
    words = VIA.get(attempt.code_via, "")
    hint = _HINTS.get(attempt.code_via, "").format(attempt.code_hint) if attempt.code_hint else ""
    return f"{words} ({hint})" if hint else words


def explain_step(attempt: SignInAttempt) -> Explanation | None:
    """What the last step of a sign-in answered; None when nothing is wrong."""
    code = attempt.error_code
    if not code:
        return None
    if code in NEW_CODE_NEEDED:
        return Explanation(code, "This code has expired.", "Ask for a new one: it comes for the same number.")
    if code == "ACCOUNT_MISMATCH":
        return Explanation(
            code,
            "Another account than this one was signed in; it was logged out again at once.",
            "Start again with this account's own number.",
        )
    if code in ("AUTH_RESTART", "SIGN_IN_FAILED"):
        if attempt.method == SignInMethod.QR:
            return Explanation(code, "Telegram asks to begin this sign-in again.", "Show a new QR code.")
        return Explanation(code, "Telegram asks to begin this sign-in again.", "Send a new code to the number below.")
    known = disposition(code)
    message = _SIGN_IN_MESSAGES.get(known.kind)
    if attempt.is_over or message is None or code in PROXY_CODES:  # a proxy's fault is said in its own words
        return Explanation(code, known.message, known.next_step)
    return Explanation(code, *message)


def attempt_version(attempt: SignInAttempt, running: bool) -> str:
    """Changes whenever the sign-in's page would look different; a QR code is renewed without that."""
    if attempt.step == SignInStep.QR and attempt.token_until is not None:
        return f"{attempt.step}.shown.{attempt.error_code}.{int(running)}"
    return f"{attempt.step}.{int(attempt.busy)}.{attempt.updated_at.timestamp():.6f}.{int(running)}"


def seconds_until(at: datetime | None) -> int:
    """Whole seconds from now, 0 for past or None."""
    return 0 if at is None else max(0, ceil((at - timezone.now()).total_seconds()))


def open_attempts(attempts: QuerySet[SignInAttempt]) -> QuerySet[SignInAttempt]:
    return attempts.exclude(step__in=(SignInStep.DONE, SignInStep.FAILED, SignInStep.CANCELLED)).select_related(
        "session"
    )
