"""users.*: what one account sees of others."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.world.accounts import Account


@registry.method(functions.users.GetUsersRequest)
async def get_users(ctx: Context, request: functions.users.GetUsersRequest) -> list[types.TypeUser]:
    """https://core.telegram.org/method/users.getUsers

    One answer for each input; userEmpty where the access hash is wrong. A contact may be named with access hash 0.
    """
    return [_user(ctx, ctx.account, each) for each in request.id]


@registry.method(functions.users.GetFullUserRequest)
async def get_full_user(ctx: Context, request: functions.users.GetFullUserRequest) -> types.users.UserFull:
    """https://core.telegram.org/method/users.getFullUser"""
    viewer, peers = ctx.account, ctx.world.peers
    account = peers.resolve_user(viewer, request.id)
    own = account is viewer
    full = types.UserFull(
        id=account.user_id,
        about=account.about if account.about and ctx.world.privacy.allows(account, "About", viewer.user_id) else None,
        blocked=account.user_id in viewer.blocked or None,
        settings=types.PeerSettings() if own else peer_settings(viewer, account.user_id),
        notify_settings=types.PeerNotifySettings(),
        common_chats_count=0 if own else _common_chats(ctx, viewer, account),
        can_pin_message=True,
        has_scheduled=bool(ctx.world.schedule.waiting(viewer.user_id, account.user_id)) or None,
        pinned_msg_id=max(ctx.world.pins.pinned(viewer.user_id, account.user_id), default=None),
        folder_id=getattr(ctx.world.boxes.box(viewer.user_id).dialogs.get(account.user_id), "folder", 0) or None,
    )
    return types.users.UserFull(full, [], [peers.user(viewer.user_id, account.user_id)])


def peer_settings(viewer: Account, user_id: int) -> types.PeerSettings:
    """The bar above a chat with somebody who is no contact: add them, or block them."""
    if user_id in viewer.contacts or user_id in viewer.blocked:
        return types.PeerSettings()
    return types.PeerSettings(add_contact=True, block_contact=True)


def _user(ctx: Context, viewer: Account, given: Any) -> types.TypeUser:
    peers = ctx.world.peers
    contact = isinstance(given, types.InputUser) and given.access_hash == 0 and given.user_id in viewer.contacts
    if contact:
        return peers.user(viewer.user_id, given.user_id)
    try:
        return peers.user(viewer.user_id, peers.resolve_user(viewer, given).user_id)
    except RpcError:
        return types.UserEmpty(getattr(given, "user_id", 0))


def _common_chats(ctx: Context, viewer: Account, other: Account) -> int:
    living = (chat for chat in ctx.world.chats.of_user(viewer.user_id) if not chat.deactivated)
    return sum(1 for chat in living if other.user_id in chat.members)
