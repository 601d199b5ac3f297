"""Mentions in groups, and what the saved messages say of themselves; driven by stock clients."""

from pathlib import Path

from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.store import Store
from sandbox.world import World
from tests.sandbox.people import ClientFor, Person, Refused, meet

MESSAGES = functions.messages
unread = MESSAGES.GetUnreadMentionsRequest
read = MESSAGES.ReadMentionsRequest


async def row(person: Person, marked: int) -> types.Dialog:
    return next(each.dialog for each in await person.client.get_dialogs() if each.id == marked)


def page(person: Person, marked: int) -> MESSAGES.GetUnreadMentionsRequest:
    return unread(person.peer(marked), offset_id=0, add_offset=0, limit=10, max_id=0, min_id=0)


class TestMentions:
    """https://core.telegram.org/api/mentions"""

    async def test_in_a_basic_group(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/method/messages.readMentions, .../messages.getUnreadMentions"""
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        world.accounts.set_username(world.accounts[bob.id], "bobby")
        group = world.create_group(ann.id, "G", [bob.id, cem.id])
        world.send(ann.id, group, "𝄞 for @Bobby, not for @nobody_here")
        mine = world.send(bob.id, group, "mine")
        world.send(cem.id, group, "an answer", reply_to=mine)
        pushed = (await bob.heard(types.UpdateNewMessage, 4))[1:]
        flags = [(each.message.mentioned, each.message.media_unread) for each in pushed]
        assert flags == [(True, True), (False, False), (True, True)]
        assert not any(each.message.mentioned for each in await cem.heard(types.UpdateNewMessage, 4))
        await bob.client.send_read_acknowledge(bob.peer(group))
        assert ((await row(bob, group)).unread_count, (await row(bob, group)).unread_mentions_count) == (0, 2)
        assert [each.id for each in (await bob(page(bob, group))).messages] == [mine + 1, mine - 1]
        before = (await bob(functions.updates.GetStateRequest())).pts
        await bob.client.send_read_acknowledge(bob.peer(group), clear_mentions=True)
        assert (await bob(functions.updates.GetStateRequest())).pts == before + 2
        assert (await bob(page(bob, group))).messages == []
        last = (await bob.client.get_messages(bob.peer(group), limit=1))[0]
        assert (last.mentioned, last.media_unread) == (True, False)

    async def test_in_a_supergroup(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/method/channels.readMessageContents"""
        ann, bob = await meet(sandbox, client_for)
        (phone,) = await meet(sandbox, client_for, 1)  # Ann's other client
        world = sandbox.world
        room = world.create_channel(ann.id, "Super")
        world.add_user(room, bob.id)
        own = world.send(ann.id, room, "mine")
        name = types.InputMessageEntityMentionName(0, 3, bob.user(ann.id))
        await bob(MESSAGES.SendMessageRequest(bob.peer(room), "Ann!", entities=[name]))
        answer = world.send(bob.id, room, "an answer", reply_to=own)
        world.delete(bob.id, room, [world.send(bob.id, room, "one more", reply_to=own)])
        assert (await row(ann, room)).unread_mentions_count == 2
        assert await ann(functions.channels.ReadMessageContentsRequest(ann.channel(room), [answer, 99])) is True
        seen = (await phone.heard(types.UpdateChannelReadMessagesContents))[0]
        assert (seen.channel_id, seen.messages) == (-1_000_000_000_000 - room, [answer])
        result = await ann(read(ann.peer(room)))
        assert (result.pts, result.pts_count, result.offset) == (world.boxes.box(room).pts, 0, 0)
        assert (await row(ann, room)).unread_mentions_count == 0

    async def test_what_names_nobody(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """Private chats and channels know no mentions, and nobody mentions himself or somebody who is not there."""
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        for person, name in ((ann, "ann_here"), (bob, "bob_here"), (cem, "cem_here")):
            world.accounts.set_username(world.accounts[person.id], name)
        everybody = "@ann_here @bob_here @cem_here"
        news = world.create_channel(ann.id, "News", kind="channel")
        group = world.create_group(ann.id, "G", [bob.id])
        for peer in (bob.id, news, group):
            world.send(ann.id, peer, everybody)
        kept = [post.mentions for post in world.boxes.box(ann.id).posts.values() if post.text == everybody]
        assert kept == [[], [bob.id]]
        assert [post.mentions for post in world.boxes.box(news).posts.values()] == [[], []]

    async def test_one_message_in_a_basic_group(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/method/messages.readMessageContents"""
        ann, bob = await meet(sandbox, client_for)
        (phone,) = await meet(sandbox, client_for, 1)
        world = sandbox.world
        group = world.create_group(ann.id, "G", [bob.id])
        own = world.send(ann.id, group, "mine")
        bobs = max(world.boxes.box(bob.id).posts)
        world.send(bob.id, group, "an answer", reply_to=bobs)
        result = await ann(MESSAGES.ReadMessageContentsRequest([own + 1, 99]))
        assert result.pts_count == 1
        seen = (await phone.heard(types.UpdateReadMessagesContents))[0]
        assert (seen.messages, seen.pts, seen.pts_count) == ([own + 1], result.pts, 1)
        difference = await phone(functions.updates.GetDifferenceRequest(result.pts - 1, world.now(), 0))
        assert [type(each) for each in difference.other_updates] == [types.UpdateReadMessagesContents]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(bob.id, "Private")
        assert await refused(ann(read(types.InputPeerUser(bob.id, 1)))) == "PEER_ID_INVALID"
        assert await refused(ann(read(types.InputPeerChat(1)))) == "PEER_ID_INVALID"
        assert await refused(ann(read(ann.peer(room)))) == "CHANNEL_PRIVATE"
        assert await refused(ann(page(ann, room))) == "CHANNEL_PRIVATE"


class TestSavedMessages:
    """https://core.telegram.org/api/saved-messages"""

    async def test_where_each_comes_from(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        (phone,) = await meet(sandbox, client_for, 1)
        number = sandbox.world.send(bob.id, ann.id, "Bob's")
        await ann.client.send_message("me", "a note")
        await ann.client.forward_messages("me", [number], ann.peer(bob.id))
        forwarded, note = await phone.client.get_messages("me", limit=2)
        assert (note.saved_peer_id, forwarded.saved_peer_id) == (types.PeerUser(ann.id), types.PeerUser(bob.id))
        header = forwarded.fwd_from
        assert (header.saved_from_peer, header.saved_from_msg_id) == (types.PeerUser(bob.id), number)
        assert (header.from_id, bool(header.saved_out)) == (types.PeerUser(bob.id), False)


def test_mentions_and_threads_survive_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "world.sqlite")
    store = Store(path)
    world = World(store)
    ann, bob = (world.accounts.create(f"99966200{number}0", "A").user_id for number in (1, 2))
    group = world.create_group(ann, "G", [bob])
    room = world.create_channel(ann, "Super")
    world.add_user(room, bob)
    for peer in (group, room):
        numbers = [world.send(ann, peer, "mine")]
        for _ in range(2):
            mine = max(world.message_actions.box_of(bob, peer).posts)
            world.send(bob, peer, "an answer", reply_to=mine)
            numbers.append(mine + 1)
    world.mentions.read_messages(ann, [max(world.boxes.box(ann).posts)], lambda user_id, updates: None)
    before = [world.mentions.unread(ann, peer) for peer in (group, room)]
    threads = [post.thread for post in world.boxes.box(room).posts.values()]
    store.close()
    again = World(Store(path))
    assert [again.mentions.unread(ann, peer) for peer in (group, room)] == before
    assert [len(each) for each in before] == [1, 1]
    assert [post.thread for post in again.boxes.box(room).posts.values()] == threads
    assert again.boxes.box(ann).pts == world.boxes.box(ann).pts
    again.store.close()
