"""Whatever happens in the world, and however often the client loses its connection: what it knows is what is.

https://core.telegram.org/api/updates
"""

import asyncio
import random
from typing import Any

import pytest
from telethon.tl import functions, types

from sandbox.errors import RpcError
from sandbox.server import Sandbox
from sandbox.world import World
from tests.kit.waiting import until
from tests.sandbox.people import ClientFor
from tests.sandbox.services.mirror import Mirror, comparable


class Life:
    """Random doings of a few people around one account, by a seed."""

    def __init__(self, world: World, me: int, seed: int) -> None:
        self.world, self.me, self.rng = world, me, random.Random(seed)
        self.others = [world.accounts.create(f"491510{number:05}", f"User {number}").user_id for number in range(4)]
        self.people = [me, *self.others]
        self.group = world.create_group(self.others[0], "Group", [me, *self.others[1:]])
        self.rooms = [
            world.create_channel(self.others[0], "Super", username="random_room"),
            world.create_channel(self.others[1], "News", kind="channel", username="random_news"),
        ]
        for room in self.rooms:
            for user_id in self.people:
                if user_id not in world.chats[room].members:
                    world.add_user(room, user_id)
        self.count = 0

    def step(self) -> None:
        """One thing that somebody does; what the rights forbid does not happen."""
        actions = (
            [self.write] * 10 + [self.edit] * 3 + [self.delete] * 2 + [self.read] * 3 + [self.move] + [self.beside] * 2
        )
        try:
            self.rng.choice(actions)()
        except RpcError:
            self.count += 1

    def someone_and_peer(self) -> tuple[int, int]:
        """Somebody, and a chat of his that the account is in too."""
        kind = self.rng.random()
        if kind < 0.45:
            other = self.rng.choice(self.others)
            return (self.me, other) if self.rng.random() < 0.4 else (other, self.me)
        return self.rng.choice(self.people), self.group if kind < 0.6 else self.rng.choice(self.rooms)

    def write(self) -> None:
        who, peer = self.someone_and_peer()
        self.count += 1
        box = self.world.message_actions.box_of(who, peer)
        ids = box.thread(peer)
        reply = self.rng.choice(ids) if ids and self.rng.random() < 0.2 else None
        self.world.send(who, peer, f"text {self.count}", reply_to=reply, random_id=self.count)

    def edit(self) -> None:
        who, peer = self.someone_and_peer()
        box = self.world.message_actions.box_of(who, peer)
        own = [number for number in box.thread(peer) if box.posts[number].author == who]
        if own:
            self.count += 1
            self.world.edit(who, peer, self.rng.choice(own), f"edited {self.count}")

    def delete(self) -> None:
        who, peer = self.someone_and_peer()
        ids = self.world.message_actions.box_of(who, peer).thread(peer)
        if ids:
            chosen = self.rng.sample(ids, min(len(ids), self.rng.randrange(1, 4)))
            self.world.delete(who, peer, chosen, revoke=self.rng.random() < 0.7)

    def read(self) -> None:
        who, peer = self.someone_and_peer()
        ids = self.world.message_actions.box_of(who, peer).thread(peer)
        if ids and (peer >= 0 or who in self.world.chats[peer].members):
            self.world.read(who, peer, self.rng.choice(ids))

    def beside(self) -> None:
        """Pins, reactions, drafts and the archive: what changes no message, but takes a pts or a seq all the same."""
        who, peer = self.someone_and_peer()
        ids = self.world.message_actions.box_of(who, peer).thread(peer)
        if not ids:
            return
        number, world = self.rng.choice(ids), self.world
        kind = self.rng.choice(["pin", "unpin", "like", "draft", "archive"])
        if kind == "pin":
            world.act(lambda push: world.pins.pin(who, peer, number, push))
        elif kind == "unpin":
            world.act(lambda push: world.pins.unpin_all(who, peer, push))
        elif kind == "like":
            liked = [types.ReactionEmoji(self.rng.choice("👍👎🔥"))]
            world.act(lambda push: world.reactions.react(who, peer, number, liked, push))
        elif kind == "draft":
            draft = types.DraftMessage(f"draft {number}", world.now())
            world.act(lambda push: world.drafts.save(who, (peer, 0), draft, push))
        elif peer > 0:
            place = [(peer, self.rng.randrange(2))]
            world.act(lambda push: world.news.event(who, world.boxes.fold(who, place), push))

    def move(self) -> None:
        who, room = self.rng.choice([self.me, *self.others[2:]]), self.rng.choice(self.rooms)
        if who in self.world.chats[room].members:
            self.world.leave(who, room)
        else:
            self.world.join(who, room)


async def own_doing(mirror: Mirror, life: Life) -> None:
    """Something that the account does over the mirror's own connection: its answers carry pts as well."""
    peer = life.rng.choice([*life.others, life.group])
    there = mirror.peers.input_peer(mirror.user_id, peer)
    ids = list(mirror.chats.get(peer, {}))
    kind = life.rng.random()
    if kind < 0.6 or not ids:
        life.count += 1
        await mirror.ask(functions.messages.SendMessageRequest(there, f"own {life.count}"))
    elif kind < 0.8:
        number = life.rng.choice(ids)
        await mirror.asked_to_change_own(
            functions.messages.DeleteMessagesRequest([number]),
            lambda pts, count: types.UpdateDeleteMessages([number], pts, count),
        )
    else:
        number = max(ids)
        await mirror.asked_to_change_own(
            functions.messages.ReadHistoryRequest(there, number),
            lambda pts, count: (
                types.UpdateReadHistoryInbox(types.PeerUser(peer), number, 0, pts, count)
                if peer > 0
                else types.UpdateReadHistoryInbox(types.PeerChat(-peer), number, 0, pts, count)
            ),
        )


def marks(snapshot: dict[Any, Any], name: str, peers: Any) -> dict[int, int]:
    return {peer: snapshot["read_marks"][peer][name] for peer in peers if snapshot["read_marks"][peer][name]}


SEEDS = [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 40))]


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_client_ends_with_what_is(sandbox: Sandbox, client_for: ClientFor, seed: int) -> None:
    client = await client_for("9996620001")
    me = (await client.get_me()).id
    world, life = sandbox.world, Life(sandbox.world, me, seed)
    mirror = Mirror(sandbox, client, me)
    await mirror.connect()
    for _ in range(8):
        for _ in range(life.rng.randrange(10, 40)):
            life.step()
            if life.rng.random() < 0.2:
                await own_doing(mirror, life)
            if life.rng.random() < 0.3:
                await asyncio.sleep(0)
        await mirror.drop()
        for _ in range(life.rng.choice([0, 5, 60, 350])):
            life.step()
        if seed % 4 == 3 and life.rng.random() < 0.5:
            world.forget_updates(life.rng.choice([me, *life.rooms]))
        await mirror.connect()
    await mirror.drop()
    await mirror.connect()
    snapshot = world.snapshot(me)
    known = {peer: messages for peer, messages in mirror.chats.items() if messages}
    assert known == comparable(snapshot)
    for name, have in (("inbox", mirror.inbox), ("outbox", mirror.outbox)):
        expected = marks(snapshot, name, known)
        assert {peer: mark for peer, mark in have.items() if peer in known and mark} == expected
    state = await client(functions.updates.GetStateRequest())
    assert state.pts == mirror.pts[0] == world.boxes.box(me).pts
    assert mirror.differences > 8


async def test_pushes_alone_are_enough(sandbox: Sandbox, client_for: ClientFor) -> None:
    """While the connection stands nothing has to be asked for: pushes come in order and leave no gap."""
    client = await client_for("9996620001")
    me = (await client.get_me()).id
    life = Life(sandbox.world, me, 11)
    mirror = Mirror(sandbox, client, me)
    await mirror.connect()
    asked = mirror.differences
    for _ in range(400):
        life.step()
        if life.rng.random() < 0.1:
            await asyncio.sleep(0)
    await until(lambda: {p: m for p, m in mirror.chats.items() if m} == comparable(sandbox.world.snapshot(me)))
    assert mirror.differences == asked
    await mirror.drop()
