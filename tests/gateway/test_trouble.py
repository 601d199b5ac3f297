"""What goes wrong around an account: no connection, no database, missing updates, bugs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from apps.chats.models import Chat, Event, Gap, Message
from apps.commands.models import Command, Node
from apps.commands.services.commands import OPEN
from apps.sessions.models import Session, SessionEvent, SessionStatus
from sandbox.services.messages import dialogs
from tests.gateway.test_life import open_connections, statuses, with_status
from tests.kit.threads import GatewayThread, SandboxThread, ready
from tests.kit.waiting import eventually
from tgadmin.core import backoff
from tgadmin.gateway.accounts import state, unread


def test_a_connection_that_cannot_be_made_is_said_so_and_tried_for_ever(
    session: Session, dc: SandboxThread, monkeypatch: pytest.MonkeyPatch, person: Callable[..., int]
) -> None:
    tries: list[int] = []

    def delay(failures: int, random: Callable[[], float]) -> float:
        tries.append(failures)
        return 0.05

    monkeypatch.setattr(backoff, "delay", delay)
    me = session.telegram_user_id
    dc.faults("transport", 429, user=me, times=7)
    dc.faults("drop", user=me)
    failed = with_status(session, SessionStatus.CONNECTION_FAILED)
    assert failed.retry_at is not None
    anna = person("Anna")
    dc.world("send", anna, me, "at last")
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="at last").exists())
    ready(session)
    assert tries[:7] == [1, 2, 3, 4, 5, 6, 7]
    kinds = [kind for kind, _ in statuses(session)]
    assert kinds.count("status.connection_failed") == 1
    session.refresh_from_db()
    assert (session.status_code, session.retry_at) == ("", None)


def test_without_beats_every_connection_is_cut_and_comes_back(
    session: Session, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int]
) -> None:
    """Somebody holds the node's row: no beat succeeds, as with a database that does not answer."""
    free = threading.Event()
    locked = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Node.objects.select_for_update())
            locked.set()
            free.wait(30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert locked.wait(10)
        eventually(lambda: open_connections(dc) == [])
        assert not gateway.process.leases.allowed()
        dc.world("send", person("Anna"), session.telegram_user_id, "meanwhile")
    finally:
        free.set()
        holder.join()
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="meanwhile").exists())
    ready(session)


def test_updates_that_telegram_no_longer_has_are_fetched(
    session: Session, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int], start_gateway: Any
) -> None:
    anna, me = person("Anna"), session.telegram_user_id
    news = dc.world("create_channel", anna, "News", kind="channel")
    dc.world("add_user", news, me)
    for peer in (me, news):
        for number in range(3):
            dc.world("send", anna, peer, f"old {number}")
    eventually(lambda: Message.objects.filter(session_id=session.pk, text="old 2").count() == 2)
    gateway.stop()
    first = Message.objects.get(session_id=session.pk, text="old 0", chat__peer_id=news)
    dc.world("delete", anna, news, [first.telegram_id])
    for number in range(5):
        dc.world("send", anna, me, f"new {number}")
        dc.world("send", anna, news, f"new {number}")
    for owner in (me, news):
        dc.world("forget_updates", owner)
    start_gateway()

    def texts(peer: int) -> list[str]:
        rows = Message.objects.filter(chat__session=session, chat__peer_id=peer, deleted_at=None, service__isnull=True)
        return list(rows.order_by("telegram_id").values_list("text", flat=True))

    new = [f"new {number}" for number in range(5)]
    eventually(lambda: texts(anna) == ["old 0", "old 1", "old 2", *new])
    eventually(lambda: texts(news) == ["old 1", "old 2", *new])
    eventually(lambda: not Gap.objects.filter(session=session, closed_at=None).exists())
    too_long = Gap.objects.filter(session=session, how="fetched").order_by("pk")
    assert {gap.box for gap in too_long} == {0, news}
    # A channel's page may also bring the word of its making, from before we came.
    eventually(lambda: {gap.recovered for gap in too_long.all()} <= {5, 6})
    for chat in Chat.objects.filter(session=session, peer_id__in=(anna, news)):
        assert Event.objects.filter(chat=chat, kind="reset").exists()
        assert (chat.last_message_text, chat.unread_count) == ("new 4", dc_unread(dc, session, chat))


def test_a_channels_long_difference_comes_slice_by_slice(
    session: Session, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int], start_gateway: Any
) -> None:
    """However much came meanwhile, all of it comes: https://core.telegram.org/api/updates#recovering-gaps"""
    anna, me = person("Anna"), session.telegram_user_id
    news = dc.world("create_channel", anna, "News", kind="channel")
    dc.world("add_user", news, me)
    dc.world("send", anna, news, "seen")
    here = Message.objects.filter(chat__session=session, chat__peer_id=news, service__isnull=True)
    eventually(lambda: here.count() == 1)
    gateway.stop()
    for number in range(230):
        dc.world("send", anna, news, str(number))
    start_gateway()
    eventually(lambda: here.count() == 231)
    assert list(here.order_by("telegram_id").values_list("text", flat=True)) == ["seen", *map(str, range(230))]
    eventually(lambda: not Gap.objects.filter(session=session, closed_at=None).exists())
    assert list(Gap.objects.filter(session=session, box=news).values_list("how", "recovered")) == [("difference", 230)]
    chat = Chat.objects.get(session=session, peer_id=news)
    assert (chat.last_message_text, chat.unread_count) == ("229", dc_unread(dc, session, chat))


def test_an_unread_count_that_nothing_here_tells_is_asked_for(
    session: Session, dc: SandboxThread, gateway: GatewayThread, person: Callable[..., int], start_gateway: Any
) -> None:
    """Of two channels only the last messages are here, and then unread ones are deleted that were never seen. One of
    the channels tells nothing any more: the other is counted all the same."""
    anna, me = person("Anna"), session.telegram_user_id
    news, offers = (dc.world("create_channel", anna, name, kind="channel") for name in ("News", "Offers"))
    chats = Chat.objects.filter(session=session, peer_id__in=(news, offers))
    for place in (news, offers):
        dc.world("add_user", place, me)
        dc.world("send", anna, place, "hello")
    eventually(lambda: chats.filter(last_message_text="hello").count() == 2)
    gateway.stop()
    for place in (news, offers):
        posts = [dc.world("send", anna, place, f"post {number}") for number in range(120)]
        dc.world("forget_updates", place)
    start_gateway()

    def counts() -> list[int]:
        return list(chats.order_by("peer_id").values_list("unread_count", flat=True))

    before = dc_unread(dc, session, chats.get(peer_id=news))
    eventually(lambda: counts() == [before] * 2)
    gaps = Gap.objects.filter(session=session, how="fetched", closed_at__isnull=False)
    eventually(lambda: gaps.count() == 2 and not Command.objects.filter(session=session, state__in=OPEN).exists())
    dc.faults("error", "messages.getPeerDialogs", 400, "CHANNEL_PRIVATE", times=2)  # asked for both, and for the first
    for place in (news, offers):
        dc.world("delete", anna, place, posts[:3])
    eventually(lambda: sorted(counts()) == [before - 3, before])
    eventually(lambda: not chats.filter(unread_stale=True).exists())


def test_a_chat_that_telegram_leaves_out_of_its_answer_is_not_asked_about_for_ever(
    session: Session, dc: SandboxThread, person: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben, me = person("Anna"), person("Ben"), session.telegram_user_id
    chats = Chat.objects.filter(session=session, peer_id__in=(anna, ben))
    for friend in (anna, ben):
        dc.world("send", friend, me, "hello")
    eventually(lambda: chats.count() == 2)
    eventually(lambda: not Command.objects.filter(session=session, state__in=OPEN).exists())
    honest = dialogs._peer_dialogs

    def without_ben(ctx: Any, rows: list[Any]) -> Any:
        return honest(ctx, [row for row in rows if row[0].peer != ben])

    monkeypatch.setattr(dialogs, "_peer_dialogs", without_ben)
    dc.call(dc.server.record.clear)
    chats.update(unread_stale=True, unread_count=7)
    assert unread.ask(session.pk)
    eventually(lambda: not chats.filter(unread_stale=True).exists())
    eventually(lambda: not Command.objects.filter(session=session, state__in=OPEN).exists())
    # What Telegram tells counts; of the other the best guess stays.
    assert dict(chats.values_list("peer_id", "unread_count")) == {anna: 1, ben: 7}
    assert len(dc.server.record.uses_of("messages.getPeerDialogs", user_id=me)) == 1


def dc_unread(dc: SandboxThread, session: Session, chat: Chat) -> int:
    return int(dc.world("snapshot", session.telegram_user_id)["read_marks"][chat.peer_id]["unread"])


def test_a_bug_in_one_accounts_life_is_recorded_and_it_begins_again(
    user: User, session: Session, dc: SandboxThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, broken = state.load_all, [True, True]

    def sometimes(wanted: list[tuple[int, int]]) -> list[state.Stored | Exception]:
        if broken:
            broken.pop()
            raise ZeroDivisionError
        return load(wanted)

    monkeypatch.setattr(state, "load_all", sometimes)
    monkeypatch.setattr(backoff, "delay", lambda failures, random: 0.05)
    dc.faults("drop", user=session.telegram_user_id)
    eventually(lambda: SessionEvent.objects.filter(session=session, kind="crashed").count() == 2)
    ready(session)
    assert ("crashed", "ZeroDivisionError") in statuses(session)
