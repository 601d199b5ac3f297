"""Names by content, the addresses in files that refer to others, compressed forms; and what is wrong stops it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles.management.commands.collectstatic import Command
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tgadmin.statics.modules import imported
from tgadmin.statics.storage import IMPORT, Storage

FILLER = "// so long that it pays to compress it\n" * 20
HASHED = re.compile(r"\.[0-9a-f]{12}\.")

Collect = Callable[[dict[str, str]], dict[str, str]]


@pytest.fixture
def collect(settings: Settings, tmp_path: Path) -> Collect:
    """Collects these files only; their names -> the hashed ones."""
    settings.STATICFILES_DIRS = [tmp_path / "source"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]

    def run(files: dict[str, str]) -> dict[str, str]:
        for name, text in files.items():
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = Command()
        command.storage = Storage(location=tmp_path / "made", base_url="/static/")
        call_command(command, interactive=False, verbosity=0)
        paths: dict[str, str] = json.loads((tmp_path / "made" / "staticfiles.json").read_text())["paths"]
        return paths

    return run


def test_files_are_named_by_their_content_and_lie_there_compressed(collect: Collect, tmp_path: Path) -> None:
    made = collect({"page.js": FILLER, "sub/page.css": "a{}" * 200, "tiny.js": "1"})
    assert all(HASHED.search(name) for name in made.values())
    files = {str(path.relative_to(tmp_path / "made")) for path in (tmp_path / "made").rglob("*") if path.is_file()}
    packed = {name + suffix for key, name in made.items() if key != "tiny.js" for suffix in (".br", ".gz")}
    assert files == {*made.values(), *packed, "staticfiles.json"}
    plain, path = FILLER.encode(), tmp_path / "made" / made["page.js"]
    assert path.read_bytes() == plain
    assert brotli.decompress(path.with_name(path.name + ".br").read_bytes()) == plain
    assert gzip.decompress(path.with_name(path.name + ".gz").read_bytes()) == plain


def test_modules_and_styles_name_the_hashed_files(collect: Collect, tmp_path: Path) -> None:
    made = collect({
        "main.js": 'import { one,\n  two } from "./logic/one.js";\nimport "./side.js";\n'
        'export { one } from "./logic/one.js";\n',
        "logic/one.js": 'import{a as b}from"../deep.js";import{c}from"../side.js";export const one=1,two=b;',
        "deep.js": '/** @param {import("./main.js").Thing} x goes in a circle, in a comment */\nexport const a = 1;\n',
        "side.js": '// import { x } from "./nowhere.js"; is a comment\nexport const text = \'from "./nowhere.js"\';\n',
        "page.css": "@font-face{src:url(font.woff2)}a{background:url('./x/bild.svg#part')}",
        "font.woff2": "font",
        "x/bild.svg": "<svg/>",
    })  # fmt: skip
    text = {name: (tmp_path / "made" / hashed).read_text() for name, hashed in made.items()}
    base = {name: Path(hashed).name for name, hashed in made.items()}
    one, side, deep = base["logic/one.js"], base["side.js"], base["deep.js"]
    assert text["main.js"] == (
        f'import {{ one,\n  two }} from "./logic/{one}";\nimport "./{side}";\nexport {{ one }} from "./logic/{one}";\n'
    )
    assert text["logic/one.js"].startswith(f'import{{a as b}}from"../{deep}";import{{c}}from"../{side}";')
    assert 'import("./main.js")' in text["deep.js"]
    assert "./nowhere.js" in text["side.js"]
    assert base["font.woff2"] in text["page.css"]
    assert f"./x/{base['x/bild.svg']}#part" in text["page.css"]


def test_a_change_far_below_changes_the_names_above(collect: Collect) -> None:
    """Eight modules deep; Django itself goes no further than five."""
    chain = {f"m{n}.js": f'import "./m{n + 1}.js";\n' for n in range(8)} | {"m8.js": "1;"}
    before = collect(chain)
    after = collect({"m8.js": "2;"})
    assert all(before[name] != after[name] for name in chain)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.js", 'import { x } from "./missing.js";'),
        ("sub/page.js", 'export * from "../missing.js";'),
        ("page.css", "a{background:url(missing.png)}"),
        ("page.css", '@import "missing.css";'),
    ],
)
def test_a_missing_file_fails_the_collection(collect: Collect, name: str, text: str) -> None:
    with pytest.raises((CommandError, ValueError), match="missing"):
        collect({name: text})


def test_a_page_that_names_a_missing_file_fails() -> None:
    with pytest.raises(ValueError, match=re.escape("no/such.js")):
        staticfiles_storage.url("no/such.js")


def test_what_is_there_is_not_written_again(collect: Collect, tmp_path: Path) -> None:
    """A running server sends from these files."""
    files = {"page.js": 'import "./other.js";\n' + FILLER, "other.js": FILLER}
    made = collect(files)
    kept = [path for path in (tmp_path / "made").rglob("*.*s*") if HASHED.search(path.name)]
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in kept}
    assert collect(files) == made
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in kept} == before
    assert len(before) == 6


def test_old_names_stay_for_the_pages_that_have_them(collect: Collect, tmp_path: Path) -> None:
    old = collect({"page.js": FILLER})["page.js"]
    new = collect({"page.js": FILLER + "1;"})["page.js"]
    assert old != new
    assert (tmp_path / "made" / old).read_text() == FILLER


def test_every_import_of_ours_is_found() -> None:
    """What the collection rewrites is what TypeScript would resolve: no module of ours imports in another way."""
    root = Path(__file__).resolve().parent.parent.parent / "static"
    for path in root.rglob("*.js"):
        code = re.sub(r"/\*.*?\*/|^\s*//.*?$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
        assert not re.search(r"(?<![.\w])import\s*\(", code), path
        assert len(re.findall(r"""\bfrom\s*["']\.""", code)) <= len(re.findall(IMPORT, code)), path


def test_a_page_names_all_its_modules() -> None:
    found = imported("chats/main.js")
    assert len(found) == len(set(found)) > 30
    assert all(HASHED.search(address) and address.startswith("/static/") for address in found)
    assert any("lit-html/directives/repeat." in address for address in found)
    assert not any("chats/main." in address for address in found)
