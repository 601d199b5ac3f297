"""channels.*: supergroups and channels themselves: made, looked at, renamed, slowed down."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import service_answer
from sandbox.world.box import Dialog
from sandbox.world.chats import Chat, Kind


@registry.method(functions.channels.CreateChannelRequest)
async def create_channel(ctx: Context, request: functions.channels.CreateChannelRequest) -> types.Updates:
    """https://core.telegram.org/method/channels.createChannel"""
    if bool(request.broadcast) == bool(request.megagroup):
        raise RpcError(400, "CHANNEL_INVALID")
    kind: Kind = "channel" if request.broadcast else "supergroup"
    chat, post = ctx.world.chat_actions.create_channel(
        ctx.account.user_id, request.title, ctx.push, kind=kind, about=request.about
    )
    return service_answer(ctx, post, [types.UpdateChannel(chat.bare_id)])


@registry.method(functions.channels.GetChannelsRequest)
async def get_channels(ctx: Context, request: functions.channels.GetChannelsRequest) -> types.messages.Chats:
    """https://core.telegram.org/method/channels.getChannels"""
    if not request.id:
        raise RpcError(400, "CHANNEL_INVALID")
    viewer = ctx.account
    found = [ctx.world.peers.resolve(viewer, each, error="CHANNEL_INVALID") for each in request.id]
    return types.messages.Chats([ctx.world.chats.tl(viewer.user_id, marked) for marked in found])


@registry.method(functions.channels.GetFullChannelRequest)
async def get_full_channel(ctx: Context, request: functions.channels.GetFullChannelRequest) -> types.messages.ChatFull:
    """https://core.telegram.org/method/channels.getFullChannel"""
    chat, world, viewer = channel_of(ctx, request.channel), ctx.world, ctx.account.user_id
    box = world.boxes.box(chat.marked)
    dialog = world.boxes.box(viewer).dialogs.get(chat.marked) or Dialog(chat.marked)
    admin = chat.is_admin(viewer)
    member = chat.members.get(viewer)
    kicked = sum(1 for ban in chat.bans.values() if ban.kicked)
    full = types.ChannelFull(
        id=chat.bare_id,
        about=chat.about,
        read_inbox_max_id=dialog.read_inbox,
        read_outbox_max_id=dialog.read_outbox,
        unread_count=world.boxes.unread(viewer, dialog) if member else 0,
        chat_photo=types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=box.pts,
        can_view_participants=chat.kind == "supergroup" or admin or None,
        participants_count=len(chat.members),
        admins_count=sum(1 for each in chat.members if chat.is_admin(each)) if admin else None,
        kicked_count=kicked if admin else None,
        banned_count=len(chat.bans) - kicked if admin else None,
        pinned_msg_id=max(world.pins.pinned(viewer, chat.marked), default=None),
        folder_id=dialog.folder or None,
        has_scheduled=bool(world.schedule.waiting(viewer, chat.marked)) or None,
        available_reactions=world.reactions.available(chat),
        reactions_limit=chat.reactions_limit or None,
        slowmode_seconds=chat.slow_mode or None,
        migrated_from_chat_id=-chat.migrated_from if viewer in chat.migrated_at else None,
        migrated_from_max_id=chat.migrated_at.get(viewer),
        slowmode_next_send_date=member.next_send if member and member.next_send > world.now() else None,
    )
    named = [chat.marked, *([chat.migrated_from] if viewer in chat.migrated_at else [])]
    users, chats = world.peers.entities(viewer, named)
    return types.messages.ChatFull(full, chats, users)


@registry.method(functions.channels.EditTitleRequest)
async def edit_title(ctx: Context, request: functions.channels.EditTitleRequest) -> types.Updates:
    """https://core.telegram.org/method/channels.editTitle"""
    chat = channel_of(ctx, request.channel)
    return service_answer(ctx, ctx.world.chat_actions.rename(ctx.account.user_id, chat, request.title, ctx.push))


@registry.method(functions.channels.ToggleSlowModeRequest)
async def toggle_slow_mode(ctx: Context, request: functions.channels.ToggleSlowModeRequest) -> types.Updates:
    """https://core.telegram.org/method/channels.toggleSlowMode"""
    chat = channel_of(ctx, request.channel)
    ctx.world.chat_actions.set_slow_mode(ctx.account.user_id, chat, request.seconds, ctx.push)
    return changed(ctx, chat)


@registry.method(functions.channels.ToggleForumRequest)
async def toggle_forum(ctx: Context, request: functions.channels.ToggleForumRequest) -> types.Updates:
    """https://core.telegram.org/method/channels.toggleForum"""
    chat = channel_of(ctx, request.channel)
    ctx.world.topics.toggle(ctx.account.user_id, chat, ctx.push, enabled=request.enabled, tabs=request.tabs)
    return changed(ctx, chat)


def channel_of(ctx: Context, given: Any) -> Chat:
    """The supergroup or channel that an InputChannel names, if this account may look into it.

    Raises 400 CHANNEL_INVALID; 406 CHANNEL_PRIVATE.
    """
    marked = ctx.world.peers.resolve(ctx.account, given, error="CHANNEL_INVALID")
    return ctx.world.message_actions.readable_channel(ctx.account.user_id, marked)


def changed(ctx: Context, chat: Chat, users: tuple[int, ...] = ()) -> types.Updates:
    """What somebody gets who has changed a channel without a message: the channel as it is now."""
    return ctx.world.render.container(ctx.account.user_id, [types.UpdateChannel(chat.bare_id)], [chat.marked, *users])
