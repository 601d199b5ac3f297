"""django-q2, kept from running what a row of the database names.

Whoever can write to the database is not to run code beside the keys. django-q2 imports whatever function a schedule, a
task or a hook names, and unpickles what its tables hold; here it gets the marked tasks (tgadmin/core/tasks.py), no
hooks, and of pickles only those that hold plain values. What its queue holds is signed with SECRET_KEY.
"""

from __future__ import annotations

import io
import logging
import pickle
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import picklefield.fields
from django.db.models.signals import post_save
from django_q import worker
from django_q.models import Task
from django_q.signals import call_hook

from tgadmin.core import tasks
from tgadmin.core.errors import UserError

log = logging.getLogger(__name__)
MOST_SHOWN = 100


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """The task, with what it is refused logged by its code; django-q2 records it as a failure, as any exception."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except UserError as error:
            log.warning("the task %s was refused: %s", tasks.path(function), error.code)
            raise

    return run


class MarkedTasks:
    """Stands in for ``pydoc`` in django-q2's worker, which turns a task's name into a function by ``pydoc.locate``."""

    @staticmethod
    def locate(name: object) -> Callable[..., Any] | None:
        """The marked task; None, which django-q2 records as a failure, for every other name."""
        found = tasks.find(name)
        if found is None:
            log.error("the worker was told to run what is no task of tgadmin: %.*r", MOST_SHOWN, name)
            return None
        return logged(found)


class PlainUnpickler(pickle.Unpickler):
    """Numbers, text and containers of them: no class and no function is ever looked up."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError("only plain values are read")


def plain_loads(data: bytes) -> Any:
    """The plain value of a pickle. Raises UnpicklingError for one that names a class or a function."""
    return PlainUnpickler(io.BytesIO(data)).load()


def guard() -> None:
    """In every process: the worker runs tasks, the others read their rows."""
    worker.pydoc = MarkedTasks
    post_save.disconnect(call_hook, sender=Task)
    picklefield.fields.loads = plain_loads
