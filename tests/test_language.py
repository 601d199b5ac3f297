"""Names and texts use plain words and the field's own: private wordings that were replaced once do not come back.

Two lists. NAMES: words that no identifier of the Python code contains. TEXTS: words and phrases that stand nowhere: in
no name, docstring, comment, message, page or document. Each has what to write instead. EXCEPTIONS says where a word is
right after all, and why. The glossary's own words (lane, fence, hub, sandbox, checkpoint, gap) are not here.
"""

from __future__ import annotations

import io
import re
import tokenize
from functools import lru_cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.source

ROOT = Path(__file__).resolve().parent.parent
CODE = ("apps", "tgadmin", "sandbox")
FOLDERS = (*CODE, "templates", "static", "docs")
KINDS = {".py", ".html", ".js", ".css", ".md"}

NAMES = {
    "anew": "again",
    "beaten": "heartbeat",
    "beating": "alive",
    "beats": "heartbeat",
    "deed": "action",
    "deeds": "actions",
    "doubt": "stale, unknown",
    "doubts": "stale, unknown",
    "doubtful": "stale, unknown",
    "enlist": "subscribe",
    "errand": "background_write",
    "forsake": "give_up",
    "looked": "checked, seen",
    "looking": "checking",
    "looks": "styles, checks",
    "mine": "own",
    "neighbour": "local",
    "neighbours": "local",
    "press": "suggested_action",
    "standing": "access, membership",
    "standings": "accesses",
    "stood": "stalled",
    "talk": "message_actions",
    "told": "sent, reported, facts",
    "way": "method, route, connection",
    "ways": "methods, routes",
    "whence": "origin",
}
TEXTS = {
    r"anew": "again",
    r"beat|beats|beaten|beating": "heartbeat",
    r"begun again": "restarted",
    r"deeds?": "action",
    r"doubtful|in doubt": "stale, unknown",
    r"enlist\w*": "subscribe",
    r"errands?": "task",
    r"forsakes?|forsaken": "give up",
    r"good no more": "no longer valid",
    r"he|him|his|himself": "they",
    r"nobody here added": "added elsewhere",
    r"nothing waits": "no pending commands",
    r"she|her|hers|herself": "they",
    r"stood": "was open, stalled",
    r"the way (?:works|stood|stands)": "the connection works",
    r"(?<!on its )(?<!on their )way to telegram": "connection to Telegram",
    r"whence": "from where",
}

# (file, word): why it is right there.
_CODE = "PROXY_NO_WAY, an error code that is stored and documented"
_COLUMN = "the column of a process's heartbeat"
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("apps/chats/models/live.py", "beat"): _COLUMN,
    ("apps/chats/services/connection_limits.py", "beat"): _COLUMN,
    ("apps/commands/models/lease.py", "beat"): _COLUMN,
    ("tgadmin/gateway/ownership/lease.py", "beat"): _COLUMN,
    ("tgadmin/local/readiness.py", "beat"): _COLUMN,
    ("sandbox/demo/texts.py", "her"): "somebody's sister, in a message of the demo",
    ("tgadmin/core/errors/codes.py", "way"): _CODE,
    ("tgadmin/core/errors/suggested_actions.py", "way"): _CODE,
    ("tgadmin/core/errors/table/ours.py", "way"): _CODE,
    ("tgadmin/telegram/_telethon/proxied.py", "way"): _CODE,
    ("tgadmin/core/errors/table/staff.py", "way"): "UNDER_WAY, an error code that is stored and documented",
}


@lru_cache
def files() -> list[Path]:
    """Everything that is ours: no vendored file, no migration (they repeat what the models say)."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in KINDS]
    return sorted(
        [*(path for path in found if not {"vendor", "migrations", "__pycache__"} & set(path.parts)), *ROOT.glob("*.md")]
    )


@lru_cache
def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def words_of(name: str) -> list[str]:
    """``_lookAt_TheLoop`` as look, at, the, loop."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


@lru_cache
def names(path: Path) -> tuple[tuple[int, str], ...]:
    """Each identifier with its line."""
    tokens = tokenize.generate_tokens(io.StringIO(read(path)).readline)
    return tuple((token.start[0], token.string) for token in tokens if token.type == tokenize.NAME)


def excepted(path: Path, word: str) -> bool:
    return (str(path.relative_to(ROOT)), word) in EXCEPTIONS


@pytest.mark.parametrize("word", NAMES)
def test_no_name_has_it(word: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in files()
        if path.suffix == ".py" and not excepted(path, word) and word in read(path).lower()
        for line, name in names(path)
        if word in words_of(name)
    ]
    assert found == [], f"write: {NAMES[word]}"


@pytest.mark.parametrize("phrase", TEXTS)
def test_no_text_has_it(phrase: str) -> None:
    pattern = re.compile(rf"(?<![\w-])(?:{phrase})(?![\w-])", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{read(path).count(chr(10), 0, hit.start()) + 1}: {hit[0]}"
        for path in files()
        for hit in pattern.finditer(read(path))
        if not excepted(path, hit[0].lower())
    ]
    assert found == [], f"write: {TEXTS[phrase]}"


def test_each_exception_is_needed() -> None:
    for (name, word), reason in EXCEPTIONS.items():
        text = read(ROOT / name).lower()
        assert re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text), f"{name} has no {word} any more"
        assert reason


def test_the_check_splits_names() -> None:
    assert words_of("_lookAt_TheLOOP") == ["look", "at", "the", "loop"]
    assert words_of("has_ALLOWED2") == ["has", "allowed"]
