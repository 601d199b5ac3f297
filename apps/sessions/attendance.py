"""Which accounts no gateway looks after: what is stored of their connection is not so any more.

A gateway that dies or freezes can change no status. So whoever shows one asks here first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from apps.commands.models import Lease, Node
from apps.sessions.models import Session, SessionStatus

NO_GATEWAY, NO_GATEWAY_LABEL = "no_gateway", "No gateway"
"""A status that is shown and never stored."""

SILENT = timedelta(seconds=2.5)
"""A gateway that has said nothing for so long may send nothing half a second later: its lease is over then."""

ATTENDED = (
    SessionStatus.CONNECTING,
    SessionStatus.SYNCING,
    SessionStatus.READY,
    SessionStatus.DISCONNECTED,
    SessionStatus.CONNECTION_FAILED,
)
"""Statuses of accounts that a gateway is to look after."""


def unattended() -> Q:
    """Of sessions: its gateway is silent; or it has none, and none is there that could take it."""
    held = Lease.objects.filter(session=OuterRef("pk"), owner__isnull=False)
    alive = held.filter(owner__beat_at__gt=Now() - SILENT)
    living = Node.objects.filter(network=OuterRef("network"), beat_at__gt=Now() - SILENT)
    silent = Exists(held) & ~Exists(alive)
    abandoned = ~Exists(held) & ~Exists(living)
    return Q(enabled=True, status__in=ATTENDED) & (Q(silent) | Q(abandoned))


def without_gateway(session_ids: Iterable[int]) -> set[int]:
    """Those of the sessions that no gateway looks after. One query."""
    return set(Session.objects.filter(unattended(), pk__in=list(session_ids)).values_list("pk", flat=True))


def shown_status(session: Session) -> str:
    """NO_GATEWAY, or what is stored. ``with_attendance`` has asked for many at once; else it is asked for here."""
    away = getattr(session, "is_unattended", None)
    if away is None:
        away = session.pk in without_gateway([session.pk])
    return NO_GATEWAY if away else session.status


def label(status: str) -> str:
    """A shown status for people."""
    return NO_GATEWAY_LABEL if status == NO_GATEWAY else SessionStatus(status).label


def with_attendance(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """For ``shown_status`` of many."""
    return sessions.annotate(is_unattended=unattended())
