"""The way in: what dialogs and fetched history leave in the database, and how they close gaps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.kit.record import ANNA, BEN, CHANNEL, GROUP, T0, Kit, kit, leased, message, new
from tgadmin.core.types import (
    Change,
    ChatState,
    Checkpoint,
    Dialog,
    Gap,
    GapKind,
    History,
)

__all__ = ["kit", "leased"]


async def test_a_dialog_fills_the_chat_list(kit: Kit) -> None:
    top = History(ANNA, (message(ANNA, 9),), 0, False)
    await kit.record(Dialog(ANNA, 9, 3, 4, 2, pinned=True, muted_until=T0), top)
    chat = await kit.chat(ANNA)
    assert (chat["unread_count"], chat["read_inbox_max_id"], chat["read_outbox_max_id"]) == (3, 4, 2)
    assert (chat["pinned"], chat["muted_until"], chat["last_message_id"], chat["synced_from_id"]) == (True, T0, 9, 9)
    await kit.record(new(ANNA, 10), replace(Dialog(ANNA, 9, 3, 4, 2)))  # fetched before 10 came, stored after it
    chat = await kit.chat(ANNA)
    assert (chat["unread_count"], chat["last_message_id"]) == (4, 10)


async def test_history_extends_what_is_known_without_touching_the_list(kit: Kit) -> None:
    await kit.record(new(ANNA, 10))
    events = await kit.events(ANNA)
    page = tuple(message(ANNA, number) for number in (9, 8, 7))
    await kit.record(History(ANNA, page, 10, False))
    chat = await kit.chat(ANNA)
    assert (chat["synced_from_id"], chat["history_complete"]) == (7, False)
    assert (chat["last_message_id"], chat["unread_count"]) == (10, 1)
    await kit.record(History(ANNA, (message(ANNA, 2),), 5, False))  # does not join
    assert (await kit.chat(ANNA))["synced_from_id"] == 7
    await kit.record(History(ANNA, (message(ANNA, 3), message(ANNA, 2)), 7, True))
    chat = await kit.chat(ANNA)
    assert (chat["synced_from_id"], chat["history_complete"]) == (2, True)
    assert await kit.events(ANNA) == events


async def test_an_empty_chat_is_complete(kit: Kit) -> None:
    await kit.record(History(BEN, (), 0, True))
    chat = await kit.chat(BEN)
    assert (chat["synced_from_id"], chat["history_complete"], chat["title"]) == (1, True, "Ben")


async def test_a_gap_is_closed_by_history(kit: Kit) -> None:
    await kit.record(*(new(GROUP, number) for number in (1, 2, 3, 4)), new(CHANNEL, 1))
    result = await kit.record(Gap(0, 5, 900), checkpoint=Checkpoint(900, 0, 1, 1))
    assert result.gaps == (Gap(0, 5, 900),)
    chat = await kit.chat(GROUP)
    assert (chat["synced_from_id"], (await kit.chat(CHANNEL))["synced_from_id"]) == (None, 1)
    assert (await kit.events(GROUP))[-1][1] == "reset"
    # Meanwhile 2 was edited, 3 and the newest, 4, deleted, 7 written.
    page = (message(GROUP, 7), message(GROUP, 2, "edited", edit_date=T0), message(GROUP, 1))
    await kit.record(History(GROUP, page, 0, True))
    rows = {row["telegram_id"]: row for row in await kit.messages(GROUP)}
    assert [number for number, row in rows.items() if row["deleted_at"] is None] == [1, 2, 7]
    assert rows[2]["text"] == "edited"
    chat = await kit.chat(GROUP)
    assert (chat["synced_from_id"], chat["history_complete"], chat["last_message_id"]) == (1, True, 7)
    assert (await kit.events(GROUP))[-1][1] == "reset"
    gaps = await kit.rows("SELECT box, low_pts, high_pts FROM telegram_gaps WHERE session_id = %s", kit.session_id)
    assert gaps == [{"box": 0, "low_pts": 5, "high_pts": 900}]


async def test_history_does_not_delete_what_came_after_it_was_fetched(kit: Kit) -> None:
    await kit.record(new(ANNA, 1), new(ANNA, 2), new(ANNA, 3))
    await kit.record(History(ANNA, (message(ANNA, 2), message(ANNA, 1)), 0, True))
    assert [row["deleted_at"] for row in await kit.messages(ANNA)] == [None, None, None]


async def test_a_message_first_fetched_and_then_announced_is_unread_once(kit: Kit) -> None:
    await kit.record(Dialog(ANNA, 1, 0, 1, 0), History(ANNA, (message(ANNA, 1),), 0, True))
    await kit.record(History(ANNA, (message(ANNA, 2), message(ANNA, 1)), 0, True))
    await kit.record(new(ANNA, 2))
    assert (await kit.chat(ANNA))["unread_count"] == 1


async def test_open_pages_learn_of_what_lay_in_a_gap_even_if_something_new_came_first(kit: Kit) -> None:
    await kit.record(new(GROUP, 1))
    await kit.record(Gap(0, 5, 900))
    await kit.record(new(GROUP, 4))
    events = len(await kit.events(GROUP))
    await kit.record(History(GROUP, tuple(message(GROUP, number) for number in (4, 3, 2, 1)), 0, True))
    assert [event[1] for event in (await kit.events(GROUP))[events:]] == ["reset"]


@pytest.mark.parametrize("back", [ChatState(CHANNEL, left=False), Dialog(CHANNEL, 9, 0, 9, 0)])
async def test_a_channel_that_one_is_in_again_has_to_be_fetched(kit: Kit, back: Change) -> None:
    """What was written while the account was out, no update tells."""
    await kit.record(*(new(CHANNEL, number) for number in (1, 2, 3)))
    await kit.record(Gap(CHANNEL, 7, 7, GapKind.REMOVED, 0), ChatState(CHANNEL, left=True))
    assert (await kit.chat(CHANNEL))["synced_from_id"] == 1  # what is there is right
    result = await kit.record(back)
    assert result.gaps == (Gap(CHANNEL, 0, 0),)
    chat = await kit.chat(CHANNEL)
    assert (chat["left"], chat["synced_from_id"]) == (False, None)
    assert "reset" in {event[1] for event in await kit.events(CHANNEL)}
    assert (await kit.record(back)).gaps == ()
