"""The account's devices: what managers ask, what Telegram listed, and what is made of a device that was added
elsewhere.

Telegram lets an authorization end others, or change how long unused ones live, only 24 hours after it signed in itself
(https://core.telegram.org/method/account.resetAuthorization).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.commands.command_kinds import CommandKind
from apps.commands.models import Command
from apps.commands.services import commands
from apps.common.notify import EVENTS, notify
from apps.sessions.models import Authorization, Device, Session, SessionStatus, TimelineKind
from apps.sessions.services import rights, timeline
from apps.staff.roles import Role
from apps.staff.services.audit import audit
from tgadmin.core import types
from tgadmin.core.errors import UserError

FRESH = timedelta(hours=24)
FRESH_CODE = "FRESH_RESET_AUTHORISATION_FORBIDDEN"
MIN_TTL, MAX_TTL = 1, 366  # days
REFRESH_EVERY = timedelta(hours=12)
AT_ONCE = 200
"""Accounts that one run of the schedule looks at: the rest waits for the next."""
NEAR = timedelta(minutes=5)
"""Telegram's time of a sign-in and ours of the same are no further apart."""


# --- staff ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def refresh(user: User, session: Session) -> Command:
    """Has the list read from Telegram. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)
    return _ask(session, CommandKind.DEVICES, user)


@transaction.atomic
def end(user: User, session: Session, hash: int) -> Command:  # noqa: A002  Telegram's word
    """Has another device logged out. Raises Forbidden, UserError (24-hour rule; not in the list; the current one)."""
    rights.require(user, session.pk, Role.MANAGER)
    device = Device.objects.filter(session=session, hash=hash).first()
    if device is None:
        raise UserError("HASH_INVALID", "This device is not signed in any more.")
    if device.is_current:
        raise UserError("HASH_INVALID", "This is the authorization that is used here: log the account out instead.")
    _require_24h_old(session)
    timeline.note(session.pk, TimelineKind.DEVICE_ENDED, user=user, device=device.label)
    audit(user, "device.ended", session, device=device.label)
    return _ask(session, CommandKind.DEVICES_END, user, hash=hash)


@transaction.atomic
def end_others(user: User, session: Session) -> Command:
    """Has every device but ours logged out. Raises Forbidden, UserError (24-hour rule)."""
    rights.require(user, session.pk, Role.MANAGER)
    _require_24h_old(session)
    timeline.note(session.pk, TimelineKind.DEVICES_ENDED, user=user)
    audit(user, "device.others_ended", session)
    return _ask(session, CommandKind.DEVICES_END_OTHERS, user)


@transaction.atomic
def set_ttl(user: User, session: Session, days: int) -> Command:
    """After how many days without use Telegram ends an authorization. Raises Forbidden, UserError."""
    rights.require(user, session.pk, Role.MANAGER)
    if not MIN_TTL <= days <= MAX_TTL:
        raise UserError("TTL_DAYS_INVALID", f"Give {MIN_TTL} to {MAX_TTL} days.")
    _require_24h_old(session)
    timeline.note(session.pk, TimelineKind.DEVICES_TTL, user=user, days=days)
    audit(user, "device.ttl_set", session, days=days)
    return _ask(session, CommandKind.DEVICES_TTL, user, days=days)


@transaction.atomic
def acknowledge(user: User, session: Session, hash: int) -> None:  # noqa: A002
    """A manager marks a device as known. Raises Forbidden, UserError."""
    rights.require(user, session.pk, Role.MANAGER)
    device = Device.objects.select_for_update().filter(session=session, hash=hash).first()
    if device is None:
        raise UserError("HASH_INVALID", "This device is not signed in any more.")
    if not device.is_strange:
        return
    device.known_at, device.known_by = timezone.now(), user
    device.save(update_fields=("known_at", "known_by"))
    timeline.note(session.pk, TimelineKind.DEVICE_KNOWN, user=user, device=device.label)
    audit(user, "device.known", session, device=device.label)
    notify(EVENTS, session.pk)


def require_manager(user: User, session: Session) -> None:
    """Who may see where an account is signed in. Raises Forbidden."""
    rights.require(user, session.pk, Role.MANAGER)


def may_end_at(session: Session) -> datetime | None:
    """When our authorization will be old enough to end others; None: it is, or nothing is known of it."""
    current = Device.objects.filter(session=session, hash=0).values_list("signed_in_at", flat=True).first()
    if current is None:
        role = Authorization.Role.CURRENT
        current = Authorization.objects.filter(session=session, role=role).values_list("created_at", flat=True).first()
    if current is None or current + FRESH <= timezone.now():
        return None
    return current + FRESH


def _require_24h_old(session: Session) -> None:
    until = may_end_at(session)
    if until is not None:
        raise UserError(
            FRESH_CODE,
            "Telegram lets an authorization end others, or change this, only 24 hours after its own sign-in.",
            until=until,
        )


def _ask(session: Session, kind: CommandKind, user: commands.Asker, **payload: int) -> Command:
    return commands.enqueue(session.pk, kind, {"session": session.pk, **payload}, user=user)


# --- the gateway ----------------------------------------------------------------------------------------------------


@transaction.atomic
def refresh_soon(session_id: int) -> None:
    """Have the list read, unless that is asked for already: Telegram said that something changed."""
    session = Session.objects.select_for_update(no_key=True).filter(pk=session_id).first()
    if session is None:
        return
    waiting = Command.objects.filter(session=session, kind=CommandKind.DEVICES, state=Command.State.QUEUED)
    if not waiting.filter(origin=Command.Origin.SYSTEM).exists():  # a person's may still be refused
        _ask(session, CommandKind.DEVICES, commands.SYSTEM)


@transaction.atomic
def record(session_id: int, found: types.Devices) -> None:
    """Keep what Telegram listed, and report devices that were added elsewhere. Call it in the settling transaction."""
    session = Session.objects.select_for_update(no_key=True).filter(pk=session_id).first()
    if session is None:
        return
    now, is_first = timezone.now(), session.devices_at is None
    known = {device.hash: device for device in Device.objects.filter(session=session)}
    current = next((one for one in found.devices if one.hash == 0), None)
    made_here = list(Authorization.objects.filter(session=session).values_list("created_at", flat=True))
    ours_since = max(made_here, default=now)  # what was there before is taken as it is found
    for one in found.devices:
        row = known.pop(one.hash, None)
        if row is None:
            row = Device(session=session, hash=one.hash, seen_at=now)
            row.is_ours = one.hash == 0 or _is_ours(one, current, made_here)
            _take(row, one)
            if (not is_first or one.signed_in_at > ours_since) and not row.is_ours:
                _notice(session, row, now)
        _take(row, one)
        row.save()
    for gone in known.values():
        timeline.note(session.pk, TimelineKind.DEVICE_GONE, device=gone.label)
        gone.delete()
    Session.objects.filter(pk=session.pk).update(devices_at=now, authorization_ttl_days=found.ttl_days or None)
    notify(EVENTS, session.pk)


@transaction.atomic
def refused(session_id: int, code: str) -> None:
    """Telegram did not do what was asked with the devices."""
    if Session.objects.filter(pk=session_id).exists():
        timeline.note(session_id, TimelineKind.DEVICES_REFUSED, code=code)


def _take(row: Device, one: types.Device) -> None:
    row.device_model, row.app_name = one.device_model[:128], one.app_name[:128]
    for name in ("platform", "system_version", "app_version", "ip", "country", "region"):
        setattr(row, name, str(getattr(one, name))[:64])
    row.api_id, row.signed_in_at, row.active_at = one.api_id, one.signed_in_at, one.active_at
    row.is_pending, row.is_unconfirmed, row.is_official = one.is_pending, one.is_unconfirmed, one.is_official


def _is_ours(one: types.Device, current: types.Device | None, made_here: Iterable[datetime]) -> bool:
    """The same program as ours, signed in at the moment of a sign-in here: a former key, a spare one."""
    if current is None or (one.api_id, one.device_model) != (current.api_id, current.device_model):
        return False
    return any(abs(one.signed_in_at - at) <= NEAR for at in made_here)


def _notice(session: Session, row: Device, now: datetime) -> None:
    row.noticed_at = now
    where = row.country or row.ip
    timeline.note(session.pk, TimelineKind.DEVICE_NEW, device=row.label, where=where, pending=row.is_pending)
    audit(None, "device.appeared", session, device=row.label, where=where)


# --- the schedule ---------------------------------------------------------------------------------------------------


def refresh_stale() -> int:
    """Have the devices looked at of accounts for which that is long ago; returns of how many."""
    late = timezone.now() - REFRESH_EVERY
    waiting = Command.objects.filter(kind=CommandKind.DEVICES, state__in=commands.OPEN).values("session_id")
    stale = (
        Session.objects.filter(Q(devices_at=None) | Q(devices_at__lt=late), status=SessionStatus.READY, enabled=True)
        .exclude(pk__in=waiting)
        .order_by("devices_at")
    )
    some = list(stale.values_list("pk", flat=True)[:AT_ONCE])
    for session_id in some:
        refresh_soon(session_id)
    return len(some)
