"""Privacy rules: who may see an account's number, when it was online, and the like.

The first rule that speaks of somebody decides; where none does, the answer is no. What an account has not set is as it
is for new accounts. https://core.telegram.org/api/privacy
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.world.accounts import Account, Accounts
from sandbox.world.ids import CHANNEL_BASE
from sandbox.world.posts import objects

if TYPE_CHECKING:
    from sandbox.world.peers import ChatBook

NAMED_LIMIT = 1000  # users and chats in the rules of one key
KEYS = tuple(
    name.removeprefix("PrivacyKey") for name in dir(types) if name.startswith("PrivacyKey")
)  # "PhoneNumber", "StatusTimestamp", …
_EVERYBODY = (types.PrivacyValueAllowAll(),)
_CONTACTS = (types.PrivacyValueAllowContacts(), types.PrivacyValueDisallowAll())
_AT_FIRST = {"PhoneNumber": _CONTACTS, "Birthday": _CONTACTS}
_OPPOSITES = (
    (types.PrivacyValueAllowAll, types.PrivacyValueDisallowAll),
    (types.PrivacyValueAllowContacts, types.PrivacyValueDisallowContacts),
    (types.PrivacyValueAllowBots, types.PrivacyValueDisallowBots),
)


class Privacy:
    """The rules of all accounts, by the names of `KEYS`."""

    def __init__(self, accounts: Accounts, chats: ChatBook) -> None:
        self._accounts = accounts
        self._chats = chats

    def rules(self, account: Account, key: str) -> list[Any]:
        """What holds for that key, in the account's order. https://core.telegram.org/method/account.getPrivacy"""
        kept = account.privacy.get(key)
        return objects(kept) if kept is not None else list(_AT_FIRST.get(key, _EVERYBODY))

    def set(self, account: Account, key: str, rules: list[Any]) -> None:
        """Keep other rules. https://core.telegram.org/method/account.setPrivacy"""
        kinds = [type(rule) for rule in rules]
        contradiction = any(one in kinds and other in kinds for one, other in _OPPOSITES)
        if not rules or contradiction or len(set(kinds)) != len(kinds):
            raise RpcError(400, "PRIVACY_VALUE_INVALID")
        if sum(1 for rule in rules for _ in self.named(rule)) > NAMED_LIMIT:
            raise RpcError(400, "PRIVACY_TOO_LONG")
        account.privacy[key] = b"".join(bytes(rule) for rule in rules).hex()
        self._accounts.save(account)

    def allows(self, account: Account, key: str, viewer: int) -> bool:
        """Whether that viewer may see (or do) what the key is about."""
        if viewer == account.user_id or (key not in account.privacy and key not in _AT_FIRST):
            return True
        for rule in self.rules(account, key):
            if self._speaks_of(rule, account, viewer):
                return "Disallow" not in type(rule).__name__
        return False

    def sees_status(self, viewer: int, account: Account) -> bool:
        """Whether that viewer sees exactly when the account was online; who hides it from others does not."""
        looker = self._accounts.get(viewer)
        mutual = looker is None or self.allows(looker, "StatusTimestamp", account.user_id)
        return mutual and self.allows(account, "StatusTimestamp", viewer)

    def named(self, rule: Any) -> Iterator[int]:
        """The marked ids of the users and chats that a rule names; it has bare ids, of basic groups or channels."""
        yield from getattr(rule, "users", ())
        for bare_id in getattr(rule, "chats", ()):
            yield from (marked for marked in (-bare_id, -CHANNEL_BASE - bare_id) if marked in self._chats)

    def _speaks_of(self, rule: Any, account: Account, viewer: int) -> bool:
        match rule:
            case types.PrivacyValueAllowAll() | types.PrivacyValueDisallowAll():
                return True
            case types.PrivacyValueAllowContacts() | types.PrivacyValueDisallowContacts():
                return viewer in account.contacts
            case types.PrivacyValueAllowUsers() | types.PrivacyValueDisallowUsers():
                return viewer in rule.users
            case types.PrivacyValueAllowChatParticipants() | types.PrivacyValueDisallowChatParticipants():
                return any(self._is_in(viewer, chat) for chat in self.named(rule))
        return False  # bots, Premium accounts and close friends: nobody here is one

    def _is_in(self, viewer: int, marked: int) -> bool:
        chat = self._chats.get(marked)
        return chat is not None and viewer in chat.members
