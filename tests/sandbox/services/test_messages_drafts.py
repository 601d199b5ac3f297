"""messages.saveDraft and what follows it. https://core.telegram.org/api/drafts"""

from telethon.tl import functions, types

from sandbox.server import Sandbox
from tests.sandbox.people import ClientFor, Person, Refused, meet

save = functions.messages.SaveDraftRequest
get_all = functions.messages.GetAllDraftsRequest


async def listed(person: Person, other: int) -> types.TypeDraftMessage | None:
    """The draft that stands in the chat list."""
    there = types.InputDialogPeer(person.peer(other))
    return (await person(functions.messages.GetPeerDialogsRequest([there]))).dialogs[0].draft


class TestSaveDraft:
    async def test_it_is_kept_and_told_to_the_other_sessions(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        phone = Person(sandbox, await client_for("9996620000"), ann.id)
        first = sandbox.world.send(bob.id, ann.id, "a question")
        bold = [types.MessageEntityBold(0, 4)]
        reply = types.InputReplyToMessage(first)
        assert await ann(save(ann.peer(bob.id), "half an answer", entities=bold, reply_to=reply)) is True
        (told,) = await phone.heard(types.UpdateDraftMessage)
        assert (told.peer, told.draft.message) == (types.PeerUser(bob.id), "half an answer")
        assert (told.draft.entities, told.draft.reply_to) == (bold, reply)
        assert await listed(ann, bob.id) == told.draft
        (update,) = (await phone(get_all())).updates
        assert update == told
        assert ann.of(types.UpdateDraftMessage) == []
        assert await listed(bob, ann.id) is None

    async def test_empty_it_is_cleared(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        phone = Person(sandbox, await client_for("9996620000"), ann.id)
        await ann(save(ann.peer(bob.id), "something"))
        await ann(save(ann.peer(bob.id), ""))
        assert [type(each.draft) for each in await phone.heard(types.UpdateDraftMessage, 2)] == [
            types.DraftMessage,
            types.DraftMessageEmpty,
        ]
        assert (await ann(get_all())).updates == []

    async def test_sending_clears_it_only_if_asked_to(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        phone = Person(sandbox, await client_for("9996620000"), ann.id)
        send, there = functions.messages.SendMessageRequest, ann.peer(bob.id)
        await ann(save(there, "a draft"))
        await ann(send(there, "another thing"))
        assert (await listed(ann, bob.id)).message == "a draft"
        await ann(send(there, "a draft", clear_draft=True))
        assert isinstance((await phone.heard(types.UpdateDraftMessage, 2))[-1].draft, types.DraftMessageEmpty)
        assert await listed(ann, bob.id) is None

    async def test_a_client_that_was_away_learns_of_the_last_one(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        state = await ann(functions.updates.GetStateRequest())
        for text in ("one", "two"):
            await ann(save(ann.peer(bob.id), text))
        missed = await ann(functions.updates.GetDifferenceRequest(state.pts, state.date, 0))
        assert [each.draft.message for each in missed.other_updates] == ["two"]

    async def test_clear_all(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        for other in (bob, cem):
            await ann(save(ann.peer(other.id), "x"))
        assert len((await ann(get_all())).updates) == 2
        assert await ann(functions.messages.ClearAllDraftsRequest()) is True
        assert (await ann(get_all())).updates == []

    async def test_stock_telethon_has_them(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        await ann(save(ann.peer(bob.id), "hello"))
        assert [each.raw_text for each in await ann.client.get_drafts()] == ["hello"]

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        wrong = types.InputPeerUser(bob.id, 1)
        assert await refused(ann(save(wrong, "x"))) == "PEER_ID_INVALID"
        beyond = [types.MessageEntityBold(0, 5)]
        assert await refused(ann(save(ann.peer(bob.id), "x", entities=beyond))) == "ENTITY_BOUNDS_INVALID"
        nothing = types.InputReplyToMessage(77)
        assert await refused(ann(save(ann.peer(bob.id), "x", reply_to=nothing))) == "MSG_ID_INVALID"
        assert await refused(ann(save(types.InputPeerChat(5), "x"))) == "PEER_ID_INVALID"
        assert (await ann(get_all())).updates == []
