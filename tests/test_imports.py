"""No module imports, by whatever way round, one that imports it. Names of types count too, except in the sandbox, whose
server, connections and sessions hold each other."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.kit.running import ROOT
from tests.kit.sources import parsed

pytestmark = pytest.mark.source

ALLOWED = {("apps.staff.logins", "apps.staff.models")}
"""Django's own pattern for sessions: the store asks for its model by name, the model's base class for its store."""


def modules(root: Path) -> dict[str, Path]:
    files = (path for top in ("tgadmin", "apps", "sandbox") for path in root.glob(f"{top}/**/*.py"))
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def nodes(tree: ast.AST, *, for_types: bool) -> Iterator[ast.AST]:
    """All of a tree. ``for_types``: with what is read by the type checker alone."""
    waiting = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            is_typing = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            if (for_types or not is_typing) and not isinstance(node, ast.expr):  # no import is part of an expression
                yield node
                waiting.append(node)


def imported(tree: ast.Module, known: Iterable[str], *, for_types: bool = True) -> Iterator[str]:
    """The known modules that this tree imports: at its head, in functions, for types."""
    for node in nodes(tree, for_types=for_types):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names = [name if name in known else str(node.module) for name in inner]
        else:
            continue
        yield from (name for name in names if name in known)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle of the graph; empty if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_there_is_no_circle() -> None:
    found = modules(ROOT)
    graph = {
        name: set(imported(parsed(path), found, for_types=not name.startswith("sandbox"))) - {name}
        for name, path in found.items()
    }
    assert len(graph) > 300
    for importer, other in ALLOWED:
        graph[importer].remove(other)  # and an exception that is needed no more fails here
    assert circle(graph) == []


def test_a_circle_is_found() -> None:
    typed = "if TYPE_CHECKING:\n    import a"
    sources = {"a": "from b import x", "b": "def f():\n    import c.d", "c.d": typed, "e": ""}
    graph = {name: set(imported(ast.parse(source), sources)) for name, source in sources.items()}
    assert set(circle(graph)) == {"a", "b", "c.d"}
    at_run_time = {name: set(imported(ast.parse(source), sources, for_types=False)) for name, source in sources.items()}
    assert circle(at_run_time) == []
