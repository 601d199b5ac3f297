"""Taking an account's session out, as Telethon's StringSession: whoever has it is the account.

It needs a right of its own and a reason; the timeline and the audit keep both.
"""

from __future__ import annotations

import base64
from typing import Any, cast

from django.contrib.auth.models import User
from django.db import transaction

from apps.sessions.models import Authorization, AuthorizationSecret, Session, TimelineKind
from apps.sessions.services import rights, timeline
from apps.staff.services.audit import audit
from tgadmin.core import session_strings
from tgadmin.core.encryption import DecryptionError
from tgadmin.core.errors import UserError
from tgadmin.core.session_strings import ForeignSession

MIN_REASON, MAX_REASON = 5, 500


@transaction.atomic
def export_string(user: User, session: Session, reason: str) -> str:
    """The account's StringSession. Raises Forbidden, UserError (no reason, not signed in, the
    key cannot be read)."""
    if not rights.may_export(user, session.pk):
        raise rights.Forbidden
    reason = " ".join(reason.split())[:MAX_REASON]
    if len(reason) < MIN_REASON:
        raise UserError(
            "REASON_MISSING",
            f"Say in at least {MIN_REASON} characters why the session is exported; the audit keeps it.",
        )
    row = AuthorizationSecret.objects.filter(
        authorization__session=session, authorization__role=Authorization.Role.CURRENT
    ).first()
    if row is None:
        raise UserError("NOT_SIGNED_IN", "The account is not signed in: there is nothing to export.")
    try:
        parts = cast("dict[str, Any]", row.secret)
    except DecryptionError as error:
        raise UserError(error.code, f"{error.message} Nothing was exported.") from None
    try:
        text = session_strings.write_string(
            ForeignSession(
                int(parts["dc_id"]),
                str(parts["server_address"]),
                int(parts["port"]),
                base64.b64decode(str(parts["auth_key"])),
            )
        )
    except ValueError:
        raise UserError(
            "EXPORT_NO_ADDRESS",
            "The account's data centre is known by a name, not by an address: a StringSession cannot hold it.",
        ) from None
    timeline.note(session.pk, TimelineKind.EXPORTED, user=user, reason=reason)
    audit(user, "session.exported", session, reason=reason)
    return text
