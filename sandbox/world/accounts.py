"""The accounts of the sandbox's world: who exists, under which phone and name, whom they know and block.

Everything lives in memory and is written through the store (kind ``account``): a killed sandbox forgets nothing.
User ids are plain positive integers (a user's marked id is the same number); times are unix seconds; phones are digits.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.protocol.srp import Password, make_password

if TYPE_CHECKING:
    from sandbox.store import Store

SERVICE_USER_ID = 777000  # Telegram's own account: sign-in codes and notices come from it
FIRST_USER_ID = 5_000_000_000  # today's ids do not fit into 32 bits, so ours do not either
ONLINE_SECONDS = 300  # how long account.updateStatus keeps an account online, as help.getConfig's online_cloud_timeout
DEFAULT_AUTHORIZATION_TTL_DAYS = 183
MAX_NAME = 64  # characters of a first or last name
MAX_ABOUT = 70  # of a bio
# https://core.telegram.org/method/account.checkUsername
_USERNAME = re.compile(r"[a-z](?:[a-z0-9]|_(?!_)){3,30}[a-z0-9]", re.IGNORECASE)


EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


@dataclass
class Contact:
    """One entry of an account's contact list: the name under which the owner saved it."""

    first_name: str
    last_name: str = ""
    phone: str = ""  # as the owner knows it; empty if added without a number


@dataclass
class PendingEmail:
    """A recovery e-mail that waits for its code, with the password settings that come into force with it."""

    email: str
    code: str
    password: Password


@dataclass
class Account:
    """One Telegram account."""

    user_id: int
    phone: str
    first_name: str
    last_name: str = ""
    username: str | None = None
    about: str = ""
    password: Password | None = None
    pending_email: PendingEmail | None = None
    login_email: str = ""
    needs_login_email: bool = False  # a sign-in by number must set one up first
    banned: bool = False
    deleted: bool = False
    is_scripted: bool = False
    is_service: bool = False
    home_dc: int = 1  # where its keys live: auth.sendCode elsewhere is sent there
    created: int = 0
    last_online: int = 0  # 0: never seen
    online_until: int = 0  # online while this lies ahead
    authorization_ttl_days: int = DEFAULT_AUTHORIZATION_TTL_DAYS
    contacts: dict[int, Contact] = field(default_factory=dict)
    saved_phones: dict[str, Contact] = field(default_factory=dict)  # imported numbers without an account yet
    blocked: dict[int, int] = field(default_factory=dict)  # marked peer id -> when
    privacy: dict[str, str] = field(default_factory=dict)  # by key: PrivacyRules as TL objects in hex

    @property
    def live(self) -> bool:
        return not (self.banned or self.deleted)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Account:
        """The inverse of `to_dict`, after a passage through JSON (which makes strings of integer keys)."""
        data = dict(data)
        if data["password"] is not None:
            data["password"] = Password(**data["password"])
        if data.get("pending_email") is not None:
            pending = data["pending_email"]
            data["pending_email"] = PendingEmail(pending["email"], pending["code"], Password(**pending["password"]))
        data["contacts"] = {int(key): Contact(**value) for key, value in data["contacts"].items()}
        data["saved_phones"] = {key: Contact(**value) for key, value in data["saved_phones"].items()}
        data["blocked"] = {int(key): value for key, value in data["blocked"].items()}
        return cls(**data)


def email_pattern(email: str) -> str:
    """An e-mail address with all but its first and last letters starred, as Telegram shows it."""
    name, _, domain = email.partition("@")
    return f"{name[0]}{'*' * max(1, len(name) - 2)}{name[-1] if len(name) > 1 else ''}@{domain}"


def digits(phone: str) -> str:
    """A phone number as Telegram writes it: its digits only."""
    return "".join(char for char in phone if char in "0123456789")


def valid_username(username: str) -> bool:
    """5 to 32 letters, digits and single underscores, a letter first, no underscore last."""
    return _USERNAME.fullmatch(username) is not None


class Accounts:
    """All accounts, by user id, phone and username; every change goes through here and into the store."""

    def __init__(self, store: Store, clock: Callable[[], float], rng: random.Random) -> None:
        self._store = store
        self._clock = clock
        self._rng = rng
        self._by_id: dict[int, Account] = {}
        self._by_phone: dict[str, Account] = {}
        self._by_username: dict[str, Account] = {}
        for _, value in store.load("account"):
            if isinstance(value, dict):
                self._index(Account.from_dict(value))
        if SERVICE_USER_ID not in self._by_id:
            service = Account(SERVICE_USER_ID, "42777", "Telegram", is_service=True, created=int(clock()))
            self._index(service)
            self.save(service)

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._by_id.values()))

    def __contains__(self, user_id: int) -> bool:
        return user_id in self._by_id

    def get(self, user_id: int) -> Account | None:
        return self._by_id.get(user_id)

    def __getitem__(self, user_id: int) -> Account:
        return self._by_id[user_id]

    def by_phone(self, phone: str) -> Account | None:
        """The account of a number; a banned one too (its number stays taken), a deleted one not."""
        return self._by_phone.get(digits(phone))

    def by_username(self, username: str) -> Account | None:
        return self._by_username.get(username.removeprefix("@").lower())

    def create(
        self,
        phone: str,
        first_name: str,
        last_name: str = "",
        *,
        password: str | None = None,
        hint: str = "",
        username: str | None = None,
        user_id: int | None = None,
        is_scripted: bool = False,
        home_dc: int = 1,
        login_email: str = "",
        needs_login_email: bool = False,
    ) -> Account:
        """A new account. `password` is the cloud password in clear; only its verifier is kept.

        Raises ValueError if the phone, the username or the id is taken.
        """
        phone = digits(phone)
        if phone in self._by_phone or (user_id is not None and user_id in self._by_id):
            raise ValueError("that phone or user id is taken")
        if username and self.by_username(username):
            raise ValueError("that username is taken")
        account = Account(
            user_id=user_id if user_id is not None else self._next_id(),
            phone=phone,
            first_name=first_name,
            last_name=last_name,
            username=username,
            is_scripted=is_scripted,
            home_dc=home_dc,
            login_email=login_email,
            needs_login_email=needs_login_email,
            created=int(self._clock()),
        )
        if password is not None:
            account.password = make_password(password, hint=hint)
        self._index(account)
        self.save(account)
        self._meet_waiting_contacts(account)
        return account

    def save(self, account: Account) -> None:
        """Write an account that was changed in place."""
        self._store.put("account", account.user_id, account.to_dict())

    def set_login_email(self, account: Account, email: str) -> None:
        account.login_email, account.needs_login_email = email, False
        self.save(account)

    def set_username(self, account: Account, username: str | None) -> None:
        if account.username:
            self._by_username.pop(account.username.lower(), None)
        account.username = username or None
        if account.username:
            self._by_username[account.username.lower()] = account
        self.save(account)

    def set_password(self, account: Account, password: Password | None) -> None:
        account.password = password
        self.save(account)

    def ban(self, user_id: int) -> None:
        """Telegram banned the number: nobody can sign in to it, its live keys answer USER_DEACTIVATED_BAN."""
        account = self._by_id[user_id]
        account.banned = True
        account.online_until = 0
        self.save(account)

    def move(self, user_id: int, dc_id: int) -> None:
        """The account lives at another data centre from now on; its keys are told so at their next request."""
        account = self._by_id[user_id]
        account.home_dc = dc_id
        self.save(account)

    def unban(self, user_id: int) -> None:
        account = self._by_id[user_id]
        account.banned = False
        self.save(account)

    def delete(self, user_id: int) -> None:
        """The account is gone for good; its number and name are free, others see a "Deleted Account"."""
        account = self._by_id[user_id]
        self._by_phone.pop(account.phone, None)
        self.set_username(account, None)
        account.deleted = True
        account.password = account.pending_email = None
        account.phone = account.first_name = account.last_name = account.about = ""
        account.contacts, account.saved_phones, account.blocked, account.privacy = {}, {}, {}, {}
        account.last_online = account.online_until = 0
        self.save(account)

    def set_online(self, account: Account, online: bool) -> None:
        """What account.updateStatus does: online for `ONLINE_SECONDS`, or offline from now."""
        now = int(self._clock())
        account.last_online = now
        account.online_until = now + ONLINE_SECONDS if online else 0
        self.save(account)

    def now(self) -> int:
        """The time in unix seconds."""
        return int(self._clock())

    def is_online(self, account: Account) -> bool:
        return account.online_until > self._clock()

    def add_contact(self, owner: Account, user_id: int, contact: Contact) -> None:
        owner.contacts[user_id] = contact
        self.save(owner)

    def remove_contact(self, owner: Account, user_id: int) -> None:
        if owner.contacts.pop(user_id, None) is not None:
            self.save(owner)

    def knowing(self, user_id: int) -> list[Account]:
        """The accounts that have this user among their contacts: who is told of a new status or name."""
        return [account for account in self._by_id.values() if user_id in account.contacts and account.live]

    def _index(self, account: Account) -> None:
        self._by_id[account.user_id] = account
        if account.deleted:
            return
        self._by_phone[account.phone] = account
        if account.username:
            self._by_username[account.username.lower()] = account

    def _next_id(self) -> int:
        highest = max((user_id for user_id in self._by_id if user_id >= FIRST_USER_ID), default=FIRST_USER_ID)
        return highest + self._rng.randrange(1, 1000)

    def _meet_waiting_contacts(self, account: Account) -> None:
        """Whoever had imported this number before it had an account now has the account as a contact."""
        for owner in self._by_id.values():
            waiting = owner.saved_phones.pop(account.phone, None)
            if waiting is not None:
                self.add_contact(owner, account.user_id, waiting)
