"""The gateways: who is there, with how many sessions, how busy, and what no gateway holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from apps.chats.models import Gap, UnreadableUpdate
from apps.commands.models import Command, Node
from apps.commands.selectors import HEARTBEAT_WITHIN
from apps.commands.services import commands
from apps.sessions.models import Authorization, Session, SessionStatus


@dataclass(frozen=True, slots=True)
class NodeState:
    """One gateway. ``load`` is its sessions in proportion to its capacity (0 to 1), ``running`` the commands that it is
    at. ``alive``: its heartbeat came within the last seconds, by the database's clock. ``stopping``: it hands its
    sessions over and takes none any more."""

    name: str
    host: str
    pid: int
    version: str
    alive: bool
    stopping: bool
    beat_at: datetime
    started_at: datetime
    capacity: int
    sessions: int
    ready: int
    running: int
    load: float


@dataclass(frozen=True, slots=True)
class Status:
    """``unheld``: accounts that could be connected and that no gateway holds. ``waiting``: commands not settled yet."""

    network: str
    nodes: list[NodeState]
    versions: list[str]
    unheld: int
    waiting: int
    open_gaps: int
    unreadable: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def status() -> Status:
    """A fixed number of queries, however many sessions there are."""
    nodes = [_state(node) for node in _nodes()]
    connectable = Authorization.objects.filter(role=Authorization.Role.CURRENT, secret_row__isnull=False)
    unheld = Session.objects.filter(
        network=settings.TELEGRAM_NETWORK, enabled=True, pk__in=connectable.values("session_id")
    ).exclude(lease__owner__isnull=False)
    return Status(
        network=settings.TELEGRAM_NETWORK,
        nodes=nodes,
        versions=sorted({node.version for node in nodes if node.alive}),
        unheld=unheld.count(),
        waiting=Command.objects.filter(state__in=commands.OPEN).count(),
        open_gaps=Gap.objects.filter(closed_at=None).count(),
        unreadable=UnreadableUpdate.objects.count(),
    )


def _nodes() -> QuerySet[Node]:
    # What an earlier holder had claimed bears an older fence.
    running = (
        Command.objects.filter(
            state=Command.State.CLAIMED, session__lease__owner=OuterRef("pk"), fence=F("session__lease__fence")
        )
        .order_by()
        .values("session__lease__owner")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Node.objects.annotate(
        held=Count("leases"),
        ready=Count("leases", filter=Q(leases__session__status=SessionStatus.READY)),
        running=Coalesce(Subquery(running), 0),
        alive=Q(beat_at__gt=Now() - HEARTBEAT_WITHIN),
    ).order_by("name", "pk")


def _state(node: Any) -> NodeState:
    return NodeState(
        name=node.name,
        host=node.host,
        pid=node.pid,
        version=node.version,
        alive=node.alive,
        stopping=node.stopping,
        beat_at=node.beat_at,
        started_at=node.started_at,
        capacity=node.capacity,
        sessions=node.held,
        ready=node.ready,
        running=node.running,
        load=round(node.held / node.capacity, 4) if node.capacity else 0.0,
    )
