"""messages.getHistory, getMessages and search, driven by stock clients."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.services.answers import page
from tests.sandbox.people import ClientFor, Person, Refused, meet, texts

search = functions.messages.SearchRequest


def history(peer: Any, **given: Any) -> functions.messages.GetHistoryRequest:
    fields = {"offset_id": 0, "offset_date": None, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0}
    return functions.messages.GetHistoryRequest(peer, **{**fields, **given})


def looking(peer: Any, words: str, **given: Any) -> functions.messages.SearchRequest:
    fields: dict[str, Any] = {
        "filter": types.InputMessagesFilterEmpty(), "min_date": None, "max_date": None, "offset_id": 0,
        "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0,
    }  # fmt: skip
    return search(peer, words, **{**fields, **given})


async def ids(person: Person, peer: Any, **given: Any) -> list[int]:
    return [message.id for message in (await person(history(peer, **given))).messages]


class TestGetHistory:
    """https://core.telegram.org/method/messages.getHistory"""

    async def test_pages(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        for number in range(1, 131):
            sandbox.world.send(bob.id, ann.id, str(number))
        peer = ann.peer(bob.id)
        first = await ann(history(peer, limit=500))
        assert isinstance(first, types.messages.MessagesSlice)
        assert ([message.id for message in first.messages], first.count) == (list(range(130, 30, -1)), 130)
        rest = await ann(history(peer, offset_id=31))
        assert ([message.id for message in rest.messages], rest.offset_id_offset) == (list(range(30, 0, -1)), 100)
        assert await ids(ann, peer, limit=0) == list(range(130, 110, -1))
        assert await ids(ann, peer, offset_id=31, limit=3) == [30, 29, 28]
        assert await ids(ann, peer, offset_id=31, limit=3, add_offset=2) == [28, 27, 26]
        assert await ids(ann, peer, offset_id=31, limit=3, add_offset=-3) == [33, 32, 31]
        assert await ids(ann, peer, offset_id=131, limit=4, add_offset=-2) == [130, 129]
        # max_id and min_id only cut what the page holds: https://core.telegram.org/api/offsets
        assert await ids(ann, peer, limit=5, min_id=127) == [130, 129, 128]
        assert await ids(ann, peer, limit=5, max_id=128) == [127, 126]
        assert await ids(ann, peer, limit=5, max_id=50) == []
        assert texts([message async for message in ann.client.iter_messages(peer)]) == [
            str(number) for number in range(130, 0, -1)
        ]

    async def test_all_of_it_is_no_slice(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, ann.id, "only one")
        whole = await ann(history(ann.peer(bob.id)))
        assert isinstance(whole, types.messages.Messages)
        assert [user.id for user in whole.users] == [bob.id]

    async def test_a_channels_history_bears_its_pts(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        room = sandbox.world.create_channel(bob.id, "Public", username="public_room")
        sandbox.world.send(bob.id, room, "for all to read")
        found = await ann(history(ann.peer(room)))
        assert isinstance(found, types.messages.ChannelMessages)
        assert (found.pts, found.count, found.messages[0].message) == (3, 2, "for all to read")
        assert isinstance(found.messages[1].action, types.MessageActionChannelCreate)

    async def test_by_date(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        for text in "abcd":
            sandbox.world.send(bob.id, ann.id, text)
        for number, post in sandbox.world.boxes.box(ann.id).posts.items():
            post.date = 1_700_000_000 + number * 60
        when = datetime.fromtimestamp(1_700_000_000 + 3 * 60, UTC)
        assert await ids(ann, ann.peer(bob.id), offset_date=when) == [2, 1]
        assert await ids(ann, ann.peer(bob.id), offset_date=when + timedelta(days=1)) == [4, 3, 2, 1]

    async def test_an_unchanged_page_is_not_sent_again(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        for text in "ab":
            sandbox.world.send(bob.id, ann.id, text)
        value = 0
        for part in (2, 0, 1, 0):  # ids and edit dates: https://core.telegram.org/api/offsets#hash-generation
            value ^= value >> 21
            value ^= (value << 35) & 0xFFFFFFFFFFFFFFFF
            value ^= value >> 4
            value = (value + part) & 0xFFFFFFFFFFFFFFFF
        value = value - (1 << 64) if value >= 1 << 63 else value
        found = await ann(history(ann.peer(bob.id), hash=value))
        assert (type(found), found.count) == (types.messages.MessagesNotModified, 2)
        assert len((await ann(history(ann.peer(bob.id), hash=value + 1))).messages) == 2

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        private = sandbox.world.create_channel(bob.id, "Private")
        for peer, error in (
            (types.InputPeerEmpty(), "PEER_ID_INVALID"),
            (types.InputPeerUser(bob.id, 1), "PEER_ID_INVALID"),
            (types.InputPeerChat(1), "PEER_ID_INVALID"),
            (types.InputPeerChannel(1, 1), "CHANNEL_INVALID"),
            (ann.peer(private), "CHANNEL_PRIVATE"),
        ):
            assert await refused(ann(history(peer))) == error


class TestGetMessages:
    """https://core.telegram.org/method/messages.getMessages"""

    async def test_by_id_and_by_reply(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, ann.id, "one")
        sandbox.world.send(bob.id, ann.id, "two", reply_to=1)
        wanted = [types.InputMessageID(2), types.InputMessageID(9), types.InputMessageReplyTo(2)]
        found = await ann(functions.messages.GetMessagesRequest(wanted))
        assert [message.id for message in found.messages] == [2, 9, 1]
        assert isinstance(found.messages[1], types.MessageEmpty)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        get = functions.messages.GetMessagesRequest
        assert await refused(ann(get([]))) == "MESSAGE_IDS_EMPTY"
        assert await refused(ann(get([types.InputMessageID(1)] * 101))) == "MESSAGE_IDS_TOO_MUCH"
        sandbox.world.create_channel(ann.id, "S")  # a channel's message 1 is not in the account's own box
        assert isinstance((await ann(get([types.InputMessageID(1)]))).messages[0], types.MessageEmpty)


class TestSearch:
    """https://core.telegram.org/method/messages.search"""

    async def test_words_and_senders(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        for author, text in ((ann, "Red apple"), (bob, "green APPLE"), (bob, "pear")):
            sandbox.world.send(author.id, group, text)
        peer = ann.peer(group)
        assert texts((await ann(looking(peer, "apple"))).messages) == ["green APPLE", "Red apple"]
        assert texts((await ann(looking(peer, "apple green"))).messages) == ["green APPLE"]
        assert texts((await ann(looking(peer, "", from_id=ann.peer(bob.id)))).messages) == ["pear", "green APPLE"]
        assert (await ann(looking(peer, "x", filter=types.InputMessagesFilterPhotos()))).messages == []
        assert (await ann(looking(peer, "apple", limit=0))).count == 2
        everywhere = await ann(looking(types.InputPeerEmpty(), "pear"))
        assert texts(everywhere.messages) == ["pear"]
        assert texts(await ann.client.get_messages(peer, search="pear")) == ["pear"]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        assert await refused(ann(looking(types.InputPeerEmpty(), ""))) == "SEARCH_QUERY_EMPTY"
        assert await refused(ann(looking(types.InputPeerUser(bob.id, 1), "x"))) == "PEER_ID_INVALID"
        stranger = types.InputPeerUser(bob.id, 1)
        assert await refused(ann(looking(ann.peer(group), "x", from_id=stranger))) == "PEER_ID_INVALID"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ([9, 7, 5, 3, 1], 0)),
        ({"offset_id": 6}, ([5, 3, 1], 2)),
        ({"offset_id": 5, "limit": 1}, ([3], 3)),
        ({"offset_id": 5, "limit": 2, "add_offset": -2}, ([7, 5], 1)),
        ({"offset_id": 5, "limit": 4, "add_offset": -9}, ([], 0)),
        ({"add_offset": 4}, ([1], 4)),
        ({"add_offset": 99}, ([], 99)),
    ],
)
def test_a_page(given: dict[str, int], expected: tuple[list[int], int]) -> None:
    """https://core.telegram.org/api/offsets"""
    assert page([1, 3, 5, 7, 9], **given) == expected
