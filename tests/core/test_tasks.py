"""The worker's functions: only those that are marked."""

import os

import pytest

from tgadmin.core import tasks

pytestmark = pytest.mark.pure


@tasks.task
def marked(number: int) -> int:
    return number + 1


def unmarked() -> None: ...


def test_a_marked_function_is_found_by_its_path() -> None:
    assert tasks.find(tasks.path(marked)) is marked
    assert marked(1) == 2


@pytest.mark.parametrize(
    "name", [tasks.path(unmarked), "os.system", "builtins.eval", "", None, os.system, b"os.system", ["os.system"], {}]
)
def test_nothing_else_is(name: object) -> None:
    assert tasks.find(name) is None
