"""messages.*: basic groups."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import changes_answer, known_group, service_answer, who_may_be_invited
from sandbox.world.chats import Chat


@registry.method(functions.messages.CreateChatRequest)
async def create_chat(ctx: Context, request: functions.messages.CreateChatRequest) -> types.messages.InvitedUsers:
    """https://core.telegram.org/method/messages.createChat"""
    creator = ctx.account
    users = [ctx.world.peers.resolve_user(creator, each) for each in request.users]
    willing, missing = who_may_be_invited(ctx, [user.user_id for user in users if not user.deleted])
    ctx.world.chat_actions.create_group(creator.user_id, request.title, willing, ctx.push)
    return types.messages.InvitedUsers(changes_answer(ctx), missing)


@registry.method(functions.messages.AddChatUserRequest)
async def add_chat_user(ctx: Context, request: functions.messages.AddChatUserRequest) -> types.messages.InvitedUsers:
    """https://core.telegram.org/method/messages.addChatUser"""
    chat = _group(ctx, request.chat_id)
    user = ctx.world.peers.resolve_user(ctx.account, request.user_id)
    willing, missing = who_may_be_invited(ctx, [user.user_id])
    for user_id in willing:
        ctx.world.chat_actions.add_to_group(ctx.account.user_id, chat, user_id, ctx.push)
    return types.messages.InvitedUsers(changes_answer(ctx), missing)


@registry.method(functions.messages.DeleteChatUserRequest)
async def delete_chat_user(ctx: Context, request: functions.messages.DeleteChatUserRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.deleteChatUser

    `revoke_history` takes the chat's history from whoever leaves, and from nobody else.
    """
    chat = _group(ctx, request.chat_id)
    user = ctx.world.peers.resolve_user(ctx.account, request.user_id)
    ctx.world.chat_actions.remove_from_group(ctx.account.user_id, chat, user.user_id, ctx.push)
    if request.revoke_history:
        ctx.world.message_actions.clear(user.user_id, chat.marked, ctx.push)
    return changes_answer(ctx, mentioned=[chat.marked])


@registry.method(functions.messages.EditChatTitleRequest)
async def edit_chat_title(ctx: Context, request: functions.messages.EditChatTitleRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.editChatTitle"""
    chat = _group(ctx, request.chat_id)
    return service_answer(ctx, ctx.world.chat_actions.rename(ctx.account.user_id, chat, request.title, ctx.push))


@registry.method(functions.messages.GetChatsRequest)
async def get_chats(ctx: Context, request: functions.messages.GetChatsRequest) -> types.messages.Chats:
    """https://core.telegram.org/method/messages.getChats"""
    if not request.id:
        raise RpcError(400, "CHAT_ID_INVALID")
    chats = [_group(ctx, each) for each in request.id]
    return types.messages.Chats([ctx.world.chats.tl(ctx.account.user_id, chat.marked) for chat in chats])


@registry.method(functions.messages.GetFullChatRequest)
async def get_full_chat(ctx: Context, request: functions.messages.GetFullChatRequest) -> types.messages.ChatFull:
    """https://core.telegram.org/method/messages.getFullChat"""
    chat, viewer = _group(ctx, request.chat_id), ctx.account.user_id
    inside = viewer in chat.members and not chat.deactivated
    people: Any = ctx.world.chat_actions.participants(chat) if inside else types.ChatParticipantsForbidden(chat.bare_id)
    full = types.ChatFull(
        chat.bare_id,
        chat.about,
        people,
        types.PeerNotifySettings(),
        pinned_msg_id=max(ctx.world.pins.pinned(viewer, chat.marked), default=None),
        available_reactions=ctx.world.reactions.available(chat),
        reactions_limit=chat.reactions_limit or None,
        has_scheduled=bool(ctx.world.schedule.waiting(viewer, chat.marked)) or None,
    )
    users, chats = ctx.world.peers.entities(viewer, [chat.marked, *(chat.members if inside else ())])
    return types.messages.ChatFull(full, chats, users)


@registry.method(functions.messages.MigrateChatRequest)
async def migrate_chat(ctx: Context, request: functions.messages.MigrateChatRequest) -> types.Updates:
    """https://core.telegram.org/method/messages.migrateChat"""
    group = _group(ctx, request.chat_id)
    target = ctx.world.migration.migrate(ctx.account.user_id, group, ctx.push)
    return changes_answer(ctx, types.UpdateChannel(target.bare_id), mentioned=[group.marked, target.marked])


def _group(ctx: Context, chat_id: int) -> Chat:
    return known_group(ctx, -chat_id)
