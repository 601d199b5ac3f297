"""Basic groups: messages.createChat and what follows it, driven by stock clients."""

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Refused, meet

create = functions.messages.CreateChatRequest
add = functions.messages.AddChatUserRequest
remove = functions.messages.DeleteChatUserRequest
rename = functions.messages.EditChatTitleRequest


class TestCreateChat:
    """https://core.telegram.org/method/messages.createChat"""

    async def test_everybody_gets_the_service_message(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        result = await ann(create([ann.user(bob.id)], "  Our   group "))
        assert (result.missing_invitees, result.updates.chats[0].title) == ([], "Our group")
        people, new = result.updates.updates
        assert [type(each) for each in people.participants.participants] == [
            types.ChatParticipantCreator, types.ChatParticipant,
        ]  # fmt: skip
        assert (new.message.action.title, new.message.action.users) == ("Our group", [ann.id, bob.id])
        pushed = (await bob.heard(types.UpdateNewMessage))[0]
        assert (type(pushed.message.action), pushed.pts) == (types.MessageActionChatCreate, 2)
        assert (await bob.heard(types.UpdateChatParticipants))[0].participants.chat_id == result.updates.chats[0].id
        assert result.updates.chats[0].creator is True

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        assert await refused(ann(create([], "Alone"))) == "USERS_TOO_FEW"
        assert await refused(ann(create([types.InputUserSelf()], "Alone"))) == "USERS_TOO_FEW"
        assert await refused(ann(create([ann.user(bob.id)], "  "))) == "CHAT_TITLE_EMPTY"
        assert await refused(ann(create([types.InputUser(bob.id, 1)], "G"))) == "USER_ID_INVALID"
        assert await ann.client.get_dialogs() == []


class TestMembers:
    """https://core.telegram.org/method/messages.addChatUser, .../messages.deleteChatUser"""

    async def test_coming_and_going(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        result = await ann(add(-group, ann.user(cem.id), 10))
        assert result.updates.updates[-1].message.action.users == [cem.id]
        assert (await cem.heard(types.UpdateNewMessage))[0].message.id == 1
        sandbox.world.send(bob.id, group, "hello Cem")
        await cem.heard(types.UpdateNewMessage, 2)
        await ann(remove(-group, ann.user(cem.id)))
        assert (await cem.heard(types.UpdateNewMessage, 3))[-1].message.action.user_id == cem.id
        sandbox.world.send(bob.id, group, "now he is gone")
        await bob(remove(-group, types.InputUserSelf()))
        await ann.heard(types.UpdateNewMessage, 3)
        await cem.settled()
        assert len(cem.of(types.UpdateNewMessage)) == 3
        assert [each["text"] for each in sandbox.world.snapshot(ann.id)[group]][-3:] == ["", "now he is gone", ""]

    async def test_everybody_learns_who_is_left(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        result = (await ann(add(-group, ann.user(cem.id), 0))).updates
        assert {user.id for user in result.users} == {ann.id, bob.id, cem.id}
        result = await ann(remove(-group, ann.user(cem.id)))
        people, new = result.updates
        assert [each.user_id for each in people.participants.participants] == [ann.id, bob.id]
        assert (new.message.action.user_id, result.chats[0].participants_count) == (cem.id, 2)
        out = (await cem.heard(types.UpdateChatParticipants, 2))[-1]
        assert isinstance(out.participants, types.ChatParticipantsForbidden)
        people = (await bob.heard(types.UpdateChatParticipants, 3))[-1].participants
        assert [each.user_id for each in people.participants] == [ann.id, bob.id]

    async def test_who_goes_may_lose_the_history(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        """What the own session loses stands in the result: every pts is accounted for."""
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        before = (await bob(functions.updates.GetStateRequest())).pts
        result = await bob(remove(-group, types.InputUserSelf(), revoke_history=True))
        changes = [update for update in result.updates if hasattr(update, "pts")]
        assert [type(each) for each in changes] == [types.UpdateNewMessage, types.UpdateDeleteMessages]
        assert sum(each.pts_count for each in changes) == changes[-1].pts - before
        assert group not in sandbox.world.snapshot(bob.id)
        assert len(sandbox.world.snapshot(ann.id)[group]) == 2

    async def test_how_former_members_see_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "G", [bob.id, cem.id])
        sandbox.world.leave(bob.id, group)
        sandbox.world.kick(group, cem.id)
        get = functions.messages.GetChatsRequest
        assert (await bob(get([-group]))).chats[0].left is True
        assert isinstance((await cem(get([-group]))).chats[0], types.ChatForbidden)
        full = await cem(functions.messages.GetFullChatRequest(-group))
        assert isinstance(full.full_chat.participants, types.ChatParticipantsForbidden)

    async def test_wrong_uses_of_add(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        assert await refused(ann(add(-group, ann.user(bob.id), 0))) == "USER_ALREADY_PARTICIPANT"
        assert await refused(ann(add(5, ann.user(cem.id), 0))) == "CHAT_ID_INVALID"
        assert await refused(ann(add(-group, types.InputUser(cem.id, 1), 0))) == "USER_ID_INVALID"
        assert await refused(cem(add(-group, types.InputUserSelf(), 0))) == "CHAT_ID_INVALID"
        sandbox.world.chats[group].default_banned = ["invite_users"]
        assert await refused(bob(add(-group, bob.user(cem.id), 0))) == "CHAT_ADMIN_REQUIRED"
        sandbox.world.accounts.delete(cem.id)
        assert await refused(ann(add(-group, ann.user(cem.id), 0))) == "INPUT_USER_DEACTIVATED"

    async def test_wrong_uses_of_delete(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        assert await refused(ann(remove(-group, ann.user(cem.id)))) == "USER_NOT_PARTICIPANT"
        assert await refused(bob(remove(-group, bob.user(ann.id)))) == "CHAT_ADMIN_REQUIRED"
        assert await refused(bob(remove(5, bob.user(ann.id)))) == "CHAT_ID_INVALID"
        assert await refused(bob(remove(-group, types.InputUser(ann.id, 1)))) == "USER_ID_INVALID"


class TestEditChatTitle:
    """https://core.telegram.org/method/messages.editChatTitle"""

    async def test_it_leaves_a_service_message(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "Old", [bob.id])
        await bob(rename(-group, "New"))
        pushed = (await ann.heard(types.UpdateNewMessage, 2))[-1]
        assert (pushed.message.action.title, pushed.message.from_id) == ("New", types.PeerUser(bob.id))

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "Old", [bob.id])
        assert await refused(ann(rename(-group, ""))) == "CHAT_TITLE_EMPTY"
        assert await refused(ann(rename(-group, "Old"))) == "CHAT_NOT_MODIFIED"
        assert await refused(ann(rename(5, "New"))) == "CHAT_ID_INVALID"
        sandbox.world.chats[group].default_banned = ["change_info"]
        assert await refused(bob(rename(-group, "New"))) == "CHAT_ADMIN_REQUIRED"


class TestLooking:
    """https://core.telegram.org/method/messages.getChats, .../messages.getFullChat"""

    async def test_full(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        full = await bob(functions.messages.GetFullChatRequest(-group))
        people = full.full_chat.participants.participants
        assert [person.user_id for person in people] == [ann.id, bob.id]
        assert {user.id for user in full.users} == {ann.id, bob.id}
        assert (full.chats[0].participants_count, full.chats[0].creator) == (2, False)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        get, full = functions.messages.GetChatsRequest, functions.messages.GetFullChatRequest
        assert await refused(cem(get([-group]))) == "CHAT_ID_INVALID"
        assert await refused(ann(get([]))) == "CHAT_ID_INVALID"
        assert await refused(ann(get([-group, 5]))) == "CHAT_ID_INVALID"
        assert await refused(cem(full(-group))) == "CHAT_ID_INVALID"
        assert await refused(ann(full(5))) == "CHAT_ID_INVALID"
        assert await refused(ann(full(0))) == "CHAT_ID_INVALID"
