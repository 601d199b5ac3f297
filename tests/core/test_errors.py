"""The table of error codes, against Telethon's copy of Telegram's list."""

import pickle
import re

import pytest
from telethon.errors import rpcerrorlist

from tgadmin.core.error_table import TABLE
from tgadmin.core.errors import Action, Kind, TelegramError, disposition, kind_of, split_code

pytestmark = pytest.mark.pure

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


@pytest.mark.parametrize("kind", list(Kind))
def test_an_unknown_code_gets_its_kinds_default(kind: Kind) -> None:
    found = disposition("NEVER_HEARD_OF", kind)
    assert found.kind is kind
    assert found.says.endswith(".")
    assert found.next_step.endswith(".")


def test_rows_are_whole_sentences_without_names_of_things_inside() -> None:
    for code in TABLE:
        found = disposition(code)
        assert found.says[0].isupper(), code
        assert found.says.endswith("."), code
        assert found.next_step.endswith("."), code
        assert not re.search(r"[A-Z]+_[A-Z]+", found.says), code


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


def test_fatal_is_what_stops() -> None:
    assert TelegramError("AUTH_KEY_UNREGISTERED").is_fatal
    assert TelegramError("NEW_ONE", kind=Kind.SESSION).is_fatal
    assert not TelegramError("SESSION_PASSWORD_NEEDED").is_fatal
    assert not TelegramError("CONNECTION_LOST").is_fatal
