"""What an auth key is allowed: signed in, owing the password, or carried over from another data centre.

Facts in `AuthKey.extra`: ``password_for`` (user id; the code was right, the cloud password is owed), ``signed_in``
(when), ``unconfirmed``, ``parent`` (the key whose authorization was imported: both are one session), ``hash`` (the
authorization's name, given when its login token was accepted), ``by_token`` (a login token brought it here).
https://core.telegram.org/api/auth
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from telethon.tl import types

from sandbox.dispatch import Context, DataCentre
from sandbox.errors import RpcError
from sandbox.protocol.keys import AuthKey
from sandbox.world.accounts import SERVICE_USER_ID, Account
from sandbox.world.message_actions import Draft

_LOGIN_MESSAGE = (
    "New login. Dear {name}, we detected a login into your account from a new device on {day} at {time} UTC.\n\n"
    "Device: {device}\nLocation: unknown (IP = {address})\n\n"
    "If this wasn't you, you can terminate that session in Settings > Devices "
    "(or Privacy & Security > Active Sessions).\n\n"
    "If you think that somebody logged in to your account against your will, you can enable Two-Step Verification in "
    "Privacy and Security settings."
)


def owing_password(ctx: Context) -> Account | None:
    """The account for which this key has given the right code, but not yet the cloud password."""
    user_id = ctx.key.extra.get("password_for")
    account = ctx.world.accounts.get(user_id) if user_id is not None and ctx.key.user_id is None else None
    return account if account is not None and account.live else None


def await_password(ctx: Context, account: Account, facts: dict[str, Any] | None = None) -> None:
    """From now on the key owes the account's cloud password; kept with the key, so that it outlives a restart."""
    end_imported(ctx, ctx.key)
    ctx.key.user_id = None
    ctx.key.gone = None
    ctx.key.extra = {"password_for": account.user_id, "asked": int(ctx.world.clock()), **(facts or {})}


def grant(ctx: Context, account: Account, facts: dict[str, Any] | None = None) -> types.auth.Authorization:
    """Sign the key in and tell the account's other sessions (https://core.telegram.org/api/auth#confirming-login).

    What the key has been called while it owed the password it is called still.
    """
    now = int(ctx.world.clock())
    end_imported(ctx, ctx.key)
    others = any(key is not ctx.key for key in ctx.server.keys_of(account.user_id))
    kept = {"hash": ctx.key.extra["hash"]} if "hash" in ctx.key.extra and "password_for" in ctx.key.extra else {}
    ctx.key.user_id = account.user_id
    ctx.key.extra = {"signed_in": now, "unconfirmed": others, **kept, **(facts or {})}
    if others:
        date = datetime.fromtimestamp(now, UTC)
        update = types.UpdateNewAuthorization(
            authorization_hash(ctx.key), unconfirmed=True, date=date, device=ctx.key.device_model, location=ctx.address
        )
        ctx.push(account.user_id, types.UpdateShort(update, date))
        if ctx.world.logins.limits.service_messages:
            _write_of_login(ctx, account, date)
    return signed_in(ctx, account)


def grant_import(ctx: Context, account: Account, parent: AuthKey) -> types.auth.Authorization:
    """Sign the key in as a further connection of `parent`'s session, at another data centre."""
    ctx.key.user_id = account.user_id
    ctx.key.extra = {"signed_in": int(ctx.world.clock()), "parent": parent.id}
    return signed_in(ctx, account)


def _write_of_login(ctx: Context, account: Account, date: datetime) -> None:
    """The message from Telegram's own account that tells of a login on a new device."""
    key = ctx.key
    device = f"Sandbox client, {key.app_version}, {key.device_model}, {key.system_version}"
    text = _LOGIN_MESSAGE.format(
        name=account.first_name, day=f"{date:%d/%m/%Y}", time=f"{date:%H:%M:%S}", device=device, address=ctx.address
    )
    bold = [types.MessageEntityBold(0, len("New login."))]
    ctx.world.message_actions.send(SERVICE_USER_ID, account.user_id, Draft(text, bold), ctx.push)


def signed_in(ctx: Context, account: Account) -> types.auth.Authorization:
    """What a client is told that has signed in to this account."""
    return types.auth.Authorization(ctx.world.peers.user(account.user_id, account.user_id))


def main_key(server: DataCentre, key: AuthKey) -> AuthKey:
    """The key that signed in, for one that imported its authorization; else the key itself."""
    return server.keys.get(key.extra.get("parent", key.id), key)


def end_imported(ctx: Context, parent: AuthKey) -> None:
    """End the authorizations that other keys have imported from this one."""
    if parent.user_id is None:
        return
    for key in ctx.server.keys_of(parent.user_id):
        if key.extra.get("parent") == parent.id:
            ctx.server.revoke(key.id)


def authorization_hash(key: AuthKey) -> int:
    """By what other sessions name this one: 64 bits, signed, never 0 (0 is the current session)."""
    if "hash" in key.extra:
        return int(key.extra["hash"])
    digest = hashlib.sha256(b"authorization" + key.key).digest()
    return int.from_bytes(digest[:8], "big", signed=True) or 1


def sessions_of(server: DataCentre, user_id: int) -> list[AuthKey]:
    """The account's sessions: one key each, without those that imported another's authorization; last the ones whose
    code was right and whose password is owed ("incomplete login attempts")."""
    signed_in = [key for key in server.keys_of(user_id) if "parent" not in key.extra]
    pending = [key for key in server.ring if key.user_id is None and key.extra.get("password_for") == user_id]
    return [*signed_in, *pending]


def described(key: AuthKey, *, current: bool = False) -> types.Authorization:
    """One session as account.getAuthorizations lists it. https://core.telegram.org/constructor/authorization"""
    signed_in = key.extra.get("signed_in", key.extra.get("asked", key.created))
    return types.Authorization(
        hash=0 if current else authorization_hash(key),
        current=current or None,
        password_pending="password_for" in key.extra or None,
        unconfirmed=key.extra.get("unconfirmed") or None,
        encrypted_requests_disabled=key.extra.get("no_secret_chats") or None,
        call_requests_disabled=key.extra.get("no_calls") or None,
        device_model=key.device_model,
        platform=key.system_version.partition(" ")[0],
        system_version=key.system_version,
        api_id=key.api_id,
        app_name="Sandbox client",
        app_version=key.app_version,
        date_created=_when(signed_in),
        date_active=_when(max(key.last_active, signed_in)),
        ip=key.ip,
        country="",
        region="",
    )


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def require_seasoned(ctx: Context) -> None:
    """A session younger than a day may not end others; raises 406."""
    signed_in = main_key(ctx.server, ctx.key).extra.get("signed_in", 0)
    if ctx.world.clock() - signed_in < ctx.world.logins.limits.fresh_seconds:
        raise RpcError(406, "FRESH_RESET_AUTHORISATION_FORBIDDEN")
