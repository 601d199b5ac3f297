"""channels.*: who is in a supergroup or channel, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from telethon.tl import functions, types

from sandbox.dispatch import Context, registry
from sandbox.errors import RpcError
from sandbox.services.answers import changes_answer, list_hash, seconds, service_answer, who_may_be_invited
from sandbox.services.channels.management import changed, channel_of
from sandbox.world.chats import ADMIN_RIGHTS, Chat, admin_rights, banned_rights, flags_of
from sandbox.world.peers import peer as tl_peer

PARTICIPANTS_LIMIT = 200


@registry.method(functions.channels.JoinChannelRequest)
async def join_channel(ctx: Context, request: functions.channels.JoinChannelRequest) -> types.Updates:
    """https://core.telegram.org/method/channels.joinChannel"""
    viewer = ctx.account
    chat = ctx.world.chats[ctx.world.peers.resolve(viewer, request.channel, error="CHANNEL_INVALID")]
    post = ctx.world.chat_actions.join(viewer.user_id, chat, ctx.push)
    if post is None:
        return changed(ctx, chat)
    return service_answer(ctx, post, [types.UpdateChannel(chat.bare_id)])


@registry.method(functions.channels.LeaveChannelRequest)
async def leave_channel(ctx: Context, request: functions.channels.LeaveChannelRequest) -> types.Updates:
    """https://core.telegram.org/method/channels.leaveChannel"""
    chat = channel_of(ctx, request.channel)
    ctx.world.chat_actions.leave(ctx.account.user_id, chat, ctx.push)
    return changed(ctx, chat)


@registry.method(functions.channels.InviteToChannelRequest)
async def invite_to_channel(
    ctx: Context, request: functions.channels.InviteToChannelRequest
) -> types.messages.InvitedUsers:
    """https://core.telegram.org/method/channels.inviteToChannel"""
    chat = channel_of(ctx, request.channel)
    users = [ctx.world.peers.resolve_user(ctx.account, each).user_id for each in request.users]
    if not users:
        raise RpcError(400, "USER_ID_INVALID")
    willing, missing = who_may_be_invited(ctx, users)
    if missing and not willing:
        return types.messages.InvitedUsers(changes_answer(ctx), missing)
    post = ctx.world.chat_actions.invite(ctx.account.user_id, chat, willing, ctx.push)
    answer = service_answer(ctx, post) if post else changed(ctx, chat, tuple(willing))
    return types.messages.InvitedUsers(answer, missing)


@registry.method(functions.channels.GetParticipantRequest)
async def get_participant(ctx: Context, request: functions.channels.GetParticipantRequest) -> Any:
    """https://core.telegram.org/method/channels.getParticipant"""
    chat, viewer = channel_of(ctx, request.channel), ctx.account
    user_id = ctx.world.peers.resolve(viewer, request.participant, error="PARTICIPANT_ID_INVALID")
    if chat.kind == "channel" and user_id != viewer.user_id and not chat.is_admin(viewer.user_id):
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    ban = chat.ban_of(user_id, ctx.world.clock())
    if user_id not in chat.members and not (ban and chat.is_admin(viewer.user_id)):
        raise RpcError(400, "USER_NOT_PARTICIPANT")
    participant = _participant(ctx, chat, user_id)
    users, chats = ctx.world.peers.entities(viewer.user_id, [user_id, *_named_by(participant), chat.marked])
    return types.channels.ChannelParticipant(participant, chats, users)


@registry.method(functions.channels.GetParticipantsRequest)
async def get_participants(ctx: Context, request: functions.channels.GetParticipantsRequest) -> Any:
    """https://core.telegram.org/method/channels.getParticipants"""
    chat, viewer = channel_of(ctx, request.channel), ctx.account.user_id
    if chat.kind == "channel" and not chat.is_admin(viewer):
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    chosen = list(_filtered(ctx, chat, request.filter))
    part = chosen[max(request.offset, 0) :][: max(0, min(request.limit, PARTICIPANTS_LIMIT))]
    if request.hash and request.hash == list_hash(part):
        return types.channels.ChannelParticipantsNotModified()
    people = [_participant(ctx, chat, user_id) for user_id in part]
    named = [user_id for participant in people for user_id in _named_by(participant)]
    users, chats = ctx.world.peers.entities(viewer, [*part, *named, chat.marked])
    return types.channels.ChannelParticipants(len(chosen), people, chats, users)


@registry.method(functions.channels.EditBannedRequest)
async def edit_banned(ctx: Context, request: functions.channels.EditBannedRequest) -> types.Updates:
    """https://core.telegram.org/method/channels.editBanned"""
    chat = channel_of(ctx, request.channel)
    user_id = ctx.world.peers.resolve(ctx.account, request.participant, error="PARTICIPANT_ID_INVALID")
    if user_id < 0:
        raise RpcError(400, "USER_ID_INVALID")
    until = ctx.world.chat_actions.ban_end(seconds(request.banned_rights.until_date))
    rights = flags_of(request.banned_rights)
    ctx.world.chat_actions.ban(ctx.account.user_id, chat, user_id, rights, until, ctx.push)
    return changes_answer(ctx, types.UpdateChannel(chat.bare_id), mentioned=[chat.marked, user_id])


@registry.method(functions.channels.EditAdminRequest)
async def edit_admin(ctx: Context, request: functions.channels.EditAdminRequest) -> types.Updates:
    """https://core.telegram.org/method/channels.editAdmin"""
    chat = channel_of(ctx, request.channel)
    user = ctx.world.peers.resolve_user(ctx.account, request.user_id)
    rights = flags_of(request.admin_rights)
    ctx.world.chat_actions.promote(ctx.account.user_id, chat, user.user_id, rights, request.rank or "", ctx.push)
    return changes_answer(ctx, types.UpdateChannel(chat.bare_id), mentioned=[chat.marked, user.user_id])


def _participant(ctx: Context, chat: Chat, user_id: int) -> Any:
    viewer = ctx.account.user_id
    member, ban = chat.members.get(user_id), chat.ban_of(user_id, ctx.world.clock())
    if ban is not None:
        rights = banned_rights(ban.rights, ban.until)
        return types.ChannelParticipantBanned(tl_peer(user_id), ban.by, ban.date, rights, left=member is None or None)
    if member is None:
        return types.ChannelParticipantLeft(tl_peer(user_id))
    if user_id == chat.creator:
        return types.ChannelParticipantCreator(user_id, admin_rights(ADMIN_RIGHTS[chat.kind]), member.rank or None)
    if member.admin_rights:
        return types.ChannelParticipantAdmin(
            user_id,
            member.promoted_by,
            member.date,
            admin_rights(member.admin_rights),
            can_edit=viewer in (chat.creator, member.promoted_by) or None,
            is_self=user_id == viewer or None,
            inviter_id=member.inviter if user_id == viewer else None,
            rank=member.rank or None,
        )
    if user_id == viewer:
        return types.ChannelParticipantSelf(user_id, member.inviter, member.date)
    return types.ChannelParticipant(user_id, member.date)


def _named_by(participant: Any) -> list[int]:
    """The users whom a participant names beside themselves: who invited, promoted or banned them."""
    fields = (getattr(participant, name, None) for name in ("inviter_id", "promoted_by", "kicked_by"))
    return [user_id for user_id in fields if user_id]


def _filtered(ctx: Context, chat: Chat, which: Any) -> Iterable[int]:
    """The users of a ChannelParticipantsFilter, newest participants first."""
    newest = sorted(chat.members, key=lambda user_id: chat.members[user_id].date, reverse=True)
    now = ctx.world.clock()
    match which:
        case types.ChannelParticipantsRecent():
            return newest
        case types.ChannelParticipantsAdmins():
            return [user_id for user_id in newest if chat.is_admin(user_id)]
        case types.ChannelParticipantsBots():
            return []
        case types.ChannelParticipantsSearch() | types.ChannelParticipantsContacts():
            known = ctx.account.contacts if isinstance(which, types.ChannelParticipantsContacts) else chat.members
            return [user_id for user_id in newest if user_id in known and _named(ctx, user_id, which.q)]
    if not chat.is_admin(ctx.account.user_id):
        raise RpcError(400, "CHAT_ADMIN_REQUIRED")
    kicked = isinstance(which, types.ChannelParticipantsKicked)
    bans = {user_id: ban for user_id in chat.bans if (ban := chat.ban_of(user_id, now))}
    return [user_id for user_id, ban in bans.items() if ban.kicked == kicked and _named(ctx, user_id, which.q)]


def _named(ctx: Context, user_id: int, query: str) -> bool:
    account = ctx.world.accounts[user_id]
    name = f"{account.first_name} {account.last_name} {account.username or ''}".lower()
    return all(word in name for word in query.lower().split())
