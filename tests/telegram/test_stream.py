"""The way in, when things go wrong: differences refused, too long or unreadable, queues full, people never met."""

import asyncio
import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from telethon import types as T  # noqa: N812
from telethon.tl import TLObject

from sandbox.server import Sandbox
from tests.kit.waiting import until
from tests.telegram.conftest import Make, MemoryInbox, SignedIn, Store
from tgadmin.core import types as core
from tgadmin.core.types import CHANNEL_MARK
from tgadmin.telegram.client.updates import ENTRY_CHANGES

ME, OTHER = "+49151444001", "+49151444002"
UNKNOWN = 0xDEADBEE1


class Alien(TLObject):
    """An object of a type that no layer knows."""

    CONSTRUCTOR_ID = UNKNOWN
    SUBCLASS_OF_ID = 0

    def _bytes(self) -> bytes:
        return struct.pack("<I", UNKNOWN) + b"some words of a message" + b"\0"


class Scene:
    def __init__(self, sandbox: Sandbox, sign_in: Any, make: Make) -> None:
        self.sandbox, self.world, self._sign_in, self.make = sandbox, sandbox.world, sign_in, make
        create = self.world.accounts.create
        self.me, self.friend = create(ME, "Me").user_id, create(OTHER, "Friend").user_id
        self.room = self.world.create_channel(self.friend, "Room")
        self.world.add_user(self.room, self.me)

    async def begin(self, **options: Any) -> None:
        self.account: SignedIn = await self._sign_in(ME)
        self.store = Store(self.account)
        self.inbox = MemoryInbox(self.store, **options)

    async def connect(self, **options: Any) -> Any:
        client = self.make(self.store, self.inbox, **options)
        await client.connect()
        await client.caught_up()
        return client

    def texts(self) -> list[str]:
        return sorted(m.text for m in self.store.messages.values() if m.text)

    def too_long(self) -> list[core.Gap]:
        return [gap for gap in self.store.of(core.Gap) if gap.how is core.GapKind.TOO_LONG]

    def ledger(self) -> list[tuple[str, int, int | None]]:
        return [(gap.how.value, gap.box, gap.recovered) for gap in self.store.of(core.Gap)]

    def uses(self, method: str) -> int:
        return len(self.sandbox.record.uses_of(method, user_id=self.me))


@pytest.fixture
def scene(sandbox: Sandbox, sign_in: Any, account_client: Make) -> Scene:
    return Scene(sandbox, sign_in, account_client)


async def test_caught_up_means_account_and_every_channel(scene: Scene) -> None:
    rooms = [scene.room] + [scene.world.create_channel(scene.friend, f"R{n}", kind="channel") for n in range(4)]
    for room in rooms[1:]:
        scene.world.add_user(room, scene.me)
    await scene.begin()
    for n in range(150):  # more than one slice
        scene.world.send(scene.friend, scene.me, f"private {n:03}")
    for room in rooms:
        for n in range(60):
            scene.world.send(scene.friend, room, f"{room} {n:03}")
    await scene.connect()
    expected = [f"private {n:03}" for n in range(150)] + [f"{room} {n:03}" for room in rooms for n in range(60)]
    assert scene.texts() == sorted(expected)
    assert scene.store.twice == []
    assert scene.store.checkpoint.channels == {room: scene.world.boxes.box(room).pts for room in rooms}


async def test_the_order_of_a_difference_is_kept(scene: Scene) -> None:
    """Messages come before the edits and deletions that touch them, although their pts lies below the new state."""
    await scene.begin()
    first = scene.world.send(scene.friend, scene.me, "first")
    second = scene.world.send(scene.friend, scene.me, "second")
    room = scene.world.send(scene.friend, scene.room, "room")
    scene.world.edit(scene.friend, scene.me, first, "first, edited")
    scene.world.edit(scene.friend, scene.room, room, "room, edited")
    scene.world.delete(scene.friend, scene.me, [second])
    await scene.connect()
    assert scene.texts() == ["first, edited", "room, edited"]
    assert scene.store.unmatched_edits == []
    assert len(scene.store.of(core.MessageEdited)) == 2
    assert len(scene.store.of(core.MessagesDeleted)) == 1


async def test_what_happened_to_stored_messages_while_away_is_told(scene: Scene) -> None:
    await scene.begin()
    client = await scene.connect()
    ids = [scene.world.send(scene.friend, scene.me, f"m{n}") for n in range(3)]
    await scene.inbox.until(lambda: len(scene.texts()) == 3)
    await client.disconnect()
    scene.world.edit(scene.friend, scene.me, ids[0], "m0, edited")
    scene.world.delete(scene.friend, scene.me, [ids[1]])
    await scene.connect()
    assert scene.texts() == ["m0, edited", "m2"]


@pytest.mark.parametrize("error", [(420, "FLOOD_WAIT_1"), (500, "RPC_CALL_FAIL"), (-503, "Timeout")])
async def test_a_refused_difference_is_asked_for_again(scene: Scene, error: tuple[int, str]) -> None:
    await scene.begin()
    scene.world.send(scene.friend, scene.me, "private")
    scene.world.send(scene.friend, scene.room, "room")
    scene.sandbox.faults.error("updates.getDifference", *error)
    scene.sandbox.faults.error("updates.getChannelDifference", *error)
    await scene.connect()
    assert scene.texts() == ["private", "room"]


async def test_the_account_does_not_wait_for_a_channels_flood_wait(scene: Scene) -> None:
    await scene.begin()
    scene.sandbox.faults.flood("updates.getChannelDifference", 600)
    client = scene.make(scene.store, scene.inbox)
    await client.connect()
    scene.world.send(scene.friend, scene.me, "private")
    await scene.inbox.until(lambda: scene.texts() == ["private"])
    await until(lambda: scene.uses("updates.getChannelDifference") == 1)
    scene.world.send(scene.friend, scene.me, "second")
    await scene.inbox.until(lambda: scene.texts() == ["private", "second"])
    assert scene.uses("updates.getChannelDifference") == 1


async def test_an_account_gap_travels_in_the_stream(scene: Scene) -> None:
    await scene.begin()
    low = scene.store.checkpoint.pts
    for n in range(5):
        scene.world.send(scene.friend, scene.me, f"m{n}")
    scene.world.forget_updates(scene.me)
    await scene.connect()
    high = scene.world.boxes.box(scene.me).pts
    assert scene.too_long() == [core.Gap(core.ACCOUNT_BOX, low, high)]
    assert scene.store.checkpoint.pts == high
    scene.world.send(scene.friend, scene.me, "after")
    await scene.inbox.until(lambda: scene.texts() == ["after"])


async def test_a_channel_gap_comes_with_its_dialog_and_newest_messages(scene: Scene) -> None:
    await scene.begin()
    low = scene.store.checkpoint.channels[scene.room]
    for n in range(5):
        scene.world.send(scene.friend, scene.room, f"m{n}")
    scene.world.forget_updates(scene.room)
    await scene.connect()
    high = scene.world.boxes.box(scene.room).pts
    assert scene.too_long() == [core.Gap(scene.room, low, high)]
    (dialog,) = scene.store.of(core.Dialog)
    (history,) = scene.store.of(core.History)
    unread = scene.world.snapshot(scene.me)["read_marks"][scene.room]["unread"]
    assert (dialog.peer_id, dialog.unread_count) == (scene.room, unread)
    assert [m.text for m in history.messages][:5] == [f"m{n}" for n in reversed(range(5))]
    assert scene.store.checkpoint.channels[scene.room] == high
    scene.world.send(scene.friend, scene.room, "after")
    await scene.inbox.until(lambda: scene.texts() == ["after"])


@pytest.mark.parametrize("code", ["PERSISTENT_TIMESTAMP_INVALID", "PERSISTENT_TIMESTAMP_EMPTY"])
async def test_a_place_that_telegram_does_not_know_becomes_a_gap(scene: Scene, code: str) -> None:
    await scene.begin()
    scene.world.send(scene.friend, scene.room, "room")
    scene.world.send(scene.friend, scene.me, "private")
    scene.sandbox.faults.error("updates.getDifference", 400, code)
    scene.sandbox.faults.error("updates.getChannelDifference", 400, code)
    await scene.connect()
    gaps = {gap.box: gap.high_pts for gap in scene.too_long()}
    boxes = scene.world.boxes.box
    assert gaps == {core.ACCOUNT_BOX: boxes(scene.me).pts, scene.room: boxes(scene.room).pts}
    scene.world.send(scene.friend, scene.me, "after")
    await scene.inbox.until(lambda: scene.texts() == ["after"])


async def test_a_channel_that_put_us_out_is_left(scene: Scene) -> None:
    await scene.begin()
    scene.world.kick(scene.room, scene.me)
    await scene.connect()
    assert core.ChatState(scene.room, left=True) in scene.store.changes
    assert ("removed", scene.room, 0) in scene.ledger()
    scene.world.send(scene.friend, scene.me, "private")
    await scene.inbox.until(lambda: scene.texts() == ["private"])


async def test_a_channel_without_a_stored_hash_is_found_in_the_dialogs(scene: Scene) -> None:
    await scene.begin()
    scene.world.send(scene.friend, scene.room, "room")
    assert scene.store.channel_hashes() == {}
    await scene.connect()
    assert scene.texts() == ["room"]
    assert scene.store.channel_hashes().keys() == {scene.room}


async def test_the_dialogs_are_read_on_where_a_wait_has_stopped_them(scene: Scene) -> None:
    """The channel is the oldest of many dialogs, and Telegram gives one page at once, then one a second."""
    scene.world.send(scene.friend, scene.room, "room")
    written = scene.world.now()
    await until(lambda: scene.world.now() > written)  # in whole seconds, by which dialogs are ordered
    for number in range(230):
        stranger = scene.world.accounts.create(f"+4915144410{number:03}", f"S{number}").user_id
        scene.world.send(stranger, scene.me, "hello")
    await scene.begin()
    scene.store.checkpoint.channels[scene.room] = 1
    assert scene.store.channel_hashes() == {}
    scene.sandbox.faults.allow("messages.getDialogs", 1, 1.0)
    await scene.connect()
    # Begun at the first page again and again it would never come to the third.
    await scene.inbox.until(lambda: scene.store.channel_hashes().keys() == {scene.room})
    assert scene.uses("messages.getDialogs") >= 3


async def test_a_channel_that_cannot_be_asked_becomes_a_gap_and_begins_again(scene: Scene) -> None:
    await scene.begin()
    gone = CHANNEL_MARK - 77
    scene.store.checkpoint.channels[gone] = 9
    await scene.connect()
    assert scene.too_long() == [core.Gap(gone, 9, 0)]


async def test_a_user_and_a_channel_with_the_same_bare_id_do_not_mix(scene: Scene) -> None:
    user = scene.world.accounts.create("+49151444009", "Twin", user_id=5_000_777_777).user_id
    twin = scene.world.create_channel(scene.friend, "Twin room", bare_id=user)
    scene.world.add_user(twin, scene.me)
    assert twin == CHANNEL_MARK - user
    await scene.begin()
    scene.world.send(user, scene.me, "from the user")
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    scene.world.send(scene.friend, twin, "in the room")
    await scene.inbox.until(lambda: scene.texts() == ["from the user", "in the room"])
    assert await client.messages.send(user, "to the user", 1)
    assert await client.messages.send(twin, "to nobody", 2) if scene.store.peers[twin].can_send else True
    await client.disconnect()
    scene.world.send(scene.friend, twin, "while away")
    await scene.connect()
    assert "while away" in scene.texts()


async def test_a_full_inbox_loses_nothing(scene: Scene) -> None:
    await scene.begin(at_once=False, limit=3)
    client = scene.make(scene.store, scene.inbox)
    await client.connect()
    for n in range(40):
        scene.world.send(scene.friend, scene.me, f"private {n:02}")
        scene.world.send(scene.friend, scene.room, f"room {n:02}")
        await asyncio.sleep(0)
    expected = sorted(f"{where} {n:02}" for where in ("private", "room") for n in range(40))

    def drained() -> bool:
        scene.inbox.commit(1)
        return scene.texts() == expected

    await until(drained)
    assert scene.inbox.refused > 0
    assert scene.store.twice == []


async def test_an_overflowing_queue_is_emptied_and_caught_up(scene: Scene) -> None:
    await scene.begin()
    client = await scene.connect()
    client._link.connected.updates._limit = 5
    before = scene.uses("updates.getDifference")
    for n in range(30):  # one packet: they are queued before anything is processed
        scene.world.send(scene.friend, scene.me, f"m{n:02}")
    await scene.inbox.until(lambda: len(scene.texts()) == 30)
    assert scene.uses("updates.getDifference") > before
    assert scene.store.twice == []


async def test_short_messages_of_people_never_met_are_fetched_with_them(scene: Scene) -> None:
    """https://core.telegram.org/constructor/updateShortMessage bears no user; unknown ones call for getDifference."""
    await scene.begin()
    await scene.connect()
    before = scene.uses("updates.getDifference")
    world, faults = scene.world, scene.sandbox
    push, faults.world.pusher = faults.world.pusher, lambda *_: None  # the message is made, its push withheld
    stranger = world.accounts.create("+49151444007", "Stranger").user_id
    number = world.send(stranger, scene.me, "who am I")
    faults.world.pusher = push
    pts = world.boxes.box(scene.me).pts
    scene.sandbox.push(scene.me, T.UpdateShortMessage(number, stranger, "who am I", pts, 1, _now(scene), False))
    await scene.inbox.until(lambda: scene.texts() == ["who am I"])
    assert scene.uses("updates.getDifference") == before + 1
    assert scene.store.peers[stranger].name == "Stranger"


async def test_a_short_message_of_somebody_known_needs_no_difference(scene: Scene) -> None:
    await scene.begin()
    await scene.connect()
    scene.world.send(scene.friend, scene.me, "hello")
    await scene.inbox.until(lambda: scene.texts() == ["hello"])
    before = scene.uses("updates.getDifference")
    pts = scene.world.boxes.box(scene.me).pts
    scene.sandbox.push(scene.me, T.UpdateShortMessage(2, scene.friend, "short", pts + 1, 1, _now(scene), False))
    await scene.inbox.until(lambda: scene.texts() == ["hello", "short"])
    assert scene.uses("updates.getDifference") == before


async def test_lost_updates_are_fetched_and_go_on_record(scene: Scene) -> None:
    await scene.begin()
    await scene.connect()
    world = scene.world
    assert scene.ledger() == []
    low = world.boxes.box(scene.me).pts
    push, world.pusher = world.pusher, lambda *_: None
    for text in ("lost 1", "lost 2"):
        world.send(scene.friend, scene.me, text)
    world.pusher = push
    world.send(scene.friend, scene.me, "shows the gap")
    await scene.inbox.until(lambda: bool(scene.ledger()))
    assert scene.texts() == ["lost 1", "lost 2", "shows the gap"]
    (gap,) = scene.store.of(core.Gap)
    assert (gap.box, gap.low_pts, gap.high_pts, gap.how) == (0, low, low + 3, core.GapKind.DIFFERENCE)
    assert gap.recovered == 3


async def test_an_unreadable_packet_is_counted_and_what_was_in_it_fetched(scene: Scene) -> None:
    await scene.begin()
    await scene.connect()
    world = scene.world
    push, world.pusher = world.pusher, lambda *_: None
    world.send(scene.friend, scene.me, "beside the alien")
    world.pusher = push
    scene.sandbox.push(scene.me, T.UpdateShort(Alien(), _now(scene)))
    await scene.inbox.until(lambda: scene.texts() == ["beside the alien"])
    (unreadable,) = scene.store.of(core.Unreadable)
    assert unreadable == core.Unreadable(f"{UNKNOWN:08x}", "unknown type")
    assert unreadable.data.startswith(UNKNOWN.to_bytes(4, "little"))


async def test_an_unreadable_difference_becomes_a_gap(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.begin()
    scene.world.send(scene.friend, scene.me, "lost")
    honest = scene.world.updates.difference
    monkeypatch.setattr(
        scene.world.updates,
        "difference",
        lambda *args, **kw: T.updates.Difference(
            [], [], [Alien()], [], [], scene.world.updates.state(scene.me, args[1])
        ),
    )
    client = scene.make(scene.store, scene.inbox)
    await client.connect()
    await client.caught_up()
    monkeypatch.setattr(scene.world.updates, "difference", honest)
    (gap,) = scene.too_long()
    assert (gap.box, gap.high_pts) == (core.ACCOUNT_BOX, scene.world.boxes.box(scene.me).pts)
    scene.world.send(scene.friend, scene.me, "after")
    await scene.inbox.until(lambda: scene.texts() == ["after"])


async def test_without_a_checkpoint_it_begins_now(scene: Scene) -> None:
    await scene.begin()
    scene.world.send(scene.friend, scene.me, "before")
    client = await scene.connect(checkpoint=None)
    assert scene.texts() == []
    assert scene.store.checkpoint.pts == scene.world.boxes.box(scene.me).pts
    scene.world.send(scene.friend, scene.me, "after")
    await scene.inbox.until(lambda: scene.texts() == ["after"])
    assert await client.state() == await client.state()


async def test_a_channel_joined_later_is_followed_from_the_dialogs_on(scene: Scene) -> None:
    await scene.begin()
    client = await scene.connect()
    await client.disconnect()
    late = scene.world.create_channel(scene.friend, "Late")
    scene.world.add_user(late, scene.me)
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    assert scene.store.checkpoint.channels[late] == scene.world.boxes.box(late).pts


def _now(scene: Scene) -> Any:
    return datetime.fromtimestamp(scene.world.now(), UTC)


async def test_what_waits_together_is_put_together(scene: Scene) -> None:
    """One entry for many containers: changes in order, each peer as it was last, the state after all of them."""
    await scene.begin()
    client = await scene.connect()
    scene.inbox.at_once = False
    count = 500
    wire = client._link.wire
    assert wire is not None
    for number in range(count):
        scene.world.send(scene.friend, scene.me, f"message {number:03}")
        scene.sandbox.deliver()
    scene.world.send(scene.friend, scene.room, "elsewhere")
    scene.sandbox.deliver()
    waiting = scene.inbox.waiting
    await scene.inbox.until(lambda: sum(len(one.changes) for one, _ in waiting) >= count + 1)
    assert len(waiting) < count / 5
    assert max(len(one.changes) for one, _ in waiting) <= 2 * ENTRY_CHANGES
    scene.inbox.commit()
    texts = [change.message.text for change in scene.store.of(core.NewMessage)]
    assert texts == [f"message {number:03}" for number in range(count)] + ["elsewhere"]
    assert scene.store.checkpoint.pts == scene.world.boxes.box(scene.me).pts
    assert scene.store.checkpoint.channels[scene.room] == scene.world.boxes.box(scene.room).pts
