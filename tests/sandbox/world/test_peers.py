"""Access hashes and what one account sees of others. https://core.telegram.org/api/peers"""

import random
from datetime import UTC, datetime

import pytest
from telethon.tl import types

from sandbox.errors import RpcError
from sandbox.store import Store
from sandbox.world.accounts import Account, Accounts, Contact
from sandbox.world.boxes import MessageBoxes
from sandbox.world.chats import Chats
from sandbox.world.peers import Peers, marked_channel, peer
from sandbox.world.posts import Post

NOW = 1_700_000_000


class Scene:
    """Two accounts who do not know each other, a group and a public channel of the first."""

    def __init__(self) -> None:
        store, rng = Store(None), random.Random(1)
        self.accounts = Accounts(store, lambda: NOW, rng)
        self.chats = Chats(store, lambda: NOW, rng)
        self.boxes = MessageBoxes(store, lambda: NOW)
        self.peers = Peers(b"secret", self.accounts, self.chats, self.boxes)
        self.chats.access_hash = self.peers.access_hash
        self.anna = self.accounts.create("491511234567", "Anna", "Ba", username="anna_b")
        self.bob = self.accounts.create("491511234568", "Robert", user_id=77)
        self.group = self.chats.create("group", "Group", self.anna.user_id).marked
        self.channel = self.chats.create("channel", "Channel", self.anna.user_id, bare_id=77).marked
        self.chats.set_username(self.chats[self.channel], "the_channel")

    def refused(self, viewer: Account, given: object, **options: str) -> str:
        with pytest.raises(RpcError) as caught:
            self.peers.resolve(viewer, given, **options)
        assert caught.value.code == 400
        return caught.value.message


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_hashes_belong_to_viewer_and_peer(scene: Scene) -> None:
    hashes = {scene.peers.access_hash(viewer, target) for viewer in (1, 2) for target in (3, marked_channel(3))}
    assert len(hashes) == 4
    assert all(-(2**63) <= each < 2**63 and each for each in hashes)
    again = Peers(b"secret", scene.accounts, scene.chats, scene.boxes)
    assert again.access_hash(1, 3) == scene.peers.access_hash(1, 3)
    other_world = Peers(b"other", scene.accounts, scene.chats, scene.boxes)
    assert other_world.access_hash(1, 3) != scene.peers.access_hash(1, 3)


def test_input_peers_lead_back_to_their_marked_ids(scene: Scene) -> None:
    anna, peers = scene.anna, scene.peers
    for marked in (anna.user_id, scene.bob.user_id, scene.group, scene.channel):
        assert peers.resolve(anna, peers.input_peer(anna.user_id, marked)) == marked
    assert peers.resolve(anna, types.InputUserSelf()) == anna.user_id
    named = types.InputUser(scene.bob.user_id, peers.access_hash(anna.user_id, scene.bob.user_id))
    assert peers.resolve_user(anna, named) is scene.bob


def test_a_user_and_a_channel_of_the_same_number_are_told_apart(scene: Scene) -> None:
    assert peer(77) == types.PeerUser(77)
    assert peer(scene.channel) == types.PeerChannel(77)
    assert peer(scene.group) == types.PeerChat(-scene.group)
    hashes = [scene.peers.access_hash(scene.anna.user_id, each) for each in (77, scene.channel)]
    assert hashes[0] != hashes[1]


def test_wrong_hashes_and_unknown_peers_are_refused(scene: Scene) -> None:
    """https://core.telegram.org/api/errors#400-bad-request"""
    anna, bob = scene.anna, scene.bob
    foreign = scene.peers.access_hash(anna.user_id, anna.user_id)
    assert scene.refused(bob, types.InputPeerUser(anna.user_id, foreign)) == "PEER_ID_INVALID"
    assert scene.refused(bob, types.InputUser(anna.user_id, 0)) == "USER_ID_INVALID"
    assert scene.refused(bob, types.InputUser(1, 1), error="CONTACT_ID_INVALID") == "CONTACT_ID_INVALID"
    assert scene.refused(bob, types.InputPeerChat(1)) == "PEER_ID_INVALID"
    assert scene.refused(bob, types.InputPeerChat(-5)) == "PEER_ID_INVALID"
    assert scene.refused(bob, types.InputPeerChannel(77, 1)) == "CHANNEL_INVALID"
    assert scene.refused(bob, types.InputChannelEmpty()) == "PEER_ID_INVALID"
    assert scene.refused(bob, types.InputPeerEmpty()) == "PEER_ID_INVALID"
    with pytest.raises(RpcError, match="USER_ID_INVALID"):
        scene.peers.resolve_user(anna, scene.peers.input_peer(anna.user_id, scene.group))


def test_the_author_of_a_message_needs_no_hash(scene: Scene) -> None:
    """https://core.telegram.org/api/min: inputPeerUserFromMessage names whoever wrote a message that one has."""
    anna, bob, number = scene.anna, scene.bob, 1
    scene.boxes.add(Post(0, bob.user_id, scene.group, NOW, "hello"), [anna.user_id, bob.user_id])
    group = types.InputPeerChat(-scene.group)
    assert scene.peers.resolve(anna, types.InputPeerUserFromMessage(group, number, bob.user_id)) == bob.user_id
    assert scene.peers.resolve_user(anna, types.InputUserFromMessage(group, number, bob.user_id)) is bob
    assert scene.refused(anna, types.InputPeerUserFromMessage(group, number, anna.user_id)) == "MSG_ID_INVALID"
    assert scene.refused(anna, types.InputPeerUserFromMessage(group, number + 1, bob.user_id)) == "MSG_ID_INVALID"
    channel = scene.peers.input_peer(anna.user_id, scene.channel)
    assert scene.refused(anna, types.InputPeerUserFromMessage(channel, number, bob.user_id)) == "MSG_ID_INVALID"


def test_strangers_see_no_phone(scene: Scene) -> None:
    seen = scene.peers.user(scene.bob.user_id, scene.anna.user_id)
    assert (seen.first_name, seen.last_name, seen.username, seen.phone) == ("Anna", "Ba", "anna_b", None)
    assert not (seen.contact)
    assert not (seen.mutual_contact)
    assert not (seen.is_self)
    assert seen.status is None


def test_one_sees_oneself_whole(scene: Scene) -> None:
    seen = scene.peers.user(scene.anna.user_id, scene.anna.user_id)
    assert (seen.is_self, seen.phone) == (True, "491511234567")


def test_contacts_bear_the_saved_name_and_show_their_phone(scene: Scene) -> None:
    anna, bob, peers = scene.anna, scene.bob, scene.peers
    scene.accounts.add_contact(anna, bob.user_id, Contact("Bobby", "", ""))
    seen = peers.user(anna.user_id, bob.user_id)
    assert (seen.first_name, seen.contact, seen.mutual_contact) == ("Bobby", True, None)
    assert seen.phone is None, "added without a number: it stays unknown until Bob adds Anna"
    assert peers.user(bob.user_id, anna.user_id).phone == anna.phone
    scene.accounts.add_contact(bob, anna.user_id, Contact("Anni", "", anna.phone))
    seen = peers.user(anna.user_id, bob.user_id)
    assert (seen.phone, seen.mutual_contact) == (bob.phone, True)


def test_who_knows_the_number_sees_it(scene: Scene) -> None:
    scene.accounts.add_contact(scene.anna, scene.bob.user_id, Contact("Bobby", "", scene.bob.phone))
    assert scene.peers.user(scene.anna.user_id, scene.bob.user_id).phone == scene.bob.phone


def test_status(scene: Scene) -> None:
    scene.accounts.set_online(scene.anna, True)
    assert isinstance(scene.peers.user(77, scene.anna.user_id).status, types.UserStatusOnline)
    scene.accounts.set_online(scene.anna, False)
    assert scene.peers.status(scene.anna, 77) == types.UserStatusOffline(datetime.fromtimestamp(NOW, UTC))


def test_minimal_deleted_and_unknown_users(scene: Scene) -> None:
    anna = scene.anna
    own = scene.peers.user(anna.user_id, anna.user_id, minimal=True)
    assert (own.min, own.phone) == (True, None)
    scene.accounts.delete(anna.user_id)
    gone = scene.peers.user(77, anna.user_id)
    assert (gone.deleted, gone.first_name, gone.phone) == (True, None, None)
    assert scene.peers.user(77, 1) == types.UserEmpty(1)


def test_entities_are_given_once_each(scene: Scene) -> None:
    anna = scene.anna.user_id
    users, chats = scene.peers.entities(anna, [77, scene.group, anna, 77, scene.channel, scene.group])
    assert [user.id for user in users] == [77, anna]
    assert [chat.id for chat in chats] == [-scene.group, 77]


def test_usernames_of_users_and_channels_are_one_name_space(scene: Scene) -> None:
    assert scene.peers.by_username("@ANNA_b") == scene.anna.user_id
    assert scene.peers.by_username("The_Channel") == scene.channel
    assert scene.peers.by_username("nobody_there") is None
