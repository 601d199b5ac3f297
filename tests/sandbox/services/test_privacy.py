"""account.setPrivacy, .../account.getPrivacy. https://core.telegram.org/api/privacy"""

from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.accounts import Contact
from tests.sandbox.people import ClientFor, Person, Refused, meet

set_rules = functions.account.SetPrivacyRequest
get_rules = functions.account.GetPrivacyRequest
PHONE, SEEN = types.InputPrivacyKeyPhoneNumber(), types.InputPrivacyKeyStatusTimestamp()
ALL, NOBODY = types.InputPrivacyValueAllowAll(), types.InputPrivacyValueDisallowAll()


async def sees(person: Person, other: int) -> types.User:
    (user,) = await person(functions.users.GetUsersRequest([person.user(other)]))
    return user


class TestSetPrivacy:
    async def test_rules_are_kept_in_their_order(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        phone = Person(sandbox, await client_for("9996620000"), ann.id)
        kept = [types.PrivacyValueDisallowUsers([bob.id]), types.PrivacyValueAllowAll()]
        result = await ann(set_rules(SEEN, [types.InputPrivacyValueDisallowUsers([ann.user(bob.id)]), ALL]))
        assert (result.rules, [user.id for user in result.users]) == (kept, [bob.id])
        assert await phone.heard(types.UpdatePrivacy) == [types.UpdatePrivacy(types.PrivacyKeyStatusTimestamp(), kept)]
        assert (await phone(get_rules(SEEN))).rules == kept
        assert (await bob(get_rules(SEEN))).rules == [types.PrivacyValueAllowAll()]

    async def test_a_client_that_was_away_learns_of_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        (ann,) = await meet(sandbox, client_for, 1)
        state = await ann(functions.updates.GetStateRequest())
        for key in (SEEN, PHONE):
            await ann(set_rules(key, [NOBODY]))
        missed = await ann(functions.updates.GetDifferenceRequest(state.pts, state.date, 0))
        kinds = [type(each.key) for each in missed.other_updates]
        assert kinds == [types.PrivacyKeyStatusTimestamp, types.PrivacyKeyPhoneNumber]

    async def test_who_sees_the_number(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        assert (await sees(bob, ann.id)).phone is not None  # she has him among her contacts
        await ann(set_rules(PHONE, [NOBODY]))
        assert (await sees(bob, ann.id)).phone is None
        assert (await sees(ann, ann.id)).phone is not None
        accounts = sandbox.world.accounts
        accounts.add_contact(accounts[bob.id], ann.id, Contact("Ann", phone=accounts[ann.id].phone))
        assert (await sees(bob, ann.id)).phone is not None  # he has saved it himself

    async def test_who_sees_when_somebody_was_online(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        await ann(set_rules(SEEN, [NOBODY]))
        for person in (ann, bob):
            await person(functions.account.UpdateStatusRequest(offline=False))
        assert (await sees(bob, ann.id)).status == types.UserStatusRecently(by_me=False)
        assert (await sees(ann, bob.id)).status == types.UserStatusRecently(by_me=True)
        await bob.settled()
        assert bob.of(types.UpdateUserStatus) == []
        await ann(set_rules(SEEN, [types.InputPrivacyValueAllowUsers([ann.user(bob.id)])]))
        assert isinstance((await sees(bob, ann.id)).status, types.UserStatusOnline)

    async def test_the_participants_of_a_chat(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        room = sandbox.world.create_channel(ann.id, "Room")
        sandbox.world.add_user(room, bob.id)
        bare_id = sandbox.world.chats[room].bare_id
        result = await ann(set_rules(PHONE, [types.InputPrivacyValueAllowChatParticipants([bare_id])]))
        assert [chat.id for chat in result.chats] == [bare_id]
        assert (await sees(bob, ann.id)).phone is not None
        assert (await sees(cem, ann.id)).phone is None

    async def test_invitations_forwards_and_numbers(
        self, sandbox: Sandbox, client_for: ClientFor, refused: Refused
    ) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        for name in ("ChatInvite", "Forwards", "AddedByPhone"):
            await ann(set_rules(getattr(types, f"InputPrivacyKey{name}")(), [NOBODY]))
        group = sandbox.world.create_group(bob.id, "G", [cem.id])
        added = await bob(functions.messages.AddChatUserRequest(-group, bob.user(ann.id), 0))
        assert [each.user_id for each in added.missing_invitees] == [ann.id]
        assert ann.id not in sandbox.world.chats[group].members
        sandbox.world.send(ann.id, bob.id, "secret")
        ids = sandbox.world.boxes.box(bob.id).thread(ann.id)
        forward = functions.messages.ForwardMessagesRequest(bob.peer(ann.id), ids, bob.peer(cem.id), random_id=[5])
        header = (await bob(forward)).updates[-1].message.fwd_from
        assert (header.from_id, header.from_name) == (None, "User 00")
        assert await refused(bob(functions.contacts.ResolvePhoneRequest("9996620000"))) == "PHONE_NOT_OCCUPIED"

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        assert await refused(ann(set_rules(PHONE, []))) == "PRIVACY_VALUE_INVALID"
        assert await refused(ann(set_rules(PHONE, [ALL, NOBODY]))) == "PRIVACY_VALUE_INVALID"
        many = types.InputPrivacyValueAllowUsers([ann.user(bob.id)] * 1001)
        assert await refused(ann(set_rules(PHONE, [many]))) == "PRIVACY_TOO_LONG"
        wrong = types.InputPrivacyValueAllowUsers([types.InputUser(bob.id, 1)])
        assert await refused(ann(set_rules(PHONE, [wrong]))) == "USER_ID_INVALID"
        strange = types.InputPrivacyValueAllowChatParticipants([5])
        assert await refused(ann(set_rules(PHONE, [strange]))) == "CHAT_ID_INVALID"
        first = [types.PrivacyValueAllowContacts(), types.PrivacyValueDisallowAll()]
        assert (await ann(get_rules(PHONE))).rules == first
