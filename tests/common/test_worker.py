"""Whoever can write to the database runs no code in the worker, nor in those who read its rows: a real worker tries."""

from __future__ import annotations

import base64
import os
import pickle
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from django_q.scheduler import scheduler
from django_q.tasks import async_task

from apps.common.worker import plain_loads
from apps.signin.tasks import clean_up
from tests.kit.database import database_url
from tests.kit.running import ROOT
from tests.kit.waiting import eventually
from tgadmin.core.tasks import path

Q_OPTIONS = "{{'q_options': {{'hook': 'os.system', 'sync': {sync}}}}}"


class Bomb:
    """A pickle that runs a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)


@pytest.fixture
def worker(transactional_db: None) -> Any:
    environment = {**os.environ, "DATABASE_URL": database_url(), "TGADMIN_PROCESS": "worker"}
    process = subprocess.Popen([sys.executable, "manage.py", "qcluster"], cwd=ROOT, env=environment)
    yield process
    process.terminate()
    process.wait(30)


def on_schedule(name: str, func: str, **facts: Any) -> None:
    Schedule.objects.create(
        name=name, func=func, schedule_type=Schedule.ONCE, next_run=timezone.now() - timedelta(minutes=1), **facts
    )


@pytest.mark.timeout(120)
def test_a_row_that_names_a_function_runs_nothing(worker: Any, tmp_path: Path) -> None:
    Schedule.objects.all().delete()
    mark = tmp_path / "mark"
    touch = f"touch {mark}"
    on_schedule("function", "os.system", args=repr((touch,)))
    on_schedule("hook", path(clean_up), hook="os.system")
    on_schedule("hook in options", path(clean_up), kwargs=Q_OPTIONS.format(sync=False))
    on_schedule("dotted", "apps.sessions.tasks.cleanup.run")
    scheduler()  # the cluster's own, which it calls every half minute
    async_task("os.system", touch)
    async_task("subprocess.getoutput", touch)
    async_task(path(clean_up))
    eventually(lambda: (Failure.objects.count(), Success.objects.count()) == (4, 3), seconds=60)
    eventually(lambda: not OrmQ.objects.exists(), seconds=30)
    assert not mark.exists()
    assert "is not defined" in str(Failure.objects.first().result)  # type: ignore[union-attr]
    assert worker.poll() is None


def test_a_schedule_that_is_to_run_within_the_scheduler_runs_nothing(transactional_db: None, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    on_schedule("at once", "os.system", args=repr((f"touch {mark}",)), kwargs=Q_OPTIONS.format(sync=True))
    scheduler()
    assert not mark.exists()
    assert Schedule.objects.filter(name="at once").exists()


def test_a_pickle_that_names_a_function_is_not_read(transactional_db: None, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    bomb = base64.b64encode(pickle.dumps(Bomb(f"touch {mark}"))).decode()
    now = timezone.now()
    row = Task.objects.create(id="1", name="x", func="f", started=now, stopped=now, success=False, result="fine")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_q_task SET result = %s, args = %s, kwargs = %s", [bomb, bomb, bomb])
    assert Failure.objects.get(pk=row.pk).result == bomb
    assert not mark.exists()


def test_plain_values_are_read() -> None:
    for value in (1, "a", None, 1.5, [1, ("a", b"b")], {"rows": {1, 2}}, True):
        assert plain_loads(pickle.dumps(value)) == value
    with pytest.raises(pickle.UnpicklingError):
        plain_loads(pickle.dumps(timezone.now()))
