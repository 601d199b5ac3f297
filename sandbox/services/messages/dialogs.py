"""messages.*: the chat list."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import peer_of, seconds
from sandbox.world.box import Dialog
from sandbox.world.ids import is_channel
from sandbox.world.peers import peer as tl_peer
from sandbox.world.posts import Post

DIALOGS_LIMIT = 100
ARCHIVE = 1  # https://core.telegram.org/api/folders#peer-folders
PINNED_LIMITS = {0: 5, ARCHIVE: 100}  # help.getAppConfig's dialogs_pinned_limit_default, dialogs_folder_pinned_limit_…
_LOWEST_PEER = -(1 << 62)


@registry.method(functions.messages.GetDialogsRequest)
async def get_dialogs(ctx: Context, request: functions.messages.GetDialogsRequest) -> Any:
    """https://core.telegram.org/method/messages.getDialogs

    Newest first, pinned ones above them on the first page; an offset is the last dialog of the page before.
    """
    folder = known_folder(request.folder_id)
    rows = [row for row in _rows(ctx) if folder is None or row[0].folder == folder]
    total = len(rows)
    if request.exclude_pinned:
        rows = [row for row in rows if not row[0].pinned]
        total = len(rows)
    offset = _offset(ctx, request)
    if offset is not None:
        rows = [row for row in rows if _order(row) < offset]
    limit = max(1, min(request.limit or DIALOGS_LIMIT, DIALOGS_LIMIT))
    chosen = rows[:limit]
    if request.hash and request.hash == _hash(chosen):
        return types.messages.DialogsNotModified(total)
    parts = _parts(ctx, chosen)
    if offset is None and len(chosen) == total:
        return types.messages.Dialogs(*parts)
    return types.messages.DialogsSlice(total, *parts)


@registry.method(functions.messages.GetPinnedDialogsRequest)
async def get_pinned_dialogs(ctx: Context, request: functions.messages.GetPinnedDialogsRequest) -> Any:
    """https://core.telegram.org/method/messages.getPinnedDialogs"""
    folder = known_folder(request.folder_id)
    answer = _peer_dialogs(ctx, [row for row in _rows(ctx) if row[0].pinned and row[0].folder == folder])
    if folder == 0:
        _add_archive(ctx, answer)
    return answer


@registry.method(functions.messages.GetPeerDialogsRequest)
async def get_peer_dialogs(ctx: Context, request: functions.messages.GetPeerDialogsRequest) -> Any:
    """https://core.telegram.org/method/messages.getPeerDialogs"""
    rows = []
    known = ctx.world.boxes.box(ctx.account.user_id).dialogs
    archive = False
    for each in request.peers:
        if isinstance(each, types.InputDialogPeerFolder):
            if each.folder_id != ARCHIVE:
                raise RpcError(400, "FOLDER_ID_INVALID")
            archive = True
            continue
        if not isinstance(each, types.InputDialogPeer):
            raise RpcError(400, "PEER_ID_INVALID")
        peer = peer_of(ctx, each.peer)
        dialog = known.get(peer) or Dialog(peer)
        rows.append((dialog, _top(ctx, dialog)))
    answer = _peer_dialogs(ctx, rows)
    if archive:
        _add_archive(ctx, answer)
    return answer


@registry.method(functions.messages.ToggleDialogPinRequest)
async def toggle_dialog_pin(ctx: Context, request: functions.messages.ToggleDialogPinRequest) -> bool:
    """https://core.telegram.org/method/messages.toggleDialogPin"""
    dialog = _own_dialog(ctx, request.peer)
    pinned = [row[0] for row in _rows(ctx) if row[0].pinned and row[0].folder == dialog.folder]
    if request.pinned and not dialog.pinned and len(pinned) >= PINNED_LIMITS[dialog.folder]:
        raise RpcError(400, "PINNED_DIALOGS_TOO_MUCH")
    dialog.pinned = max((each.pinned for each in pinned), default=0) + 1 if request.pinned else 0
    _marked(ctx, dialog, "pin", bool(request.pinned))
    return True


@registry.method(functions.messages.MarkDialogUnreadRequest)
async def mark_dialog_unread(ctx: Context, request: functions.messages.MarkDialogUnreadRequest) -> bool:
    """https://core.telegram.org/method/messages.markDialogUnread"""
    dialog = _own_dialog(ctx, request.peer, none="PEER_ID_INVALID")
    dialog.unread_mark = bool(request.unread)
    _marked(ctx, dialog, "mark", dialog.unread_mark)
    return True


@registry.method(functions.messages.GetDialogUnreadMarksRequest)
async def get_dialog_unread_marks(ctx: Context, request: functions.messages.GetDialogUnreadMarksRequest) -> Any:
    """https://core.telegram.org/method/messages.getDialogUnreadMarks: those that were marked by hand."""
    return [types.DialogPeer(tl_peer(dialog.peer)) for dialog, _ in _rows(ctx) if dialog.unread_mark]


@registry.method(functions.messages.GetDialogFiltersRequest)
async def get_dialog_filters(ctx: Context, request: functions.messages.GetDialogFiltersRequest) -> Any:
    """https://core.telegram.org/method/messages.getDialogFilters: nobody here has made folders."""
    return types.messages.DialogFilters([types.DialogFilterDefault()])


@registry.method(functions.messages.GetPeerSettingsRequest)
async def get_peer_settings(ctx: Context, request: functions.messages.GetPeerSettingsRequest) -> Any:
    """https://core.telegram.org/method/messages.getPeerSettings"""
    from sandbox.services.users import peer_settings

    viewer, peer = ctx.account, peer_of(ctx, request.peer)
    users, chats = ctx.world.peers.entities(viewer.user_id, [peer])
    settings = peer_settings(viewer, peer) if peer > 0 and peer != viewer.user_id else types.PeerSettings()
    return types.messages.PeerSettings(settings, chats, users)


Row = tuple[Dialog, Post | None]
Order = tuple[int, int, int]


def _rows(ctx: Context) -> list[Row]:
    """The account's list in its order: the pinned ones, last pinned first, then by the date of the last message."""
    user_id, world = ctx.account.user_id, ctx.world
    dialogs = [dialog for dialog in world.boxes.box(user_id).dialogs.values() if world.listed(user_id, dialog)]
    rows = [(dialog, _top(ctx, dialog)) for dialog in dialogs]
    return sorted(rows, key=_order, reverse=True)


def _top(ctx: Context, dialog: Dialog) -> Post | None:
    box = ctx.world.message_actions.box_of(ctx.account.user_id, dialog.peer)
    ids = box.thread(dialog.peer)
    return box.posts[ids[-1]] if ids else None


def _order(row: Row) -> Order:
    """The pin, the date of the last message, then the peer: a total order that pages can go on from."""
    dialog, post = row
    return dialog.pinned, post.date if post else 0, dialog.peer


def _offset(ctx: Context, request: functions.messages.GetDialogsRequest) -> Order | None:
    """What the page begins below; a date that is not given is that of the offset message.

    After a pinned dialog come the lower pinned ones and all that are not pinned, however new.
    """
    date = seconds(request.offset_date)
    if isinstance(request.offset_peer, types.InputPeerEmpty):
        return (0, date, _LOWEST_PEER) if date else None
    peer = ctx.world.peers.resolve(ctx.account, request.offset_peer, error="OFFSET_PEER_ID_INVALID")
    if not date and request.offset_id:
        post = ctx.world.message_actions.find(ctx.account.user_id, peer, request.offset_id)
        date = post.date if post else 0
    dialog = ctx.world.boxes.box(ctx.account.user_id).dialogs.get(peer)
    return (dialog.pinned if dialog else 0, date, peer) if date else None


def _parts(ctx: Context, rows: list[Row]) -> tuple[Any, ...]:
    user_id, world = ctx.account.user_id, ctx.world
    messages: list[Any] = []
    mentioned: list[int] = []
    for dialog, post in rows:
        owner = dialog.peer if is_channel(dialog.peer) else user_id
        mentioned.append(dialog.peer)
        if post is not None:
            messages.append(world.render.message(post, owner, user_id))
            mentioned += world.render.mentioned(post, owner)
    users, chats = world.peers.entities(user_id, mentioned)
    return [world.render.dialog(user_id, dialog) for dialog, _ in rows], messages, chats, users


def _peer_dialogs(ctx: Context, rows: list[Row]) -> types.messages.PeerDialogs:
    return types.messages.PeerDialogs(*_parts(ctx, rows), ctx.world.updates.state(ctx.account.user_id, ctx.key))


def _own_dialog(ctx: Context, given: Any, *, none: str = "PEER_HISTORY_EMPTY") -> Dialog:
    if not isinstance(given, types.InputDialogPeer):
        raise RpcError(400, "PEER_ID_INVALID")
    peer = peer_of(ctx, given.peer)
    dialog = ctx.world.boxes.box(ctx.account.user_id).dialogs.get(peer)
    if dialog is None:
        raise RpcError(400, none)
    return dialog


def _marked(ctx: Context, dialog: Dialog, kind: str, value: bool) -> None:
    """Keep a dialog's new mark, and tell the account's other sessions."""
    user_id, world = ctx.account.user_id, ctx.world
    world.boxes.save_dialog(user_id, dialog)
    world.news.aside(user_id, kind, [dialog.peer, value], ctx.push)


def _add_archive(ctx: Context, answer: types.messages.PeerDialogs) -> None:
    """Put the row that stands for the archive above the others; nothing if it is empty."""
    rows = [row for row in _rows(ctx) if row[0].folder == ARCHIVE]
    if not rows:
        return
    viewer, (dialog, _) = ctx.account.user_id, rows[0]
    unread = [count for count in (ctx.world.boxes.unread(viewer, row[0]) for row in rows) if count]
    archive = types.DialogFolder(
        folder=types.Folder(ARCHIVE, "Archived Chats"),
        peer=tl_peer(dialog.peer),
        top_message=ctx.world.render.dialog(viewer, dialog).top_message,
        unread_muted_peers_count=0,
        unread_unmuted_peers_count=len(unread),
        unread_muted_messages_count=0,
        unread_unmuted_messages_count=sum(unread),
        pinned=True,
    )
    _, messages, chats, users = _parts(ctx, rows[:1])
    answer.dialogs.insert(0, archive)
    answer.messages += messages
    known = {each.id for each in (*answer.users, *answer.chats)}
    answer.users += [each for each in users if each.id not in known]
    answer.chats += [each for each in chats if each.id not in known]


def known_folder(folder_id: int | None) -> int | None:
    """0 is the main list, 1 the archive, None asks for both; anything else is 400 FOLDER_ID_INVALID."""
    if folder_id not in (None, 0, 1):
        raise RpcError(400, "FOLDER_ID_INVALID")
    return folder_id


def _hash(rows: list[Row]) -> int:
    total = 0
    for dialog, post in rows:
        for part in (dialog.peer, post.uid if post else 0, bool(dialog.pinned)):
            total = (total * 20261 + 0x80000000 + int(part)) & 0x7FFFFFFFFFFFFFFF
    return total
