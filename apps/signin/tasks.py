"""Background tasks of the signin app; each parses nothing, calls one service, reports."""

from __future__ import annotations

from apps.common import retention
from apps.signin.services import cleanup
from tgadmin.core.tasks import task


@task
def clean_up() -> dict[str, int]:
    """What sign-ins left, and what is no longer kept of each table; how many rows of each went."""
    return cleanup.run().as_dict() | retention.prune()
