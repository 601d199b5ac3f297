"""Background tasks of the staff app."""

from __future__ import annotations

from apps.staff.services import failures
from tgadmin.core.tasks import task


@task
def tell_failures() -> int:
    return failures.tell()
