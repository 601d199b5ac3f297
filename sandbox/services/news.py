"""Telling others: updates about an account, with the user objects that each receiver may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from telethon.tl import TLObject, types

from sandbox.dispatch import Context
from sandbox.world.accounts import Account


def about_user(ctx: Context, viewer: int, updates: list[types.TypeUpdate], about: Iterable[int] = ()) -> types.Updates:
    """An Updates container for `viewer`, with the users and chats (marked ids) that the updates speak of."""
    users, chats = ctx.world.peers.entities(viewer, about)
    return types.Updates(updates, users, chats, datetime.fromtimestamp(int(ctx.world.clock()), UTC), 0)


def tell(ctx: Context, user_id: int, *updates: types.TypeUpdate, about: Iterable[int] = ()) -> None:
    """Push updates to the account's sessions (but the one that asks)."""
    ctx.push(user_id, about_user(ctx, user_id, list(updates), about))


def tell_contacts(ctx: Context, account: Account, make: Callable[[int], TLObject], *, key: str = "") -> None:
    """Push what `make(viewer)` gives to everybody who has `account` as a contact, but those whom it blocked and those
    from whom its privacy rules for `key` hide it."""
    for viewer in ctx.world.accounts.knowing(account.user_id):
        hidden = bool(key) and not ctx.world.privacy.allows(account, key, viewer.user_id)
        if viewer.user_id != account.user_id and viewer.user_id not in account.blocked and not hidden:
            ctx.push(viewer.user_id, make(viewer.user_id))
