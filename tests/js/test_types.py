"""The types that the pages' JavaScript states in JSDoc hold: TypeScript's compiler checks them, strictly."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NODE = shutil.which("node")
COMPILER = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
GENERATED = "frames.js"
"""Written by tests/chats/live/test_frame_docs.py; it has types only."""
MODULE_LINES, WIDTH = 400, 160
"""Lines of a module of ours, longer ones are split by subject; characters of a line."""

needs_compiler = pytest.mark.skipif(
    NODE is None or not COMPILER.exists(), reason="Node.js or node_modules/ is missing (bin/test makes it where npm is)"
)


def compile_types(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the compiler says of the project in a directory with a tsconfig.json."""
    assert NODE is not None
    return subprocess.run(
        [NODE, str(COMPILER), "--project", str(project), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def own_scripts() -> list[Path]:
    """The modules that we wrote ourselves."""
    static = ROOT / "static"
    return [path for path in sorted(static.rglob("*.js")) if "vendor" not in path.relative_to(static).parts]


@needs_compiler
def test_types_hold_in_every_module_of_ours() -> None:
    done = compile_types(ROOT, "--listFiles")
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if "error" in line)
    assert {str(path) for path in own_scripts()} <= set(done.stdout.splitlines())


@needs_compiler
def test_a_wrong_type_is_found(tmp_path: Path) -> None:
    (tmp_path / "tsconfig.json").write_text(json.dumps({"extends": str(ROOT / "tsconfig.json"), "include": ["*.js"]}))
    (tmp_path / "wrong.js").write_text("/** @param {number} count */\nexport const twice = (count) => count.trim();\n")
    done = compile_types(tmp_path)
    assert done.returncode != 0
    assert "'trim' does not exist on type 'number'" in done.stdout


@pytest.mark.pure
@pytest.mark.parametrize("path", own_scripts(), ids=lambda path: path.name)
def test_modules_can_be_reviewed(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.name != GENERATED:
        assert len(lines) <= MODULE_LINES
        assert [(number, line[:80]) for number, line in enumerate(lines, 1) if len(line) > WIDTH] == []
    assert [line for line in lines if "@ts-ignore" in line or "@ts-nocheck" in line] == []
