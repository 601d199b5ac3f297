"""The auth keys that the data centre knows: their facts, whom they are signed in as, where they are kept.

https://core.telegram.org/mtproto/description#authorization-key
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Any

from sandbox.store import Store

KIND = "auth_key"
_FACTS = (
    "user_id", "dc_id", "created", "layer", "api_id", "device_model", "system_version", "app_version",
    "system_lang_code", "lang_pack", "lang_code", "ip", "last_active", "gone", "expires_at", "first_salt", "extra",
)  # fmt: skip


def key_id_of(key: bytes) -> int:
    """The 64 lower-order bits of the key's SHA1, signed as Telethon reads a long from the wire."""
    return int(struct.unpack("<q", hashlib.sha1(key).digest()[-8:])[0])  # noqa: S324 (the protocol says SHA1)


def aux_hash_of(key: bytes) -> bytes:
    """The 64 higher-order bits of the key's SHA1, as they stand in the hash."""
    return hashlib.sha1(key).digest()[:8]  # noqa: S324


class AuthKey:
    """One authorization key. Facts that are assigned are stored with the next commit.

    ``user_id`` is None while nobody is signed in; ``gone`` names the 401 error that a key gets whose authorization was
    ended from outside; ``extra`` is a JSON-able dict in which services keep what they need about a key (put it again to
    store it).
    """

    def __init__(self, ring: KeyRing, key: bytes, facts: dict[str, Any]) -> None:
        self._ring = ring
        self.id = key_id_of(key)
        self.key = key
        self._user_id: int | None = facts.get("user_id")
        self.dc_id: int = facts.get("dc_id", 1)
        self.created: int = facts.get("created", 0)
        self.layer: int = facts.get("layer", 0)  # 0: initConnection was never called
        self.api_id: int = facts.get("api_id", 0)
        self.device_model: str = facts.get("device_model", "")
        self.system_version: str = facts.get("system_version", "")
        self.app_version: str = facts.get("app_version", "")
        self.system_lang_code: str = facts.get("system_lang_code", "")
        self.lang_pack: str = facts.get("lang_pack", "")
        self.lang_code: str = facts.get("lang_code", "")
        self.ip: str = facts.get("ip", "")
        self.last_active: int = facts.get("last_active", 0)
        self.gone: str | None = facts.get("gone")
        self.expires_at: int | None = facts.get("expires_at")  # temporary keys only
        self.first_salt: int = facts.get("first_salt", 0)
        self.extra: dict[str, Any] = facts.get("extra", {})

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _FACTS:
            self._ring.changed(self)

    @property
    def user_id(self) -> int | None:
        return self._user_id

    @user_id.setter
    def user_id(self, value: int | None) -> None:
        self._ring.moved(self, self._user_id, value)
        self._user_id = value
        if value is not None:
            self.gone = None

    @property
    def unsigned_id(self) -> int:
        """The id as an unsigned number, as people and records write it."""
        return self.id & 0xFFFFFFFFFFFFFFFF

    def facts(self) -> dict[str, Any]:
        """What is stored about the key besides the key itself."""
        return {name: getattr(self, name) for name in _FACTS}


class KeyRing:
    """All keys by id, and by the account that is signed in with them."""

    def __init__(self, store: Store) -> None:
        self.by_id: dict[int, AuthKey] = {}
        self._by_user: dict[int, dict[int, AuthKey]] = {}
        self._changed: dict[int, AuthKey] = {}
        self._store = store
        for _, facts in store.load(KIND):
            if isinstance(facts, dict):
                self._add(AuthKey(self, bytes.fromhex(facts["key"]), facts))
        self._changed.clear()

    def create(self, key: bytes, **facts: Any) -> AuthKey:
        """A new key; the caller has checked that its id is free."""
        auth_key = AuthKey(self, key, facts)
        self._add(auth_key)
        self.changed(auth_key)
        return auth_key

    def destroy(self, key_id: int) -> None:
        """Forget a key: from now on its messages get the transport error -404."""
        auth_key = self.by_id.pop(key_id, None)
        if auth_key is None:
            return
        self.moved(auth_key, auth_key.user_id, None)
        self._changed.pop(key_id, None)
        self._store.delete(KIND, key_id)

    def of_user(self, user_id: int) -> list[AuthKey]:
        return list(self._by_user.get(user_id, {}).values())

    def __iter__(self) -> Iterator[AuthKey]:
        return iter(self.by_id.values())

    def changed(self, key: AuthKey) -> None:
        """Called by a key when one of its facts was assigned."""
        if key.__dict__.get("id") in self.by_id:
            self._changed[key.id] = key

    def moved(self, key: AuthKey, before: int | None, after: int | None) -> None:
        """Called by a key when somebody signs in or out with it."""
        if before is not None:
            self._by_user.get(before, {}).pop(key.id, None)
        if after is not None:
            self._by_user.setdefault(after, {})[key.id] = key

    def write(self) -> None:
        """Put the changed keys into the store (its commit makes them last)."""
        for key in self._changed.values():
            self._store.put(KIND, key.id, {"key": key.key.hex(), **key.facts()})
        self._changed.clear()

    def _add(self, key: AuthKey) -> None:
        self.by_id[key.id] = key
        if key.user_id is not None:
            self.moved(key, None, key.user_id)
