"""Connections die at seeded random moments while messages flow both ways: nothing lost, nothing twice, nothing stale.

A killed process is a client that is thrown away together with what its inbox had not committed; the next one begins at
the last committed checkpoint. At the end the store is compared with the data centre's world, message by message.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.server import Sandbox
from tests.kit.waiting import until
from tests.telegram.conftest import Make, MemoryInbox, SignedIn, Store
from tgadmin.core import types as core
from tgadmin.core.errors import Action, TelegramError
from tgadmin.telegram import AccountClient

STEPS = 260
KILLS = 16


@dataclass
class Outgoing:
    """A command of ours, repeated until its outcome is known."""

    kind: str
    peer: int
    text: str = ""
    random_id: int = 0
    ids: list[int] = field(default_factory=list)


class Storm:
    """An account, its chats, and everything that happens to them; all by one seed."""

    def __init__(self, sandbox: Sandbox, make: Make, seed: int) -> None:
        self.rng = random.Random(seed)
        self.sandbox, self.world, self.make = sandbox, sandbox.world, make
        self.client: AccountClient | None = None
        self.queue: list[Outgoing] = []
        self.sent: list[Outgoing] = []
        self.count = 0
        self.fatal: list[TelegramError] = []

    def begin(self, me: SignedIn) -> None:
        self.me = me
        self.store = Store(me)
        self.before = self.world.snapshot(me.user_id)
        self.inbox = MemoryInbox(self.store, at_once=False)

    def prepare(self, phone: str) -> None:
        """The chats, made before the account signs in."""
        create = self.world.accounts.create
        me = create(phone, "Me").user_id
        self.friend = create("+49151111001", "Friend").user_id
        self.member = create("+49151111002", "Member").user_id
        self.group = self.world.create_group(self.friend, "Group", [me, self.member])
        self.supergroup = self.world.create_channel(self.friend, "Supergroup")
        self.channel = self.world.create_channel(self.friend, "Channel", kind="channel")
        for chat in (self.supergroup, self.channel):
            self.world.add_user(chat, me)
        self.world.add_user(self.supergroup, self.member)

    # --- what others do ------------------------------------------------------------------------------------------

    def others_act(self) -> None:
        writer, peer = self.rng.choice(
            [
                (self.friend, self.me.user_id),
                (self.member, self.me.user_id),
                (self.friend, self.group),
                (self.member, self.group),
                (self.member, self.supergroup),
                (self.friend, self.channel),
            ]
        )
        mine = [row for row in self.world.snapshot(writer).get(peer, []) if row["from"] in (writer, peer)]
        mine = [row for row in mine if row["action"] is None and (peer != self.me.user_id or row["out"])]
        roll = self.rng.random()
        if mine and roll < 0.2:
            self.count += 1
            self.world.edit(writer, peer, self.rng.choice(mine)["id"], f"edited {self.count}")
        elif mine and roll < 0.35:
            self.world.delete(writer, peer, [row["id"] for row in self.rng.sample(mine, min(2, len(mine)))])
        elif roll < 0.4:
            self.world.read(writer, peer)
        else:
            for _ in range(self.rng.choice([1, 1, 1, 4])):
                self.count += 1
                self.world.send(writer, peer, f"in {self.count}")

    # --- what we do ----------------------------------------------------------------------------------------------

    def we_act(self) -> None:
        met = [peer for peer in (self.friend, self.member, self.supergroup) if peer in self.store.peers]
        peer = self.rng.choice([*met, self.group])
        mine = [row for row in self.store.snapshot().get(peer, []) if row["out"] and row["text"]]
        self.count += 1
        roll = self.rng.random()
        if mine and roll < 0.2:
            self.queue.append(Outgoing("edit", peer, f"changed {self.count}", ids=[self.rng.choice(mine)["id"]]))
        elif mine and roll < 0.35:
            self.queue.append(Outgoing("delete", peer, ids=[self.rng.choice(mine)["id"]]))
        elif roll < 0.45:
            top = max((row["id"] for row in self.store.snapshot().get(peer, [])), default=0)
            if top:
                self.queue.append(Outgoing("read", peer, ids=[top]))
        else:
            out = Outgoing("send", peer, f"out {self.count}", random_id=self.rng.getrandbits(62) + 1)
            self.queue.append(out)
            self.sent.append(out)

    async def work(self, client: AccountClient) -> None:
        """Works the queue off over one connection, as the gateway would: catch up first, then what is left."""
        await client.caught_up()
        while True:
            if not self.queue:
                await until(lambda: bool(self.queue), seconds=60)
                continue
            command = self.queue[0]
            if command.kind == "send" and command.random_id in self.store.assigned:
                self.queue.pop(0)
                continue
            try:
                await self.run(client, command)
            except TelegramError as error:
                if error.disposition.action is Action.RETRY:
                    return
                if error.disposition.action is Action.CATCH_UP:
                    self.inbox.commit()
                elif error.code != "MESSAGE_ID_INVALID" and error.disposition.action is not Action.SUCCESS:
                    self.fatal.append(error)
            self.queue.pop(0)

    async def run(self, client: AccountClient, command: Outgoing) -> None:
        if command.kind == "send":
            await client.messages.send(command.peer, command.text, command.random_id)
        elif command.kind == "edit":
            await client.messages.edit(command.peer, command.ids[0], command.text)
        elif command.kind == "delete":
            await client.messages.delete(command.peer, command.ids)
        else:
            await client.messages.mark_read(command.peer, command.ids[0])

    # --- life and death ------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """One process's life after another, for ever."""
        while True:
            self.inbox = MemoryInbox(self.store, at_once=False)
            client = self.client = self.make(self.store, self.inbox)
            try:
                await client.connect()
            except TelegramError as error:
                if error.is_fatal:
                    raise
                continue
            worker = asyncio.create_task(self.work(client))
            try:
                reason = await client.wait_closed()
                assert reason is None or not reason.is_fatal
            finally:
                worker.cancel()
                await asyncio.wait((worker,))
                self.inbox.waiting.clear()  # what was not committed is gone

    async def kill(self) -> None:
        client = self.client
        if client is None:
            return
        how = self.rng.randrange(4)
        if how == 0:
            self.sandbox.faults.drop(user=self.me.user_id)
        elif how == 1:
            client.abort()
        elif how == 2:
            self.sandbox.faults.drop_reply("messages.sendMessage", user=self.me.user_id)
        else:
            await client.disconnect()

    async def blow(self) -> None:
        kill_at = set(self.rng.sample(range(STEPS), KILLS))
        for step in range(STEPS):
            self.others_act()
            if self.rng.random() < 0.3:
                self.we_act()
            for _ in range(self.rng.randrange(25)):
                await asyncio.sleep(0)
            if self.rng.random() < 0.4:
                self.inbox.commit(self.rng.randrange(1, 9))
            if step in kill_at:
                await self.kill()

    def is_settled(self) -> bool:
        self.inbox.commit()
        return not self.queue and self.store.snapshot() == self.expected()

    def expected(self) -> dict[int, list[dict[str, Any]]]:
        found = self.world.snapshot(self.me.user_id)
        found.pop("read_marks")
        chats = {}
        for peer, rows in found.items():
            old = {row["id"] for row in self.before.get(peer, [])}
            kept = [{k: v for k, v in row.items() if k != "action"} for row in rows if row["id"] not in old]
            if kept:
                chats[peer] = kept
        return chats


def first_difference(expected: dict[int, list[Any]], found: dict[int, list[Any]]) -> str:
    lines = []
    for peer in sorted(expected.keys() | found.keys()):
        want = {row["id"]: row for row in expected.get(peer, [])}
        have = {row["id"]: row for row in found.get(peer, [])}
        lines.extend(
            f"{peer}/{number}: world {want.get(number)} store {have.get(number)}"
            for number in sorted(want.keys() | have.keys())
            if want.get(number) != have.get(number)
        )
    return "\n".join(lines[:12])


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_kills_lose_nothing(
    sandbox: Sandbox, sign_in: Callable[[str], Awaitable[SignedIn]], account_client: Make, seed: int
) -> None:
    storm = Storm(sandbox, account_client, seed)
    storm.prepare("+49151111000")
    storm.begin(await sign_in("+49151111000"))
    life = asyncio.create_task(storm.live())
    try:
        await storm.blow()
        sandbox.faults.clear()
        try:
            await until(lambda: life.done() or storm.is_settled())
        except TimeoutError:
            pytest.fail(f"queue {storm.queue}\n" + first_difference(storm.expected(), storm.store.snapshot()))
    finally:
        life.cancel()
        await asyncio.wait((life,))
    assert storm.is_settled()
    assert storm.store.twice == []
    assert storm.fatal == []
    texts = [row["text"] for rows in storm.expected().values() for row in rows if row["out"]]
    assert len(texts) == len(set(texts))
    assert storm.count > 200
    marks = sandbox.world.snapshot(storm.me.user_id)["read_marks"]
    own_box = {peer: mark["inbox"] for peer, mark in marks.items() if not core.is_channel(peer)}
    assert all(storm.store.read_inbox.get(peer, 0) >= mark for peer, mark in own_box.items()), "a read mark was lost"
