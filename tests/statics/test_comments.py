"""Browsers get our modules without comments, and otherwise as they are written."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.js.test_types import NODE, needs_compiler, own_scripts
from tests.kit.running import ROOT
from tgadmin.statics.comments import without_comments

COMPARE = """
const ts = require("./node_modules/typescript");
const options = { compilerOptions: { target: "ESNext", module: "ESNext", removeComments: true } };
const read = (text) => ts.transpileModule(text, options).outputText;
let input = "";
process.stdin.on("data", (data) => (input += data)).on("end", () => {
  const pairs = JSON.parse(input);
  console.log(JSON.stringify(Object.keys(pairs).filter((name) => read(pairs[name][0]) !== read(pairs[name][1]))));
});
"""


@needs_compiler
def test_nothing_but_comments_is_left_out() -> None:
    sources = {str(path): path.read_text(encoding="utf-8") for path in own_scripts()}
    pairs = {name: (text, without_comments(text)) for name, text in sources.items()}
    done = subprocess.run(
        [str(NODE), "-e", COMPARE], input=json.dumps(pairs), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []
    assert sum(len(bare) for _, bare in pairs.values()) < 0.85 * sum(map(len, sources.values()))


@pytest.mark.pure
@pytest.mark.parametrize("path", own_scripts(), ids=lambda path: path.name)
def test_lines_keep_their_numbers(path: object) -> None:
    text = str(path.read_text(encoding="utf-8"))  # type: ignore[attr-defined]
    assert without_comments(text).count("\n") == text.count("\n")


@pytest.mark.pure
@pytest.mark.parametrize(
    ("source", "bare"),
    [
        ("// one\nlet a = 1; // two\n", "\nlet a = 1; // two\n"),
        ("/** a\n * b */\nlet a;\n", "\n\nlet a;\n"),
        ("  /** {@link x} */\n  f();\n", "\n  f();\n"),
        ("f((/** @type {Event} */ e) => e, /** @type {A | {b: C}} */ (x));\n", "f((e) => e, (x));\n"),
        ('let a = "https://e.org/*x*/";\n', 'let a = "https://e.org/*x*/";\n'),
        ("/* a */ let b = 1; /* c */\n", "/* a */ let b = 1; /* c */\n"),
    ],
)
def test_which_comments(source: str, bare: str) -> None:
    assert without_comments(source) == bare
