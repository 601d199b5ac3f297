"""What accounts do beside writing outlives a restart: what every client is told is the same before and after."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from sandbox.store import Store
from sandbox.world import World
from sandbox.world.message_actions import Draft
from sandbox.world.news import Push
from tests.kit.clocks import Clock


class Key:
    """As much of an auth key as an update state needs."""

    extra: dict[str, Any] = {}


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(path: Path, clock: Clock) -> World:
    return World(Store(str(path)), clock, random.Random(1))


def again(world: World, path: Path, clock: Clock) -> World:
    """The same world in a new process."""
    world.store.close()
    return opened(path, clock)


def told(world: World, user_id: int, since: int = 1) -> list[bytes]:
    """All that a client of this account gets if it asks for everything."""
    state = world.updates.difference(user_id, Key(), since, 1)  # type: ignore[arg-type]
    dialogs = [world.render.dialog(user_id, dialog) for dialog in world.boxes.box(user_id).dialogs.values()]
    chats = [world.chats.tl(user_id, chat.marked) for chat in world.chats]
    rooms = [chat.marked for chat in world.chats.of_user(user_id) if not chat.is_group]
    channels = [world.updates.channel_difference(user_id, room, 1, 100) for room in rooms]
    scheduled = [
        each.message(is_post=False)
        for peer in world.boxes.box(user_id).dialogs
        for each in world.schedule.waiting(user_id, peer)
    ]
    return sorted(bytes(each) for each in (state, *dialogs, *chats, *channels, *scheduled))


def busy(world: World) -> tuple[int, int]:
    ann, bob, cem = (world.accounts.create(f"49151000000{n}", f"U{n}").user_id for n in range(3))

    def do(action: Callable[..., Any], *args: Any, **more: Any) -> Any:
        def act(push: Push) -> Any:
            return action(*args, push=push, **more)

        return world.act(act)

    number = world.send(ann, bob, "pinned, and liked")
    world.send(bob, ann, "unpinned again")
    do(world.pins.pin, ann, bob, number)
    do(world.pins.pin, ann, bob, 2)
    do(world.pins.unpin, bob, ann, 2)
    do(world.reactions.react, bob, ann, number, [types.ReactionEmoji("👍")], big=True)
    do(world.drafts.save, ann, (bob, 0), types.DraftMessage("half a sentence", world.now()))
    do(world.drafts.save, bob, (ann, 0), types.DraftMessage("gone", world.now()))
    do(world.drafts.clear, bob, (ann, 0))
    world.boxes.fold(ann, [(bob, 1)])
    world.privacy.set(world.accounts[ann], "PhoneNumber", [types.PrivacyValueDisallowAll()])
    do(world.schedule.add, ann, bob, Draft("later", [types.MessageEntityBold(0, 5)], random_id=7), world.now() + 3600)
    do(world.schedule.add, ann, bob, Draft("dropped"), world.now() + 60)
    do(world.schedule.delete, ann, bob, [2])
    group = world.create_group(ann, "Group", [bob, cem])
    world.send(bob, group, "before")
    room = world.migrate(group)
    world.send(bob, room, "after")
    do(world.topics.toggle, ann, world.chats[room], enabled=True, tabs=False)
    post = do(world.topics.create, ann, world.chats[room], "Plans", color=0xFFD67E)
    world.act(lambda push: world.message_actions.send(bob, room, Draft("in it", reply_to=post.copies[room].id), push))
    do(world.topics.edit, ann, world.chats[room], post.copies[room].id, closed=True)
    world.chats[room].reactions = ["👍"]
    world.chats.save(world.chats[room])
    return ann, bob


def test_everything_is_there_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "world.sqlite"
    world = opened(path, clock)
    people = busy(world)
    world.store.commit()
    before = [told(world, user_id) for user_id in people]
    world = again(world, path, clock)
    assert [told(world, user_id) for user_id in people] == before
    ann, bob = people
    assert world.pins.pinned(bob, ann) == [1]
    assert world.drafts.get(ann, bob).message == "half a sentence"  # type: ignore[union-attr]
    assert not world.privacy.allows(world.accounts[ann], "PhoneNumber", bob)


def test_queues_go_on_where_they_were(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "world.sqlite"
    world = opened(path, clock)
    ann, bob = busy(world)
    world = again(world, path, clock)
    assert world.schedule.next_due() == world.now() + 3600
    new = world.act(lambda push: world.schedule.add(ann, bob, Draft("another"), world.now() + 7200, push))
    assert new.number == 3  # no number is given twice
    clock.now += 3601
    world.send_due()
    assert [each.text for each in world.schedule.waiting(ann, bob)] == ["another"]
    sent = world.boxes.box(bob).posts[world.boxes.box(bob).thread(ann)[-1]]
    assert (sent.text, sent.scheduled, bytes(sent.entities[0])) == ("later", True, bytes(types.MessageEntityBold(0, 5)))  # type: ignore[index]
    known = world.boxes.sent(ann, 7)
    assert known is sent
    world = again(world, path, clock)
    assert world.schedule.next_due() == world.now() - 3601 + 7200
