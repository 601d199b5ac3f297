"""messages.updatePinnedMessage, .../messages.unpinAllMessages. https://core.telegram.org/api/pin"""

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Refused, meet

pin = functions.messages.UpdatePinnedMessageRequest
unpin_all = functions.messages.UnpinAllMessagesRequest


class TestUpdatePinnedMessage:
    async def test_both_sides_of_a_private_chat(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, bob.id, "ids differ from here on")
        number = sandbox.world.send(ann.id, bob.id, "the address")
        result = await ann(pin(ann.peer(bob.id), number))
        pinned, notice = result.updates
        assert (pinned.messages, pinned.pinned, pinned.pts_count) == ([number], True, 1)
        assert notice.message.action == types.MessageActionPinMessage()
        assert notice.message.reply_to.reply_to_msg_id == number
        (told,) = await bob.heard(types.UpdatePinnedMessages)
        assert (told.peer, told.messages) == (types.PeerUser(ann.id), [2])
        found = await bob.client.get_messages(bob.peer(ann.id), ids=2)
        assert found.pinned
        full = await bob(functions.users.GetFullUserRequest(bob.user(ann.id)))
        assert full.full_user.pinned_msg_id == 2
        search = await bob.client.get_messages(bob.peer(ann.id), filter=types.InputMessagesFilterPinned())
        assert [each.text for each in search] == ["the address"]

    async def test_one_side_alone(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        number = sandbox.world.send(ann.id, bob.id, "mine")
        result = await ann(pin(ann.peer(bob.id), number, pm_oneside=True))
        assert [type(each) for each in result.updates] == [types.UpdatePinnedMessages]
        await bob.settled()
        assert bob.of(types.UpdatePinnedMessages) == []
        assert sandbox.world.pins.pinned(bob.id, ann.id) == []

    async def test_a_channel_has_one_list_for_all(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Room")
        sandbox.world.add_user(room, bob.id)
        ids = [sandbox.world.send(bob.id, room, text) for text in ("one", "two")]
        for number in ids:
            await ann(pin(ann.peer(room), number, silent=True))
        told = await bob.heard(types.UpdatePinnedChannelMessages, 2)
        assert [each.messages for each in told] == [[number] for number in ids]
        full = await bob(functions.channels.GetFullChannelRequest(bob.channel(room)))
        assert full.full_chat.pinned_msg_id == ids[-1]
        await ann(pin(ann.peer(room), ids[-1], unpin=True))
        assert (await bob.heard(types.UpdatePinnedChannelMessages, 3))[-1].pinned is False
        asked = functions.channels.GetMessagesRequest(bob.channel(room), [types.InputMessagePinned()])
        assert [each.id for each in (await bob(asked)).messages] == ids[:1]

    async def test_a_client_that_was_away_learns_of_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        number = sandbox.world.send(ann.id, bob.id, "x")
        state = await bob(functions.updates.GetStateRequest())
        await ann(pin(ann.peer(bob.id), number))
        missed = await bob(functions.updates.GetDifferenceRequest(state.pts, state.date, 0))
        assert [type(each.action) for each in missed.new_messages] == [types.MessageActionPinMessage]
        assert [each.messages for each in missed.other_updates] == [[number]]

    async def test_members_pin_unless_that_is_forbidden(
        self, sandbox: Sandbox, client_for: ClientFor, refused: Refused
    ) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        number = sandbox.world.send(bob.id, group, "x")
        await bob(pin(bob.peer(group), number))
        sandbox.world.chats[group].default_banned = ["pin_messages"]
        assert await refused(bob(pin(bob.peer(group), number, unpin=True))) == "CHAT_ADMIN_REQUIRED"

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        news = sandbox.world.create_channel(ann.id, "News", kind="channel", username="some_news")
        sandbox.world.add_user(news, bob.id)
        number = sandbox.world.send(ann.id, news, "post")
        assert await refused(bob(pin(bob.peer(news), number))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(cem(pin(cem.peer(news), number))) == "CHAT_WRITE_FORBIDDEN"
        assert await refused(ann(pin(ann.peer(news), 77))) == "MESSAGE_ID_INVALID"
        assert await refused(ann(pin(ann.peer(news), 1))) == "MESSAGE_ID_INVALID"  # a service message
        await ann(pin(ann.peer(news), number))
        assert await refused(ann(pin(ann.peer(news), number))) == "CHAT_NOT_MODIFIED"
        assert await refused(ann(pin(types.InputPeerUser(bob.id, 1), 1))) == "PEER_ID_INVALID"


class TestUnpinAllMessages:
    async def test_all_of_a_chat_at_once(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        ids = [sandbox.world.send(ann.id, bob.id, text) for text in ("one", "two")]
        other = sandbox.world.send(ann.id, ann.id, "kept")
        for peer, number in ((bob.id, ids[0]), (bob.id, ids[1]), (ann.id, other)):
            await ann(pin(ann.peer(peer), number))
        result = await ann(unpin_all(ann.peer(bob.id)))
        assert (result.pts_count, result.pts, result.offset) == (2, sandbox.world.boxes.box(ann.id).pts, 0)
        last = (await bob.heard(types.UpdatePinnedMessages, 3))[-1]
        assert (last.pinned, len(last.messages), last.pts_count) == (False, 2, 2)
        assert sandbox.world.pins.pinned(ann.id, ann.id) == [other]
        assert (await ann(unpin_all(ann.peer(bob.id)))).pts_count == 0

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        room = sandbox.world.create_channel(ann.id, "Room", username="the_room")
        sandbox.world.add_user(room, bob.id)
        sandbox.world.chats[room].default_banned = ["pin_messages"]
        assert await refused(bob(unpin_all(bob.peer(room)))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(cem(unpin_all(cem.peer(room)))) == "CHAT_WRITE_FORBIDDEN"
        assert await refused(ann(unpin_all(types.InputPeerUser(bob.id, 1)))) == "PEER_ID_INVALID"
