"""The functions that the worker may run: those that are marked ``@task``, and no others.

Tasks and schedules are rows, which name their function. Whoever can write them shall not be able to name any function
of the process: a name is looked up here, and nothing is imported for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_tasks: dict[str, Callable[..., Any]] = {}


def task(function: Function) -> Function:
    """Marks a function as a background task. Its arguments come from the database: it has to check them."""
    _tasks[path(function)] = function
    return function


def path(function: Callable[..., Any]) -> str:
    """The name under which a row calls it."""
    return f"{function.__module__}.{function.__qualname__}"


def find(name: object) -> Callable[..., Any] | None:
    """The task of that name; None for anything else."""
    return _tasks.get(name) if isinstance(name, str) else None
