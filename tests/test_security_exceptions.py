"""No exception's own text reaches anybody: it may hold what a user wrote, an address, a secret, and is no sentence.

What may be said of an exception are our own words: the ``message`` of a UserError, a ``code``, a file's ``strerror``,
its type's name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.kit.sources import parsed

pytestmark = pytest.mark.source
ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("apps", "tgadmin")
NOT_OURS = (Path("sandbox"), Path("tgadmin/management/commands/sandbox.py"))
"""The data centre for tests: those who run it are developers."""
SPOKEN = {"str", "repr", "ascii", "format", "print", "format_exception", "format_exception_only"}
WHOLE = {"format_exc", "print_exc", "print_exception"}
"""Calls that write the exception in hand without being given it. (Logs: test_security_leaks reads them.)"""


OURS = {"UserError", "LocalError", "NotCollected"}
"""Exceptions whose ``message`` is a sentence of ours, and what is made of them; OSError has none."""


def words_are_ours(handler: ast.ExceptHandler) -> bool:
    """Whether everything that it catches has a ``message`` of ours, or none."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(each, "id", getattr(each, "attr", "")) for each in caught}
    return names <= ours() | {"OSError"}


@cache
def ours() -> frozenset[str]:
    """OURS with their subclasses, as the sources declare them."""
    found = set(OURS)
    trees = [
        ast.parse(path.read_text(encoding="utf-8")) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")
    ]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := {one.name for one in classes if found & {getattr(base, "id", "") for base in one.bases}} - found:
        found |= more
    return frozenset(found)


def texts_of_exceptions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, how) of each place where an exception is made into text."""
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)):
        for node in (inner for statement in handler.body for inner in ast.walk(statement)):
            if handler.name and (how := spoken(node, handler.name, own=words_are_ours(handler))):
                yield node.lineno, how
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in WHOLE:
            yield node.lineno, ast.unparse(node.func)


def spoken(node: ast.AST, name: str, *, own: bool) -> str:
    """How ``node`` makes the exception called ``name`` into text; "" if it does not. ``own``: its message is ours."""

    def is_it(value: ast.expr) -> bool:
        return isinstance(value, ast.Name) and value.id == name

    if isinstance(node, ast.FormattedValue) and is_it(node.value):
        return "f-string"
    foreign = ("args", "messages") if own else ("args", "message", "messages")
    if isinstance(node, ast.Attribute) and node.attr in foreign and is_it(node.value):
        return f".{node.attr}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        right = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return "%" if any(map(is_it, right)) else ""
    if isinstance(node, ast.Call):
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if (called in SPOKEN or called.endswith(("Error", "Response", "write"))) and any(map(is_it, given)):
            return f"{called}()"
    return ""


def test_no_exceptions_text_is_used() -> None:
    found = []
    for path in (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))):
        place = path.relative_to(ROOT)
        if any(place.is_relative_to(each) for each in NOT_OURS):
            continue
        tree = parsed(path)
        found += [f"{place}:{line} {how}" for line, how in texts_of_exceptions(tree)]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "raise CommandError(str(error))",
        "say(f'Failed: {error}')",
        "say('Failed: %s' % error)",
        "say('Failed: {}'.format(error))",
        "say(error.args[0])",
        "say(error.message)",
        "raise CommandError(error)",
        "return HttpResponse(error)",
        "say(traceback.format_exc())",
    ],
)
def test_the_check_finds_what_it_looks_for(source: str) -> None:
    tree = ast.parse(f"def f():\n    try:\n        g()\n    except ValidationError as error:\n        {source}\n")
    assert list(texts_of_exceptions(tree))


@pytest.mark.parametrize("source", ["say(error.message)", "say(type(error).__name__)", "raise Other(error.code)"])
def test_our_own_words_are_let_through(source: str) -> None:
    tree = ast.parse(f"def f():\n    try:\n        g()\n    except UserError as error:\n        {source}\n")
    assert not list(texts_of_exceptions(tree))
