"""The steps of a sign-in at the command line: one step per call for programs, or all of them asked one by one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from apps.commands.command_kinds import SIGN_IN_LANE
from apps.commands.commandline import still_waiting
from apps.commands.models import Command
from apps.commands.services import commands
from apps.common import qr
from apps.common.user_errors import Inline
from apps.sessions.commandline import find_session
from apps.sessions.models import Session
from apps.signin import services as signin
from apps.signin.models import SignInAttempt, SignInStep
from apps.signin.selectors import explain_step, how_it_came, seconds_until
from apps.signin.services.rights import visible_attempts
from tgadmin.core import phones
from tgadmin.core.proxies import Proxy

if TYPE_CHECKING:
    from apps.common.commandline import ReportingCommand

Ask = Callable[[str], str]


class Dialogue:
    """One run of ``session login``."""

    def __init__(self, command: ReportingCommand, options: dict[str, Any], user: User) -> None:
        self._command, self._options, self._user = command, options, user
        self._started: SignInAttempt | None = None

    # --- for programs: one step ---

    def begin(self, phone: str, proxy: Proxy | None = None) -> None:
        """Starts with the number (or the known account's) and reports the step that waits."""
        self._report(self._settled(self._start(phone, proxy)))

    def begin_qr(self, proxy: Proxy | None = None) -> None:
        """Starts with a QR code and reports what it says."""
        self._report(self._settled(self._start_qr(proxy)))

    def begin_import(self, data: bytes) -> None:
        """Starts with another program's session and reports what came of it."""
        attempt = signin.start_import(self._user, self._options["name"], data, session=self._known())
        self._report(self._settled(attempt))

    def go_on(self, given: str) -> None:
        """Takes the step that the options name; with none, reports where the sign-in stands."""
        attempt = self._attempt(self._options["attempt"])
        if self._options["cancel"]:
            attempt = signin.cancel(self._user, attempt)
        elif self._options["resend"]:
            attempt = signin.resend(self._user, attempt)
        elif self._options["password_stdin"]:
            attempt = signin.submit_password(self._user, attempt, given)
        elif self._options["email"]:
            attempt = signin.submit_email(self._user, attempt, self._options["email"])
        elif self._options["code"] or self._options["code_stdin"]:
            attempt = signin.submit_code(self._user, attempt, given)
        elif signin.needs_renewal(attempt):
            attempt = signin.renew_qr(self._user, attempt)
        self._report(self._settled(attempt))

    def _report(self, attempt: SignInAttempt) -> None:
        trouble = None if attempt.step == SignInStep.CANCELLED else explain_step(attempt)
        data: dict[str, Any] = {"attempt": str(attempt.pk), "step": attempt.step}
        shown = signin.shown_code(attempt)
        if shown is not None:
            data |= {"url": shown.url, "expires_in": shown.seconds}
        if attempt.step == SignInStep.CODE:
            data |= {"via": attempt.code_via, "length": attempt.code_length, "resend_via": attempt.next_via}
            data |= {"resend_in": seconds_until(attempt.resend_at)}
        if attempt.step == SignInStep.PASSWORD:
            data |= {"hint": attempt.password_hint}
        if attempt.step == SignInStep.DONE:
            data |= {"session": attempt.session_id, "name": attempt.session.name}
        if attempt.flood_until is not None:
            data |= {"wait": seconds_until(attempt.flood_until)}
        if trouble is not None:
            data |= {"error": trouble.code, "message": trouble.message, "next_step": trouble.next_step}
        if trouble is None or self._options["json"]:
            self._command.show(self._options, data, self._words(attempt))
        if trouble is not None:
            raise CommandError(f"{trouble.message} {trouble.next_step}{_wait_words(attempt)} ({trouble.code})")

    def _words(self, attempt: SignInAttempt) -> str:
        shown = signin.shown_code(attempt)
        if shown is not None:
            return f"{qr.terminal(shown.url)}\nScan this with the account's own Telegram app within {shown.seconds} s."
        if attempt.step == SignInStep.CODE:
            via = how_it_came(attempt)
            return f"Telegram sent a code {via}. Go on with: session login --attempt {attempt.pk} --code-stdin".replace(
                "  ", " "
            )
        if attempt.step == SignInStep.EMAIL:
            return (
                f"Telegram wants a login email first. Go on with: session login --attempt {attempt.pk} --email ADDRESS"
            )
        if attempt.step == SignInStep.PASSWORD:
            hint = f" Hint: {attempt.password_hint}" if attempt.password_hint else ""
            return (
                f"The cloud password is needed.{hint} Go on with: session login --attempt {attempt.pk} --password-stdin"
            )
        if attempt.step == SignInStep.DONE:
            return f"{attempt.session.name} is signed in (account {attempt.session_id})."
        return f"Sign-in {attempt.pk}: {attempt.get_step_display()}."

    # --- for people: all steps ---

    def watch_qr(self, ask_hidden: Ask | None, proxy: Proxy | None = None) -> None:
        """Draws the code, and each that takes its place, until it was scanned; then asks for the password, if it can.

        Raises CommandError when it is given up.
        """
        attempt: SignInAttempt | None = None
        try:
            attempt = self._scanned(self._settled(self._start_qr(proxy)))
            while attempt.step == SignInStep.PASSWORD and not attempt.is_over and ask_hidden is not None:
                with Inline() as refused:  # what was typed, or the moment, is not right: asked again
                    attempt = self._settled(self._next(attempt, ask_hidden, ask_hidden))
                if refused.error is not None:
                    self._say(str(refused.error))
                elif attempt is not None:
                    self._say_trouble(attempt)
        except (KeyboardInterrupt, EOFError):
            self._give_up()
        assert attempt is not None  # noqa: S101  _give_up raises
        self._report(attempt)

    def _scanned(self, attempt: SignInAttempt) -> SignInAttempt:
        """The attempt once its step is another, or something stands in its way."""
        drawn = ""
        with commands.settlements() as listener:
            while attempt.step == SignInStep.QR and not (attempt.error_code and not attempt.busy):
                shown = signin.shown_code(attempt)
                if shown is not None and shown.id != drawn:
                    self._command.stdout.write(qr.terminal(shown.url))
                    self._command.stdout.write(
                        "Telegram on the phone: Settings, Devices, Link desktop device. Ctrl-C ends."
                    )
                    self._command.stdout.flush()
                    drawn = shown.id
                if signin.needs_renewal(attempt):
                    with Inline():  # scanned just now
                        signin.renew_qr(self._user, attempt)
                for _ in listener.notifies(timeout=commands.POLL_SECONDS, stop_after=1):
                    pass
                attempt = SignInAttempt.objects.select_related("session").get(pk=attempt.pk)
        return self._settled(attempt)

    def _give_up(self) -> NoReturn:
        if self._started is not None:
            signin.cancel(self._user, self._started)
        raise CommandError("The sign-in was cancelled.") from None

    def interactive(self, ask: Ask, ask_hidden: Ask) -> None:
        """Asks for what each step needs until the account is signed in. Raises CommandError when it is given up."""
        attempt: SignInAttempt | None = None
        try:
            while attempt is None or not attempt.is_over:
                asks = attempt is not None or not self._options["session"]
                with Inline() as refused:  # what was typed, or the moment, is not right: asked again
                    attempt = self._settled(self._next(attempt, ask, ask_hidden))
                if refused.error is not None and not asks:
                    raise refused.error  # nothing was asked for: the next try would be the same
                if refused.error is not None:
                    self._say(str(refused.error))
                elif attempt is not None:
                    self._say_trouble(attempt)
        except (KeyboardInterrupt, EOFError):
            self._give_up()
        assert attempt is not None  # noqa: S101  _give_up raises
        self._report(attempt)

    def _next(self, attempt: SignInAttempt | None, ask: Ask, ask_hidden: Ask) -> SignInAttempt:
        if attempt is None:
            known = self._options["session"]
            phone = "" if known else ask("Phone number with country code: ")
            return self._start(phone)
        if attempt.step == SignInStep.PHONE:
            phone = ask(f"Phone number (empty: {phones.masked(attempt.phone)} again): ")
            return signin.submit_phone(self._user, attempt, phone or attempt.phone)
        if attempt.step == SignInStep.CODE:
            via = how_it_came(attempt)
            code = ask(f"Code that Telegram sent {via} (empty: send another): ".replace("  ", " "))
            return signin.submit_code(self._user, attempt, code) if code else signin.resend(self._user, attempt)
        if attempt.step == SignInStep.EMAIL:
            address = ask("Telegram wants a login email for this account. Address: ")
            return signin.submit_email(self._user, attempt, address)
        hint = f" (hint: {attempt.password_hint})" if attempt.password_hint else ""
        return signin.submit_password(self._user, attempt, ask_hidden(f"Cloud password{hint}: "))

    def _say_trouble(self, attempt: SignInAttempt) -> None:
        trouble = explain_step(attempt)
        if trouble is not None and not attempt.is_over:
            self._say(f"{trouble.message} {trouble.next_step}{_wait_words(attempt)} ({trouble.code})")

    def _say(self, text: str) -> None:
        self._command.stderr.write(text)

    # --- both ---

    def _start(self, phone: str, proxy: Proxy | None = None) -> SignInAttempt:
        session = self._known()
        number = phone or (session.phone if session is not None else "")
        self._started = signin.start(self._user, self._options["name"], number, session=session, proxy=proxy)
        return self._started

    def _start_qr(self, proxy: Proxy | None) -> SignInAttempt:
        self._started = signin.start_qr(self._user, self._options["name"], session=self._known(), proxy=proxy)
        return self._started

    def _known(self) -> Session | None:
        return find_session(self._user, self._options["session"]) if self._options["session"] else None

    def _attempt(self, wanted: str) -> SignInAttempt:
        try:
            key = UUID(wanted)
        except ValueError:
            raise CommandError("--attempt takes the id that the first step printed.", returncode=2) from None
        attempt = visible_attempts(self._user).select_related("session").filter(pk=key).first()
        if attempt is None:
            raise CommandError("There is no such sign-in, or it is not yours.")
        return attempt

    def _settled(self, attempt: SignInAttempt) -> SignInAttempt:
        """The attempt once the gateway has answered. Raises UserError after the timeout; the sign-in goes on."""
        deadline = time.monotonic() + float(self._options["timeout"])
        while True:
            attempt = SignInAttempt.objects.select_related("session").get(pk=attempt.pk)
            lane = Command.objects.filter(lane=SIGN_IN_LANE.of(attempt.pk), state__in=commands.OPEN)
            waiting = lane.order_by("-pk").first() if attempt.busy else None
            if waiting is None:
                return attempt
            left = deadline - time.monotonic()
            if left <= 0:
                raise still_waiting(waiting, f"Telegram has not answered yet. Check again with --attempt {attempt.pk}.")
            commands.wait(waiting.pk, left)


def _wait_words(attempt: SignInAttempt) -> str:
    seconds = seconds_until(attempt.flood_until)
    return f" Again in {seconds} s." if seconds else ""
