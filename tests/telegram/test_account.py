"""One account's connection, against the sandbox over TCP: what it sends, what it is told, how it ends."""

import asyncio
import gc
import json
import threading
import weakref
from itertools import pairwise

import pytest

from sandbox.server import Sandbox
from tests.kit.waiting import until
from tests.telegram.conftest import Make, MemoryInbox, Store, build
from tgadmin.core import types as core
from tgadmin.core.errors import Kind, TelegramError
from tgadmin.telegram import Network, Pings
from tgadmin.telegram.client.dialogs import DialogsPage

ME, OTHER = "+49151333001", "+49151333002"


class Scene:
    """An account with a friend, a supergroup, and a connected client."""

    def __init__(self, sandbox: Sandbox, store: Store, inbox: MemoryInbox, make: Make, friend: int, room: int) -> None:
        self.sandbox, self.world, self.store, self.inbox, self.make = sandbox, sandbox.world, store, inbox, make
        self.friend, self.room, self.me = friend, room, store.account.user_id

    async def connect(self, **options):
        client = self.make(self.store, self.inbox, **options)
        await client.connect()
        await client.caught_up()
        return client


@pytest.fixture
async def scene(sandbox: Sandbox, sign_in, account_client: Make) -> Scene:
    world = sandbox.world
    me, friend = world.accounts.create(ME, "Me").user_id, world.accounts.create(OTHER, "Friend").user_id
    room = world.create_channel(friend, "Room")
    world.add_user(room, me)
    world.send(friend, me, "hello")
    store = Store(await sign_in(ME))
    return Scene(sandbox, store, MemoryInbox(store), account_client, friend, room)


async def test_what_arrives_is_put_in_order_with_its_state(scene: Scene) -> None:
    await scene.connect()
    first = scene.world.send(scene.friend, scene.me, "one")
    scene.world.edit(scene.friend, scene.me, first, "one, edited")
    scene.world.send(scene.friend, scene.me, "two")
    await scene.inbox.until(lambda: len(scene.store.of(core.NewMessage)) == 2)
    assert [m["text"] for m in scene.store.snapshot()[scene.friend]] == ["one, edited", "two"]
    assert scene.store.peers[scene.friend].name == "Friend"
    assert scene.store.checkpoint.pts == scene.world.boxes.box(scene.me).pts


async def test_our_own_messages_come_back_with_id_text_and_random_id(scene: Scene) -> None:
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    bold = (core.Entity("bold", 0, 4),)
    private = await client.messages.send(scene.friend, "bold move", 11, reply_to_id=1, entities=bold)
    room = await client.messages.send(scene.room, "room", 12)
    await scene.inbox.until(lambda: {11, 12} <= scene.store.assigned.keys())
    assert scene.store.assigned == {11: private, 12: room}
    assert private is not None
    sent = scene.store.messages[core.ACCOUNT_BOX, private]
    assert (sent.text, sent.out, sent.sender_id, sent.peer_id) == ("bold move", True, scene.me, scene.friend)
    assert (sent.entities, sent.reply_to_id) == (bold, 1)
    assert await client.messages.send(scene.friend, "bold move", 11) == private
    assert len([m for m in scene.world.snapshot(scene.me)[scene.friend] if m["out"]]) == 1


async def test_deleting_and_reading_of_ours_are_changes_with_their_pts(scene: Scene) -> None:
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    in_room = scene.world.send(scene.friend, scene.room, "room")
    mine = await client.messages.send(scene.friend, "mine", 21)
    await scene.inbox.until(lambda: (scene.room, in_room) in scene.store.messages and 21 in scene.store.assigned)
    own_room = await client.messages.send(scene.room, "own", 22)
    await client.messages.mark_read(scene.friend, 1)
    await client.messages.mark_read(scene.room, in_room)
    await client.messages.delete(scene.friend, [mine])
    await client.messages.delete(scene.room, [own_room])
    await scene.inbox.until(lambda: len(scene.store.of(core.MessagesDeleted)) == 2)
    assert scene.store.of(core.MessagesDeleted) == [
        core.MessagesDeleted(core.ACCOUNT_BOX, (mine,)),
        core.MessagesDeleted(scene.room, (own_room,)),
    ]
    assert core.ReadInbox(scene.friend, 1, None) in scene.store.of(core.ReadInbox)
    assert core.ReadInbox(scene.room, in_room, None) in scene.store.of(core.ReadInbox)
    assert scene.store.checkpoint.pts == scene.world.boxes.box(scene.me).pts
    assert scene.store.checkpoint.channels[scene.room] == scene.world.boxes.box(scene.room).pts
    uses = scene.sandbox.record.uses_of
    assert len(uses("updates.getDifference")) == 1, "pts were booked wrongly: a difference was needed"
    assert len(uses("updates.getChannelDifference")) == 1


async def test_a_mark_as_unread(scene: Scene) -> None:
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    await client.dialogs.mark_unread(scene.friend, unread=True)
    assert scene.world.marked(scene.me) == [scene.friend]
    await client.dialogs.mark_unread(scene.friend, unread=False)
    assert scene.world.marked(scene.me) == []


async def test_edits_of_ours_come_back(scene: Scene) -> None:
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    mine = await client.messages.send(scene.friend, "first", 31)
    await client.messages.edit(scene.friend, mine, "second")
    await scene.inbox.until(lambda: len(scene.store.of(core.MessageEdited)) == 1)
    assert scene.store.messages[core.ACCOUNT_BOX, mine].text == "second"
    with pytest.raises(TelegramError) as caught:
        await client.messages.edit(scene.friend, mine, "second")
    assert caught.value.code == "MESSAGE_NOT_MODIFIED"


async def test_history_goes_back_page_by_page_to_its_beginning(scene: Scene) -> None:
    ids = [1] + [scene.world.send(scene.friend, scene.me, f"m{n}") for n in range(24)]
    client = await scene.connect()
    found, before = [], 0
    for _ in range(5):
        (page,) = (await client.messages.history(scene.friend, before_id=before, limit=10)).changes
        assert isinstance(page, core.History)
        assert page.before_id == before
        found += [each.id for each in page.messages]
        if page.complete:
            break
        before = found[-1]
    assert found == sorted(ids, reverse=True)
    assert page.complete


async def test_dialogs_come_with_their_top_messages_and_peers(scene: Scene) -> None:
    client = await scene.connect()
    pages = [page async for page in client.dialogs.pages()]
    changes = [change for page in pages for change in page.incoming.changes]
    rows = {row.peer_id: row for row in changes if isinstance(row, core.Dialog)}
    tops = {row.peer_id: row for row in changes if isinstance(row, core.History)}
    assert rows.keys() == {scene.friend, scene.room}
    assert rows[scene.friend].unread_count == 1
    assert tops[scene.friend].messages[0].text == "hello"
    assert rows[scene.room].pts == scene.world.boxes.box(scene.room).pts
    kinds = {peer.id: peer.kind for page in pages for peer in page.incoming.peers}
    assert kinds[scene.friend] is core.PeerKind.USER
    assert kinds[scene.room] is core.PeerKind.SUPERGROUP


async def test_any_process_goes_on_after_any_page(scene: Scene) -> None:
    """Also where the last chat of a page has gone up meanwhile."""
    for number in range(250):
        stranger = scene.world.accounts.create(f"+4915144{number:05}", f"Person {number}").user_id
        scene.world.send(stranger, scene.me, f"hello {number}")

    def peers(page: DialogsPage) -> list[int]:
        return [change.peer_id for change in page.incoming.changes if isinstance(change, core.Dialog)]

    client = await scene.connect()
    whole = [page async for page in client.dialogs.pages()]
    assert [len(peers(page)) for page in whole] == [100, 100, 52]
    assert {page.total for page in whole} == {252}
    for before, page in pairwise(whole):
        assert before.after is not None
        kept = core.DialogsPosition.from_json(json.loads(json.dumps(before.after.to_json())))
        await client.disconnect()
        client = await scene.connect()
        assert peers(await anext(client.dialogs.pages(kept))) == peers(page)
    first = whole[0].after
    assert first is not None
    scene.world.send(first.peer_id, scene.me, "up again")
    seen = {one for page in [page async for page in client.dialogs.pages(first)] for one in peers(page)}
    assert seen == {one for page in whole[1:] for one in peers(page)}


async def test_typing_goes_both_ways(scene: Scene) -> None:
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    scene.world.typing(scene.friend, scene.me)
    await scene.inbox.until(lambda: core.Typing(scene.friend, scene.friend) in scene.store.changes)
    await client.messages.send_typing(scene.friend)
    with pytest.raises(ValueError):
        await client.messages.send_typing(scene.friend, "spying")


async def test_a_chat_never_met_cannot_be_written_to(scene: Scene) -> None:
    stranger = scene.world.accounts.create("+49151333009", "Stranger").user_id
    client = await scene.connect()
    for peer in (stranger, -1_000_000_000_077):
        with pytest.raises(TelegramError) as caught:
            await client.messages.send(peer, "hello", 41)
        assert caught.value.code == "PEER_UNKNOWN"
    with pytest.raises(TelegramError) as caught:
        await client.messages.send(-77, "hello", 42)
    assert caught.value.kind in (Kind.CALLER, Kind.RIGHTS)
    assert not caught.value.is_fatal


async def test_telegrams_errors_keep_code_seconds_and_method(scene: Scene) -> None:
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    scene.sandbox.faults.flood("messages.sendMessage", 30)
    with pytest.raises(TelegramError) as caught:
        await client.messages.send(scene.friend, "text", 51)
    assert (caught.value.code, caught.value.seconds) == ("FLOOD_WAIT", 30)
    assert caught.value.method == "messages.sendMessage"
    assert await client.messages.send(scene.friend, "text", 51), "a flood wait must not block the method by our clock"
    scene.sandbox.faults.slow_mode(scene.room, 9)
    with pytest.raises(TelegramError) as caught:
        await client.messages.send(scene.room, "text", 52)
    assert (caught.value.code, caught.value.seconds) == ("SLOWMODE_WAIT", 9)
    scene.sandbox.faults.error("messages.sendMessage", 500, "RPC_CALL_FAIL")
    with pytest.raises(TelegramError) as caught:
        await client.messages.send(scene.friend, "text", 53)
    assert caught.value.kind is Kind.RETRY


async def test_a_request_without_an_answer_times_out_and_its_updates_still_come(scene: Scene) -> None:
    client = await scene.connect(timeout=0.3)
    [_ async for _ in client.dialogs.pages()]
    scene.sandbox.faults.late("messages.sendMessage", 0.8)
    with pytest.raises(TelegramError) as caught:
        await client.messages.send(scene.friend, "late", 61)
    assert (caught.value.code, caught.value.kind) == ("TIMEOUT", Kind.NETWORK)
    await scene.inbox.until(lambda: 61 in scene.store.assigned)
    assert [m.text for m in scene.store.messages.values() if m.out] == ["late"]


@pytest.mark.parametrize("text", ["a\0b", "lone \ud800 surrogate", "\0" * 3 + "x"])
async def test_hostile_text_is_sent_clean(scene: Scene, text: str) -> None:
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    await client.messages.send(scene.friend, text, 71)
    await scene.inbox.until(lambda: 71 in scene.store.assigned)
    (sent,) = [m.text for m in scene.store.messages.values() if m.out]
    assert "\0" not in sent
    sent.encode("utf-8")


async def test_numbers_out_of_range_are_errors_of_the_caller(scene: Scene) -> None:
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    with pytest.raises(TelegramError) as caught:
        await client.messages.edit(scene.friend, 2**40, "text")
    assert caught.value.code == "REQUEST_NOT_SENT"
    assert (await client.me()).id == scene.me


# --- how it ends -----------------------------------------------------------------------------------------------------


async def test_it_ends_with_nothing_when_asked_to(scene: Scene) -> None:
    client = await scene.connect()
    await client.disconnect()
    assert await client.wait_closed() is None
    with pytest.raises(TelegramError) as caught:
        await client.me()
    assert caught.value.code == "CONNECTION_LOST"


async def test_a_lost_connection_says_so_to_everybody_who_waits(scene: Scene) -> None:
    client = await scene.connect()
    [_ async for _ in client.dialogs.pages()]
    scene.sandbox.faults.drop_reply("messages.sendMessage")
    with pytest.raises(TelegramError) as caught:
        await client.messages.send(scene.friend, "text", 81)
    assert caught.value.code == "CONNECTION_LOST"
    reason = await client.wait_closed()
    assert reason is not None
    assert (reason.code, reason.kind) == ("CONNECTION_LOST", Kind.NETWORK)


@pytest.mark.parametrize("code", ["AUTH_KEY_UNREGISTERED", "SESSION_REVOKED", "USER_DEACTIVATED"])
async def test_a_dead_authorization_is_fatal_at_connect(scene: Scene, code: str) -> None:
    scene.sandbox.faults.revoke(scene.me, error=code)
    client = scene.make(scene.store, scene.inbox)
    with pytest.raises(TelegramError) as caught:
        await client.connect()
    assert (caught.value.code, caught.value.is_fatal) == (code, True)


async def test_a_dead_authorization_ends_the_connection_at_the_next_request(scene: Scene) -> None:
    client = await scene.connect()
    scene.sandbox.faults.error("users.getUsers", 401, "SESSION_REVOKED")
    with pytest.raises(TelegramError):
        await client.me()
    reason = await client.wait_closed()
    assert reason is not None
    assert (reason.code, reason.is_fatal) == ("SESSION_REVOKED", True)


async def test_a_dead_authorization_is_seen_by_the_updates_too(scene: Scene) -> None:
    client = scene.make(scene.store, scene.inbox)
    scene.sandbox.faults.error("updates.getDifference", 401, "AUTH_KEY_UNREGISTERED")
    await client.connect()
    with pytest.raises(TelegramError) as caught:
        await client.caught_up()
    assert caught.value.code == "AUTH_KEY_UNREGISTERED"
    reason = await client.wait_closed()
    assert reason is not None
    assert reason.is_fatal


async def test_a_key_that_telegram_does_not_know(scene: Scene) -> None:
    """-404 on the transport (https://core.telegram.org/mtproto/mtproto-transports#transport-errors)."""
    scene.sandbox.faults.transport(404, user=scene.me)
    client = scene.make(scene.store, scene.inbox)
    with pytest.raises(TelegramError) as caught:
        await client.connect()
    assert (caught.value.code, caught.value.is_fatal) == ("AUTH_KEY_NOT_FOUND", True)


async def test_too_many_connections_are_no_reason_to_give_up(scene: Scene) -> None:
    scene.sandbox.faults.transport(429, user=scene.me)
    client = scene.make(scene.store, scene.inbox)
    with pytest.raises(TelegramError) as caught:
        await client.connect()
    assert (caught.value.code, caught.value.is_fatal) == ("TRANSPORT_FLOOD", False)


async def test_another_accounts_key_is_not_used(scene: Scene, sign_in) -> None:
    other = await sign_in(OTHER)
    scene.store.account = type(other)(other.key, scene.me, 0, scene.store.checkpoint)
    client = scene.make(scene.store, scene.inbox)
    with pytest.raises(TelegramError) as caught:
        await client.connect()
    assert (caught.value.code, caught.value.is_fatal) == ("ACCOUNT_MISMATCH", True)


# --- the lease -------------------------------------------------------------------------------------------------------


async def test_nothing_is_connected_without_leave(scene: Scene) -> None:
    client = scene.make(scene.store, scene.inbox, allowed=lambda: False)
    with pytest.raises(TelegramError) as caught:
        await client.connect()
    assert caught.value.code == "CONNECTION_REFUSED_BY_LEASE"
    assert not scene.sandbox.connections


async def test_leave_that_ends_closes_the_connection_before_the_next_packet(scene: Scene) -> None:
    allowed = True
    client = await scene.connect(allowed=lambda: allowed)
    [_ async for _ in client.dialogs.pages()]
    allowed = False
    with pytest.raises(TelegramError) as caught:
        await client.messages.send(scene.friend, "late", 91)
    assert caught.value.code == "CONNECTION_REFUSED_BY_LEASE"
    reason = await client.wait_closed()
    assert reason is not None
    assert reason.code == "CONNECTION_REFUSED_BY_LEASE"
    assert all(not m["out"] for m in scene.world.snapshot(scene.me)[scene.friend])


async def test_a_thread_can_close_the_socket(scene: Scene) -> None:
    client = await scene.connect()
    thread = threading.Thread(target=client.abort)
    thread.start()
    reason = await client.wait_closed()
    thread.join()
    assert reason is not None
    assert reason.code == "CONNECTION_LOST"


async def test_pings_keep_the_connection_and_their_end_closes_it(scene: Scene) -> None:
    """ping_delay_disconnect: the data centre closes what has stopped pinging
    (https://core.telegram.org/mtproto/service_messages#deferred-connection-closure--ping)."""
    client = await scene.connect(pings=Pings(every=0.05, disconnect=1, patience=5))
    before = client.last_received
    await until(lambda: client.last_received > before)
    client._link.connected._pinger.stop()  # a process that is frozen
    reason = await client.wait_closed()
    assert reason is not None
    assert reason.code == "CONNECTION_LOST"


async def test_pings_of_a_quiet_connection_are_all_that_it_sends(scene: Scene) -> None:
    """They go past Telethon's queues, and neither they nor their pongs are acknowledged."""
    client = await scene.connect(pings=Pings(every=0.05, disconnect=5, patience=5))
    wire = client._link.connected
    await client.caught_up()
    await until(lambda: wire._last_ping and not wire._pending_ack)
    first, count = wire._last_ping, wire._state._sequence
    await until(lambda: wire._last_ping > first)
    assert wire._state._sequence == count


@pytest.mark.parametrize("wrong", [{"salt": 0}, {"time_offset": 1000}, {"time_offset": -1000}])
async def test_a_ping_that_is_refused_goes_out_once_more(scene: Scene, wrong: dict[str, int]) -> None:
    """Two lost in a row would be one too many: Telegram would close the connection
    (https://core.telegram.org/mtproto/service_messages_about_messages#notice-of-ignored-error-message)."""
    client = await scene.connect(pings=Pings(every=60, disconnect=70, patience=100))
    wire = client._link.connected
    await client.caught_up()
    await until(lambda: not wire._pending_state)
    wire._pending_ack.clear()
    wire._state._last_msg_id = 0
    for name, value in wrong.items():
        setattr(wire._state, name, value)
    before = wire._pinger._last_pong
    wire._send_ping()
    assert wire._last_ping
    await until(lambda: wire._pinger._last_pong > before)


async def test_without_pongs_we_close_it_ourselves(scene: Scene) -> None:
    client = await scene.connect(pings=Pings(every=0.05, disconnect=60, patience=0.3))
    scene.sandbox.faults.freeze(user=scene.me)
    reason = await client.wait_closed()
    assert reason is not None
    assert reason.code == "SOCKET_DEAD"


async def test_a_client_that_has_ended_is_freed_at_once(scene: Scene, network: Network) -> None:
    """With the thousands of access hashes that it knows: the garbage collector looks at old objects rarely."""
    client = build(network, scene.store, scene.inbox)
    await client.connect()
    await client.caught_up()
    await client.disconnect()
    freed = [weakref.ref(part) for part in (client, client.messages, client._context.hashes, client._link.stream)]
    gc.disable()
    try:
        del client
        await asyncio.sleep(0)  # callbacks of what has just ended
        assert [part() for part in freed] == [None] * len(freed)
    finally:
        gc.enable()
