"""What is kept of this app's tables."""

from __future__ import annotations

from apps.common.retention import Bounded, Pruned, declare
from apps.signin.models import SignInAttempt
from apps.signin.services.common import OVER

declare(
    Pruned(
        "telegram_sign_ins",
        "Sign-ins of accounts, after they ended; those that nobody goes on with are ended after a day.",
        lambda before: [SignInAttempt.objects.filter(step__in=OVER, updated_at__lt=before).order_by("updated_at")],
        "SIGN_INS_KEPT_DAYS",
    ),
    Bounded("telegram_sign_in_secrets", "Half-signed keys: erased when the sign-in ends."),
)
