"""messages.*: searching all chats at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import HISTORY_LIMIT, seconds
from sandbox.services.messages.dialogs import known_folder
from sandbox.services.messages.history import matches
from sandbox.world.box import Box
from sandbox.world.ids import is_channel

_OF_ONE_CHAT = (
    types.InputMessagesFilterPinned,
    types.InputMessagesFilterMyMentions,
    types.InputMessagesFilterChatPhotos,
    types.InputMessagesFilterContacts,
)
"""Filters that serve within one chat only."""

Found = tuple[int, int, int]  # date, chat, id: the order of the results


@registry.method(functions.messages.SearchGlobalRequest)
async def search_global(ctx: Context, request: functions.messages.SearchGlobalRequest) -> Any:
    """https://core.telegram.org/method/messages.searchGlobal

    In all chats of the account's list, the newest first. Whatever filter asks for media finds nothing.
    """
    if isinstance(request.filter, _OF_ONE_CHAT):
        raise RpcError(400, "INPUT_FILTER_INVALID")
    for_text = isinstance(request.filter, types.InputMessagesFilterEmpty)
    if for_text and not request.q.strip():
        raise RpcError(400, "SEARCH_QUERY_EMPTY")
    found = sorted(_found(ctx, request), reverse=True) if for_text else []
    count = len(found)
    offset = _offset(ctx, request)
    if offset is not None:
        found = [each for each in found if each < offset]
    chosen = found[: max(1, min(request.limit, HISTORY_LIMIT))]
    viewer, world = ctx.account.user_id, ctx.world
    messages: list[Any] = []
    mentioned: list[int] = []
    for _, peer, number in chosen:
        box = world.message_actions.box_of(viewer, peer)
        messages.append(world.render.message(box.posts[number], box.owner, viewer))
        mentioned += world.render.mentioned(box.posts[number], box.owner)
    users, chats = world.peers.entities(viewer, mentioned)
    if offset is None and len(chosen) == count:
        return types.messages.Messages(messages, [], chats, users)
    rate = chosen[-1][0] if len(chosen) < len(found) else None
    return types.messages.MessagesSlice(count, messages, [], chats, users, next_rate=rate)


def _found(ctx: Context, request: functions.messages.SearchGlobalRequest) -> Iterator[Found]:
    viewer, world = ctx.account.user_id, ctx.world
    folder = known_folder(request.folder_id)
    since, until = seconds(request.min_date), seconds(request.max_date)
    for dialog in list(world.boxes.box(viewer).dialogs.values()):
        wanted = folder is None or dialog.folder == folder
        if not (wanted and world.listed(viewer, dialog) and _of_kind(ctx, request, dialog.peer)):
            continue
        box: Box = world.message_actions.box_of(viewer, dialog.peer)
        for number in matches(box, box.thread(dialog.peer), request.q, since=since, until=until):
            yield box.posts[number].date, dialog.peer, number


def _of_kind(ctx: Context, request: functions.messages.SearchGlobalRequest, peer: int) -> bool:
    """Whether that chat is of a kind that is asked for; none named asks for all."""
    if not (request.broadcasts_only or request.groups_only or request.users_only):
        return True
    if peer > 0:
        return bool(request.users_only)
    broadcast = is_channel(peer) and ctx.world.chats[peer].kind == "channel"
    return bool(request.broadcasts_only if broadcast else request.groups_only)


def _offset(ctx: Context, request: functions.messages.SearchGlobalRequest) -> Found | None:
    """The last result of the page before: its rate, which is the date, its chat and id."""
    if not request.offset_rate:
        return None
    if isinstance(request.offset_peer, types.InputPeerEmpty):
        return request.offset_rate, 0, 0
    peer = ctx.world.peers.resolve(ctx.account, request.offset_peer, error="OFFSET_PEER_ID_INVALID")
    return request.offset_rate, peer, request.offset_id
