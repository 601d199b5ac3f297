"""messages.searchGlobal. https://core.telegram.org/method/messages.searchGlobal"""

from typing import Any

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Refused, meet, texts


def search(q: str, **more: Any) -> functions.messages.SearchGlobalRequest:
    wanted = {"filter": types.InputMessagesFilterEmpty(), "offset_peer": types.InputPeerEmpty(), "limit": 10, **more}
    return functions.messages.SearchGlobalRequest(q, min_date=None, max_date=None, offset_rate=0, offset_id=0, **wanted)


class TestSearchGlobal:
    async def test_in_every_chat_of_the_list(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        world = sandbox.world
        group = world.create_group(bob.id, "G", [ann.id])
        room = world.create_channel(bob.id, "Room")
        news = world.create_channel(bob.id, "News", kind="channel")
        foreign = world.create_channel(bob.id, "Foreign", username="foreign_room")
        for channel in (room, news):
            world.add_user(channel, ann.id)
        for place, peer in enumerate((ann.id, group, room, news, foreign, cem.id)):
            world.send(bob.id, peer, f"the needle {place}")
        found = await ann(search("needle"))
        assert sorted(texts(found.messages)) == [f"the needle {place}" for place in range(4)]
        assert {chat.title for chat in found.chats} == {"G", "Room", "News"}
        kinds = {"users_only": [0], "groups_only": [1, 2], "broadcasts_only": [3]}
        for kind, places in kinds.items():
            only = await ann(search("needle", **{kind: True}))
            assert sorted(texts(only.messages)) == [f"the needle {place}" for place in places]
        await ann(functions.folders.EditPeerFoldersRequest([types.InputFolderPeer(ann.peer(bob.id), 1)]))
        assert texts((await ann(search("needle", folder_id=1))).messages) == ["the needle 0"]

    async def test_page_by_page(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        for number in range(7):
            sandbox.world.send((bob, cem)[number % 2].id, ann.id, f"needle {number}")
        pages = [each.text async for each in ann.client.iter_messages(None, search="needle")]
        assert sorted(pages) == [f"needle {number}" for number in range(7)]
        first = await ann(search("needle", limit=3))
        assert (first.count, len(first.messages), first.next_rate is not None) == (7, 3, True)
        seen, page = list(first.messages), first
        while page.next_rate:
            last = page.messages[-1]
            more = search("needle", limit=3, offset_peer=ann.peer(last.peer_id.user_id))
            more.offset_rate, more.offset_id = page.next_rate, last.id
            page = await ann(more)
            seen += page.messages
        assert sorted(texts(seen)) == [f"needle {number}" for number in range(7)]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        assert await refused(ann(search(" "))) == "SEARCH_QUERY_EMPTY"
        assert await refused(ann(search("x", folder_id=5))) == "FOLDER_ID_INVALID"
        pinned = types.InputMessagesFilterPinned()
        assert await refused(ann(search("x", filter=pinned))) == "INPUT_FILTER_INVALID"
        assert (await ann(search("", filter=types.InputMessagesFilterPhotos()))).messages == []
