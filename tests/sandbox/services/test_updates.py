"""updates.getState, getDifference, getChannelDifference and the numbering of updates, driven by stock clients."""

from datetime import UTC, datetime
from typing import Any

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.kit.waiting import until
from tests.sandbox.people import ClientFor, Person, Refused, meet, texts

EPOCH = datetime.fromtimestamp(0, UTC)
LONG_AGO = datetime.fromtimestamp(1_600_000_000, UTC)
LATER = datetime.fromtimestamp(2_100_000_000, UTC)
get_state = functions.updates.GetStateRequest


def difference(pts: int, date: datetime | None = LATER, **given: int) -> functions.updates.GetDifferenceRequest:
    """By default with a date after which nothing happened: then only what has a pts is told."""
    return functions.updates.GetDifferenceRequest(pts=pts, date=date, qts=0, **given)


def of_channel(person: Person, room: int, pts: int, limit: int = 100) -> functions.updates.GetChannelDifferenceRequest:
    everything = types.ChannelMessagesFilterEmpty()
    return functions.updates.GetChannelDifferenceRequest(person.channel(room), everything, pts, limit)


class TestGetState:
    """https://core.telegram.org/method/updates.getState"""

    async def test_pts_belong_to_the_account_and_seq_to_the_key(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        number = sandbox.world.send(bob.id, room, "hello")
        sandbox.world.send(bob.id, ann.id, "hello")
        before = await ann(get_state())
        await ann.client(functions.channels.ReadHistoryRequest(ann.channel(room), number))
        sandbox.world.send(ann.id, room, "answer")
        sandbox.world.read(bob.id, room)
        await ann.heard(types.UpdateReadChannelOutbox)
        (other,) = await meet(sandbox, client_for, 1)
        await ann.settled()
        state, fresh = await ann(get_state()), await other(get_state())
        assert (before.pts, before.unread_count, before.qts) == (2, 2, 0)
        assert state.pts == fresh.pts == 2
        # Both keys are told of every later change without a pts, each under its own numbers.
        assert state.seq > fresh.seq >= 1

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, stranger: Any, refused: Refused) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        assert await refused((await stranger())(get_state())) == "AUTH_KEY_UNREGISTERED"
        sandbox.revoke(ann.client.session.auth_key.key_id - (1 << 64) * (ann.client.session.auth_key.key_id >> 63))
        sandbox.world.accounts.ban(ann.id)
        await ann.client.disconnect()
        await ann.client.connect()
        assert await refused(ann(get_state())) == "AUTH_KEY_UNREGISTERED"


class TestNumbers:
    """https://core.telegram.org/api/updates#update-sequences"""

    async def test_what_has_no_pts_is_numbered_for_each_key(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """A stock client passes over a container with a wrong seq, or asks for the difference: here it hears each."""
        ann, bob = await meet(sandbox, client_for)
        (other,) = await meet(sandbox, client_for, 1)
        sandbox.record.clear()  # each client has asked once when it signed in
        room = sandbox.world.create_channel(bob.id, "Super")
        sandbox.world.add_user(room, ann.id)
        sandbox.world.send(bob.id, room, "a")
        for number in (1, 2, 3):
            sandbox.world.read(ann.id, room, number)
        for person in (ann, other):
            marks = await person.heard(types.UpdateReadChannelInbox, 2)
            assert [mark.max_id for mark in marks] == [2, 3]
            assert [mark.still_unread_count for mark in marks] == [1, 0]
        assert len(sandbox.record.uses_of(method="updates.getDifference")) == 0

    async def test_a_session_left_behind_makes_no_holes(
        self, sandbox: Sandbox, client_for: ClientFor, stranger: Any
    ) -> None:
        """Telethon begins a new session whenever it connects; the old one lives on for a while."""
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, ann.id, "a")
        room = sandbox.world.create_channel(ann.id, "Super")
        sandbox.world.add_user(room, bob.id)
        first, second = (sandbox.world.send(ann.id, room, text) for text in "bc")
        session = ann.client.session
        await ann.client.disconnect()
        await until(lambda: all(each.connection is None for each in sandbox.sessions_of(ann.id)))
        again = Person(sandbox, await stranger(session=session), ann.id)
        await again(get_state())
        sandbox.world.read(bob.id, room, first)
        await again.heard(types.UpdateReadChannelOutbox)
        await again(functions.messages.MarkDialogUnreadRequest(types.InputDialogPeer(again.peer(bob.id)), unread=True))
        sandbox.record.clear()
        sandbox.world.read(bob.id, room)
        assert (await again.heard(types.UpdateReadChannelOutbox, 2))[1].max_id == second
        assert sandbox.record.uses_of(method="updates.getDifference") == []


class TestGetDifference:
    """https://core.telegram.org/method/updates.getDifference"""

    async def test_what_happened_meanwhile(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        first = world.send(bob.id, ann.id, "old")
        start = (await ann(get_state())).pts
        kept = world.send(bob.id, ann.id, "kept")
        world.send(bob.id, ann.id, "soon deleted")
        world.send(ann.id, bob.id, "own", random_id=77)
        world.edit(bob.id, ann.id, first, "old, edited")
        world.edit(bob.id, ann.id, first, "old, edited twice")
        world.delete(bob.id, ann.id, [3])
        world.read(bob.id, ann.id)
        world.read(ann.id, bob.id)
        found = await ann(difference(start))
        assert isinstance(found, types.updates.Difference)
        assert texts(found.new_messages) == ["kept", "own"]
        kinds = [type(update).__name__ for update in found.other_updates]
        assert kinds == [
            "UpdateMessageID", "UpdateEditMessage", "UpdateDeleteMessages", "UpdateReadHistoryOutbox",
            "UpdateReadHistoryInbox",
        ]  # fmt: skip
        sent, edited, deleted, outbox, inbox = found.other_updates
        assert (sent.id, sent.random_id) == (4, 77)
        assert (edited.message.id, edited.message.message) == (first, "old, edited twice")
        assert (deleted.messages, deleted.pts_count) == ([3], 1)
        assert (outbox.max_id, inbox.max_id, inbox.still_unread_count) == (4, 4, 0)
        assert [update.pts for update in (edited, deleted, outbox, inbox)] == [7, 8, 9, 10]
        assert found.state.pts == 10 == (await ann(get_state())).pts
        assert {user.id for user in found.users} == {ann.id, bob.id}
        assert kept == 2

    async def test_slices(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        for number in range(250):
            sandbox.world.send(bob.id, ann.id, str(number))
        got: list[str] = []
        sizes: list[int] = []
        found: Any = None
        pts = 1
        while not isinstance(found, types.updates.Difference):
            found = await ann(difference(pts))
            state = getattr(found, "intermediate_state", None) or found.state
            pts = state.pts
            got += texts(found.new_messages)
            sizes.append(len(found.new_messages))
        assert (got, sizes) == ([str(number) for number in range(250)], [100, 100, 50])
        assert len((await ann(difference(1, pts_limit=7))).new_messages) == 7

    async def test_empty(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        state = await ann(get_state())
        found = await ann(difference(state.pts))
        assert (type(found), found.seq) == (types.updates.DifferenceEmpty, state.seq)

    async def test_too_long(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        for number in range(20):
            sandbox.world.send(bob.id, ann.id, str(number))
        assert (await ann(difference(1, pts_total_limit=19))).pts == 21
        assert len((await ann(difference(1, pts_total_limit=20))).new_messages) == 20
        sandbox.world.forget_updates(ann.id, 11)
        assert isinstance(await ann(difference(10)), types.updates.DifferenceTooLong)
        assert texts((await ann(difference(11))).new_messages) == [str(number) for number in range(10, 20)]

    async def test_channels_that_moved_are_named(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        room = world.create_channel(bob.id, "Super")
        world.create_channel(bob.id, "Not Ann's")
        world.add_user(room, ann.id)
        number = world.send(bob.id, room, "hello")
        world.read(ann.id, room, number)
        found = await ann(difference(1, LONG_AGO))
        assert found.new_messages == []
        moved = [update for update in found.other_updates if isinstance(update, types.UpdateChannelTooLong)]
        assert [(update.channel_id, update.pts) for update in moved] == [(ann.channel(room).channel_id, 4)]
        marks = [update for update in found.other_updates if isinstance(update, types.UpdateReadChannelInbox)]
        assert marks[-1].max_id == number
        assert found.chats[0].access_hash == ann.channel(room).access_hash
        assert isinstance(await ann(difference(1, LATER)), types.updates.DifferenceEmpty)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        assert await refused(ann(difference(0))) == "PERSISTENT_TIMESTAMP_EMPTY"
        assert await refused(ann(difference(-3))) == "PERSISTENT_TIMESTAMP_INVALID"
        assert await refused(ann(difference(99))) == "PERSISTENT_TIMESTAMP_INVALID"
        assert await refused(ann(difference(1, EPOCH))) == "DATE_EMPTY"


class TestGetChannelDifference:
    """https://core.telegram.org/method/updates.getChannelDifference"""

    async def test_what_happened_meanwhile(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        room = world.create_channel(bob.id, "Super")
        world.add_user(room, ann.id)
        first = world.send(bob.id, room, "old")
        start = world.boxes.box(room).pts
        world.send(ann.id, room, "own", random_id=5)
        gone = world.send(bob.id, room, "soon deleted")
        world.edit(bob.id, room, first, "old, edited")
        world.delete(bob.id, room, [gone])
        found = await ann(of_channel(ann, room, start))
        assert (texts(found.new_messages), found.final, found.pts) == (["own"], True, start + 4)
        sent, edited, deleted = found.other_updates
        assert (sent.random_id, edited.message.message, deleted.messages) == (5, "old, edited", [gone])
        assert (edited.pts, deleted.pts) == (start + 3, start + 4)
        again = await ann(of_channel(ann, room, found.pts))
        assert (type(again), again.final, again.pts) == (types.updates.ChannelDifferenceEmpty, True, found.pts)

    async def test_more_than_the_limit_comes_in_slices(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """However long the gap is, the limit only cuts it: https://core.telegram.org/api/updates#recovering-gaps"""
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(bob.id, "Super")
        sandbox.world.add_user(room, ann.id)
        for number in range(250):
            sandbox.world.send(bob.id, room, str(number))
        end = sandbox.world.boxes.box(room).pts
        for limit, most in ((100, 100), (10, 10), (1000, 100), (0, 1)):
            part = await ann(of_channel(ann, room, end - 250, limit=limit))
            assert (part.final, part.pts, len(part.new_messages)) == (False, end - 250 + most, most)
            assert part.timeout is None
        found, pts, final = [], end - 250, False
        while not final:
            part = await ann(of_channel(ann, room, pts))
            found += texts(part.new_messages)
            pts, final = part.pts, part.final
        assert (found, pts) == ([str(number) for number in range(250)], end)

    async def test_what_the_log_has_lost_is_too_long(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/constructor/updates.channelDifferenceTooLong: the latest messages, always final."""
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(bob.id, "Super")
        sandbox.world.add_user(room, ann.id)
        for number in range(30):
            sandbox.world.send(bob.id, room, str(number))
        end = sandbox.world.boxes.box(room).pts
        sandbox.world.forget_updates(room, end - 10)
        assert texts((await ann(of_channel(ann, room, end - 10))).new_messages)[0] == "20"
        long = await ann(of_channel(ann, room, end - 11, limit=20))
        assert isinstance(long, types.updates.ChannelDifferenceTooLong)
        assert (long.final, long.dialog.pts, long.dialog.top_message) == (True, end, 32)
        assert texts(long.messages) == [str(number) for number in range(29, 9, -1)]
        assert long.dialog.unread_count == 31

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(ann.id, "Super")
        assert await refused(ann(of_channel(ann, room, 0))) == "PERSISTENT_TIMESTAMP_EMPTY"
        assert await refused(ann(of_channel(ann, room, 99))) == "PERSISTENT_TIMESTAMP_INVALID"
        assert await refused(bob(of_channel(bob, room, 1))) == "CHANNEL_PRIVATE"
        nowhere = types.ChannelMessagesFilter([types.MessageRange(5, 3)])
        request = functions.updates.GetChannelDifferenceRequest(ann.channel(room), nowhere, 1, 10)
        assert await refused(ann(request)) == "RANGES_INVALID"
        request = functions.updates.GetChannelDifferenceRequest(types.InputChannelEmpty(), nowhere, 1, 10)
        assert await refused(ann(request)) == "CHANNEL_INVALID"


async def test_a_stock_client_catches_up_by_itself(sandbox: Sandbox, client_for: ClientFor, stranger: Any) -> None:
    """What came while it was away arrives as events, from private chats, groups and channels.

    https://core.telegram.org/api/updates#recovering-gaps
    """
    ann, bob = await meet(sandbox, client_for)
    world = sandbox.world
    group, room = world.create_group(bob.id, "G", [ann.id]), world.create_channel(bob.id, "S")
    world.add_user(room, ann.id)
    world.send(bob.id, room, "seen live")
    await ann.heard(types.UpdateNewChannelMessage, 2)
    await ann.client.disconnect()
    for number in range(120):
        world.send(bob.id, ann.id, f"private {number}")
    world.send(bob.id, group, "group")
    world.send(bob.id, room, "room")
    again = Person(sandbox, await stranger(session=ann.client.session, catch_up=True), ann.id)
    private = await again.heard(types.UpdateNewMessage, 121)
    assert [update.message.message for update in private] == [f"private {n}" for n in range(120)] + ["group"]
    assert (await again.heard(types.UpdateNewChannelMessage))[0].message.message == "room"
