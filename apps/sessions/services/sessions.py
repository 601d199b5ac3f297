"""What managers do with an account: rename, enable, disable, log out, grant rights, reveal its phone, remove it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from apps.commands.command_kinds import WITHOUT_ACCOUNT, CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from apps.common.notify import EVENTS, SESSIONS, notify
from apps.sessions.models import Authorization, AuthorizationSecret, Session, SessionGrant, SessionStatus, TimelineKind
from apps.sessions.models.rights import name_of
from apps.sessions.services import authorizations, removal, rights, status, timeline
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core import phones
from tgadmin.core.errors import UserError


@transaction.atomic
def rename(user: User, session: Session, name: str) -> None:
    """Raises Forbidden, UserError (NAME_MISSING)."""
    rights.require(user, session.pk, Role.MANAGER)
    name = " ".join(name.split())[:64]
    if not name:
        raise UserError("NAME_MISSING", "An account needs a name.")
    before = Session.objects.select_for_update().get(pk=session.pk)
    Session.objects.filter(pk=session.pk).update(name=name)
    timeline.note(session.pk, TimelineKind.RENAMED, user=user)
    audit(user, "session.renamed", before, before=before.name, name=name)
    notify(EVENTS, session.pk)


@transaction.atomic
def enable(user: User, session: Session) -> None:
    """Lets the gateway connect the account again. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)
    row = Session.objects.select_for_update().get(pk=session.pk)
    if row.enabled:
        return
    Session.objects.filter(pk=row.pk).update(enabled=True)
    timeline.note(row.pk, TimelineKind.ENABLED, user=user)
    audit(user, "session.enabled", row)
    signed_in = Authorization.objects.filter(session=row, role=Authorization.Role.CURRENT).exists()
    if signed_in:
        status.change(row.pk, SessionStatus.CONNECTING, user_id=user.pk)
    else:
        status.change(row.pk, SessionStatus.NEEDS_SIGN_IN, "NOT_SIGNED_IN", user_id=user.pk)
    notify(SESSIONS, row.pk)


@transaction.atomic
def disable(user: User, session: Session) -> None:
    """Disconnects the account and keeps it so; it stays signed in at Telegram. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)
    row = Session.objects.select_for_update().get(pk=session.pk)
    if not row.enabled:
        return
    Session.objects.filter(pk=row.pk).update(enabled=False)
    timeline.note(row.pk, TimelineKind.DISABLED, user=user)
    audit(user, "session.disabled", row)
    status.change(row.pk, SessionStatus.DISABLED, "DISABLED_BY_STAFF", user_id=user.pk)
    notify(SESSIONS, row.pk)


@transaction.atomic
def log_out(user: User, session: Session) -> list[Command]:
    """Ends the account's keys at Telegram; chats stay. The commands can be waited for. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)
    row = Session.objects.select_for_update().get(pk=session.pk)
    live = list(Authorization.objects.filter(session=row).exclude(role=Authorization.Role.OLD))
    if not live:
        return []
    for authorization in live:
        authorizations.retire(authorization, "LOGGED_OUT_BY_STAFF")
    timeline.note(row.pk, TimelineKind.LOGGED_OUT, user=user)
    audit(user, "session.logged_out", row)
    status.change(row.pk, SessionStatus.NEEDS_SIGN_IN, "LOGGED_OUT_BY_STAFF", user_id=user.pk)
    notify(SESSIONS, row.pk)
    return [authorizations.log_out(authorization, user) for authorization in live]


@transaction.atomic
def resync(user: User, session: Session) -> Command:
    """Asks Telegram for the whole chat list again: shows that the account answers. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)
    return commands.enqueue(session.pk, CommandKind.DIALOGS, {}, user=user)


@transaction.atomic
def remove(user: User, session: Session) -> None:
    """Deletes the account here, with its chats, messages and peers. Raises Forbidden, UserError (STILL_SIGNED_IN,
    UNDER_WAY)."""
    rights.require(user, session.pk, Role.MANAGER)
    removal.stop(session.pk)  # first: what a gateway is just storing may be a key
    # NO KEY: whoever has locked a chat, and writes a row that names the session, can finish.
    row = Session.objects.select_for_update(no_key=True).get(pk=session.pk)
    if AuthorizationSecret.objects.filter(authorization__session=row).exists():
        raise UserError("STILL_SIGNED_IN", "The account is still signed in at Telegram: log it out first.")
    if Command.objects.filter(session=row, state__in=commands.OPEN, kind__in=WITHOUT_ACCOUNT).exists():
        raise UserError("UNDER_WAY", "A sign-in or log-out of this account is under way: wait until it is over.")
    audit(user, "session.removed", row)
    removal.delete(row)


@transaction.atomic
def reveal_phone(user: User, session: Session) -> str:
    """The whole phone number; that it was shown, and to whom, goes into the timeline. Raises Forbidden."""
    if not rights.may_reveal_phone(user, session.pk):
        raise rights.Forbidden
    timeline.note(session.pk, TimelineKind.PHONE_REVEALED, user=user)
    audit(user, "session.phone_revealed", session)
    return phones.full(session.phone)


Holder = User | Group


def _of(holder: Holder) -> dict[str, Any]:
    return {"group" if isinstance(holder, Group) else "user": holder}


@transaction.atomic
def grant(user: User, session: Session, to: Holder, role: Role) -> SessionGrant:
    """Gives a colleague or a group a role in the session, or another than it had. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)
    row, _ = SessionGrant.objects.update_or_create(
        session=session, **_of(to), defaults={"role": Role(role), "granted_by": user, "granted_at": timezone.now()}
    )
    timeline.note(session.pk, TimelineKind.GRANTED, user=user, to=name_of(to), role=Role(role).label)
    audit(user, "right.granted", session, to=name_of(to), role=Role(role).label)
    notify(EVENTS, session.pk)
    return row


@transaction.atomic
def revoke(user: User, session: Session, of: Holder) -> None:
    """Takes a colleague's or a group's role away. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)
    gone, _ = SessionGrant.objects.filter(session=session, **_of(of)).delete()
    if gone:
        timeline.note(session.pk, TimelineKind.REVOKED, user=user, of=name_of(of))
        audit(user, "right.revoked", session, of=name_of(of))
        notify(EVENTS, session.pk)
