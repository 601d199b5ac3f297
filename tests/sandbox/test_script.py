"""The scripted contacts: read, type, answer, edit; by a seed."""

import asyncio
import random

import pytest
from telethon.tl import functions, types

from sandbox import demo
from sandbox.demo import Script, Timings
from sandbox.server import Sandbox
from sandbox.store import Store
from sandbox.world import World
from tests.sandbox.people import ClientFor, Person

QUIET = Timings(read=(0, 0), typing=(0.01, 0.01), edit=(0, 0), pause=(3600, 3600), edit_chance=0)


@pytest.fixture
async def staff(sandbox: Sandbox, client_for: ClientFor) -> Person:
    demo.build(sandbox.world)
    client = await client_for(demo.PHONES[0])
    return Person(sandbox, client, (await client.get_me()).id)


def contact(world: World, number: int = 0) -> int:
    account = world.accounts.by_phone(demo.PEOPLE[number].phone)
    assert account is not None
    return account.user_id


async def test_it_is_read_typed_and_answered_in_this_order(sandbox: Sandbox, staff: Person) -> None:
    script = Script(sandbox.world, timings=QUIET)
    script.start()
    marta = contact(sandbox.world)
    await staff(functions.messages.SendMessageRequest(staff.peer(marta), "Is boat 7 ready for the tour?"))
    answer = (await staff.heard(types.UpdateNewMessage))[0].message
    assert "Is boat 7 ready for the tour" in answer.message
    assert answer.peer_id == types.PeerUser(marta)
    order = [type(update) for update in staff.updates]
    assert order == [types.UpdateReadHistoryOutbox, types.UpdateUserTyping, types.UpdateNewMessage]
    await script.stop()


async def test_answers_are_corrected_at_times(sandbox: Sandbox, staff: Person) -> None:
    script = Script(sandbox.world, timings=Timings((0, 0), (0, 0), (0, 0), (3600, 3600), edit_chance=1))
    script.start()
    layla = contact(sandbox.world, 1)
    await staff(functions.messages.SendMessageRequest(staff.peer(layla), "شكراً"))
    edited = (await staff.heard(types.UpdateEditMessage))[0].message
    assert edited.message.endswith("(تم تصحيح خطأ)")
    assert "شكراً" in edited.message
    await script.stop()


async def test_in_the_group_one_of_them_answers(sandbox: Sandbox, staff: Person) -> None:
    script = Script(sandbox.world, timings=QUIET)
    script.start()
    group = next(chat for chat in sandbox.world.chats if chat.title == demo.GROUP_TITLE)
    result = await staff(functions.messages.SendMessageRequest(staff.peer(group.marked), "Who is in today?"))
    answer = (await staff.heard(types.UpdateNewMessage))[0].message
    assert answer.reply_to.reply_to_msg_id == result.updates[0].id
    assert sandbox.world.accounts[answer.from_id.user_id].is_scripted
    assert staff.of(types.UpdateChatUserTyping)
    await script.stop()


async def test_they_write_unasked(sandbox: Sandbox, staff: Person) -> None:
    script = Script(sandbox.world, timings=Timings((0, 0), (0, 0), (0, 0), (0, 0.01), 0))
    script.start()
    await staff.heard(types.UpdateNewMessage, 3)
    await script.stop()
    count = len(staff.of(types.UpdateNewMessage))
    await staff.settled()
    assert not script._tasks
    assert all(update.message.peer_id.user_id != staff.id for update in staff.of(types.UpdateNewMessage)[:count])


async def test_who_has_written_twice_waits_for_an_answer(sandbox: Sandbox, staff: Person) -> None:
    script, world, rng = Script(sandbox.world, timings=QUIET), sandbox.world, random.Random(1)
    written: list[tuple[int, int]] = []
    while (chosen := script._chosen(rng)) is not None:
        written.append((chosen[0].user_id, chosen[1]))
        world.send(*written[-1], "Hello?")
        assert len(written) <= 2 * len(demo.PEOPLE) * len(demo.PHONES)
    marta = contact(world)
    assert (marta, staff.id) not in written  # two of hers wait from the beginning
    world.send(staff.id, marta, "Yes?")
    chosen = script._chosen(rng)
    assert chosen is not None
    assert (chosen[0].user_id, chosen[1]) == (marta, staff.id)


async def test_whoever_was_blocked_meanwhile_is_not_answered(sandbox: Sandbox, staff: Person) -> None:
    script = Script(sandbox.world, timings=Timings((0.05, 0.05), (0, 0), (0, 0), (3600, 3600), 0))
    script.start()
    world, marta, jonas = sandbox.world, contact(sandbox.world), contact(sandbox.world, 2)
    for peer in (marta, jonas):
        await staff(functions.messages.SendMessageRequest(staff.peer(peer), "hello"))
    world.accounts[marta].blocked[staff.id] = 1
    await staff.heard(types.UpdateNewMessage)
    await script.idle()
    assert [update.message.peer_id.user_id for update in staff.of(types.UpdateNewMessage)] == [jonas]
    await script.stop()


async def test_the_same_seed_gives_the_same_answers() -> None:
    said: list[list[str]] = []
    for _ in range(2):
        world = World(Store(None), lambda: 1_700_000_000.0, random.Random(1))
        demo.build(world)
        script = Script(world, seed=9, timings=QUIET)
        script.start()
        account = world.accounts.by_phone(demo.PHONES[0])
        assert account is not None
        for number in (0, 2, 3, 4):
            world.send(account.user_id, contact(world, number), "How are you?")
        await script.idle()
        snapshot = world.snapshot(account.user_id)
        said.append([snapshot[contact(world, number)][-1]["text"] for number in (0, 2, 3, 4)])
        await script.stop()
    assert said[0] == said[1]
    assert len(set(said[0])) == 4


async def test_messages_that_come_while_one_is_answered_get_one_more_answer(sandbox: Sandbox, staff: Person) -> None:
    gate = asyncio.Event()

    async def wait(seconds: float) -> None:
        if seconds < 3600:
            await gate.wait()
        else:
            await asyncio.Event().wait()

    script = Script(sandbox.world, timings=QUIET, sleep=wait)
    script.start()
    marta = contact(sandbox.world)
    for text in ("one", "two", "three"):
        await staff(functions.messages.SendMessageRequest(staff.peer(marta), text))
    gate.set()
    await script.idle()
    first, second = [update.message.message for update in await staff.heard(types.UpdateNewMessage, 2)]
    assert "one" in first
    assert "three" in second
    await script.stop()
