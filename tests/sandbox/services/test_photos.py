"""photos.getUserPhotos, and what else there is nothing of. https://core.telegram.org/method/photos.getUserPhotos"""

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Refused, meet

photos = functions.photos.GetUserPhotosRequest


async def test_nobody_has_any(sandbox: Sandbox, client_for: ClientFor) -> None:
    ann, bob = await meet(sandbox, client_for)
    found = await ann(photos(ann.user(bob.id), 0, 0, 10))
    assert (found.photos, [user.id for user in found.users]) == ([], [bob.id])
    assert await ann.client.get_profile_photos(ann.peer(bob.id)) == []


async def test_wrong_uses(sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
    ann, bob = await meet(sandbox, client_for)
    assert await refused(ann(photos(types.InputUser(bob.id, 1), 0, 0, 10))) == "USER_ID_INVALID"
    assert await refused(ann(photos(types.InputUser(5, 5), 0, 0, 10))) == "USER_ID_INVALID"
    assert await refused(ann(photos(ann.user(bob.id), 0, -1, 10))) == "MAX_ID_INVALID"
    assert await refused(ann(photos(ann.user(bob.id), 0, 0, -1))) == "LIMIT_INVALID"


async def test_no_stories_and_no_stars(sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
    ann, bob = await meet(sandbox, client_for)
    there = ann.peer(bob.id)
    assert (await ann(functions.stories.GetPeerStoriesRequest(there))).stories.stories == []
    assert (await ann(functions.stories.GetAllStoriesRequest())).peer_stories == []
    assert (await ann(functions.stories.GetPinnedStoriesRequest(there, 0, 5))).count == 0
    assert (await ann(functions.payments.GetStarsStatusRequest(types.InputPeerSelf()))).balance.amount == 0
    wrong = types.InputPeerUser(bob.id, 1)
    assert await refused(ann(functions.stories.GetPeerStoriesRequest(wrong))) == "PEER_ID_INVALID"
