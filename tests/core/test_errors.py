"""The table of error codes, against Telethon's copy of Telegram's list, Telegram's pages, and our own source.

``python -m tests.core.test_errors`` writes docs/errors.md again.
"""

import pickle
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from telethon.errors import rpcerrorlist

from tgadmin.core.errors import (
    LONGEST_WAIT,
    PROXY_CODES,
    Action,
    Kind,
    SuggestedAction,
    TelegramError,
    disposition,
    kind_of,
    split_code,
)
from tgadmin.core.errors.codes import TelegramErrorCode
from tgadmin.core.errors.kinds import KINDS, NAMES
from tgadmin.core.errors.table import TABLE

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs" / "errors.md"
NUMBERS = {
    303: Kind.MIGRATE, 400: Kind.CALLER, 401: Kind.SESSION, 403: Kind.RIGHTS, 406: Kind.REFUSED, 420: Kind.WAIT,
    500: Kind.RETRY,
}  # fmt: skip


def telegram_codes() -> dict[str, int]:
    """All codes that Telethon knows, as we name them, with Telegram's number."""
    listed = {name: kind for name, kind in rpcerrorlist.rpc_errors_dict.items() if name == name.upper()}
    numbered = {pattern.replace(r"(\d+)", "7"): kind for pattern, kind in rpcerrorlist.rpc_errors_re}
    found = {}
    for message, kind in (listed | numbered).items():
        number = next(c.code for c in kind.__mro__ if getattr(c, "code", None))
        found[split_code(message)[0]] = number
    return found


def test_every_code_of_telegram_has_the_kind_of_its_number() -> None:
    different = {
        code: (kind_of(code), number)
        for code, number in telegram_codes().items()
        if kind_of(code) is not NUMBERS.get(number, Kind.NETWORK)
    }
    # The one that is REFUSED by its number and ends the authorization.
    assert different == {"AUTH_KEY_DUPLICATED": (Kind.SESSION, 406)}
    assert len(telegram_codes()) > 500


def test_no_code_that_telethon_knows_is_undecided() -> None:
    """A new Telethon that knows another: decide what kind it is, and put its name into a list of errors/kinds.py."""
    assert [code for code in telegram_codes() if code not in KINDS] == []
    assert sum(len(names.split()) for names in NAMES.values()) == len(KINDS), "a name is in two lists"


def test_the_enum_is_the_table() -> None:
    assert set(TABLE) == set(TelegramErrorCode)
    assert all(code.name == code.value for code in TelegramErrorCode)
    assert [code for code in TABLE if code not in KINDS] == []
    assert {code for code in TABLE if code.startswith("PROXY_") and kind_of(code) is Kind.NETWORK} == PROXY_CODES


def test_what_can_be_pressed() -> None:
    assert disposition("AUTH_KEY_UNREGISTERED").suggested_action is SuggestedAction.SIGN_IN_AGAIN
    assert disposition("PROXY_UNREACHABLE").suggested_action is SuggestedAction.PROXY
    assert disposition("CHAT_WRITE_FORBIDDEN").suggested_action is SuggestedAction.RETRY_MESSAGE
    assert disposition("FLOOD_WAIT").suggested_action is SuggestedAction.NONE
    templates = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    pages = templates + "".join(path.read_text() for path in (ROOT / "static" / "chats").rglob("*.js"))
    pages += (ROOT / "apps" / "sessions" / "admin" / "actions.py").read_text()
    assert [press for press in SuggestedAction if press not in pages] == [], "no page has such a button"


HEAD = """# Error codes

What Telegram answers when it refuses, and what we say ourselves: what each code is, what the program does,
what staff read and what they can press.
Codes are Telegram's names without their numbers (`FLOOD_WAIT_30` is `FLOOD_WAIT` with 30 seconds).
A code that is not here is treated by its kind.
This page is written by `python -m tests.core.test_errors`; a test fails when it differs from the table.

| kind | number | what the program does | what staff read | what to do |
|---|---|---|---|---|
"""
_NUMBER_OF = {kind: str(number) for number, kind in NUMBERS.items()}
_NUMBER_OF |= {Kind.RETRY: "500, -500", Kind.NETWORK: "none, -503"}
DOES = {
    Action.FAIL: "gives this one thing up and says why",
    Action.WAIT: "waits the seconds that Telegram names, then does it",
    Action.RETRY: "tries again, with growing pauses",
    Action.STOP: "disconnects the account and erases its key; chats stay",
    Action.ASK_PASSWORD: "asks for the cloud password",
    Action.RESTART_SIGN_IN: "begins the sign-in again from the number",
    Action.CATCH_UP: "fetches what was missed, then looks again",
    Action.SUCCESS: "takes it for done",
    Action.MIGRATE: "asks at the data centre that Telegram names, and remembers it",
}


def page() -> str:
    kinds = [disposition("NEVER_HEARD_OF", kind) for kind in Kind]
    lines = [
        f"| {each.kind} | {_NUMBER_OF[each.kind]} | {DOES[each.action]} | {each.message} | {each.next_step} |"
        for each in kinds
    ]
    lines += ["", "| code | kind | what the program does | what staff read | what to do | button |"]
    lines += ["|---|---|---|---|---|---|"]
    for code in sorted(TABLE):
        each = disposition(code)
        cells = (f"`{code}`", each.kind, DOES[each.action], each.message, each.next_step, each.suggested_action or "–")
        lines.append(f"| {' | '.join(cells)} |")
    return HEAD + "\n".join(lines) + "\n"


def test_the_page_is_the_table() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), "python -m tests.core.test_errors"


@pytest.mark.parametrize("kind", list(Kind))
def test_an_unknown_code_gets_its_kinds_default(kind: Kind) -> None:
    found = disposition("NEVER_HEARD_OF", kind)
    assert found.kind is kind
    assert found.message.endswith(".")
    assert found.next_step.endswith(".")


def test_rows_are_whole_sentences_without_names_of_things_inside() -> None:
    for code in TABLE:
        found = disposition(code)
        assert found.message[0].isupper(), code
        assert found.message.endswith("."), code
        assert found.next_step.endswith("."), code
        assert not re.search(r"[A-Z]+_[A-Z]+", found.message), code


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("AUTH_KEY_UNREGISTERED", Action.STOP),
        ("AUTH_KEY_DUPLICATED", Action.STOP),
        ("SESSION_REVOKED", Action.STOP),
        ("SESSION_EXPIRED", Action.STOP),
        ("USER_DEACTIVATED", Action.STOP),
        ("USER_DEACTIVATED_BAN", Action.STOP),
        ("SESSION_PASSWORD_NEEDED", Action.ASK_PASSWORD),
        ("AUTH_RESTART", Action.RESTART_SIGN_IN),
        ("PHONE_CODE_EXPIRED", Action.RESTART_SIGN_IN),
        ("FLOOD_WAIT", Action.WAIT),
        ("SLOWMODE_WAIT", Action.WAIT),
        ("PEER_FLOOD", Action.FAIL),
        ("RANDOM_ID_DUPLICATE", Action.CATCH_UP),
        ("MESSAGE_NOT_MODIFIED", Action.SUCCESS),
        ("PHONE_MIGRATE", Action.MIGRATE),
        ("RPC_CALL_FAIL", Action.RETRY),
        ("TIMEOUT", Action.RETRY),
        ("CHAT_WRITE_FORBIDDEN", Action.FAIL),
    ],
)
def test_what_is_done(code: str, action: Action) -> None:
    assert disposition(code).action is action


@pytest.mark.parametrize(
    ("message", "number", "code", "seconds", "kind"),
    [
        ("FLOOD_WAIT_30", 420, "FLOOD_WAIT", 30, Kind.WAIT),
        ("SLOWMODE_WAIT_5", 420, "SLOWMODE_WAIT", 5, Kind.WAIT),
        ("2FA_CONFIRM_WAIT_600", 420, "2FA_CONFIRM_WAIT", 600, Kind.WAIT),
        ("PHONE_MIGRATE_4", 303, "PHONE_MIGRATE", None, Kind.MIGRATE),
        ("FILE_PART_3_MISSING", 400, "FILE_PART_MISSING", None, Kind.CALLER),
        ("INTERDC_2_CALL_ERROR", 500, "INTERDC_CALL_ERROR", None, Kind.RETRY),
        ("PREVIOUS_CHAT_IMPORT_ACTIVE_WAIT_5MIN", 406, "PREVIOUS_CHAT_IMPORT_ACTIVE_WAIT", 300, Kind.REFUSED),
        ("PASSWORD_TOO_FRESH_86400", 400, "PASSWORD_TOO_FRESH", 86400, Kind.CALLER),
        ("No workers running", -500, "NO_WORKERS_RUNNING", None, Kind.RETRY),
        ("Timeout", -503, "TIMEOUT", None, Kind.NETWORK),
        ("SOMETHING_NEW", 403, "SOMETHING_NEW", None, Kind.RIGHTS),
        ("", 400, "UNKNOWN_ERROR", None, Kind.CALLER),
        ("X" * 500, 400, "X" * 64, None, Kind.CALLER),
    ],
)
def test_what_telegram_said_is_read(message: str, number: int, code: str, seconds: int | None, kind: Kind) -> None:
    error = TelegramError.parse(message, number, "messages.sendMessage")
    assert (error.code, error.seconds, error.kind) == (code, seconds, kind)
    assert error.disposition.kind is kind


def test_a_migration_keeps_its_data_centre() -> None:
    assert TelegramError.parse("USER_MIGRATE_5", 303).number == 5


def test_its_text_names_code_method_and_seconds_only() -> None:
    assert str(TelegramError.parse("FLOOD_WAIT_30", 420, "messages.sendMessage")) == (
        "FLOOD_WAIT (30 s) at messages.sendMessage"
    )


def test_it_survives_pickling() -> None:
    error = TelegramError.parse("FLOOD_WAIT_30", 420, "messages.sendMessage")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code, copy.seconds, copy.method, copy.kind) == ("FLOOD_WAIT", 30, "messages.sendMessage", Kind.WAIT)


@pytest.mark.parametrize(
    "digits",
    ["99999999999", "9" * 20, "9" * 5000, "0", "00000000030", "\u0663\u0663"],
    ids=lambda text: f"{len(text)} digits",
)
@pytest.mark.parametrize(
    "name", ["FLOOD_WAIT_{}", "SLOWMODE_WAIT_{}", "SESSION_TOO_FRESH_{}", "USER_MIGRATE_{}", "X_WAIT_{}MIN"]
)
def test_no_number_of_telegram_is_too_much(name: str, digits: str) -> None:
    """A moment so far ahead can be told, and stored; the code is one that the columns hold."""
    error = TelegramError.parse(name.format(digits), 420 if "WAIT" in name else 400)
    assert 0 <= (error.seconds or 0) <= LONGEST_WAIT
    assert 0 <= (error.number or 0) < 2**31
    assert (datetime(2026, 11, 27, tzinfo=UTC) + timedelta(seconds=error.seconds or 0)).year < 2030
    assert len(error.code) <= 64
    disposition(error.code)


@pytest.mark.parametrize(
    "said",
    ["", "\0", "\ud800" * 100, "x" * 1_000_000, "_1" * 500_000, "_" * 500_000, "FLOOD_WAIT_-5"],
    ids=lambda text: text[:9],
)
def test_no_text_of_telegram_is_too_much(said: str) -> None:
    code, _ = split_code(said)
    assert 0 < len(code) <= 64
    assert code.isascii()


def test_fatal_is_what_stops() -> None:
    assert TelegramError("AUTH_KEY_UNREGISTERED").is_fatal
    assert TelegramError("NEW_ONE", kind=Kind.SESSION).is_fatal
    assert not TelegramError("SESSION_PASSWORD_NEEDED").is_fatal
    assert not TelegramError("CONNECTION_LOST").is_fatal


if __name__ == "__main__":
    DOCS.write_text(page(), encoding="utf-8")
