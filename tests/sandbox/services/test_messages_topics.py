"""Forum topics, from channels.toggleForum to messages.deleteTopicHistory. https://core.telegram.org/api/forum"""

from typing import Any

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Person, Refused, meet

asks = functions.messages


def toggle(person: Person, room: int, enabled: bool = True) -> functions.channels.ToggleForumRequest:
    return functions.channels.ToggleForumRequest(person.channel(room), enabled, tabs=False)


def listing(person: Person, room: int, **more: Any) -> functions.messages.GetForumTopicsRequest:
    wanted = {"offset_date": None, "offset_id": 0, "offset_topic": 0, "limit": 10, **more}
    return asks.GetForumTopicsRequest(person.peer(room), **wanted)


async def forum(sandbox: Sandbox, owner: Person, *others: Person) -> int:
    """The marked id of a supergroup with topics."""
    room = sandbox.world.create_channel(owner.id, "Forum", username="the_forum")
    for other in others:
        sandbox.world.add_user(room, other.id)
    await owner(toggle(owner, room))
    return room


async def topic(person: Person, room: int, title: str) -> int:
    result = await person(asks.CreateForumTopicRequest(person.peer(room), title, icon_color=0xFFD67E))
    return result.updates[0].id


async def write(person: Person, room: int, text: str, number: int, **more: Any) -> Any:
    """Write in that topic, or in answer to a message of it; the new message."""
    reply = types.InputReplyToMessage(number, **more)
    result = await person(asks.SendMessageRequest(person.peer(room), text, reply_to=reply))
    return result.updates[-1].message


def told(message: Any) -> tuple[int, int | None, bool]:
    """What a message says of what it answers, and of its topic."""
    header = message.reply_to
    return header.reply_to_msg_id, header.reply_to_top_id, header.forum_topic


class TestToggleForum:
    async def test_everybody_sees_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = await forum(sandbox, ann, bob)
        await bob.heard(types.UpdateChannel, 2)
        (chat,) = (await bob(functions.channels.GetChannelsRequest([bob.channel(room)]))).chats
        assert chat.forum
        (general,) = (await bob(listing(bob, room))).topics
        assert (general.id, general.title) == (1, "General")
        result = await ann(toggle(ann, room, False))
        assert result.chats[0].forum is False

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = await forum(sandbox, ann, bob)
        assert await refused(bob(toggle(bob, room, False))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(ann(toggle(ann, room))) == "CHAT_NOT_MODIFIED"
        news = sandbox.world.create_channel(ann.id, "News", kind="channel")
        assert await refused(ann(toggle(ann, news))) == "CHANNEL_INVALID"


class TestCreateForumTopic:
    async def test_its_id_is_that_of_the_message_that_made_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = await forum(sandbox, ann, bob)
        number = await topic(bob, room, "Plans")
        await ann.settled()
        (made,) = [each for each in ann.of(types.UpdateNewChannelMessage) if each.message.id == number]
        assert (made.message.action.title, made.message.action.icon_color) == ("Plans", 0xFFD67E)
        first, general = (await ann(listing(ann, room))).topics
        assert (first.id, first.title, first.icon_color, first.from_id) == (
            number, "Plans", 0xFFD67E, types.PeerUser(bob.id),
        )  # fmt: skip
        assert general.id == 1

    async def test_messages_name_their_topic(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = await forum(sandbox, ann, bob)
        number = await topic(ann, room, "Plans")
        first = await write(bob, room, "in the topic", number)
        assert told(first) == (number, None, True)
        answer = await write(ann, room, "an answer", first.id, top_msg_id=number)
        assert told(answer) == (first.id, number, True)
        loose = (await ann(asks.SendMessageRequest(ann.peer(room), "in general"))).updates[-1].message
        assert loose.reply_to is None
        replies = [each.text async for each in ann.client.iter_messages(ann.peer(room), reply_to=number)]
        assert replies == ["an answer", "in the topic"]
        plans = (await bob(asks.GetForumTopicsByIDRequest(bob.peer(room), [number, 77]))).topics
        assert (plans[0].top_message, plans[0].unread_count) == (answer.id, 1)
        assert plans[1] == types.ForumTopicDeleted(77)

    async def test_pages_and_search(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        room = await forum(sandbox, ann)
        titles = [f"Topic {number}" for number in range(5)]
        for title in titles:
            await topic(ann, room, title)
        found = await ann(listing(ann, room, limit=4))
        seen, last = list(found.topics), found.messages[-1]
        rest = await ann(listing(ann, room, offset_date=last.date, offset_id=last.id, offset_topic=seen[-1].id))
        assert [each.title for each in (*seen, *rest.topics)] == [*reversed(titles), "General"]
        assert found.count == 6
        assert [each.title for each in (await ann(listing(ann, room, q="topic 3"))).topics] == ["Topic 3"]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        plain = sandbox.world.create_channel(ann.id, "Plain")
        create = asks.CreateForumTopicRequest
        assert await refused(ann(create(ann.peer(plain), "x"))) == "CHANNEL_FORUM_MISSING"
        assert await refused(ann(create(ann.peer(bob.id), "x"))) == "PEER_ID_INVALID"
        room = await forum(sandbox, ann, bob)
        assert await refused(ann(create(ann.peer(room), "  "))) == "TOPIC_TITLE_EMPTY"
        assert await refused(cem(create(cem.peer(room), "x"))) == "CHANNEL_PRIVATE"
        sandbox.world.chats[room].default_banned = ["manage_topics"]
        assert await refused(bob(create(bob.peer(room), "x"))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(ann(asks.GetForumTopicsByIDRequest(ann.peer(room), []))) == "TOPICS_EMPTY"
        assert await refused(ann(listing(ann, plain))) == "CHANNEL_FORUM_MISSING"


class TestEditForumTopic:
    async def test_closed_to_all_but_those_who_run_it(
        self, sandbox: Sandbox, client_for: ClientFor, refused: Refused
    ) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = await forum(sandbox, ann, bob)
        number = await topic(ann, room, "Plans")
        result = await ann(asks.EditForumTopicRequest(ann.peer(room), number, closed=True))
        notice = result.updates[-1].message
        assert notice.action == types.MessageActionTopicEdit(closed=True)
        assert (notice.reply_to.reply_to_msg_id, notice.reply_to.forum_topic) == (number, True)
        assert await refused(write(bob, room, "x", number)) == "TOPIC_CLOSED"
        await write(ann, room, "still here", number)
        await ann(asks.EditForumTopicRequest(ann.peer(room), number, closed=False))
        await write(bob, room, "again", number)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = await forum(sandbox, ann, bob)
        number = await topic(ann, room, "Plans")
        edit = asks.EditForumTopicRequest
        assert await refused(ann(edit(ann.peer(room), number, title="Plans"))) == "TOPIC_NOT_MODIFIED"
        assert await refused(ann(edit(ann.peer(room), 77, title="x"))) == "TOPIC_ID_INVALID"
        assert await refused(ann(edit(ann.peer(room), number, hidden=True))) == "TOPIC_ID_INVALID"
        assert await refused(ann(edit(ann.peer(room), number, title="x", closed=True))) == "TOPIC_CLOSE_SEPARATELY"
        assert await refused(bob(edit(bob.peer(room), number, title="x"))) == "CHAT_ADMIN_REQUIRED"


class TestDeleteTopicHistory:
    async def test_it_goes_with_its_messages(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = await forum(sandbox, ann, bob)
        number = await topic(ann, room, "Plans")
        await write(bob, room, "in the topic", number)
        kept = (await bob(asks.SendMessageRequest(bob.peer(room), "in general"))).updates[-1].message
        result = await ann(asks.DeleteTopicHistoryRequest(ann.peer(room), number))
        assert (result.pts_count, result.offset) == (2, 0)
        (gone,) = await bob.heard(types.UpdateDeleteChannelMessages)
        assert number in gone.messages
        assert kept.id not in gone.messages
        late = types.InputReplyToMessage(number, top_msg_id=number)
        assert await refused(bob(asks.SendMessageRequest(bob.peer(room), "x", reply_to=late))) == "TOPIC_DELETED"

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = await forum(sandbox, ann, bob)
        number = await topic(ann, room, "Plans")
        delete = asks.DeleteTopicHistoryRequest
        assert await refused(ann(delete(ann.peer(room), 1))) == "TOPIC_ID_INVALID"
        assert await refused(ann(delete(ann.peer(room), 77))) == "TOPIC_ID_INVALID"
        assert await refused(bob(delete(bob.peer(room), number))) == "CHAT_ADMIN_REQUIRED"
