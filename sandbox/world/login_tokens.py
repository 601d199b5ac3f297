"""Login tokens: what stands in a QR code, who accepted it, who may import it. https://core.telegram.org/api/qr-login"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.store import Store

KIND = "login_token"
FORGOTTEN_AFTER = 600  # seconds beyond its end for which a token is still known, to be told from one that never was


@dataclass
class LoginToken:
    """A token that the key ``key_id`` exported. ``accepted_by`` is the account that scanned it, ``imported_by`` the key
    of that account's own data centre which signed in with it."""

    token: str  # in hex
    key_id: int
    expires: int
    except_ids: list[int]
    accepted_by: int | None = None
    imported_by: int | None = None


class LoginTokens:
    """All tokens, written through the store: an accepted one survives a restart."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.seconds = 30
        self._store = store
        self._clock = clock
        self._tokens: dict[str, LoginToken] = {}
        for token, value in store.load(KIND):
            if isinstance(value, dict):
                self._tokens[token] = LoginToken(**value)

    def give(self, key_id: int, except_ids: list[int]) -> LoginToken:
        """A new token for the key; those that it had before live until they expire."""
        self._tidy()
        expires = int(self._clock()) + self.seconds
        token = LoginToken(secrets.token_hex(16), key_id, expires, except_ids)
        self.save(token)
        return token

    def find(self, token: bytes) -> LoginToken | None:
        return self._tokens.get(token.hex())

    def is_late(self, token: LoginToken) -> bool:
        return token.expires <= self._clock()

    def accepted(self, key_id: int) -> LoginToken | None:
        """The live token of that key which somebody has accepted and with which nobody has signed in yet."""
        for token in self._tokens.values():
            waits = token.accepted_by is not None and token.imported_by is None
            if token.key_id == key_id and waits and not self.is_late(token):
                return token
        return None

    def accept(self, token: LoginToken, user_id: int) -> None:
        """That account has scanned it; whoever shows it has as long again to sign in."""
        token.accepted_by, token.expires = user_id, int(self._clock()) + self.seconds
        self.save(token)

    def save(self, token: LoginToken) -> None:
        self._tokens[token.token] = token
        self._store.put(KIND, token.token, asdict(token))

    def used_up(self, token: LoginToken, key_id: int) -> None:
        """That key signs in with it; every other token of the key that exported it is void."""
        for other in [each for each in self._tokens.values() if each.key_id == token.key_id and each is not token]:
            self._forget(other)
        token.imported_by = key_id
        self.save(token)

    def _tidy(self) -> None:
        late = self._clock() - FORGOTTEN_AFTER
        for token in [each for each in self._tokens.values() if each.expires < late]:
            self._forget(token)

    def _forget(self, token: LoginToken) -> None:
        self._tokens.pop(token.token, None)
        self._store.delete(KIND, token.token)
