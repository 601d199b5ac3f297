"""contacts.*, each driven by a stock client. https://core.telegram.org/api/contacts"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from telethon import TelegramClient, events
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.services.answers import list_hash
from sandbox.world.accounts import Account

ClientFor = Callable[..., Awaitable[TelegramClient]]
Refused = Callable[..., Awaitable[str]]

PHONE, OTHER_PHONE, THIRD_PHONE = "491511234567", "491511234568", "491511234569"


def phone_contact(number: int, phone: str, first: str = "Bobby", last: str = "") -> types.InputPhoneContact:
    return types.InputPhoneContact(number, phone, first, last)


def heard(client: TelegramClient, kind: type) -> asyncio.Future[Any]:
    """The next update of that kind."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def note(update: Any) -> None:
        if not future.done():
            future.set_result(update)

    client.add_event_handler(note, events.Raw(kind))
    return future


def bob(sandbox: Sandbox, **options: Any) -> Account:
    return sandbox.world.accounts.create(OTHER_PHONE, "Robert", "B", **options)


def named(sandbox: Sandbox, viewer: TelegramClient, account: Account) -> types.InputUser:
    """How the client names that account."""
    me = viewer._self_id
    assert me is not None
    return types.InputUser(account.user_id, sandbox.world.peers.access_hash(me, account.user_id))


class TestImportAndList:
    """https://core.telegram.org/method/contacts.importContacts
    https://core.telegram.org/method/contacts.getContacts"""

    async def test_known_and_unknown_numbers(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), bob(sandbox)
        second = await client_for(PHONE)
        told = heard(second, types.UpdatePeerSettings)
        request = functions.contacts.ImportContactsRequest(
            [phone_contact(10, "+" + OTHER_PHONE), phone_contact(11, THIRD_PHONE, "Later")]
        )
        result = await client(request)
        assert [(each.user_id, each.client_id) for each in result.imported] == [(other.user_id, 10)]
        assert [(user.first_name, user.phone, user.contact) for user in result.users] == [("Bobby", OTHER_PHONE, True)]
        assert (await asyncio.wait_for(told, 10)).peer == types.PeerUser(other.user_id)

        listed = await client(functions.contacts.GetContactsRequest(0))
        assert [(each.user_id, each.mutual) for each in listed.contacts] == [(other.user_id, False)]
        assert (listed.saved_count, [user.id for user in listed.users]) == (2, [other.user_id])

        third = sandbox.world.accounts.create(THIRD_PHONE, "Newcomer")
        listed = await client(functions.contacts.GetContactsRequest(0))
        assert {user.id: user.first_name for user in listed.users} == {other.user_id: "Bobby", third.user_id: "Later"}

    async def test_unchanged_lists_are_not_sent_again(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/api/offsets#hash-generation"""
        client, other = await client_for(PHONE), bob(sandbox)
        await client(functions.contacts.ImportContactsRequest([phone_contact(0, OTHER_PHONE)]))
        same = functions.contacts.GetContactsRequest(list_hash([1, other.user_id]))
        assert isinstance(await client(same), types.contacts.ContactsNotModified)
        assert isinstance(await client(functions.contacts.GetContactsRequest(5)), types.contacts.Contacts)

    def test_hash_by_the_documents_own_algorithm(self) -> None:
        """Worked by hand for one number: 0 stays 0 through the shifts, then the number is added."""
        assert list_hash([]) == 0
        assert list_hash([7]) == 7
        step = 7 ^ (7 >> 21)
        step ^= (step << 35) % 2**64
        step ^= step >> 4
        assert list_hash([7, 9]) == step + 9
        assert -(2**63) <= list_hash(range(5_000_000_000, 5_000_000_100)) < 2**63

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """What cannot be a contact is passed over without an error."""
        client = await client_for(PHONE)
        bob(sandbox)
        for wrong in (phone_contact(1, "nonsense"), phone_contact(2, ""), phone_contact(3, OTHER_PHONE, " ", "")):
            result = await client(functions.contacts.ImportContactsRequest([wrong]))
            assert (result.imported, result.users, result.retry_contacts) == ([], [], [])
        assert (await client(functions.contacts.GetContactsRequest(0))).contacts == []

    async def test_short_ids_only_in_get_contact_ids(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/method/contacts.getContactIDs"""
        client = await client_for(PHONE)
        bob(sandbox, user_id=4242)
        sandbox.world.accounts.create(THIRD_PHONE, "Long id")
        contacts = [phone_contact(0, OTHER_PHONE), phone_contact(1, THIRD_PHONE)]
        await client(functions.contacts.ImportContactsRequest(contacts))
        assert await client(functions.contacts.GetContactIDsRequest(0)) == [4242]

    async def test_statuses(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """https://core.telegram.org/method/contacts.getStatuses"""
        client, other = await client_for(PHONE), bob(sandbox)
        await client(functions.contacts.ImportContactsRequest([phone_contact(0, OTHER_PHONE)]))
        assert isinstance((await client(functions.contacts.GetStatusesRequest()))[0].status, types.UserStatusEmpty)
        sandbox.world.accounts.set_online(other, True)
        (status,) = await client(functions.contacts.GetStatusesRequest())
        assert (status.user_id, type(status.status)) == (other.user_id, types.UserStatusOnline)


class TestAddAndDelete:
    """https://core.telegram.org/method/contacts.addContact https://core.telegram.org/method/contacts.deleteContacts"""

    async def test_added_without_a_number_and_deleted(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), bob(sandbox)
        add = functions.contacts.AddContactRequest(named(sandbox, client, other), "Bobby", "Bee", "")
        added = await client(add)
        assert [type(update) for update in added.updates] == [types.UpdatePeerSettings]
        assert (added.users[0].first_name, added.users[0].contact, added.users[0].phone) == ("Bobby", True, None)
        await client(functions.contacts.DeleteContactsRequest([named(sandbox, client, other)]))
        deleted = await client(functions.contacts.DeleteContactsRequest([named(sandbox, client, other)]))
        assert (deleted.users[0].first_name, deleted.users[0].contact) == ("Robert", False)
        assert deleted.updates[0].settings.add_contact
        assert (await client(functions.contacts.GetContactsRequest(0))).contacts == []

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        client, other = await client_for(PHONE), bob(sandbox)
        add, delete = functions.contacts.AddContactRequest, functions.contacts.DeleteContactsRequest
        wrong = types.InputUser(other.user_id, 1)
        assert await refused(client(add(wrong, "Bobby", "", ""))) == "CONTACT_ID_INVALID"
        assert await refused(client(add(types.InputUserSelf(), "Me", "", ""))) == "CONTACT_ID_INVALID"
        assert await refused(client(add(named(sandbox, client, other), " ", "", ""))) == "CONTACT_NAME_EMPTY"
        assert await refused(client(delete([wrong]))) == "CONTACT_ID_INVALID"
        assert await refused(client(delete([types.InputUser(1, 1)]))) == "CONTACT_ID_INVALID"
        assert await refused(client(delete([types.InputUserEmpty()]))) == "CONTACT_ID_INVALID"


class TestResolve:
    """https://core.telegram.org/method/contacts.resolveUsername
    https://core.telegram.org/method/contacts.resolvePhone"""

    async def test_users_and_channels_by_name(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), bob(sandbox, username="bob_the_b")
        channel = sandbox.world.chats.create("channel", "News", other.user_id)
        sandbox.world.chats.set_username(channel, "bobs_news")
        found = await client.get_entity("@Bob_The_B")
        assert (found.id, found.phone) == (other.user_id, None)
        assert (await client.get_entity("bobs_news")).title == "News"

    async def test_by_phone(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), bob(sandbox)
        found = await client(functions.contacts.ResolvePhoneRequest("+" + OTHER_PHONE))
        assert (found.peer, found.users[0].id) == (types.PeerUser(other.user_id), other.user_id)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        client = await client_for(PHONE)
        name, phone = functions.contacts.ResolveUsernameRequest, functions.contacts.ResolvePhoneRequest
        for wrong in ("", "@bob_the_b", "1abcde", "a b c d"):
            assert await refused(client(name(wrong))) == "USERNAME_INVALID"
        assert await refused(client(name("nobody_there"))) == "USERNAME_NOT_OCCUPIED"
        for number in ("", "491511234500", "nonsense"):
            assert await refused(client(phone(number))) == "PHONE_NOT_OCCUPIED"
        other = bob(sandbox, username="bob_the_b")
        sandbox.world.accounts.delete(other.user_id)
        assert await refused(client(name("bob_the_b"))) == "USERNAME_NOT_OCCUPIED"


class TestSearch:
    """https://core.telegram.org/method/contacts.search"""

    async def test_own_and_public(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), bob(sandbox, username="bob_the_b")
        world, me = sandbox.world, client._self_id
        assert me is not None
        group = world.chats.create("group", "Bobbing for apples", me)
        channel = world.chats.create("channel", "News", other.user_id)
        world.chats.set_username(channel, "bobs_news")
        found = await client(functions.contacts.SearchRequest("bob", 10))
        assert found.my_results == [types.PeerChat(-group.marked)]
        assert found.results == [types.PeerUser(other.user_id), types.PeerChannel(channel.bare_id)]
        assert {chat.title for chat in found.chats} == {"Bobbing for apples", "News"}
        world.send(other.user_id, me, "who has written is one's own")
        found = await client(functions.contacts.SearchRequest("bob", 10))
        assert (types.PeerUser(other.user_id) in found.my_results, len(found.results)) == (True, 1)
        await client(functions.contacts.ImportContactsRequest([phone_contact(0, OTHER_PHONE, "Robin", "Hood")]))
        found = await client(functions.contacts.SearchRequest("hood robin", 10))
        assert (found.my_results, found.results) == ([types.PeerUser(other.user_id)], [])

    async def test_wrong_uses(self, client_for: ClientFor, refused: Refused) -> None:
        client, search = await client_for(PHONE), functions.contacts.SearchRequest
        assert await refused(client(search("", 10))) == "SEARCH_QUERY_EMPTY"
        assert await refused(client(search("  @ ", 10))) == "SEARCH_QUERY_EMPTY"
        assert await refused(client(search("bo", 10))) == "QUERY_TOO_SHORT"
        found = await client(search("nobody at all", -5))
        assert (found.my_results, found.results, found.users) == ([], [], [])


class TestBlock:
    """https://core.telegram.org/method/contacts.block https://core.telegram.org/method/contacts.unblock
    https://core.telegram.org/method/contacts.getBlocked"""

    async def test_block_list_and_unblock(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client, other = await client_for(PHONE), bob(sandbox)
        second = await client_for(PHONE)
        told = heard(second, types.UpdatePeerBlocked)
        peer = sandbox.world.peers.input_peer(client._self_id or 0, other.user_id)
        assert await client(functions.contacts.BlockRequest(peer)) is True
        assert (await asyncio.wait_for(told, 10)).blocked
        blocked = await client(functions.contacts.GetBlockedRequest(0, 10))
        assert isinstance(blocked, types.contacts.Blocked)
        assert [(each.peer_id, user.id) for each, user in zip(blocked.blocked, blocked.users, strict=True)] == [
            (types.PeerUser(other.user_id), other.user_id)
        ]
        full = await client(functions.users.GetFullUserRequest(named(sandbox, client, other)))
        assert full.full_user.blocked
        assert await client(functions.contacts.UnblockRequest(peer)) is True
        assert (await client(functions.contacts.GetBlockedRequest(0, 10))).blocked == []

    async def test_long_lists_come_in_slices(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        client = await client_for(PHONE)
        account = sandbox.world.accounts[client._self_id or 0]
        others = [sandbox.world.accounts.create(f"4915112300{n:02}", f"User {n}").user_id for n in range(5)]
        account.blocked = {user_id: 1_700_000_000 + n for n, user_id in enumerate(others)}
        part = await client(functions.contacts.GetBlockedRequest(1, 2))
        assert (part.count, [each.peer_id.user_id for each in part.blocked]) == (5, [others[3], others[2]])

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        client, other = await client_for(PHONE), bob(sandbox)
        for method in (functions.contacts.BlockRequest, functions.contacts.UnblockRequest):
            assert await refused(client(method(types.InputPeerSelf()))) == "CONTACT_ID_INVALID"
            assert await refused(client(method(types.InputPeerUser(other.user_id, 1)))) == "PEER_ID_INVALID"
            assert await refused(client(method(types.InputPeerEmpty()))) == "PEER_ID_INVALID"
        for offset, limit in ((-1, 10), (0, -1)):
            assert await refused(client(functions.contacts.GetBlockedRequest(offset, limit))) == "LIMIT_INVALID"
