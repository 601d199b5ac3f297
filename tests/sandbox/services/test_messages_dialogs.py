"""The chat list: messages.getDialogs, getPeerDialogs, getPinnedDialogs and kin, driven by stock clients."""

from typing import Any

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Person, Refused, meet

pin = functions.messages.ToggleDialogPinRequest
mark = functions.messages.MarkDialogUnreadRequest
of_peers = functions.messages.GetPeerDialogsRequest


def dialogs(**given: Any) -> functions.messages.GetDialogsRequest:
    fields = {"offset_date": None, "offset_id": 0, "offset_peer": types.InputPeerEmpty(), "limit": 100, "hash": 0}
    return functions.messages.GetDialogsRequest(**{**fields, **given})


def crowd(sandbox: Sandbox, ann: Person, count: int) -> list[int]:
    """So many strangers who have written to Ann a minute after each other, the last one last."""
    world = sandbox.world
    users = [world.accounts.create(f"4915100{number:04}", f"User {number}").user_id for number in range(count)]
    for number, user_id in enumerate(users):
        world.boxes.box(ann.id).posts[world.send(user_id, ann.id, f"hello {number}")].date = 1_700_000_000 + 60 * number
    return users


class TestGetDialogs:
    """https://core.telegram.org/method/messages.getDialogs"""

    async def test_what_a_row_says(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        for text in ("one", "two", "three"):
            world.send(bob.id, ann.id, text)
        world.send(ann.id, bob.id, "four")
        world.read(ann.id, bob.id, 1)
        world.read(bob.id, ann.id)
        room = world.create_channel(bob.id, "Super")
        world.add_user(room, ann.id)
        world.send(bob.id, room, "in the room")
        found = await ann(dialogs())
        assert isinstance(found, types.messages.Dialogs)
        bob_row = next(row for row in found.dialogs if isinstance(row.peer, types.PeerUser))
        room_row = next(row for row in found.dialogs if isinstance(row.peer, types.PeerChannel))
        assert (bob_row.top_message, bob_row.read_inbox_max_id, bob_row.read_outbox_max_id) == (4, 1, 4)
        assert (bob_row.unread_count, bob_row.pts) == (2, None)
        assert (room_row.top_message, room_row.read_inbox_max_id, room_row.unread_count) == (3, 1, 2)
        assert room_row.pts == world.boxes.box(room).pts
        assert {message.message for message in found.messages} == {"in the room", "four"}
        assert {chat.title for chat in found.chats} == {"Super"}

    async def test_pages_give_every_chat_once(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        users = crowd(sandbox, ann, 130)
        # The same date all over a page's end must not lose anybody.
        for user_id in users[20:40]:
            dialog = sandbox.world.boxes.box(ann.id).dialogs[user_id]
            sandbox.world.boxes.box(ann.id).posts[dialog.ids[-1]].date = 1_700_002_000
        seen = [dialog.id async for dialog in ann.client.iter_dialogs()]
        assert sorted(seen) == sorted(users)
        first = await ann(dialogs(limit=50))
        assert (type(first), first.count, len(first.dialogs)) == (types.messages.DialogsSlice, 130, 50)
        pages: list[int] = []
        last: Any = None
        while last is None or len(last.dialogs) == 7:
            given: dict[str, Any] = {"limit": 7}
            if last is not None:
                peer = ann.peer(last.dialogs[-1].peer.user_id)
                given |= {"offset_date": last.messages[-1].date, "offset_id": last.messages[-1].id, "offset_peer": peer}
            last = await ann(dialogs(**given))
            pages += [dialog.peer.user_id for dialog in last.dialogs]
        assert pages == seen

    async def test_pages_that_end_among_the_pinned(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        users = crowd(sandbox, ann, 8)
        for user_id in users[2:5]:
            await ann(pin(types.InputDialogPeer(ann.peer(user_id)), pinned=True))
        pages: list[int] = []
        given: dict[str, Any] = {"limit": 2}
        while (last := await ann(dialogs(**given))).dialogs:
            pages += [dialog.peer.user_id for dialog in last.dialogs]
            top = next(each for each in last.messages if each.id == last.dialogs[-1].top_message)
            given |= {"offset_date": top.date, "offset_id": top.id, "offset_peer": ann.peer(pages[-1])}
        assert pages == [users[number] for number in (4, 3, 2, 7, 6, 5, 1, 0)]
        given = {"limit": 9, "offset_date": 1_700_000_000 + 60 * 4, "offset_peer": ann.peer(users[4])}
        rest = await ann(dialogs(**given, exclude_pinned=True))
        assert [dialog.peer.user_id for dialog in rest.dialogs] == [users[number] for number in (7, 6, 5, 1, 0)]

    async def test_pinned_ones_come_first(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        users = crowd(sandbox, ann, 6)
        for user_id in users[:2]:
            await ann(pin(types.InputDialogPeer(ann.peer(user_id)), pinned=True))
        found = await ann(dialogs())
        expected = [users[1], users[0], *reversed(users[2:])]
        assert [dialog.peer.user_id for dialog in found.dialogs] == expected
        assert [dialog.pinned for dialog in found.dialogs] == [True, True, False, False, False, False]
        without = await ann(dialogs(exclude_pinned=True))
        assert [dialog.peer.user_id for dialog in without.dialogs] == expected[2:]
        assert (await ann(dialogs(folder_id=1))).dialogs == []

    async def test_who_left_a_channel_has_it_no_more(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        world = sandbox.world
        room = world.create_channel(bob.id, "Super", username="left_room")
        world.add_user(room, ann.id)
        assert len((await ann(dialogs())).dialogs) == 1
        world.leave(ann.id, room)
        assert (await ann(dialogs())).dialogs == []

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        stranger = types.InputPeerUser(bob.id, 1)
        assert await refused(ann(dialogs(offset_peer=stranger))) == "OFFSET_PEER_ID_INVALID"
        assert await refused(ann(dialogs(folder_id=5))) == "FOLDER_ID_INVALID"
        assert await refused(ann(dialogs(offset_peer=types.InputPeerChat(3)))) == "OFFSET_PEER_ID_INVALID"


class TestGetPeerDialogs:
    """https://core.telegram.org/method/messages.getPeerDialogs"""

    async def test_with_the_state(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, ann.id, "one")
        found = await ann(of_peers([types.InputDialogPeer(ann.peer(bob.id))]))
        assert (found.dialogs[0].unread_count, found.state.pts, found.state.unread_count) == (1, 2, 1)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        private = sandbox.world.create_channel(bob.id, "Private")
        for peer, error in (
            (types.InputDialogPeer(types.InputPeerUser(bob.id, 1)), "PEER_ID_INVALID"),
            (types.InputDialogPeer(ann.peer(private)), "CHANNEL_PRIVATE"),
            (types.InputDialogPeer(types.InputPeerChat(1)), "PEER_ID_INVALID"),
        ):
            assert await refused(ann(of_peers([peer]))) == error


class TestMarks:
    """https://core.telegram.org/method/messages.toggleDialogPin, .../messages.markDialogUnread"""

    async def test_other_sessions_are_told(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        (other,) = await meet(sandbox, client_for, 1)
        sandbox.world.send(bob.id, ann.id, "one")
        here = types.InputDialogPeer(ann.peer(bob.id))
        await ann(pin(here, pinned=True))
        await ann(mark(here, unread=True))
        assert (await other.heard(types.UpdateDialogPinned))[0].pinned is True
        assert (await other.heard(types.UpdateDialogUnreadMark))[0].unread is True
        marks = functions.messages.GetDialogUnreadMarksRequest
        assert [one.peer for one in await ann(marks())] == [types.PeerUser(bob.id)]
        pinned = await ann(functions.messages.GetPinnedDialogsRequest(0))
        assert (pinned.dialogs[0].peer, pinned.dialogs[0].unread_mark) == (types.PeerUser(bob.id), True)
        await ann(pin(here))
        assert (await ann(functions.messages.GetPinnedDialogsRequest(0))).dialogs == []
        await ann(mark(here))
        assert await ann(marks()) == []

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        users = crowd(sandbox, ann, 6)
        for user_id in users[:5]:
            await ann(pin(types.InputDialogPeer(ann.peer(user_id)), pinned=True))
        sixth = types.InputDialogPeer(ann.peer(users[5]))
        assert await refused(ann(pin(sixth, pinned=True))) == "PINNED_DIALOGS_TOO_MUCH"
        empty = types.InputDialogPeer(ann.peer(bob.id))
        assert await refused(ann(pin(empty, pinned=True))) == "PEER_HISTORY_EMPTY"
        nowhere = types.InputDialogPeer(types.InputPeerChat(1))
        for unknown in (nowhere, empty):
            assert await refused(ann(mark(unknown, unread=True))) == "PEER_ID_INVALID"
        get_pinned = functions.messages.GetPinnedDialogsRequest
        assert await refused(ann(get_pinned(7))) == "FOLDER_ID_INVALID"


async def test_settings_and_folders(sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
    """https://core.telegram.org/method/messages.getPeerSettings, .../messages.getDialogFilters"""
    ann, bob = await meet(sandbox, client_for)
    settings = functions.messages.GetPeerSettingsRequest
    sandbox.world.accounts.remove_contact(sandbox.world.accounts[ann.id], bob.id)
    assert (await ann(settings(ann.peer(bob.id)))).settings.add_contact is True
    assert (await ann(settings(types.InputPeerSelf()))).settings.add_contact is False
    assert await refused(ann(settings(types.InputPeerUser(bob.id, 1)))) == "PEER_ID_INVALID"
    assert (await ann(functions.messages.GetDialogFiltersRequest())).filters == [types.DialogFilterDefault()]
