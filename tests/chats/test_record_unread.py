"""Unread counts: told by what is stored where that is enough, else by Telegram's dialog and the updates after it; and
in doubt where neither is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.kit.record import ANNA, BEN, CHANNEL, GROUP, Kit, kit, leased, message, new
from tgadmin.core.types import ACCOUNT_BOX, Change, ChatState, Dialog, Gap, History, MessagesDeleted, ReadInbox

__all__ = ["kit", "leased"]

TOP = 20
FAR = Dialog(ANNA, TOP, 12, 3, 0)
"""A dialog of which only the last message is stored: 12 are unread, from 4 to 20."""


@pytest.fixture
async def far(kit: Kit) -> Kit:
    """The chat with Anna as a list of dialogs has it."""
    await kit.record(FAR, History(ANNA, (message(ANNA, TOP),), 0, False))
    return kit


async def unread(kit: Kit, peer_id: int) -> tuple[int, bool]:
    chat = await kit.chat(peer_id)
    return chat["unread_count"], chat["unread_stale"]


async def test_telegrams_count_and_what_comes_after_it_are_not_doubted(far: Kit) -> None:
    assert await unread(far, ANNA) == (12, False)
    result = await far.record(new(ANNA, 21), new(ANNA, 22, out=True), new(BEN, 23))
    assert await unread(far, ANNA) == (13, False)
    assert await unread(far, BEN) == (1, False)
    assert not result.has_stale_unread


@pytest.mark.parametrize(
    ("changes", "guess"),
    [
        ([MessagesDeleted(ACCOUNT_BOX, (7,))], 12),  # one of those that were never seen here
        ([MessagesDeleted(ACCOUNT_BOX, (TOP,))], 11),  # before or after the dialog was fetched?
        ([ReadInbox(ANNA, 9, 5)], 5),  # as it was at that update, not after the later ones of the same difference
        ([new(ANNA, 15)], 12),  # overtaken by the dialog, which has counted it
        ([History(ANNA, (message(ANNA, 21),), 0, False), new(ANNA, 21)], 12),  # overtaken by a page
    ],
)
async def test_what_cannot_be_counted_here_has_telegram_asked(far: Kit, changes: Sequence[Change], guess: int) -> None:
    result = await far.record(*changes)
    assert result.has_stale_unread
    assert await unread(far, ANNA) == (guess, True)
    answer = Dialog(ANNA, 21, 11, (await far.chat(ANNA))["read_inbox_max_id"], 0)
    assert not (await far.record(answer)).has_stale_unread
    assert await unread(far, ANNA) == (11, False)


@pytest.mark.parametrize("number", [2, 3, 40])
async def test_a_deleted_message_that_was_not_unread_anywhere_makes_no_doubt(far: Kit, number: int) -> None:
    await far.record(new(BEN, 23), ReadInbox(BEN, 22, 1))
    await far.record(MessagesDeleted(ACCOUNT_BOX, (number,)))
    assert await unread(far, ANNA) == (12, False)
    assert await unread(far, BEN) == (1, False)


async def test_an_unseen_message_of_a_channel_that_was_deleted(kit: Kit) -> None:
    await kit.record(Dialog(CHANNEL, 9, 5, 2, 0), History(CHANNEL, (message(CHANNEL, 9),), 0, False))
    assert not (await kit.record(MessagesDeleted(CHANNEL, (1,)))).has_stale_unread
    assert (await kit.record(MessagesDeleted(CHANNEL, (5,)))).has_stale_unread
    assert await unread(kit, CHANNEL) == (5, True)


async def test_an_answer_that_was_overtaken_leaves_the_doubt(far: Kit) -> None:
    await far.record(MessagesDeleted(ACCOUNT_BOX, (7,)))
    await far.record(new(ANNA, 21), replace(FAR, unread_count=11))  # the message came while it was fetched
    assert (await unread(far, ANNA))[1]
    await far.record(Dialog(ANNA, 21, 11, 3, 0, overtaken=True))  # messages were deleted meanwhile
    assert (await unread(far, ANNA))[1]
    await far.record(Dialog(ANNA, 21, 10, 3, 0))
    assert await unread(far, ANNA) == (10, False)


async def test_a_doubt_ends_when_everything_unread_is_stored(far: Kit) -> None:
    await far.record(MessagesDeleted(ACCOUNT_BOX, (7,)))
    rows = tuple(message(ANNA, number) for number in (19, 15, 3))
    await far.record(History(ANNA, rows, TOP, False))
    assert await unread(far, ANNA) == (3, False)  # 15, 19 and 20


async def test_what_a_page_finds_deleted_is_no_more_in_telegrams_count(kit: Kit) -> None:
    """In a gap: the dialog that was fetched after it counts without the deleted one already."""
    await kit.record(*(new(GROUP, number) for number in (1, 2, 3)))
    await kit.record(Gap(ACCOUNT_BOX, 1, 9))
    await kit.record(Dialog(GROUP, 3, 2, 0, 0), History(GROUP, (message(GROUP, 3),), 0, False))
    await kit.record(History(GROUP, (message(GROUP, 1),), 3, True))  # 2 is not there any more
    assert [row["deleted_at"] is not None for row in await kit.messages(GROUP)] == [False, True, False]
    assert (await kit.chat(GROUP))["unread_count"] == 2


async def test_a_channel_that_was_left_and_entered_unseen(kit: Kit) -> None:
    """Put out and taken in again between two looks: it is read up to there, and only updateChannel tells of it."""
    await kit.record(Dialog(CHANNEL, 1, 0, 1, 0), History(CHANNEL, (message(CHANNEL, 1),), 0, True))
    await kit.record(*(new(CHANNEL, number) for number in range(2, 7)))
    assert await unread(kit, CHANNEL) == (5, False)
    assert (await kit.record(ChatState(CHANNEL, left=False))).has_stale_unread
    await kit.record(Dialog(CHANNEL, 6, 2, 4, 0))
    assert await unread(kit, CHANNEL) == (2, False)
