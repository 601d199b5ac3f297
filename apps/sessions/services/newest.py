"""Of what each account has many rows, the newest are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, Model, OuterRef, Subquery

from apps.common.retention import Rows
from apps.sessions.models import Session


def beyond_newest(model: type[Model], at: str, keep: int, before: datetime | None = None) -> Iterator[Rows]:
    """For each account that has such: its rows of ``model`` that are not among its ``keep`` newest by ``at``, and older
    than ``before``. Needs an index of (session, -at)."""
    own = model._default_manager.filter(session=OuterRef("pk"))
    accounts = Session.objects.annotate(
        edge=Subquery(own.order_by(f"-{at}").values(at)[keep - 1 : keep]),
        oldest=Subquery(own.order_by(at).values(at)[:1]),
    ).filter(oldest__lt=F("edge"))
    if before is not None:
        accounts = accounts.filter(oldest__lt=before)
    return _older(model, at, list(accounts.order_by("pk").values_list("pk", "edge")), before)


def _older(model: type[Model], at: str, edges: list[tuple[int, datetime]], before: datetime | None) -> Iterator[Rows]:
    for session_id, edge in edges:
        until = edge if before is None else min(edge, before)
        yield model._default_manager.filter(session_id=session_id, **{f"{at}__lt": until}).order_by(at)
