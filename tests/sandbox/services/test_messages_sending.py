"""messages.sendMessage, forwardMessages, setTyping, driven by stock clients."""

import pytest
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.message_actions import EDIT_SECONDS
from tests.sandbox.people import ClientFor, Refused, meet

send = functions.messages.SendMessageRequest
forward = functions.messages.ForwardMessagesRequest


class TestSendMessage:
    """https://core.telegram.org/method/messages.sendMessage"""

    async def test_a_private_text_is_answered_in_short_and_pushed_to_the_peer(
        self, sandbox: Sandbox, client_for: ClientFor
    ) -> None:
        ann, bob = await meet(sandbox, client_for)
        result = await ann(send(ann.peer(bob.id), "hello", random_id=7))
        assert isinstance(result, types.UpdateShortSentMessage)
        assert (result.out, result.id, result.pts, result.pts_count, result.entities) == (True, 1, 2, 1, None)
        update = (await bob.heard(types.UpdateNewMessage))[0]
        message = update.message
        assert (message.message, message.out, message.id, update.pts, update.pts_count) == ("hello", False, 1, 2, 1)
        assert (message.peer_id, message.from_id) == (types.PeerUser(ann.id), None)
        own = await ann.client.get_messages(ann.peer(bob.id), 1)
        assert (own[0].out, own[0].peer_id, own[0].from_id) == (True, types.PeerUser(bob.id), types.PeerUser(ann.id))

    async def test_ids_and_pts_belong_to_each_box(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        await cem(send(cem.peer(bob.id), "first in Bob's box"))
        result = await ann(send(ann.peer(bob.id), "first in Ann's"))
        assert (result.id, result.pts) == (1, 2)
        update = (await bob.heard(types.UpdateNewMessage, 2))[1]
        assert (update.message.id, update.pts) == (2, 3)

    async def test_what_the_server_marks_is_answered_in_full(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        text = "😀 see https://example.org, @someone and #tag"
        result = await ann(send(ann.peer(bob.id), text, random_id=8))
        assert isinstance(result, types.Updates)
        number, new = result.updates
        assert number == types.UpdateMessageID(1, 8)
        assert (new.message.out, new.message.message, new.pts) == (True, text, 2)
        assert new.message.entities == [
            types.MessageEntityUrl(7, 19), types.MessageEntityMention(28, 8), types.MessageEntityHashtag(41, 4),
        ]  # fmt: skip
        assert {user.id for user in result.users} == {ann.id, bob.id}

    async def test_entities_and_silence_arrive(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        marks = [types.MessageEntityBold(3, 4), types.InputMessageEntityMentionName(8, 3, ann.user(bob.id))]
        result = await ann(send(ann.peer(bob.id), "😀 bold Bob", entities=marks, silent=True))
        expected = [types.MessageEntityBold(3, 4), types.MessageEntityMentionName(8, 3, bob.id)]
        assert result.entities == expected
        message = (await bob.heard(types.UpdateNewMessage))[0].message
        assert (message.entities, message.silent) == (expected, True)

    async def test_white_space_around_is_cut_and_entities_move(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        await ann(send(ann.peer(bob.id), "\n  a\r\x00b \n", entities=[types.MessageEntityBold(2, 5)]))
        message = (await bob.heard(types.UpdateNewMessage))[0].message
        assert (message.message, message.entities) == ("a b", [types.MessageEntityBold(0, 3)])

    async def test_saved_messages(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        result = await ann(send(types.InputPeerSelf(), "note to myself"))
        assert result.id == 1
        raw = await ann(functions.messages.GetMessagesRequest([types.InputMessageID(1)]))
        assert raw.messages[0].peer_id == types.PeerUser(ann.id)
        assert sandbox.world.snapshot(ann.id)[ann.id][0]["out"] is False

    async def test_replies_bear_each_boxes_own_id(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, bob.id, "moves Bob's ids on")
        first = await ann(send(ann.peer(bob.id), "one"))
        await ann(send(ann.peer(bob.id), "two", reply_to=types.InputReplyToMessage(first.id)))
        news = await bob.heard(types.UpdateNewMessage, 3)
        assert (news[1].message.id, news[2].message.reply_to.reply_to_msg_id) == (2, 2)
        assert (await ann.client.get_messages(ann.peer(bob.id), 1))[0].reply_to.reply_to_msg_id == 1

    async def test_a_thread_of_answers_names_its_head(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/api/threads"""
        (ann,) = await meet(sandbox, client_for, 1)
        room = sandbox.world.create_channel(ann.id, "Super")
        numbers = [sandbox.world.send(ann.id, room, "head")]
        for text in ("one", "two", "three"):
            numbers.append((await ann.client.send_message(ann.peer(room), text, reply_to=numbers[-1])).id)
        head, first, *later = await ann.client.get_messages(ann.peer(room), ids=numbers)
        assert (head.reply_to, first.reply_to.reply_to_top_id) == (None, None)
        assert [(each.reply_to.reply_to_msg_id, each.reply_to.reply_to_top_id) for each in later] == [
            (numbers[1], numbers[0]), (numbers[2], numbers[0]),
        ]  # fmt: skip

    async def test_the_accounts_other_keys_get_it_as_an_update(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        (other,) = await meet(sandbox, client_for, 1)
        await ann(send(ann.peer(bob.id), "from the first phone"))
        update = (await other.heard(types.UpdateNewMessage))[0]
        assert (update.message.out, update.message.message, update.pts) == (True, "from the first phone", 2)
        await ann.settled()
        assert ann.of(types.UpdateNewMessage) == []

    async def test_a_basic_group_has_a_copy_for_each(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "Three", [bob.id, cem.id])
        sandbox.world.send(cem.id, cem.id, "moves Cem's ids on")
        result = await ann(send(ann.peer(group), "hello all", random_id=9))
        assert [type(each) for each in result.updates] == [types.UpdateMessageID, types.UpdateNewMessage]
        for person, number in ((bob, 2), (cem, 3)):
            message = (await person.heard(types.UpdateNewMessage, number))[-1].message
            assert (message.id, message.from_id, message.peer_id.chat_id) == (number, types.PeerUser(ann.id), -group)

    async def test_a_supergroup_has_one_box(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        result = await ann(send(ann.peer(room), "hello", random_id=5))
        number, read, new = result.updates
        assert (number.id, number.random_id) == (3, 5)
        assert (read.max_id, read.still_unread_count, read.pts) == (3, 0, 4)
        assert (new.message.id, new.pts, new.pts_count, new.message.out) == (3, 4, 1, True)
        pushed = (await bob.heard(types.UpdateNewChannelMessage, 2))[-1]
        assert (pushed.message.id, pushed.pts, pushed.message.from_id) == (3, 4, types.PeerUser(ann.id))

    async def test_a_channel_post_bears_the_channels_name(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "News", kind="channel")
        sandbox.world.add_user(room, bob.id)
        await ann(send(ann.peer(room), "extra!"))
        message = (await bob.heard(types.UpdateNewChannelMessage))[-1].message
        assert (message.post, message.from_id, message.views) == (True, None, 1)

    async def test_a_repeated_random_id_gives_the_first_result(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        for peer in (bob.id, group):
            first = await ann(send(ann.peer(peer), "once", random_id=peer))
            again = await ann(send(ann.peer(peer), "once", random_id=peer))
            assert type(first) is type(again)
            assert (first.id, first.pts) == (again.id, again.pts) if peer > 0 else first.updates == again.updates
        assert [each["text"] for each in sandbox.world.snapshot(bob.id)[ann.id]] == ["once"]
        sandbox.faults.random_id = "duplicate_error"
        with pytest.raises(Exception, match="random") as caught:
            await ann(send(ann.peer(bob.id), "once", random_id=bob.id))
        assert caught.value.code == 500

    async def test_random_ids_belong_to_the_account(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        await ann(send(ann.peer(bob.id), "from Ann", random_id=5))
        await bob(send(bob.peer(ann.id), "from Bob", random_id=5))
        assert [each["text"] for each in sandbox.world.snapshot(ann.id)[bob.id]] == ["from Ann", "from Bob"]

    async def test_whom_the_peer_has_blocked_writes_into_the_void(
        self, sandbox: Sandbox, client_for: ClientFor
    ) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.accounts[bob.id].blocked[ann.id] = 1
        assert (await ann(send(ann.peer(bob.id), "anybody there?"))).id == 1
        assert ann.id not in sandbox.world.snapshot(bob.id)

    async def test_wrong_texts(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        peer = ann.peer(bob.id)
        assert await refused(ann(send(peer, ""))) == "MESSAGE_EMPTY"
        assert await refused(ann(send(peer, " \n\x00 "))) == "MESSAGE_EMPTY"
        assert (await ann(send(peer, "x" * 4096))).id == 1
        assert await refused(ann(send(peer, "x" * 4097))) == "MESSAGE_TOO_LONG"
        assert await refused(ann(send(peer, "😀" * 2049))) == "MESSAGE_TOO_LONG"
        outside = [types.MessageEntityBold(3, 3)]
        assert await refused(ann(send(peer, "short", entities=outside))) == "ENTITY_BOUNDS_INVALID"
        many = [types.MessageEntityBold(0, 1)] * 101
        assert await refused(ann(send(peer, "short", entities=many))) == "ENTITIES_TOO_LONG"
        stranger = types.InputMessageEntityMentionName(0, 2, types.InputUser(1, 1))
        assert await refused(ann(send(peer, "who?", entities=[stranger]))) == "ENTITY_MENTION_USER_INVALID"
        assert len(sandbox.world.snapshot(bob.id)[ann.id]) == 1

    async def test_wrong_peers(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        private = world.create_channel(bob.id, "Private")
        group = world.create_group(bob.id, "Not Ann's", [cem.id])
        channel = world.create_channel(bob.id, "Public", kind="channel", username="public_news")
        for peer, error in (
            (types.InputPeerEmpty(), "PEER_ID_INVALID"),
            (types.InputPeerUser(bob.id, 12345), "PEER_ID_INVALID"),
            (types.InputPeerChat(999), "PEER_ID_INVALID"),
            (types.InputPeerChat(-group), "PEER_ID_INVALID"),
            (types.InputPeerChannel(999, 1), "CHANNEL_INVALID"),
            (ann.peer(private), "CHANNEL_PRIVATE"),
            (ann.peer(channel), "CHAT_ADMIN_REQUIRED"),
        ):
            assert await refused(ann(send(peer, "hello"))) == error
        world.accounts[ann.id].blocked[bob.id] = 1
        assert await refused(ann(send(ann.peer(bob.id), "hello"))) == "YOU_BLOCKED_USER"
        world.accounts.delete(cem.id)
        assert await refused(ann(send(ann.peer(cem.id), "hello"))) == "INPUT_USER_DEACTIVATED"

    async def test_wrong_replies_and_random_ids(
        self, sandbox: Sandbox, client_for: ClientFor, refused: Refused
    ) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        elsewhere = await ann(send(ann.peer(cem.id), "to Cem"))
        for number in (elsewhere.id, 77):
            reply = types.InputReplyToMessage(number)
            assert await refused(ann(send(ann.peer(bob.id), "re", reply_to=reply))) == "REPLY_MESSAGE_ID_INVALID"
        assert await refused(ann(send(ann.peer(bob.id), "zero", random_id=0))) == "RANDOM_ID_EMPTY"

    async def test_who_may_not_write(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        room = world.create_channel(ann.id, "Super", username="super_room")
        group = world.create_group(ann.id, "Group", [bob.id, cem.id])
        world.add_user(room, bob.id)
        assert await refused(cem(send(cem.peer(room), "from outside"))) == "CHAT_WRITE_FORBIDDEN"
        world.restrict(room, bob.id, ["send_messages"])
        assert await refused(bob(send(bob.peer(room), "muted"))) == "USER_BANNED_IN_CHANNEL"
        world.restrict(room, bob.id, [])
        world.chats[room].default_banned = ["send_messages"]
        assert await refused(bob(send(bob.peer(room), "all muted"))) == "CHAT_WRITE_FORBIDDEN"
        world.chats[room].default_banned = ["send_plain"]
        assert await refused(bob(send(bob.peer(room), "media only"))) == "CHAT_SEND_PLAIN_FORBIDDEN"
        world.kick(room, bob.id)
        assert await refused(bob(send(bob.peer(room), "out"))) == "CHANNEL_PRIVATE"
        world.kick(group, bob.id)
        assert await refused(bob(send(bob.peer(group), "out"))) == "CHAT_WRITE_FORBIDDEN"

    async def test_slow_mode(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        room = world.create_channel(ann.id, "Slow")
        world.add_user(room, bob.id)
        world.slow_mode(room, 30)
        await bob(send(bob.peer(room), "one"))
        assert (await refused(bob(send(bob.peer(room), "two")))).startswith("SLOWMODE_WAIT_")
        await ann(send(ann.peer(room), "administrators need not wait"))
        start = world.clock()
        world.clock = lambda: start + 31
        await bob(send(bob.peer(room), "two"))


class TestForwardMessages:
    """https://core.telegram.org/method/messages.forwardMessages"""

    async def test_forwards_name_their_source(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        room = world.create_channel(ann.id, "News", kind="channel")
        post = world.send(ann.id, room, "published")
        said = world.send(bob.id, ann.id, "said")
        result = await ann(forward(ann.peer(bob.id), [said], ann.peer(cem.id), random_id=[1]))
        assert result.updates[0].random_id == 1
        await ann(forward(ann.peer(room), [post], ann.peer(cem.id), random_id=[2]))
        await ann(forward(ann.peer(room), [post], ann.peer(cem.id), random_id=[3], drop_author=True))
        one, two, three = [update.message for update in await cem.heard(types.UpdateNewMessage, 3)]
        assert (one.message, one.fwd_from.from_id) == ("said", types.PeerUser(bob.id))
        assert (two.fwd_from.from_id.channel_id, two.fwd_from.channel_post) == (ann.channel(room).channel_id, post)
        assert (three.message, three.fwd_from) == ("published", None)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        number = sandbox.world.send(bob.id, ann.id, "said")
        here, there = ann.peer(bob.id), ann.peer(cem.id)
        assert await refused(ann(forward(here, [], there, random_id=[]))) == "MESSAGE_IDS_EMPTY"
        assert await refused(ann(forward(here, [number, 99], there, random_id=[1, 2]))) == "MESSAGE_ID_INVALID"
        assert await refused(ann(forward(here, [number], there, random_id=[1, 2]))) == "RANDOM_ID_INVALID"
        assert await refused(ann(forward(there, [number], here, random_id=[1]))) == "MESSAGE_ID_INVALID"
        assert await refused(ann(forward(here, [number], types.InputPeerChat(5), random_id=[1]))) == "PEER_ID_INVALID"


class TestSetTyping:
    """https://core.telegram.org/method/messages.setTyping"""

    async def test_who_sees_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "Group", [bob.id])
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        action = types.SendMessageTypingAction()
        for peer in (bob.id, group, room):
            assert await ann(functions.messages.SetTypingRequest(ann.peer(peer), action)) is True
        assert (await bob.heard(types.UpdateUserTyping))[0] == types.UpdateUserTyping(ann.id, action)
        assert (await bob.heard(types.UpdateChatUserTyping))[0].from_id == types.PeerUser(ann.id)
        assert (await bob.heard(types.UpdateChannelUserTyping))[0].channel_id == ann.channel(room).channel_id
        await ann.settled()
        assert not ann.of(types.UpdateChatUserTyping)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(bob.id, "Super", username="typed_room")
        private = sandbox.world.create_channel(bob.id, "Private")
        action = types.SendMessageTypingAction()
        for peer, error in (
            (types.InputPeerUser(bob.id, 5), "PEER_ID_INVALID"),
            (types.InputPeerChat(5), "PEER_ID_INVALID"),
            (ann.peer(room), "CHAT_WRITE_FORBIDDEN"),
            (ann.peer(private), "CHANNEL_PRIVATE"),
        ):
            assert await refused(ann(functions.messages.SetTypingRequest(peer, action))) == error


def test_the_time_to_edit_is_what_the_configuration_says(sandbox: Sandbox) -> None:
    """https://core.telegram.org/constructor/config: edit_time_limit"""
    assert EDIT_SECONDS == 172_800
