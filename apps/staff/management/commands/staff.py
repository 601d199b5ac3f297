"""`manage.py staff`: who may sign in, and help for those who cannot."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from apps.common.commandline import ReportingCommand, table
from apps.staff import selectors
from apps.staff.services import logins, second_factor
from tgadmin.core import origin


class Command(ReportingCommand):
    help = "Staff's own sign-in: list users, unlock one, take a lost second factor away."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = actions.add_parser("list", help="users with their second factor and lock-outs")
        unlock = actions.add_parser("unlock", help="forget wrong sign-ins under a name")
        address = actions.add_parser("unlock-address", help="forget wrong sign-ins from an address, under any name")
        reset = actions.add_parser("reset-second-factor", help="take a lost second factor away; ends the user's logins")
        for each in (listing, unlock, address, reset):
            each.add_argument("--json", action="store_true", help="print JSON for programs")
        for each in (unlock, reset):
            each.add_argument("username")
        address.add_argument("address", help="as the lock-outs show it; of IPv6 the network's first")

    def handle(self, *args: Any, **options: Any) -> None:
        done = {"unlock": self._unlock, "unlock-address": self._unlock_address, "reset-second-factor": self._reset}
        {"list": self._list, **done}[options["action"]](options)

    def _list(self, options: dict[str, Any]) -> None:
        locked = {one.username for one in selectors.lock_outs() if one.until is not None}
        with_factor = selectors.users_with_second_factor()
        rows = [
            {
                "username": user.get_username(),
                "active": user.is_active,
                "staff": user.is_staff,
                "administrator": user.is_superuser,
                "second_factor": user.pk in with_factor,
                "locked": user.get_username() in locked,
            }
            for user in User.objects.order_by("username")
        ]
        words = [
            [value if isinstance(value, str) else "yes" if value else "no" for value in row.values()] for row in rows
        ]
        head = ("USER", "ACTIVE", "STAFF", "ADMINISTRATOR", "SECOND FACTOR", "LOCKED OUT")
        self.show(options, rows, table(head, words))

    def _unlock(self, options: dict[str, Any]) -> None:
        count = logins.unlock(None, options["username"])
        text = "The name is unlocked." if count else "There were no wrong sign-ins under that name."
        self.show(options, {"username": options["username"], "unlocked": bool(count)}, text)

    def _unlock_address(self, options: dict[str, Any]) -> None:
        address = origin.network_of(options["address"])
        if not address:
            raise CommandError(f"'{options['address']}' is no IP address.")
        count = logins.unlock_address(None, address)
        text = "The address is unlocked." if count else "There were no wrong sign-ins from that address."
        self.show(options, {"address": address, "unlocked": bool(count)}, text)

    def _reset(self, options: dict[str, Any]) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user '{options['username']}'.")
        second_factor.reset(None, user)
        text = f"'{user.get_username()}' signs in by password alone, and should add a second factor again."
        self.show(options, {"username": user.get_username(), "second_factor": False}, text)
