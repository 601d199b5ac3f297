"""Service messages read alike on the pages and in the chat list, for every action of Telegram's;
static/chats/logic/service_rules.js is what the server's table says (``--write-docs`` writes it again)."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.kit.running import ROOT
from tests.kit.service_actions import ME, NAMES, examples
from tgadmin.core import service_messages

SCRIPT = ROOT / "static" / "chats" / "logic" / "service_rules.js"
NODE = shutil.which("node")
HEAD = """\
// Which sentence a service message is, by its kind: a condition and a sentence each (see the server's table).
// Made from tgadmin/core/service_messages.py by `bin/test tests/js/test_service_rules.py --write-docs`; the test fails
// when it differs.

"""


def made() -> str:
    parts = [HEAD, "/** @type {Record<string, [string, string][]>} */\nexport const RULES = {\n"]
    for kind, rules in service_messages.RULES.items():
        lines = "".join(f"    [{_js(condition)}, {_js(said)}],\n" for condition, said in rules)
        parts += [f"  {kind}: [\n", lines, "  ],\n"]
    parts.append("};\n\n")
    parts.append("/** @type {[string, number][]} */\n")
    parts.append(f"export const UNITS = {_js(service_messages.UNITS)};\n")
    for name in ("ABOUT", "MAX_NAMED", "SOMEBODY", "WHOLE_CURRENCIES"):
        parts.append(f"export const {name} = {_js(getattr(service_messages, name))};\n")
    return "".join(parts)


def _js(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.pure
def test_the_pages_have_the_same_rules(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--write-docs"):
        SCRIPT.write_text(made(), encoding="utf-8")
    assert made() == SCRIPT.read_text(encoding="utf-8"), f"{SCRIPT.name} differs: write it again with --write-docs"


READ = """
import { service } from "./static/chats/logic/service.js";
let given = "";
for await (const some of process.stdin) given += some;
console.log(JSON.stringify(JSON.parse(given).map(([facts, who, id, chat]) => service(facts, who, id, chat))));
"""


@pytest.mark.skipif(NODE is None, reason="Node.js is missing")
def test_both_read_alike() -> None:
    asked: list[tuple[dict[str, Any], str, int, str]] = []
    expected = []
    for facts in examples():
        for sender, who, chat in ((ME, "You", "group"), (8, "Ben", "channel"), (99, "Zoe", "group")):
            asked.append(({**facts, "names": {str(key): name for key, name in NAMES.items()}}, who, sender, chat))
            expected.append(service_messages.sentence(facts, who, sender_id=sender, names=NAMES, chat=chat))
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", READ],
        cwd=ROOT,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == expected
