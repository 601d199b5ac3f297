"""The bookkeeping of pts: nothing is dropped that Telethon's own would drop."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon import functions as F  # noqa: N812
from telethon import types as T  # noqa: N812

from tgadmin.core.types import CHANNEL_MARK, Checkpoint
from tgadmin.telegram._telethon import ACCOUNT, Box, TooLong, entry_of
from tgadmin.telegram._telethon.results import as_update, name_of

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 22, tzinfo=UTC)
USER, CHANNEL = T.PeerUser(7), T.PeerChannel(8)
ROOM = CHANNEL_MARK - 8


@pytest.fixture
async def box() -> Box:
    made = Box(random.Random(1).random)
    made.restore(Checkpoint(10, 0, int(NOW.timestamp()), 3, {ROOM: 20}))
    return made


def new(pts: int, peer: Any = USER, count: int = 1) -> Any:
    kind = T.UpdateNewMessage if peer is USER else T.UpdateNewChannelMessage
    return kind(T.Message(pts, peer, NOW, str(pts)), pts, count)


def updates(*found: Any, seq: int = 0) -> Any:
    return T.Updates(list(found), [], [], NOW, seq)


async def test_a_state_comes_back_as_it_was(box: Box) -> None:
    state = Checkpoint(10, 0, int(NOW.timestamp()), 3, {ROOM: 20})
    assert box.checkpoint(box.channels) == state
    assert box.checkpoint([]).channels == {}


async def test_results_of_our_requests_are_passed_on(box: Box) -> None:
    container = updates(new(11))
    container._self_outgoing = True
    assert len(box.process(container).updates) == 1


async def test_what_is_known_is_dropped_and_what_comes_early_waits(box: Box) -> None:
    assert box.process(updates(new(10))).updates == []
    early = new(12)
    assert box.process(updates(early)).updates == []
    missing = new(11)
    assert box.process(updates(missing)).updates == [missing, early]
    assert box.pts(ACCOUNT) == 12


async def test_only_channels_that_moved_are_in_the_state(box: Box) -> None:
    batch = box.process(updates(new(21, CHANNEL)))
    assert batch.channels == {8}
    assert box.checkpoint(batch.channels).channels == {ROOM: 21}
    assert box.process(updates(new(11))).channels == set()


async def test_a_gap_in_seq_does_not_drop_the_channels_updates(box: Box) -> None:
    """Telethon drops the whole container."""
    post = new(21, CHANNEL)
    batch = box.process(updates(new(11), post, seq=9))
    assert batch.updates == [post]
    assert ACCOUNT in box.getting_diff_for


async def test_a_difference_gives_messages_first_and_drops_nothing(box: Box) -> None:
    """Telethon drops updates of a difference whose pts lies below the state that it has just set."""
    box.begin(ACCOUNT)
    message = T.Message(1, USER, NOW, "text")
    edit, deletion = T.UpdateEditMessage(message, 11, 1), T.UpdateDeleteMessages([5], 12, 1)
    state = T.updates.State(14, 0, NOW, 5, 0)
    batch = box.account_difference(T.updates.Difference([message], [], [edit, deletion], [], [], state))
    assert [type(each) for each in batch.updates] == [T.UpdateNewMessage, T.UpdateEditMessage, T.UpdateDeleteMessages]
    assert (box.pts(ACCOUNT), box.seq) == (14, 5)
    assert ACCOUNT not in box.getting_diff_for


async def test_a_slice_asks_for_more_and_one_without_progress_ends(box: Box) -> None:
    box.begin(ACCOUNT)
    box.account_difference(T.updates.DifferenceSlice([], [], [], [], [], T.updates.State(12, 0, NOW, 3, 0)))
    assert ACCOUNT in box.getting_diff_for
    box.account_difference(T.updates.DifferenceSlice([], [], [], [], [], T.updates.State(12, 0, NOW, 3, 0)))
    assert ACCOUNT not in box.getting_diff_for


async def test_too_long_is_a_gap_and_asks_again_from_there(box: Box) -> None:
    box.begin(ACCOUNT)
    assert box.account_difference(T.updates.DifferenceTooLong(99)).updates == [TooLong(ACCOUNT, 10, 99)]
    assert ACCOUNT in box.getting_diff_for
    box.account_difference(T.updates.DifferenceTooLong(99))
    assert ACCOUNT not in box.getting_diff_for


async def test_news_of_an_unknown_channel_is_a_gap_whichever_way_it_comes(box: Box) -> None:
    news = T.UpdateChannelTooLong(77, pts=5)
    batch = box.process(updates(news))
    assert batch.updates == [TooLong(77, 0, 5)]
    assert box.checkpoint(batch.channels).channels == {CHANNEL_MARK - 77: 5}
    box.begin(ACCOUNT)
    state = T.updates.State(14, 0, NOW, 5, 0)
    other = T.UpdateChannelTooLong(78, pts=6)
    assert box.account_difference(T.updates.Difference([], [], [other], [], [], state)).updates == [TooLong(78, 0, 6)]


async def test_news_of_a_known_channel_asks_for_its_difference(box: Box) -> None:
    assert box.process(updates(T.UpdateChannelTooLong(8, pts=30))).updates == []
    assert 8 in box.getting_diff_for


async def test_a_channels_difference_keeps_the_order(box: Box) -> None:
    box.begin(8)
    message = T.Message(1, CHANNEL, NOW, "text")
    deletion = T.UpdateDeleteChannelMessages(8, [4], 21, 1)
    part = T.updates.ChannelDifference(22, [message], [deletion], [], [], final=None, timeout=30)
    batch = box.channel_difference(8, part)
    assert [type(each) for each in batch.updates] == [T.UpdateNewChannelMessage, T.UpdateDeleteChannelMessages]
    assert 8 in box.getting_diff_for
    batch = box.channel_difference(8, T.updates.ChannelDifferenceEmpty(22, final=True, timeout=30))
    assert (batch.channels, box.pts(8)) == ({8}, 22)
    assert 8 not in box.getting_diff_for


async def test_updates_of_a_box_whose_difference_is_due_come_with_it(box: Box) -> None:
    box.begin(8)
    assert box.process(updates(new(21, CHANNEL), new(11))).updates[0].pts == 11
    assert box.pts(8) == 20


async def test_channels_deadlines_are_far_and_apart(box: Box) -> None:
    box.restore(Checkpoint(1, 0, 1, 0, {CHANNEL_MARK - n: 5 for n in range(1, 200)}))
    deadlines = [state.deadline for entry, state in box.map.items() if isinstance(entry, int)]
    assert max(deadlines) - min(deadlines) > 3000
    assert min(deadlines) - box.map[ACCOUNT].deadline > 2000


# --- results as updates ----------------------------------------------------------------------------------------------


def test_results_are_completed_by_their_requests() -> None:
    affected = T.messages.AffectedMessages(30, 2)
    deletion = as_update(F.messages.DeleteMessagesRequest([1, 2], revoke=True), affected).update
    assert (deletion.messages, deletion.pts, deletion.pts_count) == ([1, 2], 30, 2)
    in_channel = as_update(F.channels.DeleteMessagesRequest(T.InputChannel(8, 1), [1]), affected).update
    assert isinstance(in_channel, T.UpdateDeleteChannelMessages)
    assert (in_channel.channel_id, in_channel.messages) == (8, [1])
    read = as_update(F.messages.ReadHistoryRequest(T.InputPeerChat(9), 5), affected).update
    assert isinstance(read, T.UpdateReadHistoryInbox)
    assert (read.peer.chat_id, read.max_id) == (9, 5)
    mentions = as_update(F.messages.ReadMentionsRequest(T.InputPeerChannel(8, 1)), T.messages.AffectedHistory(5, 0, 0))
    assert isinstance(mentions.update, T.UpdateDeleteChannelMessages), "a channel's pts is not the account's"
    own = as_update(F.messages.ReadMentionsRequest(T.InputPeerUser(7, 1)), T.messages.AffectedHistory(5, 0, 0))
    assert isinstance(own.update, T.UpdateDeleteMessages)
    in_room = as_update(F.channels.ReadHistoryRequest(T.InputChannel(8, 1), 5), True).update
    assert (in_room.channel_id, in_room.max_id) == (8, 5)
    assert as_update(F.messages.GetDialogsRequest(None, 0, T.InputPeerEmpty(), 1, 0), True) is None


def test_requests_have_telegrams_names() -> None:
    inner = F.messages.SendMessageRequest(T.InputPeerSelf(), "x")
    assert name_of(F.InvokeWithLayerRequest(1, inner)) == "messages.sendMessage"
    assert name_of(F.PingDelayDisconnectRequest(1, 1)) == "pingDelayDisconnect"


def _containers(pick: random.Random) -> list[Any]:
    """What a data centre may send, in order and out of it, with repetitions, other kinds, seq, and channels."""
    pts, room, seq, found = 10, 20, 3, []
    for _ in range(200):
        inner: list[Any] = []
        for _ in range(pick.choice((0, 1, 1, 1, 3))):
            kind = pick.randrange(10)
            if kind < 6:
                pts += 1
                inner.append(new(pts))
            elif kind < 8:
                room += 1
                inner.append(new(room, CHANNEL))
            elif kind == 8:
                pts += 1
                inner.append(T.UpdateDeleteMessages([pts], pts, 1))
            else:
                inner.append(T.UpdateUserStatus(7, T.UserStatusRecently()))
        seq += (counted := pick.random() < 0.1)
        found.append(T.Updates(inner, [], [], NOW + timedelta(seconds=pts), seq if counted else 0))
    for _ in range(6):
        at = pick.randrange(len(found) - 3)
        if pick.random() < 0.5:
            found[at], found[at + 2] = found[at + 2], found[at]
        else:
            found.insert(at, found[at + 1])
    return found


def _box_of(update: Any) -> str:
    return str(entry_of(update))


@pytest.mark.parametrize("seed", range(20))
async def test_the_short_way_is_telethons_long_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers in order are not sorted and searched; what comes out and what is known then are the same."""
    state = Checkpoint(10, 0, int(NOW.timestamp()), 3, {ROOM: 20})
    quick, slow = Box(lambda: 0.5), Box(lambda: 0.5)
    for box in (quick, slow):
        box.restore(state)
    honest = Box._in_order
    for container in _containers(random.Random(seed)):
        monkeypatch.setattr(Box, "_in_order", honest)
        ours = quick.process(container)
        monkeypatch.setattr(Box, "_in_order", lambda *_: None)
        theirs = slow.process(container)
        # Between boxes there is no order; Telethon sorts by numbers that have nothing to do with each other.
        assert sorted(ours.updates, key=_box_of) == sorted(theirs.updates, key=_box_of)
        assert ours.channels == theirs.channels
        assert quick.checkpoint(quick.channels) == slow.checkpoint(slow.channels)
        assert quick.getting_diff_for == slow.getting_diff_for
        assert quick.possible_gaps.keys() == slow.possible_gaps.keys()


async def test_the_short_way_is_taken(box: Box) -> None:
    assert box._in_order(updates(new(11), new(21, CHANNEL), new(12))) is not None
    assert (box.pts(ACCOUNT), box.pts(8)) == (12, 21)
    for other in (updates(), updates(new(14)), updates(new(13), seq=9), updates(new(13), new(50, CHANNEL))):
        assert box._in_order(other) is None
    assert (box.pts(ACCOUNT), box.pts(8)) == (12, 21)
    assert box._in_order(updates(new(13), seq=4)) is not None
    assert box.seq == 4
    box.begin(ACCOUNT)
    assert box._in_order(updates(new(14))) is None
