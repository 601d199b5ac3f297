"""Supergroups and channels themselves: made, looked at, renamed, slowed down, written in; driven by stock clients."""

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Refused, meet, texts

create = functions.channels.CreateChannelRequest
rename = functions.channels.EditTitleRequest
slow = functions.channels.ToggleSlowModeRequest
delete = functions.channels.DeleteMessagesRequest
read = functions.channels.ReadHistoryRequest
get = functions.channels.GetMessagesRequest


class TestCreateChannel:
    """https://core.telegram.org/method/channels.createChannel"""

    async def test_a_supergroup_and_a_channel(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        result = await ann(create("Super", "about it", megagroup=True))
        chat = result.chats[0]
        assert (chat.title, chat.megagroup, chat.broadcast, chat.creator) == ("Super", True, False, True)
        assert result.updates[0] == types.UpdateChannel(chat.id)
        read_mark, new = result.updates[1:]
        assert (read_mark.max_id, read_mark.pts) == (1, 2)
        assert (new.message.id, new.pts, new.message.action.title) == (1, 2, "Super")
        news = (await ann(create("News", "", broadcast=True))).chats[0]
        assert (news.megagroup, news.broadcast, news.admin_rights.post_messages) == (False, True, True)
        assert sorted(dialog.name for dialog in await ann.client.get_dialogs()) == ["News", "Super"]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        assert await refused(ann(create(" ", "", megagroup=True))) == "CHAT_TITLE_EMPTY"
        assert await refused(ann(create("T", "x" * 256, megagroup=True))) == "CHAT_ABOUT_TOO_LONG"
        assert await refused(ann(create("T", "", megagroup=True, broadcast=True))) == "CHANNEL_INVALID"


class TestLooking:
    """https://core.telegram.org/method/channels.getChannels, .../channels.getFullChannel"""

    async def test_members_and_strangers(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        room = world.create_channel(ann.id, "Super", about="all about it")
        news = world.create_channel(ann.id, "News", kind="channel", username="the_news")
        full = (await ann(functions.channels.GetFullChannelRequest(ann.channel(room)))).full_chat
        assert (full.about, full.pts, full.participants_count, full.admins_count) == ("all about it", 2, 1, 1)
        found = (await bob(functions.channels.GetChannelsRequest([bob.channel(room), bob.channel(news)]))).chats
        assert isinstance(found[0], types.ChannelForbidden)
        assert (found[1].left, found[1].username, found[1].creator) == (True, "the_news", False)
        assert found[1].access_hash == world.peers.access_hash(bob.id, news)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        foreign = ann.channel(room)
        for request in (functions.channels.GetChannelsRequest, functions.channels.GetFullChannelRequest):
            many = request is functions.channels.GetChannelsRequest
            for channel in (foreign, types.InputChannel(5, 5), types.InputChannelEmpty()):
                assert await refused(bob(request([channel] if many else channel))) == "CHANNEL_INVALID"
        assert await refused(bob(functions.channels.GetChannelsRequest([]))) == "CHANNEL_INVALID"
        full = functions.channels.GetFullChannelRequest(bob.channel(room))
        assert await refused(bob(full)) == "CHANNEL_PRIVATE"


class TestEditTitle:
    """https://core.telegram.org/method/channels.editTitle"""

    async def test_it_leaves_a_service_message(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Old")
        sandbox.world.add_user(room, bob.id)
        result = await ann(rename(ann.channel(room), "New"))
        assert (result.chats[0].title, result.updates[-1].message.action.title) == ("New", "New")
        assert (await bob.heard(types.UpdateNewChannelMessage, 2))[-1].message.action.title == "New"

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        news = sandbox.world.create_channel(ann.id, "News", kind="channel")
        private = sandbox.world.create_channel(ann.id, "Private")
        sandbox.world.add_user(news, bob.id)
        assert await refused(ann(rename(ann.channel(news), ""))) == "CHAT_TITLE_EMPTY"
        assert await refused(ann(rename(ann.channel(news), "News"))) == "CHAT_NOT_MODIFIED"
        assert await refused(bob(rename(bob.channel(news), "Mine"))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(bob(rename(bob.channel(private), "Mine"))) == "CHANNEL_PRIVATE"


class TestToggleSlowMode:
    """https://core.telegram.org/method/channels.toggleSlowMode"""

    async def test_members_are_told(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        result = await ann(slow(ann.channel(room), 30))
        assert result.chats[0].slowmode_enabled is True
        await bob.heard(types.UpdateChannel, 2)
        full = await bob(functions.channels.GetFullChannelRequest(bob.channel(room)))
        assert full.full_chat.slowmode_seconds == 30
        await bob(functions.messages.SendMessageRequest(bob.peer(room), "one"))
        full = await bob(functions.channels.GetFullChannelRequest(bob.channel(room)))
        assert full.full_chat.slowmode_next_send_date is not None

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        assert await refused(ann(slow(ann.channel(room), 7))) == "SECONDS_INVALID"
        assert await refused(ann(slow(ann.channel(room), 0))) == "CHAT_NOT_MODIFIED"
        assert await refused(bob(slow(bob.channel(room), 10))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(ann(slow(types.InputChannel(5, 5), 10))) == "CHANNEL_INVALID"


class TestGetMessages:
    """https://core.telegram.org/method/channels.getMessages"""

    async def test_in_the_order_asked_for(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        room = sandbox.world.create_channel(ann.id, "Super")
        for text in "abc":
            sandbox.world.send(ann.id, room, text)
        found = await ann(get(ann.channel(room), [types.InputMessageID(number) for number in (4, 9, 2)]))
        assert [message.id for message in found.messages] == [4, 9, 2]
        assert (found.pts, type(found.messages[1]).__name__) == (5, "MessageEmpty")
        assert texts(await ann.client.get_messages(ann.peer(room), ids=[3])) == ["b"]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        one = [types.InputMessageID(1)]
        assert await refused(ann(get(ann.channel(room), []))) == "MESSAGE_IDS_EMPTY"
        assert await refused(bob(get(bob.channel(room), one))) == "CHANNEL_PRIVATE"
        assert await refused(bob(get(ann.channel(room), one))) == "CHANNEL_INVALID"


class TestDeleteMessages:
    """https://core.telegram.org/method/channels.deleteMessages"""

    async def test_gone_for_everybody(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        numbers = [sandbox.world.send(bob.id, room, text) for text in "abc"]
        result = await ann(delete(ann.channel(room), [*numbers[:2], 99]))
        assert (result.pts, result.pts_count) == (8, 2)
        update = (await bob.heard(types.UpdateDeleteChannelMessages))[0]
        assert (update.messages, update.pts, update.pts_count) == (numbers[:2], 8, 2)
        own = await bob(delete(bob.channel(room), [numbers[2]]))
        assert (own.pts, own.pts_count) == (9, 1)
        assert sandbox.world.snapshot(ann.id)["read_marks"][room]["unread"] == 0

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        number = sandbox.world.send(ann.id, room, "Ann's")
        assert await refused(bob(delete(bob.channel(room), [number]))) == "MESSAGE_DELETE_FORBIDDEN"
        assert await refused(ann(delete(ann.channel(room), [1]))) == "MESSAGE_DELETE_FORBIDDEN"
        assert await refused(cem(delete(cem.channel(room), [number]))) == "CHANNEL_PRIVATE"
        assert await refused(ann(delete(types.InputChannel(1, 1), [number]))) == "CHANNEL_INVALID"


class TestReadHistory:
    """https://core.telegram.org/method/channels.readHistory"""

    async def test_own_sessions_and_authors_are_told(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        (other,) = await meet(sandbox, client_for, 1)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        numbers = [sandbox.world.send(bob.id, room, text) for text in "abc"]
        assert await ann(read(ann.channel(room), numbers[1])) is True
        inbox = (await other.heard(types.UpdateReadChannelInbox, 3))[-1]
        assert (inbox.max_id, inbox.still_unread_count, inbox.pts) == (numbers[1], 1, 6)
        assert (await bob.heard(types.UpdateReadChannelOutbox))[0].max_id == numbers[1]
        marks = sandbox.world.snapshot(ann.id)["read_marks"][room]
        assert (marks["inbox"], marks["unread"]) == (numbers[1], 1)
        assert sandbox.world.snapshot(bob.id)["read_marks"][room]["outbox"] == numbers[1]

    async def test_who_writes_has_read(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        sandbox.world.send(bob.id, room, "one")
        number = sandbox.world.send(ann.id, room, "two")
        assert sandbox.world.snapshot(ann.id)["read_marks"][room] == {"inbox": number, "outbox": 0, "unread": 0}

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        assert await refused(bob(read(bob.channel(room), 1))) == "CHANNEL_PRIVATE"
        assert await refused(bob(read(ann.channel(room), 1))) == "CHANNEL_INVALID"
        assert await refused(bob(read(types.InputChannelEmpty(), 1))) == "CHANNEL_INVALID"
