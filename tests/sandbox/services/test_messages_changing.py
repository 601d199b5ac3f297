"""messages.editMessage, deleteMessages, deleteHistory, readHistory and kin, driven by stock clients."""

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Refused, meet, texts

edit = functions.messages.EditMessageRequest
delete = functions.messages.DeleteMessagesRequest
read = functions.messages.ReadHistoryRequest
clear = functions.messages.DeleteHistoryRequest


class TestEditMessage:
    """https://core.telegram.org/method/messages.editMessage"""

    async def test_everybody_sees_the_new_text(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        number = sandbox.world.send(ann.id, bob.id, "helo")
        result = await ann(edit(ann.peer(bob.id), number, message="hello"))
        (update,) = result.updates
        assert isinstance(update, types.UpdateEditMessage)
        assert (update.pts, update.pts_count, update.message.message, update.message.out) == (3, 1, "hello", True)
        assert update.message.edit_date is not None
        pushed = (await bob.heard(types.UpdateEditMessage))[0]
        assert (pushed.message.message, pushed.pts, pushed.message.out) == ("hello", 3, False)
        assert sandbox.world.snapshot(bob.id)[ann.id][0]["text"] == "hello"

    async def test_in_groups_and_channels(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        group, room = world.create_group(ann.id, "G", [bob.id]), world.create_channel(ann.id, "S")
        news = world.create_channel(bob.id, "N", kind="channel")
        for each in (room, news):
            world.add_user(each, bob.id if each == room else ann.id)
        for peer in (group, room):
            await ann(edit(ann.peer(peer), world.send(ann.id, peer, "a"), message="b"))
        assert (await bob.heard(types.UpdateEditMessage))[0].message.message == "b"
        assert (await bob.heard(types.UpdateEditChannelMessage))[0].message.message == "b"
        number = world.send(bob.id, news, "post")
        world.act(
            lambda push: world.chat_actions.promote(bob.id, world.chats[news], ann.id, ["edit_messages"], "", push)
        )
        await ann(edit(ann.peer(news), number, message="post, put right"))
        assert world.snapshot(ann.id)[news][-1]["text"] == "post, put right"

    async def test_entities_alone_are_a_change(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        number = sandbox.world.send(ann.id, bob.id, "hello")
        await ann(edit(ann.peer(bob.id), number, message="hello", entities=[types.MessageEntityBold(0, 5)]))
        assert (await bob.heard(types.UpdateEditMessage))[0].message.entities == [types.MessageEntityBold(0, 5)]

    async def test_a_caption(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        photo = types.MessageMediaPhoto(photo=types.Photo(5, 6, b"", None, [types.PhotoSizeEmpty("s")], 1))
        number = sandbox.world.send(ann.id, bob.id, "a quay", media=bytes(photo).hex(), above=True)
        peer = ann.peer(bob.id)
        assert (await ann(functions.messages.GetMessageEditDataRequest(peer, number))).caption is True
        assert await refused(ann(edit(peer, number, message="x" * 1025))) == "MEDIA_CAPTION_TOO_LONG"
        assert await refused(ann(edit(peer, number))) == "MESSAGE_NOT_MODIFIED"
        await ann(edit(peer, number, message="a quiet quay", invert_media=True))
        message = (await bob.heard(types.UpdateEditMessage))[0].message
        assert (message.message, message.media.photo.id, message.invert_media) == ("a quiet quay", 5, True)
        await ann(edit(peer, number, message=""))
        message = (await bob.heard(types.UpdateEditMessage, 2))[1].message
        assert (message.message, message.media.photo.id, message.invert_media) == ("", 5, False)

    async def test_a_preview_comes_and_goes_with_its_link(
        self, sandbox: Sandbox, client_for: ClientFor, refused: Refused
    ) -> None:
        """https://core.telegram.org/api/link-previews"""
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.publish("https://a.example/x", "Page")
        peer, text = ann.peer(bob.id), "see https://a.example/x"
        result = await ann(functions.messages.SendMessageRequest(peer, text))
        new = next(each for each in result.updates if isinstance(each, types.UpdateNewMessage)).message
        assert new.media.webpage.title == "Page"
        assert await refused(ann(edit(peer, new.id, message=text))) == "MESSAGE_NOT_MODIFIED"
        await ann(edit(peer, new.id, message=text, no_webpage=True))
        await ann(edit(peer, new.id, message=f"{text} again"))
        await ann(edit(peer, new.id, message="see nothing"))
        heard = await bob.heard(types.UpdateEditMessage, 3)
        assert [each.message.media is not None for each in heard] == [False, True, False]
        quiet = await ann(functions.messages.SendMessageRequest(peer, text, no_webpage=True))
        new = next(each for each in quiet.updates if isinstance(each, types.UpdateNewMessage)).message
        assert new.media is None
        link = [types.MessageEntityTextUrl(0, 3, "https://a.example/x")]
        short = await ann(functions.messages.SendMessageRequest(peer, "see", entities=link))
        assert (type(short), short.media.webpage.title) == (types.UpdateShortSentMessage, "Page")

    async def test_an_edit_says_all_of_the_formatting(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        spans = bytes(types.MessageEntityBold(0, 3)).hex()
        number = sandbox.world.send(ann.id, bob.id, "old #tag", entities=spans)
        await ann(edit(ann.peer(bob.id), number, message="new #tag"))
        message = (await bob.heard(types.UpdateEditMessage))[0].message
        assert message.entities == [types.MessageEntityHashtag(4, 4)]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        own, foreign = world.send(ann.id, bob.id, "own"), world.send(bob.id, ann.id, "foreign")
        peer = ann.peer(bob.id)
        assert await refused(ann(edit(peer, own, message="own"))) == "MESSAGE_NOT_MODIFIED"
        assert await refused(ann(edit(peer, 99, message="x"))) == "MESSAGE_ID_INVALID"
        assert await refused(ann(edit(ann.peer(cem.id), own, message="x"))) == "MESSAGE_ID_INVALID"
        assert await refused(ann(edit(peer, foreign, message="x"))) == "MESSAGE_AUTHOR_REQUIRED"
        assert await refused(ann(edit(peer, own, message=" "))) == "MESSAGE_EMPTY"
        assert await refused(ann(edit(peer, own, message="x" * 5000))) == "MESSAGE_TOO_LONG"
        assert await refused(ann(edit(peer, own))) == "MESSAGE_EMPTY"
        beyond = [types.MessageEntityBold(1, 3)]
        assert await refused(ann(edit(peer, own, message="own", entities=beyond))) == "ENTITY_BOUNDS_INVALID"
        many = [types.MessageEntityBold(0, 1)] * 101
        assert await refused(ann(edit(peer, own, message="own", entities=many))) == "ENTITIES_TOO_LONG"
        stranger = [types.InputMessageEntityMentionName(0, 3, types.InputUser(4242, 1))]
        assert await refused(ann(edit(peer, own, message="own", entities=stranger))) == "ENTITY_MENTION_USER_INVALID"
        picture = types.InputMediaPhotoExternal("https://a.example/x.jpg")
        assert await refused(ann(edit(peer, own, message="own", media=picture))) == "MEDIA_NEW_INVALID"
        world.boxes.box(ann.id).posts[own].date -= 49 * 3600
        assert await refused(ann(edit(peer, own, message="late"))) == "MESSAGE_EDIT_TIME_EXPIRED"
        group = world.create_group(ann.id, "G", [bob.id])
        service = world.snapshot(ann.id)[group][0]["id"]
        assert await refused(ann(edit(ann.peer(group), service, message="x"))) == "MESSAGE_ID_INVALID"

    async def test_edit_data(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        """https://core.telegram.org/method/messages.getMessageEditData"""
        ann, bob = await meet(sandbox, client_for)
        own, foreign = sandbox.world.send(ann.id, bob.id, "own"), sandbox.world.send(bob.id, ann.id, "foreign")
        get, peer = functions.messages.GetMessageEditDataRequest, ann.peer(bob.id)
        assert (await ann(get(peer, own))).caption is False
        assert await refused(ann(get(peer, foreign))) == "MESSAGE_AUTHOR_REQUIRED"
        assert await refused(ann(get(peer, 99))) == "MESSAGE_ID_INVALID"
        assert await refused(ann(get(types.InputPeerChat(1), own))) == "PEER_ID_INVALID"


class TestDeleteMessages:
    """https://core.telegram.org/method/messages.deleteMessages"""

    async def test_for_oneself_only(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        numbers = [sandbox.world.send(bob.id, ann.id, text) for text in ("a", "b", "c")]
        result = await ann(delete(numbers[:2]))
        assert (result.pts, result.pts_count) == (6, 2)
        assert texts(await ann.client.get_messages(ann.peer(bob.id), 10)) == ["c"]
        assert texts(await bob.client.get_messages(bob.peer(ann.id), 10)) == ["c", "b", "a"]

    async def test_for_everybody(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, bob.id, "moves Bob's ids on")
        numbers = [sandbox.world.send(bob.id, ann.id, text) for text in ("a", "b", "c")]
        assert numbers == [2, 3, 4]
        await ann(delete([1, 2], revoke=True))
        update = (await bob.heard(types.UpdateDeleteMessages))[0]
        assert (update.messages, update.pts, update.pts_count) == ([2, 3], 7, 2)
        assert [each["text"] for each in sandbox.world.snapshot(bob.id)[ann.id]] == ["c"]
        assert sandbox.world.snapshot(ann.id)["read_marks"][bob.id]["unread"] == 1

    async def test_what_is_not_there_is_passed_over(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        result = await ann(delete([5, 6], revoke=True))
        assert (result.pts, result.pts_count) == (1, 0)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        group = world.create_group(bob.id, "G", [ann.id])
        world.send(bob.id, group, "Bob's")
        foreign = world.snapshot(ann.id)[group][-1]["id"]
        assert await refused(ann(delete([foreign], revoke=True))) == "MESSAGE_DELETE_FORBIDDEN"
        assert await refused(ann(delete(list(range(1, 102))))) == "MESSAGE_IDS_TOO_MUCH"
        room = world.create_channel(ann.id, "S")
        before = world.snapshot(ann.id)[room]
        assert (await ann(delete([1]))).pts_count == 1  # id 1 of the own box, never that of a channel
        assert world.snapshot(ann.id)[room] == before


class TestDeleteHistory:
    """https://core.telegram.org/method/messages.deleteHistory"""

    async def test_the_chat_leaves_the_list(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        for text in "abc":
            sandbox.world.send(bob.id, ann.id, text)
        result = await ann(clear(ann.peer(bob.id), max_id=2))
        assert (result.pts, result.pts_count, result.offset) == (6, 2, 0)
        assert texts(await ann.client.get_messages(ann.peer(bob.id), 9)) == ["c"]
        await ann(clear(ann.peer(bob.id), max_id=0))
        assert [dialog for dialog in await ann.client.get_dialogs() if dialog.id == bob.id] == []
        assert len(sandbox.world.snapshot(bob.id)[ann.id]) == 3

    async def test_for_both(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, ann.id, "a")
        await ann(clear(ann.peer(bob.id), max_id=0, revoke=True))
        assert (await bob.heard(types.UpdateDeleteMessages))[0].messages == [1]

    async def test_between_two_dates(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        world, start = sandbox.world, sandbox.world.now()
        for seconds in (10, 20, 30):
            world.clock = lambda seconds=seconds: start + seconds
            world.send(bob.id, ann.id, str(seconds))
        result = await ann(clear(ann.peer(bob.id), max_id=0, min_date=start + 10, max_date=start + 30))
        assert result.pts_count == 1
        assert [each["text"] for each in world.snapshot(ann.id)[bob.id]] == ["10", "30"]
        group = world.create_group(ann.id, "G", [bob.id])
        request = clear(ann.peer(group), max_id=0, max_date=start)
        assert await refused(ann(request)) == "CHAT_REVOKE_DATE_UNSUPPORTED"

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "S")
        for peer in (ann.peer(room), types.InputPeerUser(bob.id, 1), types.InputPeerChat(1)):
            assert await refused(ann(clear(peer, max_id=0))) == "PEER_ID_INVALID"


class TestReadHistory:
    """https://core.telegram.org/method/messages.readHistory"""

    async def test_both_sides_are_told(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        (other,) = await meet(sandbox, client_for, 1)
        sandbox.world.send(ann.id, ann.id, "moves Ann's ids on")
        for text in "abc":
            sandbox.world.send(bob.id, ann.id, text)
        result = await ann(read(ann.peer(bob.id), max_id=3))
        assert (result.pts, result.pts_count) == (6, 1)
        inbox = (await other.heard(types.UpdateReadHistoryInbox))[0]
        assert (inbox.peer, inbox.max_id, inbox.still_unread_count) == (types.PeerUser(bob.id), 3, 1)
        assert (inbox.pts, inbox.pts_count) == (6, 1)
        outbox = (await bob.heard(types.UpdateReadHistoryOutbox))[0]
        assert (outbox.peer, outbox.max_id, outbox.pts) == (types.PeerUser(ann.id), 2, 5)
        await ann.settled()
        assert ann.of(types.UpdateReadHistoryInbox) == []

    async def test_reading_twice_changes_nothing(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, ann.id, "a")
        first = await ann(read(ann.peer(bob.id), max_id=0))
        again = await ann(read(ann.peer(bob.id), max_id=1))
        lower = await ann(read(ann.peer(bob.id), max_id=-5))
        assert [each.pts_count for each in (first, again, lower)] == [1, 0, 0]
        assert first.pts == again.pts == lower.pts

    async def test_a_basic_groups_authors_are_told(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        group = world.create_group(ann.id, "G", [bob.id, cem.id])
        number = world.send(bob.id, group, "Bob's")
        await ann(read(ann.peer(group), max_id=0))
        outbox = (await bob.heard(types.UpdateReadHistoryOutbox))[0]
        assert (outbox.peer.chat_id, outbox.max_id) == (-group, number)
        assert world.snapshot(ann.id)["read_marks"][group]["unread"] == 0
        await cem.settled()
        assert cem.of(types.UpdateReadHistoryOutbox) == []

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "S")
        for peer in (ann.peer(room), types.InputPeerUser(bob.id, 1), types.InputPeerEmpty()):
            assert await refused(ann(read(peer, max_id=0))) == "PEER_ID_INVALID"

    async def test_what_has_no_effect_on_texts(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/method/messages.readMessageContents, .../messages.receivedMessages"""
        (ann,) = await meet(sandbox, client_for, 1)
        result = await ann(functions.messages.ReadMessageContentsRequest([1]))
        assert (result.pts, result.pts_count) == (1, 0)
        assert await ann(functions.messages.ReceivedMessagesRequest(5)) == []
