"""The world by itself: what it keeps over a restart, what it tells, whom; no network."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.store import Store
from sandbox.world import World
from sandbox.world.message_actions import Draft
from tests.kit.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(Store(None), clock, random.Random(1))


def users(world: World, count: int) -> list[int]:
    start = len(list(world.accounts))
    return [world.accounts.create(f"49151{start + n:06}", f"U{n}").user_id for n in range(count)]


def boxes(world: World) -> Iterator[tuple[Any, ...]]:
    """All that a client could ever notice of the boxes."""
    owners = [account.user_id for account in world.accounts] + [chat.marked for chat in world.chats]
    for owner in owners:
        box = world.boxes.box(owner)
        events = [
            (event.pts, event.pts_count, event.kind, getattr(event.data, "uid", event.data))
            for event in box.log
            if event.kind not in ("new", "edit") or owner in event.data.copies
        ]
        side = [(event.kind, event.data, event.date) for event in box.side]
        yield owner, box.pts, box.last_id, box.floor, events, side


def busy(world: World) -> list[int]:
    """Some of everything."""
    ann, bob, cem = users(world, 3)
    bold = bytes(types.MessageEntityBold(0, 4)).hex()
    first = world.send(ann, bob, "bold text", entities=bold, random_id=5)
    world.send(bob, ann, "answer", reply_to=first)
    world.send(bob, ann, "gone")
    world.delete(bob, ann, [3])
    world.send(ann, bob, "gone for Bob only", random_id=6)
    world.delete(bob, ann, [3, 4], revoke=False)
    world.edit(ann, bob, first, "bold text, edited")
    world.read(ann, bob)
    world.read(bob, ann)
    group = world.create_group(ann, "Group", [bob, cem])
    world.send(cem, group, "in the group")
    world.leave(cem, group)
    room = world.create_channel(ann, "Super", username="super_room")
    world.add_user(room, bob)
    world.join(cem, room)
    world.restrict(room, cem, ["send_messages"])
    world.slow_mode(room, 30)
    world.send(bob, room, "slowly")
    world.read(ann, room)
    world.kick(room, cem)
    news = world.create_channel(bob, "News", kind="channel")
    world.send(bob, news, "post")
    world.forget_updates(news, 2)
    return [ann, bob, cem]


class TestRestart:
    def test_everything_is_there_again(self, tmp_path: Path, clock: Clock) -> None:
        path = str(tmp_path / "world.db")
        before = World(Store(path), clock, random.Random(1))
        people = busy(before)
        before.store.close()
        after = World(Store(path), clock, random.Random(2))
        assert [after.snapshot(person) for person in people] == [before.snapshot(person) for person in people]
        assert list(boxes(after)) == list(boxes(before))
        for chat in before.chats:
            assert vars(after.chats[chat.marked]) == vars(chat)
            for person in people:
                assert bytes(after.peers.chat(person, chat.marked)) == bytes(before.peers.chat(person, chat.marked))

    def test_it_goes_on_where_it_was(self, tmp_path: Path, clock: Clock) -> None:
        path = str(tmp_path / "world.db")
        before = World(Store(path), clock, random.Random(1))
        ann, bob, _ = busy(before)
        last, pts = before.boxes.box(bob).last_id, before.boxes.box(bob).pts
        before.store.close()
        after = World(Store(path), clock, random.Random(2))
        assert after.send(ann, bob, "again", random_id=6) == 4  # known: deleted in Bob's box, not in Ann's
        assert after.boxes.box(bob).pts == pts
        after.send(ann, bob, "new", random_id=7)
        assert (after.boxes.box(bob).last_id, after.boxes.box(bob).pts) == (last + 1, pts + 1)
        room = next(chat for chat in after.chats if chat.title == "Super")
        with pytest.raises(RpcError, match="SLOWMODE_WAIT_30"):
            after.send(bob, room.marked, "too soon")

    def test_what_was_not_committed_is_not_there(self, tmp_path: Path, clock: Clock) -> None:
        path = str(tmp_path / "world.db")
        store = Store(path)
        world = World(store, clock, random.Random(1))
        ann, bob = users(world, 2)
        world.send(ann, bob, "told")
        world.message_actions.send(ann, bob, Draft("lost"), _nobody)
        store._db.close()  # as kill -9 would leave it
        after = World(Store(path), clock, random.Random(2))
        assert [each["text"] for each in after.snapshot(bob)[ann]] == ["told"]


class TestPushes:
    def test_nothing_is_made_for_who_has_no_session(self, clock: Clock) -> None:
        pushed: list[int] = []
        live: set[int] = set()
        world = World(
            Store(None), clock, random.Random(1), lambda user, updates, session: pushed.append(user), live.__contains__
        )
        ann, bob, cem = users(world, 3)
        live.add(bob)
        room = world.create_channel(ann, "Super")
        for user_id in (bob, cem):
            world.add_user(room, user_id)
        pushed.clear()
        world.send(ann, room, "one")
        world.send(ann, bob, "two")
        world.send(ann, cem, "three")
        world.typing(ann, bob)
        world.typing(ann, cem)
        assert pushed == [bob, bob, bob]

    def test_pushes_come_after_the_commit(self, tmp_path: Path, clock: Clock) -> None:
        store = Store(str(tmp_path / "world.db"))
        unsaved: list[int] = []
        world = World(store, clock, random.Random(1), lambda user, updates, session: unsaved.append(len(store._buffer)))
        ann, bob = users(world, 2)
        world.send(ann, bob, "one")
        assert unsaved == [0, 0]

    def test_a_watcher_sees_every_new_message(self, world: World) -> None:
        seen: list[str] = []
        world.watchers.append(lambda post: seen.append(post.text))
        ann, bob = users(world, 2)
        world.send(ann, bob, "one")
        world.send(ann, world.create_channel(ann, "Super"), "two")
        assert seen == ["one", "", "two"]


class TestRules:
    def test_unread_counts(self, world: World) -> None:
        ann, bob = users(world, 2)
        for text in ("a", "b", "c"):
            world.send(bob, ann, text)
        world.send(ann, bob, "own messages do not count")

        def unread() -> int:
            return int(world.snapshot(ann)["read_marks"][bob]["unread"])

        assert unread() == 3
        world.delete(bob, ann, [3])
        assert unread() == 2
        world.read(ann, bob, 1)
        assert unread() == 1
        world.read(ann, bob, 1)
        world.read(ann, bob, 99)
        assert (unread(), world.snapshot(ann)["read_marks"][bob]["inbox"]) == (0, 4)

    def test_a_former_member_of_a_group_gets_no_more(self, world: World) -> None:
        ann, bob, cem = users(world, 3)
        group = world.create_group(ann, "G", [bob, cem])
        world.kick(group, cem)
        world.send(ann, group, "without Cem")
        assert [each["action"] for each in world.snapshot(cem)[group]] == [
            "MessageActionChatCreate", "MessageActionChatDeleteUser",
        ]  # fmt: skip
        world.add_user(group, cem)
        world.send(ann, group, "with Cem")
        assert world.snapshot(cem)[group][-1]["text"] == "with Cem"

    def test_three_wrong_orders(self, world: World) -> None:
        ann, bob = users(world, 2)
        room = world.create_channel(ann, "Private")
        for error, wrong in (
            ("CHANNEL_PRIVATE", lambda: world.send(bob, room, "x")),
            ("MESSAGE_ID_INVALID", lambda: world.edit(ann, bob, 1, "x")),
            ("USER_CREATOR", lambda: world.leave(ann, room)),
        ):
            with pytest.raises(RpcError, match=error):
                wrong()

    def test_ids_may_be_chosen(self, world: World) -> None:
        """User and channel ids are different things, though they may be the same number."""
        (ann,) = users(world, 1)
        room = world.create_channel(ann, "Same number", bare_id=ann)
        assert room == -1_000_000_000_000 - ann
        with pytest.raises(ValueError, match="taken"):
            world.create_channel(ann, "Again", bare_id=ann)


def _nobody(user_id: int, updates: Any) -> None:
    """Nobody is told."""
