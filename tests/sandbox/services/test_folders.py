"""folders.editPeerFolders: the archive. https://core.telegram.org/api/folders#peer-folders"""

from typing import Any

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Person, Refused, meet


def move(person: Person, folder: int, *peers: int) -> functions.folders.EditPeerFoldersRequest:
    places = [types.InputFolderPeer(person.peer(peer), folder) for peer in peers]
    return functions.folders.EditPeerFoldersRequest(places)


async def listed(person: Person, folder: int | None) -> list[int]:
    dialogs: list[Any] = await person.client.get_dialogs(folder=folder)
    return [each.id for each in dialogs]


class TestEditPeerFolders:
    async def test_into_the_archive_and_back(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        phone = Person(sandbox, await client_for("9996620000"), ann.id)
        for other in (bob, cem):
            sandbox.world.send(other.id, ann.id, "hello")
        pinned = types.InputDialogPeer(ann.peer(bob.id))
        await ann(functions.messages.ToggleDialogPinRequest(pinned, pinned=True))
        before = (await ann(functions.updates.GetStateRequest())).pts
        (update,) = (await ann(move(ann, 1, bob.id))).updates
        assert update.folder_peers == [types.FolderPeer(types.PeerUser(bob.id), 1)]
        assert (update.pts, update.pts_count) == (before + 1, 1)
        assert await phone.heard(types.UpdateFolderPeers) == [update]
        assert (await listed(ann, 0), await listed(ann, 1)) == ([cem.id], [bob.id])
        assert set(await listed(ann, None)) == {bob.id, cem.id}
        (archived,) = await ann.client.get_dialogs(folder=1)
        assert (archived.archived, archived.pinned) == (True, False)
        await ann(move(ann, 0, bob.id))
        assert await listed(ann, 1) == []

    async def test_the_archive_stands_in_the_main_list(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        pinned = functions.messages.GetPinnedDialogsRequest(0)
        assert (await ann(pinned)).dialogs == []
        sandbox.world.send(bob.id, ann.id, "hello")
        await ann(move(ann, 1, bob.id))
        found = await ann(pinned)
        (archive,) = found.dialogs
        assert [user.id for user in found.users] == [bob.id]
        assert (archive.folder.id, archive.peer, archive.top_message) == (1, types.PeerUser(bob.id), 1)
        assert (archive.unread_unmuted_peers_count, archive.unread_unmuted_messages_count) == (1, 1)
        named = functions.messages.GetPeerDialogsRequest([types.InputDialogPeerFolder(1)])
        assert (await ann.client._sender.send(named)).dialogs == [archive]  # which Telethon's casts do not know

    async def test_a_client_that_was_away_learns_of_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        sandbox.world.send(bob.id, ann.id, "hello")
        state = await ann(functions.updates.GetStateRequest())
        (update,) = (await ann(move(ann, 1, bob.id))).updates
        missed = await ann(functions.updates.GetDifferenceRequest(state.pts, state.date, 0))
        assert missed.other_updates == [update]
        assert [user.id for user in missed.users] == [bob.id]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        sandbox.world.send(bob.id, ann.id, "hello")
        assert await refused(ann(move(ann, 5, bob.id))) == "FOLDER_ID_INVALID"
        assert await refused(ann(move(ann, 1, cem.id))) == "CHAT_ID_INVALID"
        wrong = types.InputFolderPeer(types.InputPeerUser(bob.id, 1), 1)
        assert await refused(ann(functions.folders.EditPeerFoldersRequest([wrong]))) == "PEER_ID_INVALID"
        private = sandbox.world.create_channel(cem.id, "Private")
        assert await refused(ann(move(ann, 1, private))) == "CHANNEL_PRIVATE"
