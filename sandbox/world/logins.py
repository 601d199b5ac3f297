"""Sign-ins under way: codes that were sent, tokens that were given out, and how often somebody tried.

Written through the store, so that any step of a sign-in survives a restart of the data centre. Which auth key is signed
in, or has passed the code and owes the cloud password, stands at the key itself (`AuthKey.user_id`, `AuthKey.extra`).
https://core.telegram.org/api/auth
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sandbox.protocol.srp import SrpSessions
from sandbox.world.login_tokens import LoginTokens

if TYPE_CHECKING:
    from sandbox.store import Store

CODE_LENGTH, EMAIL_CODE_LENGTH = 5, 6
# How a code may travel, in the order in which auth.resendCode moves on; an account without another live session
# starts at "sms". One with a login email has it sent there, a number of Fragment's on fragment.com, and no other way.
CODE_ROUTE = ("app", "sms", "call")
SET_UP_EMAIL = "set_up_email"
"""No code is sent yet: a login email must be set up first."""
HOUR, DAY = 3600, 86400


@dataclass
class LoginLimits:
    """When Telegram loses patience. Its real numbers are secret: these are wide enough for people and tests."""

    code_seconds: int = 600  # how long a code lives
    resend_seconds: int = 60  # SentCode.timeout
    wrong_codes: int = 5  # so many wrong tries, then the code is void
    codes_per_hour: int = 30  # per number; more: FLOOD_WAIT_X
    codes_per_day: int = 100  # per number; more: PHONE_NUMBER_FLOOD
    wrong_passwords_per_hour: int = 20  # per account; more: FLOOD_WAIT_X, and PHONE_PASSWORD_FLOOD at sendCode
    fresh_seconds: int = DAY  # a younger authorization may not end others
    export_seconds: int = 60  # how long auth.exportAuthorization's bytes are good
    logout_tokens: int = 20  # kept per account
    service_messages: bool = True  # whether codes and logins are also told of by messages from 777000


@dataclass
class SentCode:
    """A code on its way to somebody's phone."""

    phone: str
    code: str
    hash: str
    key_id: int  # the auth key that asked; no other may use it
    route: str
    sent_at: int
    wrong: int = 0
    email: str = ""  # the login email that is being set up, and the code that was sent to it
    email_code: str = ""
    confirmed: bool = False  # the right code was given, but nobody has this number yet: auth.signUp may follow


class Logins:
    """What the data centre remembers of sign-ins besides the auth keys."""

    def __init__(self, store: Store, clock: Callable[[], float], rng: random.Random) -> None:
        self.limits = LoginLimits()
        self.srp = SrpSessions(clock)
        self.tokens = LoginTokens(store, clock)
        self._store = store
        self._clock = clock
        self._rng = rng
        self._codes: dict[str, SentCode] = {}  # by phone: a new code replaces the old one
        self._exports: dict[str, dict[str, Any]] = {}  # by token in hex
        self._logout_tokens: dict[int, list[str]] = {}  # by user id, the oldest first
        self._emails: dict[int, tuple[str, str]] = {}  # by user id: the address that is being proven, and its code
        self._tries: dict[str, list[float]] = {}  # by what was tried: when
        self._load()

    def _load(self) -> None:
        def stored(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
            return ((key, value) for key, value in self._store.load(kind) if isinstance(value, dict))

        self._codes.update((phone, SentCode(**value)) for phone, value in stored("sent_code"))
        self._exports.update(stored("exported_authorization"))
        self._logout_tokens.update((int(user_id), value["tokens"]) for user_id, value in stored("logout_tokens"))
        for user_id, value in stored("verified_email"):
            self._emails[int(user_id)] = value["email"], value["code"]
        self._tries.update((what, value["at"]) for what, value in stored("tries"))

    # codes

    def send(self, phone: str, key_id: int, route: str) -> SentCode:
        """A new code for that number; an older one is void from now on."""
        length = EMAIL_CODE_LENGTH if route == "email" else CODE_LENGTH
        code = "".join(self._rng.choice("0123456789") for _ in range(length))
        sent = SentCode(phone, code, secrets.token_hex(9), key_id, route, int(self._clock()))
        self._save_code(sent)
        return sent

    def resend(self, sent: SentCode) -> SentCode | None:
        """The same code by the next route, under the same hash; None if every route was used."""
        route = next_route(sent.route)
        if route is None:
            return None
        sent.route, sent.sent_at = route, int(self._clock())
        self._save_code(sent)
        return sent

    def send_to_email(self, sent: SentCode, email: str) -> None:
        """A code that proves an address which is to be the login email; an older one is void from now on."""
        sent.email, sent.email_code = email, self.email_code()
        sent.sent_at = int(self._clock())
        self._save_code(sent)

    def email_code(self) -> str:
        return "".join(self._rng.choice("0123456789") for _ in range(EMAIL_CODE_LENGTH))

    def find(self, phone: str, code_hash: str, key_id: int) -> SentCode | None:
        """The live code that this key asked for, or None if there is none (any more)."""
        sent = self._codes.get(phone)
        if sent is None or sent.hash != code_hash or sent.key_id != key_id:
            return None
        if sent.sent_at + self.limits.code_seconds <= self._clock():
            self.forget(sent)
            return None
        return sent

    def by_phone(self, phone: str) -> SentCode | None:
        """The code that was last sent to that number, if it was not used or cancelled."""
        return self._codes.get(phone)

    def wrong_code(self, sent: SentCode) -> None:
        """Count a wrong try; the code is void after `LoginLimits.wrong_codes` of them."""
        sent.wrong += 1
        if sent.wrong >= self.limits.wrong_codes:
            self.forget(sent)
        else:
            self._save_code(sent)

    def confirm(self, sent: SentCode) -> None:
        sent.confirmed = True
        self._save_code(sent)

    def forget(self, sent: SentCode) -> None:
        self._codes.pop(sent.phone, None)
        self._store.delete("sent_code", sent.phone)

    def _save_code(self, sent: SentCode) -> None:
        self._codes[sent.phone] = sent
        self._store.put("sent_code", sent.phone, asdict(sent))

    # login emails of accounts that are signed in

    def verify_email(self, user_id: int, email: str) -> str:
        """The code that proves an address; an older one is void from now on."""
        self._emails[user_id] = email, self.email_code()
        self._store.put("verified_email", user_id, dict(zip(("email", "code"), self._emails[user_id], strict=True)))
        return self._emails[user_id][1]

    def email_of(self, user_id: int) -> tuple[str, str] | None:
        """The address that is being proven, and its code."""
        return self._emails.get(user_id)

    def forget_email(self, user_id: int) -> None:
        self._emails.pop(user_id, None)
        self._store.delete("verified_email", user_id)

    # how often

    def tried(self, what: str) -> None:
        """Note one try of `what` (such as "code:<phone>"), and forget those that no limit counts any more."""
        now = self._clock()
        recent = [at for at in self._tries.get(what, []) if at > now - DAY]
        self._tries[what] = [*recent, now]
        self._store.put("tries", what, {"at": self._tries[what]})

    def count(self, what: str, seconds: float) -> int:
        """How many tries of `what` lie within the last `seconds`."""
        since = self._clock() - seconds
        return sum(1 for at in self._tries.get(what, []) if at > since)

    def wait(self, what: str, limit: int, seconds: float) -> int:
        """Seconds until one more try is within `limit` per `seconds`; 0 if it is now."""
        now = self._clock()
        recent = [at for at in self._tries.get(what, []) if at > now - seconds]
        if len(recent) < limit:
            return 0
        return max(1, int(recent[-limit] + seconds - now) + 1)

    # tokens

    def export(self, user_id: int, key_id: int, dc_id: int) -> bytes:
        """What auth.exportAuthorization gives: bytes that sign a key of data centre `dc_id` in, once and soon."""
        token = secrets.token_bytes(64)
        fact = {
            "user_id": user_id,
            "key_id": key_id,
            "dc_id": dc_id,
            "until": self._clock() + self.limits.export_seconds,
        }
        self._exports[token.hex()] = fact
        self._store.put("exported_authorization", token.hex(), fact)
        return token

    def redeem_export(self, token: bytes, dc_id: int) -> dict[str, Any] | None:
        """The exported authorization ({"user_id", "key_id", …}) that these bytes stand for; they are used up by it."""
        fact = self._exports.get(token.hex())
        if fact is None or fact["dc_id"] != dc_id:
            return None
        del self._exports[token.hex()]
        self._store.delete("exported_authorization", token.hex())
        return fact if fact["until"] > self._clock() else None

    def give_logout_token(self, user_id: int) -> bytes:
        """A future auth token: the next sign-in that shows it needs no code (api/auth#future-auth-tokens)."""
        token = secrets.token_bytes(32)
        tokens = [*self._logout_tokens.get(user_id, []), token.hex()][-self.limits.logout_tokens :]
        self._save_tokens(user_id, tokens)
        return token

    def redeem_logout_token(self, user_id: int, shown: list[bytes]) -> bool:
        """Whether one of the shown tokens is the account's; that one is used up."""
        tokens = self._logout_tokens.get(user_id, [])
        for token in shown:
            if token.hex() in tokens:
                self._save_tokens(user_id, [each for each in tokens if each != token.hex()])
                return True
        return False

    def _save_tokens(self, user_id: int, tokens: list[str]) -> None:
        self._logout_tokens[user_id] = tokens
        self._store.put("logout_tokens", user_id, {"tokens": tokens})


def next_route(route: str) -> str | None:
    """The route by which auth.resendCode sends after `route`."""
    place = CODE_ROUTE.index(route) + 1 if route in CODE_ROUTE else len(CODE_ROUTE)
    return CODE_ROUTE[place] if place < len(CODE_ROUTE) else None
