"""Background tasks of the chats app; each parses nothing, calls one service, reports."""

from __future__ import annotations

from apps.chats.services import pruning, timers
from tgadmin.core.tasks import task


@task
def prune_events() -> dict[str, int]:
    return {"events": pruning.prune_events()}


@task
def end_what_is_over() -> dict[str, int]:
    return {"ended": timers.end_what_is_over_now()}
