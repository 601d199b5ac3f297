"""folders.*: the archive. https://core.telegram.org/api/folders#peer-folders"""

from __future__ import annotations

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import changes_answer, peer_of

FOLDERS = (0, 1)  # the main list, and the archive


@registry.method(functions.folders.EditPeerFoldersRequest)
async def edit_peer_folders(ctx: Context, request: functions.folders.EditPeerFoldersRequest) -> types.Updates:
    """https://core.telegram.org/method/folders.editPeerFolders

    A chat that is in that folder already is passed over.
    """
    viewer, box = ctx.account.user_id, ctx.world.boxes.box(ctx.account.user_id)
    moves: dict[int, int] = {}
    for each in request.folder_peers:
        if each.folder_id not in FOLDERS:
            raise RpcError(400, "FOLDER_ID_INVALID")
        peer = peer_of(ctx, each.peer)
        dialog = box.dialogs.get(peer)
        if dialog is None or not ctx.world.listed(viewer, dialog):
            raise RpcError(400, "CHAT_ID_INVALID")
        if dialog.folder != each.folder_id:
            moves[peer] = each.folder_id
    if moves:
        event = ctx.world.boxes.fold(viewer, list(moves.items()))
        ctx.world.news.event(viewer, event, ctx.push)
    return changes_answer(ctx, mentioned=moves)
