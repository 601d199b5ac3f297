"""`manage.py session`: list, login, check, logout, cleanup, rekey."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.commands.commandline import WaitingCommand
from apps.common import retention
from apps.common.commandline import DEFAULT_WAIT, acting_user, read_stdin, table
from apps.common.explain import explain
from apps.sessions import attendance, selectors
from apps.sessions.commandline import find_session
from apps.sessions.models import Session
from apps.sessions.services import keys, proxies, rights, sessions
from apps.signin.management import moving
from apps.signin.management.sign_in import Dialogue
from apps.signin.services import cleanup
from apps.staff.roles import Role
from tgadmin.core import phones
from tgadmin.core.errors import UserError
from tgadmin.core.proxies import Proxy


class Command(WaitingCommand):
    help = "Telegram accounts: list them, sign one in, check, log out, clean up."

    about_keys = ("rekey",)

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="the accounts with their status")
        check = actions.add_parser("check", help="ask Telegram for the chat list: shows that the account answers")
        log_out = actions.add_parser("logout", help="log the account out of Telegram (keeps chats)")
        clean_up = actions.add_parser(
            "cleanup", help="end abandoned sign-ins, erase what they left, delete what is no longer kept of each table"
        )
        rekey = actions.add_parser("rekey", help="encrypt all stored secrets by the newest key")
        proxy = actions.add_parser("proxy", help="an account's proxy: show, test, set, remove")
        login = actions.add_parser("login", help="sign an account in, step by step")
        devices = actions.add_parser(
            "devices", help="what is signed in to an account: list, end, how long unused ones live"
        )
        importing = actions.add_parser("import", help="sign an account in by another program's session")
        exporting = actions.add_parser("export", help="an account's session, as Telethon's StringSession")
        for each in (listing, check, log_out, clean_up, rekey, proxy, login, devices, importing, exporting):
            self.add_common(each)
        moving.devices_arguments(devices)
        moving.import_arguments(importing)
        moving.export_arguments(exporting)
        for each in (check, log_out, proxy):
            each.add_argument("session", help="id or name of the account")
        for each in (check, log_out, proxy, login):
            each.add_argument("--timeout", type=float, default=DEFAULT_WAIT, help="seconds to wait for the gateway")
        clean_up.add_argument("--dry-run", action="store_true", help="only say what would be done")
        what = rekey.add_mutually_exclusive_group()
        what.add_argument("--dry-run", action="store_true", help="only say what lies under which key")
        what.add_argument(
            "--erase-unreadable",
            action="store_true",
            help="erase what no key decrypts: its accounts must be signed in again (for a key that is lost for good)",
        )
        do = proxy.add_mutually_exclusive_group()
        do.add_argument("--test", action="store_true", help="check the connection to Telegram as it is")
        do.add_argument(
            "--set-stdin", action="store_true", help="read a proxy link from standard input, try and use it"
        )
        do.add_argument("--remove", action="store_true", help="connect directly from now on")
        self._login_arguments(login)

    def _login_arguments(self, login: CommandParser) -> None:
        login.add_argument("--name", default="", help="what colleagues call the account")
        login.add_argument(
            "--proxy-stdin",
            action="store_true",
            help="with --phone…, --qr: read a proxy link from standard input, in a line after the number's",
        )
        login.add_argument("--session", default="", help="an account that is known already, by id or name")
        login.add_argument("--attempt", default="", help="go on with this sign-in")
        given = login.add_mutually_exclusive_group()
        given.add_argument("--qr", action="store_true", help="by QR code: drawn here, renewed until it was scanned")
        given.add_argument("--phone", default="", help="the number (visible in the process list)")
        given.add_argument("--phone-stdin", action="store_true", help="read the number from standard input")
        given.add_argument("--code", default="", help="the code (visible in the process list)")
        given.add_argument("--code-stdin", action="store_true", help="read the code from standard input")
        given.add_argument("--email", default="", help="the login email that Telegram asks for")
        given.add_argument("--password-stdin", action="store_true", help="read the cloud password from standard input")
        given.add_argument("--resend", action="store_true", help="have the code sent again, or a new one")
        given.add_argument("--cancel", action="store_true", help="end the sign-in")

    def handle(self, *args: Any, **options: Any) -> None:
        {
            "list": self._list,
            "check": self._check,
            "logout": self._log_out,
            "cleanup": self._clean_up,
            "rekey": self._rekey,
            "proxy": self._proxy,
            "login": self._login,
            "devices": lambda options: moving.show_devices(self, options, acting_user(options["user"])),
            "import": lambda options: moving.import_session(
                Dialogue(self, options, acting_user(options["user"])), options
            ),
            "export": lambda options: moving.export_session(self, options, acting_user(options["user"])),
        }[options["action"]](options)

    def _list(self, options: dict[str, Any]) -> None:
        user = acting_user(options["user"])
        rows = list(selectors.for_list(rights.visible_sessions(user)))
        data = [
            {
                "id": row.pk,
                "name": row.name,
                "phone": phones.masked(row.phone),
                "status": attendance.shown_status(row),
                "cause": row.status_code,
                "since": row.status_since,
                "last_update": row.last_update_at,
                "dc": row.dc_id,
                "next_step": known.next_step if (known := explain(row.status_code)) else "",
                "enabled": row.enabled,
            }
            for row in rows
        ]
        shown = [
            (row["id"], row["name"], row["phone"], attendance.label(str(row["status"])), row["cause"]) for row in data
        ]
        self.show(options, data, table(("ID", "NAME", "PHONE", "STATUS", "CAUSE"), shown))

    def _check(self, options: dict[str, Any]) -> None:
        user = acting_user(options["user"])
        session = find_session(user, options["session"])
        command = self.wait(sessions.resync(user, session), options["timeout"])
        self.require_done(command)
        chats = selectors.sync_progress(session).chats
        self.show(options, {"id": session.pk, "ok": True, "chats": chats}, f"{session.name} answers; {chats} chats.")

    def _log_out(self, options: dict[str, Any]) -> None:
        user = acting_user(options["user"])
        session = find_session(user, options["session"])
        asked = sessions.log_out(user, session)
        for command in asked:
            self.require_done(self.wait(command, options["timeout"]))
        text = f"{session.name} is logged out." if asked else f"{session.name} was not signed in."
        self.show(options, {"id": session.pk, "logged_out": bool(asked)}, text)

    def _clean_up(self, options: dict[str, Any]) -> None:
        done = cleanup.run(dry_run=options["dry_run"])
        rows = retention.would_go() if options["dry_run"] else retention.prune()
        verb, went = ("Would end", "WOULD GO") if options["dry_run"] else ("Ended", "WENT")
        text = f"{verb}: {done.abandoned} sign-ins; leftover secrets: {done.secrets}; empty accounts: {done.sessions}."
        shown = [(name, count, retention.decisions()[name].kept) for name, count in rows.items()]
        text = f"{text}\n\n{table(('TABLE', went, 'KEPT'), shown)}"
        self.show(options, done.as_dict() | {"dry_run": options["dry_run"], "rows": rows}, text)

    def _rekey(self, options: dict[str, Any]) -> None:
        if options["dry_run"]:
            held = keys.held()
            data = {"newest": held.newest, "older": held.older, "unreadable": held.unreadable}
            text = f"Under the newest key: {held.newest}; under older: {held.older}; unreadable: {held.unreadable}."
            self.show(options, data, text)
            return
        if options["erase_unreadable"]:
            erased = keys.erase_unreadable().unreadable
            text = f"Erased: {erased} unreadable secrets. Their accounts need a new sign-in; chats are kept."
            self.show(options, {"erased": erased}, text)
            return
        done = keys.rekey()
        text = f"Encrypted again: {done.rekeyed}; under the newest key already: {done.already}."
        if not done.unreadable:
            text += " Older keys can be removed once every process has been restarted with the new one in front."
        self.show(options, done.as_dict(), text)
        if done.unreadable:
            raise CommandError(
                f"{done.unreadable} secrets cannot be read and stay as they are: put their key back behind the new "
                "one, or, if it is lost or they were tampered with, see --erase-unreadable."
            )

    def _proxy(self, options: dict[str, Any]) -> None:
        user = acting_user(options["user"])
        session = find_session(user, options["session"])
        rights.require(user, session.pk, Role.MANAGER)
        if options["set_stdin"]:
            asked = proxies.ask_to_set(user, session, read_proxy())
        elif options["remove"]:
            asked = proxies.ask_to_set(user, session, None)
        elif options["test"]:
            asked = proxies.ask_to_try(user, session)
        else:
            self.show(options, *_proxy_shown(session))
            return
        command = self.wait(asked, options["timeout"])
        self.require_done(command)
        result: dict[str, Any] = dict(command.result or {})
        trouble = explain(str(result["error"]))
        text = f"Connection OK: connected in {result['connect_ms']} ms, Telegram replied in {result['answer_ms']} ms."
        if trouble is None or options["json"]:
            self.show(options, {**_proxy_shown(session)[0], **result}, text)
        if trouble is not None:
            kept = "" if options["test"] else " Nothing was changed."
            raise CommandError(f"{trouble.message} {trouble.next_step}{kept} ({trouble.code})")

    def _login(self, options: dict[str, Any]) -> None:
        if options["attempt"] and (options["phone"] or options["phone_stdin"] or options["qr"] or options["session"]):
            self._usage(
                "--attempt goes on with a sign-in: give --code…, --email, --password-stdin, --resend or --cancel."
            )
        answers = ("code", "code_stdin", "email", "password_stdin", "resend", "cancel")
        if not options["attempt"] and any(options[name] for name in answers):
            self._usage("--code…, --email, --password-stdin, --resend and --cancel need --attempt.")
        dialogue = Dialogue(self, options, acting_user(options["user"]))
        starts = options["phone"] or options["phone_stdin"] or (options["session"] and options["json"])
        if options["attempt"]:
            dialogue.go_on(read_stdin() if options["code_stdin"] or options["password_stdin"] else options["code"])
        elif options["qr"]:
            proxy = read_proxy() if options["proxy_stdin"] else None
            if options["json"]:
                dialogue.begin_qr(proxy)
            else:
                dialogue.watch_qr(getpass.getpass if sys.stdin.isatty() else None, proxy)
        elif starts:
            phone = read_stdin() if options["phone_stdin"] else options["phone"]
            dialogue.begin(phone, read_proxy() if options["proxy_stdin"] else None)
        elif options["json"] or not sys.stdin.isatty():
            self._usage("Give --qr, --phone or --phone-stdin, or --attempt.")
        else:
            dialogue.interactive(input, getpass.getpass)

    def _usage(self, text: str) -> None:
        raise CommandError(text, returncode=2)


def read_proxy() -> Proxy:
    """A line of standard input. Raises CommandError."""
    try:
        return Proxy.parse(read_stdin())
    except UserError as error:
        raise CommandError(error.message, returncode=2) from None


def _proxy_shown(session: Session) -> tuple[dict[str, Any], str]:
    """The account's proxy for programs and for people; never its secrets."""
    facts = selectors.proxy_facts(session)
    row = facts["row"]
    if row is None:
        return {"id": session.pk, "proxy": None}, f"{session.name} connects directly, without a proxy."
    data = {"kind": row.kind, "host": row.host, "port": row.port, "tried": row.checked_at, "error": row.error_code}
    text = f"{session.name} goes through the {row.get_kind_display()} proxy {facts['address']}."
    return {"id": session.pk, "proxy": data}, text
