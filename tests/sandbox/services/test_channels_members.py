"""Who is in a supergroup or channel and what they may do: joining, inviting, banning, promoting; by stock clients."""

from typing import Any

import pytest
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.services.answers import list_hash
from sandbox.world.chats import FOREVER
from tests.sandbox.people import ClientFor, Refused, meet

invite = functions.channels.InviteToChannelRequest
join = functions.channels.JoinChannelRequest
leave = functions.channels.LeaveChannelRequest
ban = functions.channels.EditBannedRequest
promote = functions.channels.EditAdminRequest
one = functions.channels.GetParticipantRequest


def everybody(channel: Any, which: Any = None, **given: int) -> functions.channels.GetParticipantsRequest:
    fields = {"offset": 0, "limit": 100, "hash": 0, **given}
    return functions.channels.GetParticipantsRequest(channel, which or types.ChannelParticipantsRecent(), **fields)


def forbidding(*names: str, until: int = 0) -> types.ChatBannedRights:
    return types.ChatBannedRights(until, **dict.fromkeys(names, True))


def message_pts(sandbox: Sandbox, room: int) -> int:
    return sandbox.world.boxes.box(room).pts


class TestInviteToChannel:
    """https://core.telegram.org/method/channels.inviteToChannel"""

    async def test_into_a_supergroup(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.send(ann.id, room, "before Bob")
        result = await ann(invite(ann.channel(room), [ann.user(bob.id)]))
        assert result.updates.updates[-1].message.action.users == [bob.id]
        await bob.heard(types.UpdateChannel)
        assert (await bob.heard(types.UpdateNewChannelMessage))[0].message.action.users == [bob.id]
        assert sandbox.world.snapshot(bob.id)["read_marks"][room]["unread"] == 1

    async def test_into_a_channel_without_a_message(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        news = sandbox.world.create_channel(ann.id, "News", kind="channel")
        await ann(invite(ann.channel(news), [ann.user(bob.id)]))
        await bob.heard(types.UpdateChannel)
        assert len(sandbox.world.snapshot(bob.id)[news]) == 1

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        news = world.create_channel(ann.id, "News", kind="channel")
        room = world.create_channel(ann.id, "Super")
        world.add_user(news, bob.id)
        world.add_user(room, bob.id)
        cems = [bob.user(cem.id)]
        assert await refused(bob(invite(bob.channel(news), cems))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(ann(invite(ann.channel(news), [ann.user(bob.id)]))) == "USER_ALREADY_PARTICIPANT"
        assert await refused(ann(invite(ann.channel(news), [types.InputUser(cem.id, 1)]))) == "USER_ID_INVALID"
        assert await refused(cem(invite(cem.channel(room), [types.InputUserSelf()]))) == "CHANNEL_PRIVATE"
        world.kick(room, cem.id)
        assert await refused(bob(invite(bob.channel(room), cems))) == "USER_KICKED"


class TestJoiningAndLeaving:
    """https://core.telegram.org/method/channels.joinChannel, .../channels.leaveChannel"""

    async def test_both_leave_messages_in_a_supergroup(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super", username="open_room")
        result = await bob(join(bob.channel(room)))
        assert result.updates[-1].message.action.users == [bob.id]
        left = await bob(leave(bob.channel(room)))
        assert left.chats[0].left is True
        _created, came, went = await ann.heard(types.UpdateNewChannelMessage, 3)
        assert went.message.action.user_id == bob.id
        assert came.message.action.users == [bob.id]

    async def test_a_channel_is_joined_in_silence(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        news = sandbox.world.create_channel(ann.id, "News", kind="channel", username="open_news")
        sandbox.world.send(ann.id, news, "old news")
        result = await bob(join(bob.channel(news)))
        assert (result.updates, result.chats[0].left) == ([types.UpdateChannel(bob.channel(news).channel_id)], False)
        assert sandbox.world.snapshot(bob.id)["read_marks"][news]["unread"] == 0

    async def test_wrong_uses_of_join(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        private = sandbox.world.create_channel(ann.id, "Private")
        public = sandbox.world.create_channel(ann.id, "Public", username="open_room")
        assert await refused(bob(join(bob.channel(private)))) == "CHANNEL_PRIVATE"
        assert await refused(ann(join(ann.channel(public)))) == "USER_ALREADY_PARTICIPANT"
        assert await refused(bob(join(ann.channel(public)))) == "CHANNEL_INVALID"
        sandbox.world.kick(public, bob.id)
        assert await refused(bob(join(bob.channel(public)))) == "USER_BANNED_IN_CHANNEL"

    async def test_wrong_uses_of_leave(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Public", username="open_room")
        private = sandbox.world.create_channel(ann.id, "Private")
        assert await refused(ann(leave(ann.channel(room)))) == "USER_CREATOR"
        assert await refused(bob(leave(bob.channel(room)))) == "USER_NOT_PARTICIPANT"
        assert await refused(bob(leave(bob.channel(private)))) == "CHANNEL_PRIVATE"


class TestParticipants:
    """https://core.telegram.org/method/channels.getParticipants, .../channels.getParticipant"""

    async def test_kinds_and_filters(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        room = world.create_channel(ann.id, "Super")
        for person in (bob, cem):
            world.add_user(room, person.id)
        await ann(promote(ann.channel(room), ann.user(bob.id), types.ChatAdminRights(ban_users=True), "Guard"))
        found = await ann(everybody(ann.channel(room)))
        assert found.count == 3
        kinds = {person.user_id: type(person) for person in found.participants}
        assert kinds == {
            ann.id: types.ChannelParticipantCreator, bob.id: types.ChannelParticipantAdmin,
            cem.id: types.ChannelParticipant,
        }  # fmt: skip
        assert {user.id for user in found.users} == {ann.id, bob.id, cem.id}
        admins = await cem(everybody(cem.channel(room), types.ChannelParticipantsAdmins()))
        assert {person.user_id for person in admins.participants} == {ann.id, bob.id}
        named = await cem(everybody(cem.channel(room), types.ChannelParticipantsSearch("user 01")))
        assert [person.user_id for person in named.participants] == [bob.id]
        page = await cem(everybody(cem.channel(room), limit=1, offset=1))
        assert (page.count, len(page.participants)) == (3, 1)
        mine = await cem(one(cem.channel(room), types.InputPeerSelf()))
        assert (type(mine.participant), mine.participant.inviter_id) == (types.ChannelParticipantSelf, ann.id)
        guard = await cem(one(cem.channel(room), cem.peer(bob.id)))
        assert (guard.participant.rank, guard.participant.admin_rights.ban_users) == ("Guard", True)

    async def test_users_named_by_participants_come_too(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        room = sandbox.world.create_channel(ann.id, "Super")
        for person in (bob, cem):
            sandbox.world.add_user(room, person.id)
        mine = await cem(one(cem.channel(room), types.InputPeerSelf()))
        assert {user.id for user in mine.users} == {ann.id, cem.id}

    async def test_an_unchanged_list_is_not_sent_again(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        room = sandbox.world.create_channel(ann.id, "Super")
        again = await ann(everybody(ann.channel(room), hash=list_hash([ann.id])))
        assert isinstance(again, types.channels.ChannelParticipantsNotModified)

    async def test_banned_ones(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        sandbox.world.kick(room, bob.id)
        kicked = await ann(everybody(ann.channel(room), types.ChannelParticipantsKicked("")))
        assert (kicked.participants[0].left, kicked.participants[0].kicked_by) == (True, ann.id)
        assert (await ann(everybody(ann.channel(room), types.ChannelParticipantsBanned("")))).count == 0

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        news = sandbox.world.create_channel(ann.id, "News", kind="channel")
        room = sandbox.world.create_channel(ann.id, "Super")
        for chat in (news, room):
            sandbox.world.add_user(chat, bob.id)
        assert await refused(bob(everybody(bob.channel(news)))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(cem(everybody(cem.channel(room)))) == "CHANNEL_PRIVATE"
        kicked = types.ChannelParticipantsKicked("")
        assert await refused(bob(everybody(bob.channel(room), kicked))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(ann(one(ann.channel(room), ann.peer(cem.id)))) == "USER_NOT_PARTICIPANT"
        assert await refused(bob(one(bob.channel(news), bob.peer(ann.id)))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(ann(one(ann.channel(room), types.InputPeerUser(1, 1)))) == "PARTICIPANT_ID_INVALID"


class TestEditBanned:
    """https://core.telegram.org/method/channels.editBanned"""

    async def test_muted_thrown_out_pardoned(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super", username="open_room")
        sandbox.world.add_user(room, bob.id)
        until = sandbox.world.now() + 3600
        await ann(ban(ann.channel(room), ann.peer(bob.id), forbidding("send_messages", until=until)))
        seen = (await bob(functions.channels.GetChannelsRequest([bob.channel(room)]))).chats[0]
        assert seen.banned_rights.send_messages is True
        await ann(ban(ann.channel(room), ann.peer(bob.id), forbidding("view_messages", until=FOREVER)))
        await bob.heard(types.UpdateChannel, 3)
        out = (await bob(functions.channels.GetChannelsRequest([bob.channel(room)]))).chats[0]
        assert isinstance(out, types.ChannelForbidden)
        last = sandbox.world.snapshot(ann.id)[room][-1]
        assert (last["action"], last["from"]) == ("MessageActionChatDeleteUser", ann.id)
        await ann(ban(ann.channel(room), ann.peer(bob.id), forbidding()))
        await bob(join(bob.channel(room)))

    async def test_who_throws_out_gets_the_service_message(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """It is pushed to everybody but him: without it in the result, his pts would have a hole."""
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        sandbox.record.clear()
        message = await ann.client.kick_participant(ann.peer(room), ann.peer(bob.id))
        assert (message.action.user_id, message.from_id) == (bob.id, types.PeerUser(ann.id))
        sandbox.world.send(ann.id, room, "next")
        assert (await ann.heard(types.UpdateNewChannelMessage, 3))[-1].pts == message_pts(sandbox, room)
        assert sandbox.record.uses_of(method="updates.getChannelDifference") == []

    async def test_a_ban_ends(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        room = world.create_channel(ann.id, "Super")
        world.add_user(room, bob.id)
        world.restrict(room, bob.id, ["send_messages"], until=world.now() + 60)
        start = world.clock()
        world.clock = lambda: start + 61
        await bob(functions.messages.SendMessageRequest(bob.peer(room), "again"))

    @pytest.mark.parametrize(("seconds", "lasts"), [(29, True), (-5, True), (40, False), (367 * 86400, True)])
    async def test_too_short_or_too_long_is_forever(
        self, sandbox: Sandbox, client_for: ClientFor, seconds: int, lasts: bool
    ) -> None:
        """https://core.telegram.org/constructor/chatBannedRights"""
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        until = sandbox.world.now() + seconds
        await ann(ban(ann.channel(room), ann.peer(bob.id), forbidding("send_messages", until=until)))
        assert (sandbox.world.chats[room].bans[bob.id].until == FOREVER) is lasts

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        room = sandbox.world.create_channel(ann.id, "Super")
        for person in (bob, cem):
            sandbox.world.add_user(room, person.id)
        out = forbidding("view_messages")
        assert await refused(bob(ban(bob.channel(room), bob.peer(cem.id), out))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(ann(ban(ann.channel(room), types.InputPeerSelf(), out))) == "USER_ADMIN_INVALID"
        assert await refused(ann(ban(types.InputChannel(1, 1), ann.peer(bob.id), out))) == "CHANNEL_INVALID"
        assert await refused(ann(ban(ann.channel(room), types.InputPeerUser(1, 1), out))) == "PARTICIPANT_ID_INVALID"


class TestEditAdmin:
    """https://core.telegram.org/method/channels.editAdmin"""

    async def test_up_and_down(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        news = sandbox.world.create_channel(ann.id, "News", kind="channel")
        sandbox.world.add_user(news, bob.id)
        rights = types.ChatAdminRights(post_messages=True)
        result = await ann(promote(ann.channel(news), ann.user(bob.id), rights, ""))
        assert isinstance(result.updates[0], types.UpdateChannel)
        await bob(functions.messages.SendMessageRequest(bob.peer(news), "posted"))
        seen = (await bob(functions.channels.GetChannelsRequest([bob.channel(news)]))).chats[0]
        assert (seen.admin_rights.post_messages, seen.admin_rights.other) == (True, True)
        await ann(promote(ann.channel(news), ann.user(bob.id), types.ChatAdminRights(), ""))
        seen = (await bob(functions.channels.GetChannelsRequest([bob.channel(news)]))).chats[0]
        assert seen.admin_rights is None

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        room = sandbox.world.create_channel(ann.id, "Super")
        for person in (bob, cem):
            sandbox.world.add_user(room, person.id)
        rights = types.ChatAdminRights(ban_users=True)
        assert await refused(bob(promote(bob.channel(room), bob.user(cem.id), rights, ""))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(ann(promote(ann.channel(room), types.InputUserSelf(), rights, ""))) == "USER_CREATOR"
        assert (
            await refused(ann(promote(ann.channel(room), ann.user(bob.id), rights, "x" * 17))) == "ADMIN_RANK_INVALID"
        )
        few = types.ChatAdminRights(add_admins=True)
        await ann(promote(ann.channel(room), ann.user(bob.id), few, ""))
        assert await refused(bob(promote(bob.channel(room), bob.user(cem.id), rights, ""))) == "RIGHT_FORBIDDEN"
