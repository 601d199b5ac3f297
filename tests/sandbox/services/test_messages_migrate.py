"""messages.migrateChat: a basic group goes on as a supergroup. https://core.telegram.org/api/channel#migration"""

from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.peers import marked_channel
from tests.sandbox.people import ClientFor, Person, Refused, meet

migrate = functions.messages.MigrateChatRequest


async def migrated(person: Person, group: int) -> int:
    """The marked id of the supergroup that goes on for that group."""
    return marked_channel((await person(migrate(-group))).chats[0].migrated_to.channel_id)


class TestMigrateChat:
    async def test_what_the_creator_gets(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        before = (await ann(functions.updates.GetStateRequest())).pts
        result = await ann(migrate(-group))
        old, new = result.chats
        assert (old.deactivated, old.participants_count, new.megagroup, new.title) == (True, 0, True, "G")
        assert (old.migrated_to.channel_id, old.migrated_to.access_hash) == (new.id, new.access_hash)
        (moved,) = [each for each in result.updates if isinstance(each, types.UpdateNewMessage)]
        assert moved.message.action == types.MessageActionChatMigrateTo(new.id)
        assert moved.pts == before + 1
        (first,) = [each for each in result.updates if isinstance(each, types.UpdateNewChannelMessage)]
        assert first.message.action == types.MessageActionChannelMigrateFrom("G", -group)

    async def test_everybody_goes_over_with_their_rights(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "G", [bob.id, cem.id])
        sandbox.world.chats[group].members[bob.id].admin_rights = ["pin_messages", "other"]
        sandbox.world.chats[group].default_banned = ["change_info"]
        channel = await migrated(ann, group)
        for person in (bob, cem):
            (told,) = await person.heard(types.UpdateNewChannelMessage)
            assert isinstance(told.message.action, types.MessageActionChannelMigrateFrom)
            assert [each.channel_id for each in person.of(types.UpdateChannel)] == [told.message.peer_id.channel_id]
        listing = functions.channels.GetParticipantsRequest(
            ann.channel(channel), types.ChannelParticipantsRecent(), 0, 10, 0
        )
        kinds = {each.user_id: type(each) for each in (await ann(listing)).participants}
        assert kinds == {
            ann.id: types.ChannelParticipantCreator,
            bob.id: types.ChannelParticipantAdmin,
            cem.id: types.ChannelParticipant,
        }
        full = await bob(functions.channels.GetFullChannelRequest(bob.channel(channel)))
        assert full.chats[0].default_banned_rights.change_info
        assert full.full_chat.migrated_from_chat_id == -group
        assert full.full_chat.migrated_from_max_id == max(sandbox.world.boxes.box(bob.id).thread(group))

    async def test_the_history_stays_where_it_is(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        sandbox.world.send(bob.id, group, "before")
        channel = await migrated(ann, group)
        await bob(functions.messages.SendMessageRequest(bob.peer(channel), "after"))
        assert [each.text async for each in bob.client.iter_messages(bob.peer(group))][1:2] == ["before"]
        assert [each.text async for each in bob.client.iter_messages(bob.peer(channel))][:1] == ["after"]
        dialogs = await bob.client.get_dialogs(ignore_migrated=True)
        assert [each.id for each in dialogs if each.title == "G"] == [channel]

    async def test_a_client_that_was_away_learns_of_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        state = await bob(functions.updates.GetStateRequest())
        channel = await migrated(ann, group)
        missed = await bob(functions.updates.GetDifferenceRequest(state.pts, state.date, 0))
        assert [type(each.action) for each in missed.new_messages] == [types.MessageActionChatMigrateTo]
        assert types.UpdateChannel(sandbox.world.chats[channel].bare_id) in missed.other_updates
        assert [chat.deactivated for chat in missed.chats if isinstance(chat, types.Chat)] == [True]

    async def test_the_old_group_is_read_only(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        sandbox.world.migrate(group)
        asks = functions.messages
        assert await refused(bob(asks.SendMessageRequest(bob.peer(group), "late"))) == "PEER_ID_INVALID"
        assert await refused(ann(asks.AddChatUserRequest(-group, ann.user(cem.id), 0))) == "CHAT_ID_INVALID"
        assert await refused(ann(asks.EditChatTitleRequest(-group, "New"))) == "CHAT_ID_INVALID"
        assert await refused(ann(asks.DeleteChatUserRequest(-group, ann.user(bob.id)))) == "CHAT_ID_INVALID"

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        assert await refused(bob(migrate(-group))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(cem(migrate(-group))) == "CHAT_ID_INVALID"
        assert await refused(ann(migrate(5))) == "CHAT_ID_INVALID"
        await ann(migrate(-group))
        assert await refused(ann(migrate(-group))) == "CHAT_ID_INVALID"
