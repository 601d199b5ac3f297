"""Scheduled messages: the queue, and that they are sent in time. https://core.telegram.org/api/scheduled-messages"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import functions, types

from sandbox.server import Sandbox
from sandbox.world.message_actions import Draft
from sandbox.world.schedule import QUEUE_LIMIT, WHEN_ONLINE
from tests.kit.clocks import RunningClock
from tests.sandbox.people import ClientFor, Person, Refused, meet

asks = functions.messages


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
async def sandbox(rsa_key_path: str, tmp_path: Path, clock: RunningClock) -> AsyncIterator[Sandbox]:
    codes = str(tmp_path / "codes.jsonl")
    async with Sandbox(rsa_key_path=rsa_key_path, codes_path=codes, seed=1, clock=clock) as server:
        yield server


def when(person: Person, hours: float) -> datetime:
    return datetime.fromtimestamp(int(person.world.clock() + hours * 3600), UTC)


async def later(
    person: Person, peer: int, text: str, date: datetime | None = None, **more: Any
) -> types.UpdateNewScheduledMessage:
    """Schedule a message; what its author is told."""
    date = date or when(person, 1)
    number, new = (await person(asks.SendMessageRequest(person.peer(peer), text, schedule_date=date, **more))).updates
    assert isinstance(number, types.UpdateMessageID)
    assert number.id == new.message.id
    return new


async def queue(person: Person, peer: int) -> list[str]:
    found = await person(asks.GetScheduledHistoryRequest(person.peer(peer), 0))
    return [each.message for each in found.messages]


class TestSchedule:
    async def test_it_waits_in_the_queue(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        phone = Person(sandbox, await client_for("9996620000"), ann.id)
        new = await later(ann, bob.id, "later", entities=[types.MessageEntityBold(0, 5)])
        assert await phone.heard(types.UpdateNewScheduledMessage) == [new]
        second = await later(ann, bob.id, "still later", when(ann, 2))
        assert await queue(phone, bob.id) == ["still later", "later"]
        named = await ann(asks.GetScheduledMessagesRequest(ann.peer(bob.id), [second.message.id, 77]))
        assert [each.message for each in named.messages] == ["still later"]
        assert (await ann(functions.users.GetFullUserRequest(ann.user(bob.id)))).full_user.has_scheduled
        assert await queue(bob, ann.id) == []
        await bob.settled()
        assert bob.of(types.UpdateNewMessage) == []

    async def test_it_is_sent_in_time(self, sandbox: Sandbox, client_for: ClientFor, clock: RunningClock) -> None:
        ann, bob = await meet(sandbox, client_for)
        new = await later(ann, bob.id, "later", when(ann, 20 / 3600))
        clock.offset = 21  # clients pass over what comes from more than 30 s ahead
        (sent,) = await ann.heard(types.UpdateNewMessage)
        assert (sent.message.message, sent.message.from_scheduled) == ("later", True)
        (gone,) = await ann.heard(types.UpdateDeleteScheduledMessages)
        assert (gone.messages, gone.sent_messages) == ([new.message.id], [sent.message.id])
        (received,) = await bob.heard(types.UpdateNewMessage)
        assert (received.message.message, received.message.from_scheduled) == ("later", False)
        assert await queue(ann, bob.id) == []

    async def test_within_ten_seconds_it_is_sent_at_once(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        await ann(asks.SendMessageRequest(ann.peer(bob.id), "now", schedule_date=when(ann, 5 / 3600)))
        assert (await bob.heard(types.UpdateNewMessage))[0].message.message == "now"

    async def test_until_the_other_is_online(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        await later(ann, bob.id, "there you are", datetime.fromtimestamp(WHEN_ONLINE, UTC))
        await bob(functions.account.UpdateStatusRequest(offline=False))
        await ann.heard(types.UpdateNewMessage)
        assert sandbox.world.snapshot(bob.id)[ann.id][0]["text"] == "there you are"

    async def test_the_same_random_id_waits_once(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        first = await later(ann, bob.id, "once", random_id=5)
        assert (await later(ann, bob.id, "once", random_id=5)).message.id == first.message.id
        assert await queue(ann, bob.id) == ["once"]

    async def test_forwarded_ones_wait_too(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        number = sandbox.world.send(bob.id, ann.id, "look")
        forward = asks.ForwardMessagesRequest(
            ann.peer(bob.id), [number], ann.peer(cem.id), random_id=[5], schedule_date=when(ann, 1)
        )
        (_, new) = (await ann(forward)).updates
        assert new.message.fwd_from.from_id == types.PeerUser(bob.id)
        await ann(asks.SendScheduledMessagesRequest(ann.peer(cem.id), [new.message.id]))
        (received,) = await cem.heard(types.UpdateNewMessage)
        assert received.message.fwd_from.from_id == types.PeerUser(bob.id)

    async def test_a_client_that_was_away_learns_of_it(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        state = await ann(functions.updates.GetStateRequest())
        kept, gone = await later(ann, bob.id, "kept"), await later(ann, bob.id, "gone")
        await ann(asks.DeleteScheduledMessagesRequest(ann.peer(bob.id), [gone.message.id]))
        missed = await ann(functions.updates.GetDifferenceRequest(state.pts, state.date, 0))
        told = [each for each in missed.other_updates if isinstance(each, types.UpdateNewScheduledMessage)]
        assert [each.message.id for each in told] == [kept.message.id]
        (dropped,) = [each for each in missed.other_updates if isinstance(each, types.UpdateDeleteScheduledMessages)]
        assert (dropped.messages, dropped.sent_messages) == ([gone.message.id], None)

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        online = datetime.fromtimestamp(WHEN_ONLINE, UTC)

        async def wrong(peer: int, date: datetime) -> str:
            return await refused(ann(asks.SendMessageRequest(ann.peer(peer), "x", schedule_date=date)))

        assert await wrong(bob.id, when(ann, 400 * 24)) == "SCHEDULE_DATE_TOO_LATE"
        assert await wrong(group, online) == "SCHEDULE_DATE_INVALID"
        nobody = [types.InputPrivacyValueDisallowAll()]
        await bob(functions.account.SetPrivacyRequest(types.InputPrivacyKeyStatusTimestamp(), nobody))
        assert await wrong(bob.id, online) == "SCHEDULE_STATUS_PRIVATE"
        world, date = sandbox.world, sandbox.world.now() + 3600
        for _ in range(QUEUE_LIMIT):
            world.act(lambda push: world.schedule.add(ann.id, group, Draft("x"), date, push))
        assert await wrong(group, when(ann, 1)) == "SCHEDULE_TOO_MUCH"
        assert await queue(ann, bob.id) == []


class TestTheQueue:
    async def test_editing(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        new, date = await later(ann, bob.id, "later"), when(ann, 2)
        edit = asks.EditMessageRequest(ann.peer(bob.id), new.message.id, message="much later", schedule_date=date)
        (told,) = (await ann(edit)).updates
        assert (told.message.id, told.message.message, told.message.date) == (new.message.id, "much later", date)
        wrong = asks.EditMessageRequest(ann.peer(bob.id), 77, message="x", schedule_date=date)
        assert await refused(ann(wrong)) == "MESSAGE_ID_INVALID"

    async def test_sending_now_and_deleting(self, sandbox: Sandbox, client_for: ClientFor) -> None:
        ann, bob = await meet(sandbox, client_for)
        one, two = await later(ann, bob.id, "one"), await later(ann, bob.id, "two")
        result = await ann(asks.SendScheduledMessagesRequest(ann.peer(bob.id), [one.message.id]))
        kinds = [type(each) for each in result.updates]
        assert kinds == [types.UpdateNewMessage, types.UpdateDeleteScheduledMessages]
        assert (await bob.heard(types.UpdateNewMessage))[0].message.message == "one"
        result = await ann(asks.DeleteScheduledMessagesRequest(ann.peer(bob.id), [two.message.id, 77]))
        assert [each.messages for each in result.updates] == [[two.message.id]]
        assert await queue(ann, bob.id) == []

    async def test_a_channels_is_shared(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob, cem = await meet(sandbox, client_for, 3)
        news = sandbox.world.create_channel(ann.id, "News", kind="channel")
        for other in (bob, cem):
            sandbox.world.add_user(news, other.id)
        sandbox.world.chats[news].members[bob.id].admin_rights = ["post_messages", "other"]
        await later(ann, news, "tomorrow's news")
        assert len(await bob.heard(types.UpdateNewScheduledMessage)) == 1
        assert await queue(bob, news) == ["tomorrow's news"]
        assert await refused(cem(asks.GetScheduledHistoryRequest(cem.peer(news), 0))) == "CHAT_ADMIN_REQUIRED"

    async def test_what_may_not_be_written_any_more_is_dropped(
        self, sandbox: Sandbox, client_for: ClientFor, clock: RunningClock
    ) -> None:
        ann, bob = await meet(sandbox, client_for)
        group = sandbox.world.create_group(ann.id, "G", [bob.id])
        await later(bob, group, "too late", when(bob, 20 / 3600))
        sandbox.world.leave(bob.id, group)
        clock.offset = 21  # clients pass over what comes from more than 30 s ahead
        (gone,) = await bob.heard(types.UpdateDeleteScheduledMessages)
        assert gone.sent_messages is None

    async def test_wrong_uses(self, sandbox: Sandbox, client_for: ClientFor, refused: Refused) -> None:
        ann, bob = await meet(sandbox, client_for)
        stranger = types.InputPeerUser(bob.id, 1)
        assert await refused(ann(asks.SendScheduledMessagesRequest(ann.peer(bob.id), [77]))) == "MESSAGE_ID_INVALID"
        assert await refused(ann(asks.SendScheduledMessagesRequest(ann.peer(bob.id), []))) == "MESSAGE_ID_INVALID"
        assert await refused(ann(asks.SendScheduledMessagesRequest(stranger, [1]))) == "PEER_ID_INVALID"
        assert await refused(ann(asks.GetScheduledHistoryRequest(stranger, 0))) == "PEER_ID_INVALID"
        assert await refused(ann(asks.DeleteScheduledMessagesRequest(stranger, [1]))) == "PEER_ID_INVALID"
