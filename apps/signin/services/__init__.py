"""Signing an account in: what staff ask (steps) and what Telegram answered (results), each one transaction.

A sign-in is a row (SignInAttempt) that any web process can show and any gateway can go on with: its auth key and
phone_code_hash lie encrypted beside it until it is over. ``busy`` is true while the gateway owes an answer.
"""

from apps.signin.services.common import NEW_CODE_NEEDED
from apps.signin.services.imports import import_failed, start_import
from apps.signin.services.qr import (
    ShownCode,
    needs_renewal,
    renew_qr,
    shown_code,
    start_qr,
    token_accepted,
    token_moved,
    token_shown,
    use_phone,
    use_qr,
)
from apps.signin.services.results import cancelled, code_sent, password_needed, signed_in, step_failed
from apps.signin.services.steps import (
    abandon,
    cancel,
    change_phone,
    resend,
    start,
    submit_code,
    submit_email,
    submit_password,
    submit_phone,
)
from apps.signin.services.tokens import key_made, tokens_of

__all__ = [
    "NEW_CODE_NEEDED",
    "ShownCode",
    "abandon",
    "cancel",
    "cancelled",
    "change_phone",
    "code_sent",
    "import_failed",
    "key_made",
    "needs_renewal",
    "password_needed",
    "renew_qr",
    "resend",
    "shown_code",
    "signed_in",
    "start",
    "start_import",
    "start_qr",
    "step_failed",
    "submit_code",
    "submit_email",
    "submit_password",
    "submit_phone",
    "token_accepted",
    "token_moved",
    "token_shown",
    "tokens_of",
    "use_phone",
    "use_qr",
]
