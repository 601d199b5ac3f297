"""Requests for a role: somebody has shown that they can sign a known account in, and is not its manager.

That gives them nothing by itself. The account's managers (superusers are managers of every account) are told, and give
them a role or decline.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.common.notify import EVENTS, notify
from apps.sessions.models import AccessRequest, SessionGrant, TimelineKind
from apps.sessions.services import rights, sessions, timeline
from apps.staff.roles import Role
from apps.staff.services.audit import audit


class AlreadyDecided(Exception):
    """Somebody else has decided this request for access already."""

    says = "A colleague has answered this request already."


def open_requests(user: User) -> QuerySet[AccessRequest]:
    """Those that the user may answer, the newest first."""
    found = AccessRequest.objects.filter(decided_at=None, session__in=rights.managed_sessions(user))
    return found.select_related("session", "user")


@transaction.atomic
def give(user: User, request: AccessRequest, role: Role) -> None:
    """Give whoever asked that role, unless they have a higher one by now. Raises Forbidden, AlreadyDecided."""
    row = _undecided(user, request)
    held = SessionGrant.objects.filter(session_id=row.session_id, user_id=row.user_id).first()
    if held is None or held.role < role:
        sessions.grant(user, row.session, row.user, role)
    _decide(user, row, role)


@transaction.atomic
def decline(user: User, request: AccessRequest) -> None:
    """Give them nothing. Raises Forbidden, AlreadyDecided."""
    row = _undecided(user, request)
    who = row.user.get_username()
    timeline.note(row.session_id, TimelineKind.ACCESS_DECLINED, user=user, who=who)
    audit(user, "access.declined", row.session, who=who)
    _decide(user, row, None)


def _undecided(user: User, request: AccessRequest) -> AccessRequest:
    rights.require(user, request.session_id, Role.MANAGER)
    rows = AccessRequest.objects.select_for_update(of=("self",)).select_related("session", "user")
    row = rows.filter(pk=request.pk, decided_at=None).first()
    if row is None:
        raise AlreadyDecided
    return row


def _decide(user: User, row: AccessRequest, role: Role | None) -> None:
    row.decided_at, row.decided_by, row.role = timezone.now(), user, role
    row.save(update_fields=("decided_at", "decided_by", "role"))
    notify(EVENTS, row.session_id)
