"""messages.sendReaction and what follows it. https://core.telegram.org/api/reactions"""

from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.reactions import EMOJI, UNIQUE_MAX
from tests.sandbox.people import ClientFor, Refused, meet

asks = functions.messages
THUMB, HEART = types.ReactionEmoji("👍"), types.ReactionEmoji("❤")


class TestSendReaction:
    async def test_who_reacts_and_who_wrote(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, bob.id, "ids differ from here on")
        number = sandbox.world.send(ann.id, bob.id, "done")
        (update,) = (await bob(asks.SendReactionRequest(bob.peer(ann.id), 2, reaction=[THUMB], big=True))).updates
        assert (update.peer, update.msg_id) == (types.PeerUser(ann.id), 2)
        (count,) = update.reactions.results
        assert (count.reaction, count.count, count.chosen_order) == (THUMB, 1, 0)
        (told,) = await ann.heard(types.UpdateMessageReactions)
        assert (told.peer, told.msg_id) == (types.PeerUser(bob.id), number)
        assert told.reactions.results == [types.ReactionCount(THUMB, 1)]
        (who,) = told.reactions.recent_reactions
        assert (who.peer_id, who.big, who.unread, who.my) == (types.PeerUser(bob.id), True, True, False)

    async def test_another_one_replaces_it_and_none_takes_it_back(
        self, sandbox: Sandbox, client_for: ClientFor
    ) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Room")
        sandbox.world.add_user(room, bob.id)
        number = sandbox.world.send(ann.id, room, "x")
        for person in (ann, bob):
            await person(asks.SendReactionRequest(person.peer(room), number, reaction=[THUMB]))
        await bob(asks.SendReactionRequest(bob.peer(room), number, reaction=[HEART]))
        shown = (await bob.client.get_messages(bob.peer(room), ids=number)).reactions
        assert {(each.reaction.emoticon, each.count, each.chosen_order) for each in shown.results} == {
            ("👍", 1, None),
            ("❤", 1, 0),
        }
        await bob(asks.SendReactionRequest(bob.peer(room), number))
        (update,) = (await ann(asks.GetMessagesReactionsRequest(ann.peer(room), [number, 99]))).updates
        assert [each.reaction for each in update.reactions.results] == [THUMB]

    async def test_the_author_has_it_as_unread(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        number = sandbox.world.send(ann.id, bob.id, "x")
        await bob(asks.SendReactionRequest(bob.peer(ann.id), number, reaction=[THUMB]))
        (dialog,) = await ann.client.get_dialogs()
        assert dialog.unread_reactions_count == 1
        unread = asks.GetUnreadReactionsRequest(ann.peer(bob.id), 0, 0, 10, 0, 0)
        assert [each.id for each in (await ann(unread)).messages] == [number]
        assert (await ann(asks.ReadReactionsRequest(ann.peer(bob.id)))).offset == 0
        assert (await ann(unread)).messages == []
        assert (await ann.client.get_dialogs())[0].unread_reactions_count == 0

    async def test_a_client_that_was_away_learns_of_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        kept, gone = (sandbox.world.send(ann.id, bob.id, text) for text in ("kept", "gone"))
        state = await ann(functions.updates.GetStateRequest())
        for number in (kept, gone):
            await bob(asks.SendReactionRequest(bob.peer(ann.id), number, reaction=[THUMB]))
        sandbox.world.delete(ann.id, bob.id, [gone])
        missed = await ann(functions.updates.GetDifferenceRequest(state.pts, state.date, 0))
        told = [each for each in missed.other_updates if isinstance(each, types.UpdateMessageReactions)]
        assert [each.msg_id for each in told] == [kept]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        number = sandbox.world.send(ann.id, bob.id, "x")
        there = bob.peer(ann.id)

        async def wrong(number: int, *reactions: types.TypeReaction) -> str:
            return await refused(bob(asks.SendReactionRequest(there, number, reaction=list(reactions))))

        assert await wrong(77, THUMB) == "MESSAGE_ID_INVALID"
        assert await wrong(number, types.ReactionEmoji("🧨")) == "REACTION_INVALID"
        assert await wrong(number, types.ReactionEmpty()) == "REACTION_EMPTY"
        assert await wrong(number, types.ReactionCustomEmoji(5)) == "PREMIUM_ACCOUNT_REQUIRED"
        assert await wrong(number, THUMB, HEART) == "PREMIUM_ACCOUNT_REQUIRED"
        assert await wrong(number) == "MESSAGE_NOT_MODIFIED"
        await bob(asks.SendReactionRequest(there, number, reaction=[THUMB]))
        assert await wrong(number, THUMB) == "MESSAGE_NOT_MODIFIED"
        room = sandbox.world.create_channel(ann.id, "Room", username="the_room")
        post = sandbox.world.send(ann.id, room, "x")
        outside = asks.SendReactionRequest(cem.peer(room), post, reaction=[THUMB])
        assert await refused(cem(outside)) == "CHAT_WRITE_FORBIDDEN"

    async def test_so_many_different_ones_and_no_more(
        self, sandbox: Sandbox, client_for: ClientFor, refused: Refused
    ) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Room")
        sandbox.world.add_user(room, bob.id)
        number = sandbox.world.send(ann.id, room, "x")
        post = sandbox.world.boxes.box(room).posts[number]
        post.reactions = [[10 + place, emoji, 1, False, True] for place, emoji in enumerate(EMOJI[:UNIQUE_MAX])]
        new = asks.SendReactionRequest(bob.peer(room), number, reaction=[types.ReactionEmoji(EMOJI[UNIQUE_MAX])])
        assert await refused(bob(new)) == "REACTIONS_TOO_MANY"
        await bob(asks.SendReactionRequest(bob.peer(room), number, reaction=[types.ReactionEmoji(EMOJI[0])]))


class TestGetMessageReactionsList:
    async def test_pages(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        people = await meet(sandbox, client_for, 3)
        ann = people[0]
        group = sandbox.world.create_group(ann.id, "G", [each.id for each in people[1:]])
        sandbox.world.send(ann.id, group, "x")
        for person in people:
            await person(asks.SendReactionRequest(person.peer(group), 2, reaction=[THUMB]))
        first = await ann(asks.GetMessageReactionsListRequest(ann.peer(group), 2, 2))
        rest = await ann(asks.GetMessageReactionsListRequest(ann.peer(group), 2, 2, offset=first.next_offset))
        assert (first.count, rest.next_offset) == (3, None)
        assert [each.peer_id.user_id for each in (*first.reactions, *rest.reactions)] == [
            each.id for each in reversed(people)
        ]
        hearts = await ann(asks.GetMessageReactionsListRequest(ann.peer(group), 2, 2, reaction=HEART))
        assert (hearts.count, hearts.reactions) == (0, [])

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        news = sandbox.world.create_channel(ann.id, "News", kind="channel")
        post = sandbox.world.send(ann.id, news, "x")
        ask = asks.GetMessageReactionsListRequest
        assert await refused(ann(ask(ann.peer(news), post, 5))) == "BROADCAST_FORBIDDEN"
        assert await refused(ann(ask(ann.peer(bob.id), 77, 5))) == "MSG_ID_INVALID"
        assert await refused(bob(ask(bob.peer(news), post, 5))) == "CHANNEL_PRIVATE"


class TestSetChatAvailableReactions:
    async def test_only_some_or_none(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Room")
        sandbox.world.add_user(room, bob.id)
        number = sandbox.world.send(ann.id, room, "x")
        only = types.ChatReactionsSome([THUMB])
        await ann(asks.SetChatAvailableReactionsRequest(ann.peer(room), only, reactions_limit=1))
        full = (await bob(functions.channels.GetFullChannelRequest(bob.channel(room)))).full_chat
        assert (full.available_reactions, full.reactions_limit) == (only, 1)
        heart = asks.SendReactionRequest(bob.peer(room), number, reaction=[HEART])
        assert await refused(bob(heart)) == "REACTION_INVALID"
        await bob(asks.SendReactionRequest(bob.peer(room), number, reaction=[THUMB]))
        await ann(asks.SetChatAvailableReactionsRequest(ann.peer(room), types.ChatReactionsNone()))
        assert await refused(bob(heart)) == "REACTION_INVALID"

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        ask, none = asks.SetChatAvailableReactionsRequest, types.ChatReactionsNone()
        assert await refused(bob(ask(bob.peer(group), none))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(ann(ask(ann.peer(bob.id), none))) == "PEER_ID_INVALID"
        strange = types.ChatReactionsSome([types.ReactionEmoji("🧨")])
        assert await refused(ann(ask(ann.peer(group), strange))) == "REACTION_INVALID"
        await ann(ask(ann.peer(group), none))
        assert await refused(ann(ask(ann.peer(group), none))) == "CHAT_NOT_MODIFIED"


async def test_what_there_is(sandbox: Sandbox, client_for: ClientFor) -> None:
    (ann,) = await meet(sandbox, client_for, 1)
    known = await ann(asks.GetAvailableReactionsRequest(0))
    assert [each.reaction for each in known.reactions] == EMOJI
    again = await ann(asks.GetAvailableReactionsRequest(known.hash))
    assert isinstance(again, types.messages.AvailableReactionsNotModified)
    assert (await ann(asks.GetTopReactionsRequest(2, 0))).reactions == [types.ReactionEmoji(each) for each in EMOJI[:2]]
