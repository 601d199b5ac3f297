"""users.*, each driven by a stock client."""

from collections.abc import Awaitable, Callable

from telethon import TelegramClient
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.accounts import SERVICE_USER_ID, Contact

ClientFor = Callable[..., Awaitable[TelegramClient]]
Refused = Callable[..., Awaitable[str]]

PHONE, OTHER_PHONE = "491511234567", "491511234568"


class TestGetUsers:
    """https://core.telegram.org/method/users.getUsers"""

    async def test_oneself_and_others(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), await (await client_for(OTHER_PHONE)).get_me()
        me = await client.get_me()
        access_hash = sandbox.world.peers.access_hash(me.id, other.id)
        users = await client(
            functions.users.GetUsersRequest([types.InputUser(other.id, access_hash), types.InputUserSelf()])
        )
        assert [user.id for user in users] == [other.id, me.id]
        assert (users[0].phone, users[0].access_hash, users[0].is_self) == (None, access_hash, False)
        assert (users[1].phone, users[1].is_self) == (PHONE, True)

    async def test_a_contact_needs_no_hash(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), await (await client_for(OTHER_PHONE)).get_me()
        accounts = sandbox.world.accounts
        accounts.add_contact(accounts[(await client.get_me()).id], other.id, Contact("Bobby"))
        assert (await client.get_entity(types.PeerUser(other.id))).first_name == "Bobby"

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), await (await client_for(OTHER_PHONE)).get_me()
        foreign = sandbox.world.peers.access_hash(other.id, SERVICE_USER_ID)
        wrong = [types.InputUser(other.id, 0), types.InputUser(SERVICE_USER_ID, foreign), types.InputUser(1, 1)]
        users = await client(functions.users.GetUsersRequest(wrong))
        assert users == [types.UserEmpty(other.id), types.UserEmpty(SERVICE_USER_ID), types.UserEmpty(1)]
        assert await client(functions.users.GetUsersRequest([types.InputUserEmpty()])) == [types.UserEmpty(0)]


class TestGetFullUser:
    """https://core.telegram.org/method/users.getFullUser"""

    async def test_a_stranger_and_oneself(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), await (await client_for(OTHER_PHONE)).get_me()
        world, me = sandbox.world, await client.get_me()
        world.accounts[other.id].about = "Builds."
        group = world.chats.create("group", "Both", me.id)
        world.chats.add_member(group, other.id, me.id)
        full = await client(functions.users.GetFullUserRequest(world.peers.input_peer(me.id, other.id)))
        assert (full.full_user.id, full.full_user.about, full.full_user.common_chats_count) == (other.id, "Builds.", 1)
        assert (full.full_user.settings.add_contact, full.full_user.blocked) == (True, False)
        assert [user.id for user in full.users] == [other.id]
        own = await client(functions.users.GetFullUserRequest(types.InputUserSelf()))
        assert (own.full_user.id, own.full_user.settings.add_contact) == (me.id, False)

    async def test_wrong_uses(self, client_for: ClientFor, refused: Refused) -> None:
        client, other = await client_for(PHONE), await (await client_for(OTHER_PHONE)).get_me()
        full = functions.users.GetFullUserRequest
        assert await refused(client(full(types.InputUser(other.id, 1)))) == "USER_ID_INVALID"
        assert await refused(client(full(types.InputUser(1, 0)))) == "USER_ID_INVALID"
        assert await refused(client(full(types.InputUserEmpty()))) == "USER_ID_INVALID"
