"""`session import`, `export` and `devices`: an account's key in and out, and what else is signed in to it."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from apps.commands.commandline import WaitingCommand
from apps.commands.models import Command
from apps.common.commandline import DEFAULT_WAIT, read_bytes, table
from apps.sessions import selectors
from apps.sessions.commandline import find_session
from apps.sessions.models import Device, Session
from apps.sessions.services import devices, exports
from apps.signin.management.sign_in import Dialogue
from tgadmin.core.errors import UserError
from tgadmin.core.ids import row_id
from tgadmin.core.session_files import MAX_FILE


def import_arguments(parser: ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--file", default="", help="a .session file of Telethon or Pyrogram, or a file that holds a session string"
    )
    source.add_argument("--session-stdin", action="store_true", help="read either of them from standard input")
    parser.add_argument("--name", default="", help="what colleagues call the account")
    parser.add_argument("--session", default="", help="the account that it must belong to, by id or name")
    parser.add_argument("--timeout", type=float, default=DEFAULT_WAIT, help="seconds to wait for the gateway")


def export_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("session", help="id or name of the account")
    parser.add_argument(
        "--reason", required=True, help=f"why, in at least {exports.MIN_REASON} characters; the audit keeps it"
    )
    parser.add_argument("--output", default="", help="a new file, for its owner only, instead of standard output")


def devices_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("session", help="id or name of the account")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--end", type=_number, default=None, metavar="DEVICE", help="log out the device of that number")
    what.add_argument("--end-others", action="store_true", help="log out every device but this installation")
    what.add_argument("--known", type=_number, default=None, metavar="DEVICE", help="mark this device as known")
    what.add_argument("--ttl", type=int, default=None, metavar="DAYS", help="end authorizations unused for so long")
    what.add_argument("--stored", action="store_true", help="do not ask Telegram: what was listed last")
    parser.add_argument("--timeout", type=float, default=DEFAULT_WAIT, help="seconds to wait for the gateway")


def _number(text: str) -> int:
    found = row_id(text)
    if not found:
        raise ArgumentTypeError("is the number of a device in the list")
    return found


def import_session(dialogue: Dialogue, options: dict[str, Any]) -> None:
    """Begins the import and waits for its end. Raises CommandError."""
    if options["session_stdin"]:
        data = read_bytes(MAX_FILE)
    else:
        try:
            with Path(options["file"]).open("rb") as file:
                data = file.read(MAX_FILE + 1)
        except (OSError, ValueError) as error:
            raise CommandError(f"The file cannot be read ({type(error).__name__}).") from None
    dialogue.begin_import(data)


def export_session(command: WaitingCommand, options: dict[str, Any], user: User) -> None:
    session = find_session(user, options["session"])
    out = _new_file(options["output"]) if options["output"] else None
    try:
        text = exports.export_string(user, session, options["reason"])
    except Exception:
        if out is not None:
            os.close(out)
            Path(options["output"]).unlink()
        raise
    if out is None:
        command.show(options, {"id": session.pk, "string_session": text}, text)
        return
    with os.fdopen(out, "w", encoding="ascii") as file:
        file.write(text + "\n")
    command.show(options, {"id": session.pk, "file": options["output"]}, f"Written to {options['output']}.")


def _new_file(path: str) -> int:
    try:
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except (OSError, ValueError) as error:
        raise CommandError(f"The file cannot be made ({type(error).__name__}).") from None


def show_devices(command: WaitingCommand, options: dict[str, Any], user: User) -> None:
    """What was asked for, then the list. Raises CommandError, UserError."""
    session = find_session(user, options["session"])
    asked = _asked(session, options, user)
    if asked is not None:
        command.require_done(command.wait(asked, options["timeout"]))
    session.refresh_from_db()
    facts = selectors.device_facts(session)
    rows: list[Device] = facts["rows"]
    data = {
        "id": session.pk,
        "seen_at": facts["seen_at"],
        "ttl_days": facts["ttl"],
        "may_end_others_at": facts["may_end_at"],
        "devices": [_facts(device) for device in rows],
    }
    shown = [
        (device.pk, device.label, device.country or device.ip, f"{device.active_at:%Y-%m-%d %H:%M}", _kind(device))
        for device in rows
    ]
    command.show(options, data, table(("DEVICE", "WHAT", "WHERE", "LAST USED", ""), shown))


def _asked(session: Session, options: dict[str, Any], user: User) -> Command | None:
    if options["end_others"]:
        return devices.end_others(user, session)
    if options["ttl"] is not None:
        return devices.set_ttl(user, session, options["ttl"])
    if options["end"] is not None:
        return devices.end(user, session, _hash(session, options["end"]))
    if options["known"] is not None:
        devices.acknowledge(user, session, _hash(session, options["known"]))
        return None
    if options["stored"]:
        devices.require_manager(user, session)
        return None
    return devices.refresh(user, session)


def _hash(session: Session, number: int) -> int:
    found = Device.objects.filter(session=session, pk=number).first()
    if found is None:
        raise UserError("HASH_INVALID", "There is no such device in the account's list.")
    return found.hash


def _facts(device: Device) -> dict[str, Any]:
    names = ("device_model", "platform", "system_version", "app_name", "app_version", "ip", "country", "region")
    return {
        "device": device.pk,
        **{name: getattr(device, name) for name in names},
        "signed_in_at": device.signed_in_at,
        "active_at": device.active_at,
        "current": device.is_current,
        "ours": device.is_ours,
        "unknown": device.is_strange,
        "password_pending": device.is_pending,
    }


def _kind(device: Device) -> str:
    if device.is_current:
        return "this installation"
    return "unknown: not added here" if device.is_strange else "made here" if device.is_ours else ""
