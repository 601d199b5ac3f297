"""photos.*: profile photos. Nobody here has any."""

from __future__ import annotations

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError


@registry.method(functions.photos.GetUserPhotosRequest)
async def get_user_photos(ctx: Context, request: functions.photos.GetUserPhotosRequest) -> types.photos.Photos:
    """https://core.telegram.org/method/photos.getUserPhotos"""
    account = ctx.world.peers.resolve_user(ctx.account, request.user_id)
    if request.max_id < 0:
        raise RpcError(400, "MAX_ID_INVALID")
    if request.limit < 0 or request.offset < 0:
        raise RpcError(400, "LIMIT_INVALID")
    return types.photos.Photos([], [ctx.world.peers.user(ctx.account.user_id, account.user_id)])
