"""The pages' pure JavaScript under Node's own test runner; and what vendored files must keep to."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NODE = shutil.which("node")
SPRITE = ROOT / "static" / "vendor" / "icons" / "icons.svg"


@pytest.mark.skipif(
    NODE is None, reason="Node.js is missing: the pages' pure JavaScript is tested by the browser tests only"
)
@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.test.js")), ids=lambda path: path.name)
def test_node(path: Path) -> None:
    _run(path)


@pytest.mark.skipif(NODE is None, reason="Node.js is missing")
@pytest.mark.alone
def test_any_text_is_drawn_within_its_milliseconds() -> None:
    _run(Path(__file__).parent / "text.test.js", ALONE="1")


def _run(path: Path, **environment: str) -> None:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--test", "--test-reporter=tap", str(path)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^# pass [1-9]", done.stdout, re.MULTILINE), "no test ran"


@pytest.mark.pure
def test_icons_in_use_are_in_the_sprite() -> None:
    there = set(re.findall(r'<symbol id="(\w+)"', SPRITE.read_text()))
    scripts = [path for path in (ROOT / "static").rglob("*.js") if "vendor" not in path.parts]
    used = set()
    for path in scripts:
        text = path.read_text()
        used |= set(re.findall(r'icon\("(\w+)"', text))
        used |= set(re.findall(r'iconButton\([^,]+, "(\w+)"', text))
        used |= set(re.findall(r'\["(\w+)", "[A-Z][^"]*"\]', text)) if path.name == "names.js" else set()
    for path in (ROOT / "templates").rglob("*.html"):
        used |= set(re.findall(r'icon\.html" with name="(\w+)"', path.read_text()))
    assert used - there == set()
    assert len(used) > 20


@pytest.mark.pure
def test_lock_names_no_registry() -> None:
    assert "://" not in re.sub(r'"url": "[^"]*"', "", (ROOT / "package-lock.json").read_text())


@pytest.mark.pure
def test_own_scripts_put_no_markup_into_pages() -> None:
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|\beval\(|new Function")
    for path in (ROOT / "static").rglob("*.js"):
        if "vendor" not in path.parts:
            assert not forbidden.search(path.read_text()), path
